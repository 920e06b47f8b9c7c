"""Send a refused message again, because a person says so. Called by the outbox."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from approvals.policy import Action, require
from events.services import record
from events.wake import wake
from notifications.errors import MessageNotFound, NotRefused
from notifications.models import Message
from notifications.states import MessageState


@transaction.atomic
def try_again(message_id: int, *, actor: Actor) -> Message:
    """Put a refused message back in line. Raises NotAllowed, MessageNotFound, NotRefused."""
    require(actor, Action.RESEND_MAIL)
    message = Message.objects.select_for_update().filter(pk=message_id).first()
    if message is None:
        raise MessageNotFound("There is no such message.")
    if message.status != MessageState.FAILED:
        raise NotRefused(
            f"This message is {message.status.label.lower()}; only a refused one can be sent again."
        )
    message.try_again()
    message.attempts, message.not_before = 0, None
    message.save()
    record(
        message.stream,
        "message.sent_again",
        actor.id,
        before={"message": message.pk, "state": MessageState.FAILED},
        after={"message": message.pk, "state": message.status},
    )
    wake("notifications.tasks.sweep")
    return message
