"""Erasing a person takes them out of the outbox; that somebody was told stays."""

from __future__ import annotations

import pytest

from accounts.actors import system
from accounts.services.erasing import erase_person
from events.models import Event
from notifications.models import Message
from notifications.states import MessageState
from tests.cast import make_cast, user
from tests.notifications.test_send import message

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _people() -> None:
    make_cast()


def test_no_message_names_an_erased_person_and_none_is_sent_to_them() -> None:
    quinn = user("quinn")
    quinn.display_name = "Quinn O'Reyes"
    quinn.save()
    told = message(1, quinn.email, recipient_actor=quinn.actor_id, text="For Quinn O'Reyes, @quinn")
    message(2, "rita@hmhp.example", subject="quinn said go", html="<p>Quinn O&#x27;Reyes: quinntessence</p>")
    message(3, "rita@hmhp.example", text="Nobody is named.")
    erase_person(quinn, actor=system("command line"), reason="asked for by letter")
    everything = " ".join(str(row) for row in Message.objects.order_by("pk").values_list())
    assert "reyes" not in everything.lower()
    assert "quinn@" not in everything
    assert Message.objects.get(seq=2).subject == "somebody who was erased said go"
    assert Message.objects.get(seq=2).html == "<p>somebody who was erased: quinntessence</p>"
    left = Message.objects.get(pk=told.pk)
    assert (left.status, left.kept_reason) == (MessageState.KEPT, "Whom it was for has been erased.")
    assert left.recipient_email.endswith("@erased.invalid")
    assert Message.objects.get(seq=3).status == MessageState.WAITING
    assert Event.objects.get(kind="person.erased").data["messages_cleared"] == 2
