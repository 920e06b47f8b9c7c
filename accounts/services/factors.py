"""The second factor: demanded fresh by every act that binds somebody, used once, reset by an Administrator.

`demand_fresh` stands in the services, so that pages, API, admin and shell all obey. In a session the
factor counts for five minutes; a call by token brings a one-time code of its own. Source of the rule:
21 CFR 11.200(a), HIPAA 164.312(d).
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from accounts import authority
from accounts.actors import CODE_HEADER, Actor, Proof
from accounts.errors import CodeRefused, FactorNeeded, FactorNotSetUp, TooManyCodes
from accounts.models import CodeUse, User
from accounts.services.counting import counted
from accounts.services.roles import lock_person
from accounts.totp import code_at, present_step, secret_of, step_of
from events import clock
from events.errors import Invalid, NotAllowed
from events.services import record

FRESH = timedelta(minutes=5)
"""How long a factor given in a session counts."""
MOST_WRONG = 5
WRONG_SECONDS = 300
"""So many wrong codes of one person in so many seconds, on pages and in calls together."""
REMEMBERED_SECONDS = 600
TYPES = Authenticator.Type
WORDS = {
    TYPES.TOTP.value: "authenticator app",
    TYPES.WEBAUTHN.value: "security key",
    TYPES.RECOVERY_CODES.value: "recovery code",
}


def has_factor(user: User) -> bool:
    """Has this person an app or a key? Recovery codes alone are none."""
    return bool(Authenticator.objects.filter(user=user, type__in=(TYPES.TOTP, TYPES.WEBAUTHN)).exists())


def demand_fresh(actor: Actor, to: str = "do this") -> dict[str, str]:
    """How this person has just proved who they are, as it is stored with what they sign.

    `to` completes the sentence of a refusal: "sign 2026.11.0". A code is used up here, so ask last,
    when nothing else stands in the way. Raises NotAllowed for anybody but a person, FactorNotSetUp,
    FactorNeeded, CodeRefused, TooManyCodes.
    """
    user, proof = actor.user, actor.proof or Proof()
    if user is None or not actor.is_person:
        raise NotAllowed(f"Only a person can {to}, with a second factor of their own.")
    if proof.code:
        proof.method, proof.authenticator = use_code(user, proof.code)
        proof.at, proof.code = clock.now(), ""
    elif not _is_fresh(user, proof):
        raise _wanted(actor, user, to)
    assert proof.at is not None
    channel = "session" if actor.scopes is None else "token"
    return {"channel": channel, "factor": proof.method, "factor_at": proof.at.isoformat()}


def is_fresh(actor: Actor) -> bool:
    """Would the session's factor do now? For pages that say beforehand that it will be asked for."""
    return actor.user is not None and _is_fresh(actor.user, actor.proof or Proof())


def _is_fresh(user: User, proof: Proof) -> bool:
    """Given in the last five minutes, by an authenticator that the person still has."""
    if proof.at is None or not timedelta() <= clock.now() - proof.at <= FRESH:
        return False
    return (
        proof.authenticator is None
        or Authenticator.objects.filter(pk=proof.authenticator, user=user).exists()
    )


def _wanted(actor: Actor, user: User, to: str) -> FactorNeeded:
    if not has_factor(user):
        return FactorNotSetUp(
            f"To {to}, {actor.label} needs a second factor: an authenticator app or a security key. "
            "It is set up under Settings, Your factors."
        )
    if actor.scopes is not None:
        return FactorNeeded(
            f"To {to} by token, send a fresh one-time code of @{user.handle} in the header {CODE_HEADER}."
        )
    return FactorNeeded(f"To {to}, give a second factor; it counts for {FRESH.seconds // 60} minutes.")


def use_code(user: User, code: str) -> tuple[str, int]:
    """Take a code of the person's app or one of their recovery codes, once; (method, authenticator).

    A code that was taken stays used even where the act itself fails. Raises CodeRefused, TooManyCodes.
    """
    _count_try(user)
    text = "".join(code.split())
    factors = Authenticator.objects.filter(user=user, type__in=(TYPES.TOTP, TYPES.RECOVERY_CODES))
    for authenticator in sorted(factors, key=lambda a: a.type == TYPES.RECOVERY_CODES):
        if authenticator.type == TYPES.TOTP:
            step = step_of(secret_of(authenticator), text)
            if step is None:
                continue
            use_step(user, step)
        elif not _is_recovery_code(authenticator, text):
            continue
        cache.delete(_tries_key(user))
        return str(authenticator.type), authenticator.pk
    raise CodeRefused("This one-time code is wrong or too old. Take the one that is shown now.")


