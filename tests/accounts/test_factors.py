"""A second factor binds an act to a person at a moment: fresh, once, theirs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core.cache import cache
from django.db import connections, transaction

from accounts.actors import Actor, Proof, from_token, person, system
from accounts.errors import CodeRefused, FactorNeeded, FactorNotSetUp, TooManyCodes
from accounts.models import CodeUse
from accounts.services.factors import demand_fresh, next_code, reset_factors, use_code
from accounts.services.tokens import create_token
from accounts.totp import code_at, present_step, secret_of
from events import clock
from events.errors import Invalid, NotAllowed
from events.models import Event
from tests.cast import actor, app_of, token_of, user

pytestmark = pytest.mark.django_db


def given(minutes: float, name: str = "quinn") -> Actor:
    """Somebody whose session was given their app's code so long ago."""
    return person(user(name), Proof("totp", clock.now() - timedelta(minutes=minutes), app_of(name).pk))


def by_token(code: str, name: str = "quinn") -> Actor:
    return from_token(token_of(name, "sign")[0], Proof(code=code))


def code_of(name: str, steps: int = 0) -> str:
    return code_at(secret_of(app_of(name)), present_step() + steps)


def test_factor_of_the_last_five_minutes_counts() -> None:
    proved = demand_fresh(given(4.9))
    assert (proved["channel"], proved["factor"]) == ("session", "totp")


@pytest.mark.parametrize("minutes", [5.1, 600, -1])
def test_older_factor_is_asked_for_again(minutes: float) -> None:
    with pytest.raises(FactorNeeded, match=r"To sign 1\.0, give a second factor"):
        demand_fresh(given(minutes), "sign 1.0")


def test_person_without_a_factor_is_told_where_to_set_one_up() -> None:
    with pytest.raises(FactorNotSetUp, match="Settings, Your factors"):
        demand_fresh(person(user("quinn")))


def test_session_proves_nothing_after_its_factor_was_removed() -> None:
    quinn = given(1)
    Authenticator.objects.all().delete()
    with pytest.raises(FactorNotSetUp):
        demand_fresh(quinn)


def test_nobody_but_a_person_has_a_factor() -> None:
    service, _ = token_of(None, "read")
    for actor_ in (system("engine"), from_token(service), from_token(service, Proof(code="123456"))):
        with pytest.raises(NotAllowed, match="Only a person"):
            demand_fresh(actor_)


def test_token_brings_a_code_of_its_own() -> None:
    app_of("quinn")
    with pytest.raises(FactorNeeded, match="Portal-One-Time-Code"):
        demand_fresh(by_token(""))
    assert demand_fresh(by_token(code_of("quinn")))["channel"] == "token"


def test_fresh_session_does_not_help_a_token() -> None:
    quinn = given(1)
    with pytest.raises(FactorNeeded, match="by token"):
        demand_fresh(replace(quinn, scopes=frozenset(), proof=Proof()))


@pytest.mark.parametrize("code", ["000000", "12345", "", "１２３４５６", "abcdef", "1" * 10_000])
def test_wrong_code_is_refused(code: str) -> None:
    app_of("quinn")
    with pytest.raises(CodeRefused, match="wrong or too old"):
        use_code(user("quinn"), code)


def test_code_counts_once_in_whatever_way_it_comes() -> None:
    code = code_of("quinn")
    demand_fresh(by_token(code))
    for way in (lambda: use_code(user("quinn"), code), lambda: demand_fresh(by_token(f" {code} "))):
        with pytest.raises(CodeRefused, match="used already"):
            way()


def test_code_of_an_act_that_failed_stays_used() -> None:
    code = code_of("quinn")
    with transaction.atomic():
        demand_fresh(by_token(code))
        transaction.set_rollback(True)
    with pytest.raises(CodeRefused, match="used already"):
        demand_fresh(by_token(code))


