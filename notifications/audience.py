"""Who is told of a piece of news, and why them: "whoever was told of a plan is told of its change".

In: news. Out: recipients, once per address. Called by `services.reading`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from accounts.models import RoleHolding, User
from accounts.roles import Role
from approvals.policy import TABLE, Action
from approvals.queries import signers, who_can_sign
from approvals.reminders import EVERYBODY, MANAGERS, SIGNERS
from notifications.letters.letter import Recipient
from notifications.models import Message, Stakeholder
from notifications.news import News
from notifications.states import MailKind

PUBLIC = frozenset(
    {MailKind.GO, MailKind.STARTED, MailKind.FINISHED, MailKind.ROLLED_BACK, MailKind.COMPLETED}
)
"""Told to the team and the stakeholders whether or not they heard of the plan before."""


def recipients(news: News) -> list[Recipient]:
    """Everybody who is told, in the order of how near they are to it; each address once."""
    found: dict[str, Recipient] = {}
    for recipient in _everybody(news):
        found.setdefault(recipient.email.lower(), recipient)
    return list(found.values())


def _everybody(news: News) -> Iterator[Recipient]:
    if news.kind == MailKind.SIGNOFF_ASKED:
        yield from _asked(news)
        return
    if news.kind in (MailKind.REMINDER, MailKind.STUCK):
        yield from _reminded(news)
        return
    if news.kind in (MailKind.REVIEW_ASKED, MailKind.REVIEW_DUE):
        yield from _owing(news)
        return
    if news.kind == MailKind.SIGNATURES_VOID:
        yield from _signed_or_asked(news)
        return
    if news.kind in (MailKind.HELD, MailKind.DRIFTED):
        yield from _holders(Action.PROMOTE)
        return
    told = list(_told(news.event.stream))
    if news.kind == MailKind.NO_GO:
        yield from _people(User.objects.filter(is_active=True), news.facts.author_ids, "you wrote part of it")
    if news.kind in PUBLIC or told:
        yield from _holders(Action.BE_TOLD)
        yield from _stakeholders()
    yield from told


def _asked(news: News) -> Iterator[Recipient]:
    if news.gate is None:
        return
    able = who_can_sign(news.gate)
    for user in User.objects.filter(pk__in=able, is_active=True):
        roles = tuple(role.label for role in able[user.pk])
        yield from _one(user, f"you can sign it as {' or '.join(roles)}", roles)


def _reminded(news: News) -> Iterator[Recipient]:
    """Who can sign; with a higher level the Release Managers too, then whoever can give roles to others."""
    level = EVERYBODY if news.kind == MailKind.STUCK else int(news.after.get("level", SIGNERS))
    yield from _asked(news)
    if level >= MANAGERS:
        yield from _holders(Action.DECIDE)
    if level >= EVERYBODY:
        yield from _holders(Action.MANAGE_PEOPLE)


LOUDER = (Action.DECIDE, Action.BREAK_GLASS, Action.BE_TOLD)
"""Who hears of a review besides those who owe it: with each reminder one line of the table more."""


def _owing(news: News) -> Iterator[Recipient]:
    """Whoever owes the review; with every reminder more people beside them."""
    yield from _asked(news)
    level = int(news.after.get("level", 0))
    for action in LOUDER[: max(1, level)]:
        yield from _holders(action)


def _signed_or_asked(news: News) -> Iterator[Recipient]:
    if news.gate is not None:
        for user in signers(news.gate):
            yield from _one(user, "your signature stood on it")
    asked = Message.objects.filter(thread=news.event.stream, kind=MailKind.SIGNOFF_ASKED)
    yield from _people(
        User.objects.filter(is_active=True),
        asked.values_list("recipient_actor", flat=True),
        "you were asked to sign it",
    )


def _holders(action: Action) -> Iterator[Recipient]:
    """Everybody whom the policy table lets do this, with the roles by which it does."""
    roles: dict[int, list[str]] = {}
    users: dict[int, User] = {}
    wanted = sorted(TABLE[action].roles)
    holdings = RoleHolding.objects.filter(role__in=wanted, until=None, user__is_active=True)
    for holding in holdings.select_related("user").order_by("user__username", "role"):
        users[holding.user_id] = holding.user
        roles.setdefault(holding.user_id, []).append(Role(holding.role).label)
    for pk, user in users.items():
        yield from _one(user, f"you hold the role {' and '.join(roles[pk])}", tuple(roles[pk]))


def _stakeholders() -> Iterator[Recipient]:
    for row in Stakeholder.objects.filter(retired_at=None):
        yield Recipient(row.email, row.name, row.zone, "you are a stakeholder of the platform")


def _told(thread: str) -> Iterator[Recipient]:
    """Everybody who was written to about this release before and is still to be reached."""
    earlier = Message.objects.filter(thread=thread)
    because = "you were told of this release before"
    yield from _people(
        User.objects.filter(is_active=True), earlier.values_list("recipient_actor", flat=True), because
    )
    addresses = {address.lower() for address in earlier.values_list("recipient_email", flat=True)}
    for recipient in _stakeholders():
        if recipient.email.lower() in addresses:
            yield recipient


def _people(users: Iterable[User], actor_ids: Iterable[str], because: str) -> Iterator[Recipient]:
    wanted = {actor for actor in actor_ids if actor}
    for user in users if wanted else ():
        if user.actor_id in wanted:
            yield from _one(user, because)


def _one(user: User, because: str, roles: tuple[str, ...] = ()) -> Iterator[Recipient]:
    if user.is_active and user.email:
        yield Recipient(user.email, user.name, user.time_zone, because, user.actor_id, roles)
