"""Roles granted and ended: at once, once, with events, never leaving nobody in charge."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.actors import person
from accounts.errors import LastAdministrator
from accounts.models import RoleHolding, User
from accounts.roles import Role
from accounts.services.people import set_active
from accounts.services.roles import end_role, grant_role
from events import clock
from events.errors import NotAllowed
from events.models import Event
from tests.cast import SETUP, Cast, actor, user


def test_an_administrator_grants_a_role_and_it_counts_at_once(cast: Cast) -> None:
    grant_role(cast.otto, Role.DEVELOPER, actor("adam"))
    assert cast.otto.current_roles() == {Role.DEVELOPER}
    granted = Event.objects.filter(stream=cast.otto.stream, kind="person.role_granted").get()
    assert (granted.actor, granted.after) == (cast.adam.actor_id, {"role": "developer"})


def test_granting_twice_is_one_holding_and_one_event(cast: Cast) -> None:
    for _ in range(2):
        grant_role(cast.otto, Role.QA_LEAD, actor("adam"))
    assert RoleHolding.objects.filter(user=cast.otto).count() == 1
    assert Event.objects.filter(stream=cast.otto.stream, kind="person.role_granted").count() == 1


def test_an_ended_role_is_gone_at_once_and_stays_known(cast: Cast) -> None:
    before = actor("quinn")
    end_role(cast.quinn, Role.QA_LEAD, actor("adam"), reason="left the team")
    assert before.roles == {Role.QA_LEAD}  # what was asked before the end
    assert actor("quinn").roles == frozenset()
    held = RoleHolding.objects.get(user=cast.quinn)
    assert held.until is not None
    assert held.until >= held.since
    grant_role(cast.quinn, Role.QA_LEAD, actor("adam"))
    assert RoleHolding.objects.filter(user=cast.quinn).count() == 2


@pytest.mark.parametrize("name", ["rita", "devon", "quinn", "sasha", "dana", "otto", "sue", "stan", "audrey"])
def test_nobody_but_an_administrator_grants_roles(cast: Cast, name: str) -> None:
    with pytest.raises(NotAllowed, match="an Administrator can"):
        grant_role(cast.otto, Role.RELEASE_MANAGER, actor(name))
    with pytest.raises(NotAllowed):
        end_role(cast.rita, Role.RELEASE_MANAGER, actor(name))
    assert cast.rita.current_roles() == {Role.RELEASE_MANAGER}


def test_the_last_administrator_stays(cast: Cast) -> None:
    with pytest.raises(LastAdministrator, match="only Administrator"):
        end_role(cast.adam, Role.ADMINISTRATOR, actor("adam"))
    with pytest.raises(LastAdministrator):
        set_active(cast.adam, active=False, actor=actor("adam"))
    grant_role(cast.rita, Role.ADMINISTRATOR, actor("adam"))
    end_role(cast.adam, Role.ADMINISTRATOR, actor("adam"))
    assert cast.adam.current_roles() == frozenset()


def end_own(name: str) -> bool:
    try:
        end_role(user(name), Role.ADMINISTRATOR, actor(name))
    except (LastAdministrator, NotAllowed):
        return False
    finally:
        connection.close()
    return True


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_leave_at_the_same_time_leave_one() -> None:
    grant_role(user("rita"), Role.ADMINISTRATOR, SETUP)
    user("adam")
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(end_own, ["rita", "adam"])) == [False, True]


def test_a_switched_off_account_has_no_roles(cast: Cast) -> None:
    set_active(cast.rita, active=False, actor=actor("adam"), reason="on leave")
    rita = User.objects.get(pk=cast.rita.pk)
    assert person(rita).roles == frozenset()
    set_active(rita, active=True, actor=actor("adam"))
    assert User.objects.get(pk=rita.pk).current_roles() == {Role.RELEASE_MANAGER}


@pytest.mark.parametrize(
    ("role", "until"), [("release_manager", None), ("emperor", None), ("support", "before")]
)
def test_the_database_refuses_impossible_holdings(cast: Cast, role: str, until: str | None) -> None:
    now = clock.now()
    end = now.replace(year=2000) if until else None
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleHolding.objects.create(user=cast.rita, role=role, since=now, until=end, given_by="system:test")


def test_there_are_no_superusers(cast: Cast) -> None:
    with pytest.raises(NotImplementedError):
        User.objects.create_superuser("root", "", "x")
    cast.rita.is_superuser = True
    with pytest.raises(IntegrityError), transaction.atomic():
        cast.rita.save()