def test_used_code_stays_used_when_the_cache_is_emptied() -> None:
    code = code_of("quinn")
    use_code(user("quinn"), code)
    cache.delete(f"totp:{user('quinn').pk}:{CodeUse.objects.get().last_step}")
    with pytest.raises(CodeRefused, match="used already"):
        use_code(user("quinn"), code)


def test_earlier_code_does_not_count_after_a_later_one() -> None:
    use_code(user("quinn"), code_of("quinn"))
    with pytest.raises(CodeRefused):
        use_code(user("quinn"), code_of("quinn", -1))


def test_somebody_elses_code_does_not_count() -> None:
    app_of("quinn")
    with pytest.raises(CodeRefused):
        use_code(user("quinn"), code_of("rita"))


def test_guessing_ends_after_a_few_tries_and_the_right_code_too() -> None:
    app_of("quinn")
    for _ in range(5):
        with pytest.raises(CodeRefused):
            use_code(user("quinn"), "000000")
    with pytest.raises(TooManyCodes, match="5 minutes"):
        use_code(user("quinn"), code_of("quinn"))


def test_recovery_code_counts_once() -> None:
    app_of("quinn")
    codes = RecoveryCodes.activate(user("quinn")).generate_codes()
    assert use_code(user("quinn"), codes[3])[0] == "recovery_codes"
    with pytest.raises(CodeRefused):
        use_code(user("quinn"), codes[3])
    assert use_code(user("quinn"), codes[4])


def test_secrets_lie_encrypted_in_the_database() -> None:
    app = app_of("quinn")
    assert secret_of(app) not in app.data["secret"]
    assert secret_of(app).isalnum()


def test_token_that_signs_is_made_with_a_fresh_factor_only() -> None:
    make: Callable[[Actor], object] = lambda who: create_token(  # noqa: E731
        name="mine", scopes=["sign"], actor=who, owner=user("quinn")
    )
    with pytest.raises(FactorNeeded, match="make a token that signs"):
        make(given(6))
    assert make(given(1))
    assert create_token(name="reads", scopes=["read"], actor=given(6), owner=user("quinn"))


def test_administrator_resets_factors_unread_and_on_record() -> None:
    app_of("quinn")
    assert reset_factors(user("quinn"), actor=given(1, "adam"), reason="Lost the phone") == 1
    assert not Authenticator.objects.filter(user=user("quinn")).exists()
    event = Event.objects.get(kind="person.factors_reset")
    assert (event.before, event.reason) == ({"factors": ["totp"]}, "Lost the phone")


def test_reset_needs_the_role_a_reason_a_factor_and_something_to_reset() -> None:
    app_of("quinn")
    with pytest.raises(NotAllowed, match="Administrator"):
        reset_factors(user("quinn"), actor=actor("rita"), reason="x")
    with pytest.raises(Invalid, match="reason"):
        reset_factors(user("quinn"), actor=actor("adam"), reason=" ")
    with pytest.raises(FactorNeeded):
        reset_factors(user("quinn"), actor=given(9, "adam"), reason="x")
    with pytest.raises(Invalid, match="no second factor"):
        reset_factors(user("otto"), actor=actor("adam"), reason="x")
    assert app_of("quinn").pk


def test_codes_are_shown_in_the_demo_alone(settings: object) -> None:
    app_of("quinn")
    assert next_code(user("quinn"))
    settings.PORTAL_MODE = "production"  # type: ignore[attr-defined]
    with pytest.raises(NotAllowed, match="Only the demo"):
        next_code(user("quinn"))


@pytest.mark.django_db(transaction=True)
def test_one_code_used_in_the_same_instant_counts_once() -> None:
    code, quinn = code_of("quinn"), user("quinn")
    barrier = Barrier(4)

    def use(_: int) -> bool:
        try:
            barrier.wait(60)
            with transaction.atomic():
                use_code(quinn, code)
            return True
        except CodeRefused:
            return False
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(use, range(4))) == [False, False, False, True]
