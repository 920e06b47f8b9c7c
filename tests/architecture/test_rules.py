"""Rules of the house that a tool can see, read from the syntax of our own modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.portal_process import ROOT

ROOMS = (
    "accounts", "approvals", "compliance", "deployments", "desk", "events", "hmhp_portal", "notifications",
    "platforms", "releases", "rest",
)  # fmt: skip


@cache
def modules() -> list[Path]:
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py") if "migrations" not in file.parts]
    return sorted(file.relative_to(ROOT) for file in files)


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse((ROOT / file).read_text(), str(file))


@cache
def nodes(file: Path) -> list[ast.AST]:
    return list(ast.walk(tree(file)))


@pytest.fixture(scope="module", autouse=True)
def _syntax() -> Iterator[None]:
    """Read once for all rules, and not kept for the tests after them."""
    yield
    tree.cache_clear()
    nodes.cache_clear()


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def offending(found: dict[Path, list[str]]) -> str:
    return "\n".join(f"{file}: {', '.join(lines)}" for file, lines in found.items() if lines)


MAY_READ_THE_ENVIRONMENT = (
    "hmhp_portal/settings/",
    "hmhp_portal/launcher/",  # it makes the environment that the settings read
    "hmhp_portal/nursery.py",  # it gives a forked process the environment that a started one would have
)


def test_environment_is_read_in_settings_alone() -> None:
    """Naming the settings module for Django is not reading."""
    found: dict[Path, list[str]] = {}
    for file in modules():
        if str(file).startswith(MAY_READ_THE_ENVIRONMENT):
            continue
        reads = [n for n in nodes(file) if isinstance(n, ast.Attribute) and n.attr in ("environ", "getenv")]
        sets = [
            n.func.value
            for n in nodes(file)
            if isinstance(n, ast.Call) and dotted(n.func) == "os.environ.setdefault"
            and isinstance(n.func, ast.Attribute)
            and [getattr(a, "value", "") for a in n.args][:1] == ["DJANGO_SETTINGS_MODULE"]
        ]  # fmt: skip
        places = {(n.lineno, n.col_offset) for n in reads} - {(n.lineno, n.col_offset) for n in sets}
        found[file] = [f"line {line}" for line, _ in sorted(places)]
    assert offending(found) == ""


def test_tasks_are_enqueued_by_wake_alone() -> None:
    found = {
        file: [
            f"line {n.lineno}"
            for n in nodes(file)
            if isinstance(n, ast.Attribute) and n.attr in ("delay", "apply_async", "send_task")
        ]
        for file in modules()
        if str(file) != "events/wake.py"
    }
    assert offending(found) == ""


def test_no_state_is_assigned_outside_a_transition() -> None:
    """`x.state = …` bypasses every guard; so does `.update(state=…)`. Creating with a state is no move."""
    found: dict[Path, list[str]] = {}
    for file in modules():
        if file.parts[0] == "platforms":  # there a state is an observation, not a model's
            continue
        assigned = [
            target
            for node in nodes(file)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Attribute) and target.attr == "state" and dotted(target.value) != "self"
        ]
        updated = [
            node
            for node in nodes(file)
            if isinstance(node, ast.Call)
            and dotted(node.func).endswith(".update")
            and any(keyword.arg == "state" for keyword in node.keywords)
        ]
        found[file] = [f"line {node.lineno}" for node in (*assigned, *updated)]
    assert offending(found) == ""


def test_business_time_comes_from_the_one_clock() -> None:
    """`timezone.now()` and `datetime.now()` cannot be moved by tests, the demo's past and fault runs."""
    allowed = ("events/clock.py", "platforms/", "hmhp_portal/launcher/")
    found = {
        file: [
            f"line {n.lineno}"
            for n in nodes(file)
            if isinstance(n, ast.Call)
            and dotted(n.func) in ("timezone.now", "datetime.now", "datetime.utcnow")
        ]
        for file in modules()
        if not str(file).startswith(allowed)
    }
    assert offending(found) == ""


def test_kubernetes_is_known_to_its_driver_alone() -> None:
    found = {
        file: [
            f"line {n.lineno}"
            for n in nodes(file)
            if (isinstance(n, ast.Import) and any(a.name.split(".")[0] == "kubernetes" for a in n.names))
            or (isinstance(n, ast.ImportFrom) and (n.module or "").split(".")[0] == "kubernetes")
        ]
        for file in modules()
        if not str(file).startswith("platforms/kubernetes")
    }
    assert offending(found) == ""


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(file) for file in modules() if not ast.get_docstring(tree(file))]
    assert [file for file in silent if (ROOT / file).read_text().strip()] == [], "these have no docstring"


def test_no_module_is_a_drawer_for_everything() -> None:
    names = {file for file in modules() if file.stem in ("utils", "common", "core", "helpers", "misc")}
    assert names == set()


def test_ninety_percent_of_files_and_functions_are_short() -> None:
    files = sorted(len((ROOT / file).read_text().splitlines()) for file in modules())
    functions = sorted(
        (n.end_lineno or n.lineno) - n.lineno + 1
        for file in modules()
        for n in nodes(file)
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert files[len(files) * 9 // 10] <= 200
    assert functions[len(functions) * 9 // 10] <= 30
