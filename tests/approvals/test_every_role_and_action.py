"""Every role × action × kind of token, generated from docs/roles.md: none is left out."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from accounts.actors import Actor, system
from accounts.roles import SERVICE_SCOPES, Role, Scope
from approvals.policy import TABLE, Action, may, require
from events.errors import NotAllowed

PAGE = Path(__file__).parents[2] / "docs" / "roles.md"
EVERY_SCOPE = frozenset(Scope)


class Row(NamedTuple):
    """One line of the page."""

    roles: frozenset[Role]
    scope: Scope
    services: bool


def rows_of_the_page() -> dict[Action, Row]:
    table = PAGE.read_text().partition("## In which states")[0]
    lines = [line.strip(" |").split("|") for line in table.splitlines() if line.startswith("|")]
    roles = [next(r for r in Role if r.label == cell.strip()) for cell in lines[0][1:-2]]
    rows = {}
    for cells in ([cell.strip() for cell in line] for line in lines[2:]):
        holders = frozenset(role for role, cell in zip(roles, cells[1:-2], strict=True) if cell == "yes")
        rows[Action(cells[0])] = Row(holders, Scope(cells[-2]), cells[-1] == "yes")
    return rows


PAGE_ROWS = rows_of_the_page()
EVERY_PAIR = [(action, role) for action in Action for role in Role]


def person(*roles: Role, scopes: frozenset[Scope] | None = None) -> Actor:
    return Actor("person:x", "person", "somebody", frozenset(roles), scopes)


def service(scopes: frozenset[Scope]) -> Actor:
    return Actor("service:x", "service", "ci", frozenset(), scopes)


def test_page_names_every_action() -> None:
    assert set(PAGE_ROWS) == set(Action) == set(TABLE)


def test_role_may_do_what_the_page_says() -> None:
    wrong = []
    for action, role in EVERY_PAIR:
        row = PAGE_ROWS[action]
        holds = role in row.roles
        if (may(person(role), action) is None) != holds:
            wrong.append(f"{role.name} {action.name}: the page says {holds}")
        wrong += [
            f"{role.name} and {other.name} {action.name}: a second role adds and never takes away"
            for other in Role
            if (may(person(role, other), action) is None) != (holds or other in row.roles)
        ]
    assert wrong == []


def test_token_of_a_person_needs_role_and_scope() -> None:
    wrong = []
    for action, role in EVERY_PAIR:
        row = PAGE_ROWS[action]
        holds = role in row.roles
        wrong += [
            f"{role.name} {action.name} with {sorted(scopes)}: the page says {holds}"
            for scopes in (frozenset({row.scope}), EVERY_SCOPE)
            if (may(person(role, scopes=scopes), action) is None) != holds
        ]
        wrong += [
            f"{role.name} {action.name} with {sorted(scopes)}: {told}"
            for scopes in (frozenset[Scope](), EVERY_SCOPE - {row.scope})
            if f"no scope “{row.scope}”" not in (told := str(may(person(role, scopes=scopes), action)))
        ]
    assert wrong == []


@pytest.mark.parametrize("action", Action, ids=lambda value: value.name)
def test_service_token_does_what_the_page_opens_to_it(action: Action) -> None:
    row = PAGE_ROWS[action]
    assert (may(service(SERVICE_SCOPES), action) is None) == row.services
    assert may(service(EVERY_SCOPE - {row.scope}), action) is not None
    if row.services:
        assert row.scope in SERVICE_SCOPES


@pytest.mark.parametrize("action", Action, ids=lambda value: value.name)
def test_refusal_is_a_sentence_that_says_who_can(action: Action) -> None:
    with pytest.raises(NotAllowed) as refusal:
        require(person(), action)
    sentence = refusal.value.detail
    assert sentence.endswith("can.")
    assert str(action) in sentence
    named = [role for role in Role if role.label in sentence]
    assert frozenset(named) == PAGE_ROWS[action].roles or PAGE_ROWS[action].roles == frozenset(Role)
    assert may(system("engine"), action) is None


@pytest.mark.parametrize("action", [Action.SIGN, Action.DECIDE, Action.DEPLOY], ids=lambda value: value.name)
def test_no_service_signs_decides_or_starts_production(action: Action) -> None:
    assert "can never" in str(may(service(EVERY_SCOPE), action))


@pytest.mark.parametrize("action", [Action.SIGN, Action.DECIDE], ids=lambda value: value.name)
def test_administrator_signs_nothing(action: Action) -> None:
    assert may(person(Role.ADMINISTRATOR), action) is not None