def _is_recovery_code(authenticator: Authenticator, text: str) -> bool:
    digest = hashlib.sha256(text.encode()).hexdigest()
    if not RecoveryCodes(authenticator).validate_code(text):
        return False
    # The database forgets with a refused act, the cache does not.
    return bool(cache.add(f"recovery:{authenticator.pk}:{digest}", 1, None))


def use_step(user: User, step: int) -> None:
    """Use up one step of the person's app, and all before it.

    Told to the cache, which a refused act does not undo, and to the database, which outlives the
    cache. Raises CodeRefused for a step that was used.
    """
    first = cache.add(f"totp:{user.pk}:{step}", 1, REMEMBERED_SECONDS)
    CodeUse.objects.bulk_create([CodeUse(user=user)], ignore_conflicts=True)
    newer = CodeUse.objects.filter(user=user, last_step__lt=step).update(last_step=step)
    if not (first and newer):
        raise CodeRefused("This one-time code was used already; each counts once. Wait for the next one.")


def _tries_key(user: User) -> str:
    return f"codes-tried:{user.pk}"


def _count_try(user: User) -> None:
    if counted(_tries_key(user), WRONG_SECONDS) > MOST_WRONG:
        raise TooManyCodes(
            f"Too many wrong codes for @{user.handle}. Wait {WRONG_SECONDS // 60} minutes, then try again."
        )


def next_code(user: User) -> str | None:
    """The code that this person's app shows, or the next one where that was used; None: wait.

    For the demo and tests alone; raises NotAllowed anywhere else, Invalid without an app.
    """
    if settings.PORTAL_MODE not in ("demo", "test"):
        raise NotAllowed("Only the demo shows codes; here each person reads their own app.")
    authenticator = Authenticator.objects.filter(user=user, type=TYPES.TOTP).first()
    if authenticator is None:
        raise Invalid(f"@{user.handle} has no authenticator app.")
    used = CodeUse.objects.filter(user=user).values_list("last_step", flat=True).first() or 0
    now = present_step()
    for step in (now, now + 1):
        if step > used and cache.get(f"totp:{user.pk}:{step}") is None:
            return code_at(secret_of(authenticator), step)
    return None


@transaction.atomic
def set_up_demo_app(user: User, actor: Actor) -> None:
    """Give a person of the demo an authenticator app. Refused on an installation that is no demo."""
    if settings.PORTAL_MODE not in ("demo", "test"):
        raise NotAllowed("Only the demo sets up factors for people; everybody else does it themselves.")
    person = lock_person(user)
    if has_factor(person):
        return
    TOTP.activate(person, generate_totp_secret())
    record(
        person.stream,
        "person.factor_added",
        actor.id,
        reason="demo account",
        data={"factor": TYPES.TOTP.value},
    )


@transaction.atomic
def reset_factors(person: User, *, actor: Actor, reason: str) -> int:
    """Take every factor of a person away, unread, for somebody who lost theirs; how many there were.

    Their open sessions prove nothing any more. Raises NotAllowed,
    Invalid without a reason, and what `demand_fresh` raises.
    """
    authority.require(actor, "MANAGE_PEOPLE")
    if not reason.strip():
        fields = {"reason": ["Give a reason."]}
        raise Invalid("A reset needs a reason, which the person reads.", fields=fields)
    locked = lock_person(person)
    found = Authenticator.objects.filter(user=locked)
    kinds = sorted(found.values_list("type", flat=True))
    if not kinds:
        raise Invalid(f"@{locked.handle} has no second factor; there is nothing to reset.")
    proved = demand_fresh(actor, f"reset the factors of @{locked.handle}") if actor.user else {}
    found.delete()
    record(
        locked.stream,
        "person.factors_reset",
        actor.id,
        before={"factors": kinds},
        after={"factors": []},
        reason=reason.strip(),
        data={"proved": proved},
    )
    return len(kinds)
