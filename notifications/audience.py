"""Who is told of a piece of news, and why them: "whoever was told of a plan is told of its change".

In: news. Out: recipients, once per address. Called by `services.reading`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from accounts.models import RoleHolding, User
from accounts.roles import Role
from approvals.policy import TABLE, Action, why_barred
from approvals.queries import signers, who_can_sign
from approvals.queries.people import role_holders
from approvals.reminders import EVERYBODY, MANAGERS, SIGNERS
from notifications.letters.letter import Recipient
from notifications.models import Message, Stakeholder
from notifications.news import News, PortalNews, ReleaseNews
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
    choose = CHOSEN.get(news.kind)
    if choose is not None:
        yield from choose(news)
        return
    assert isinstance(news, ReleaseNews)
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
    """Whoever owes the review; with every reminder more people beside them.

    Of a late entry, which nobody else has told them, those who run production hear too.
    """
    yield from _asked(news)
    if isinstance(news, PortalNews) and news.kind == MailKind.REVIEW_ASKED:
        yield from _holders(Action.DEPLOY)
    level = int(news.after.get("level", 0))
    for action in LOUDER[: max(1, level)]:
        yield from _holders(action)


def _vetoed(news: News) -> Iterator[Recipient]:
    """A review that was vetoed: everybody whom it asked, and those who decide what follows."""
    if news.gate is not None:
        asked = {Role(role) for role in news.gate.requirements.values_list("role", flat=True)}
        for actor in role_holders():
            held = sorted(actor.roles & asked)
            if held and actor.user is not None and why_barred(news.gate, actor) is None:
                labels = " and ".join(role.label for role in held)
                yield from _one(actor.user, f"its review asks you as {labels}")
    yield from _holders(Action.DECIDE)
    yield from _holders(Action.BREAK_GLASS)


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


def _everybody_with_a_role(news: News) -> Iterator[Recipient]:
    """A stop concerns everybody, whoever is on call; those whose signature lifts it are told so."""
    if news.kind == MailKind.STOP_MADE:
        yield from _asked(news)
    for actor in role_holders():
        if actor.user is not None:
            held = " and ".join(role.label for role in sorted(actor.roles))
            yield from _one(actor.user, f"you hold the role {held}")


def _stop_stays(news: News) -> Iterator[Recipient]:
    yield from _holders(Action.LIFT_STOP)
    yield from _signed_or_asked(news)


def _of_policy(news: News) -> Iterator[Recipient]:
    """Who was asked, who brought it, who loads policies; once it is in force all who sign under it."""
    assert isinstance(news, PortalNews)
    if news.facts.person is not None:
        yield from _one(news.facts.person, "you brought this change")
    yield from _signed_or_asked(news)
    yield from _holders(Action.MANAGE_PLATFORM)
    if news.kind == MailKind.POLICY_ADOPTED:
        yield from _with_role(news.facts.roles)


def _concerned(news: News) -> Iterator[Recipient]:
    assert isinstance(news, PortalNews)
    if news.facts.person is not None:
        yield from _one(news.facts.person, "it is your account")


def _acting(*actions: Action) -> Callable[[News], Iterator[Recipient]]:
    """Everybody whom the table lets do one of these."""

    def chosen(news: News) -> Iterator[Recipient]:
        for action in actions:
            yield from _holders(action)

    return chosen


def _holders(action: Action) -> Iterator[Recipient]:
    """Everybody whom the policy table lets do this, with the roles by which it does."""
    yield from _with_role(TABLE[action].roles)


def _with_role(wanted_roles: Iterable[Role]) -> Iterator[Recipient]:
    roles: dict[int, list[str]] = {}
    users: dict[int, User] = {}
    wanted = sorted(wanted_roles)
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


CHOSEN: dict[MailKind, Callable[[News], Iterator[Recipient]]] = {
    MailKind.SIGNOFF_ASKED: _asked,
    MailKind.REMINDER: _reminded,
    MailKind.STUCK: _reminded,
    MailKind.REVIEW_ASKED: _owing,
    MailKind.REVIEW_DUE: _owing,
    MailKind.REVIEW_VETOED: _vetoed,
    MailKind.SIGNATURES_VOID: _signed_or_asked,
    MailKind.HELD: _acting(Action.PROMOTE),
    MailKind.DRIFTED: _acting(Action.PROMOTE),
    MailKind.DONE_OFFLINE: _acting(Action.DECIDE, Action.DEPLOY),
    MailKind.STOP_MADE: _everybody_with_a_role,
    MailKind.STOP_SIGNED: _acting(Action.LIFT_STOP),
    MailKind.STOP_STAYS: _stop_stays,
    MailKind.STOP_LIFTED: _everybody_with_a_role,
    MailKind.POLICY_ADOPTED: _of_policy,
    MailKind.POLICY_REFUSED: _of_policy,
    MailKind.FACTORS_RESET: _concerned,
}
"""Who is told of each kind; of the others whoever heard of the plan, the team and the stakeholders."""
