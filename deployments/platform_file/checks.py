"""What the schema cannot say about regions, environments and targets: names that must meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from zoneinfo import available_timezones

from accounts.roles import Role
from approvals.policy import TABLE, Action, who_may
from deployments.models import DeploymentRun
from deployments.plan import make_plan
from deployments.platform_file import rendering
from deployments.states import ACTIVE, RunState
from events.platform_file import Problem


def check(document: dict[str, Any]) -> list[Problem]:
    """Every wrong name, zone, plan and data class, with its path."""
    return [
        *_twice(document, "regions"),
        *_twice(document, "environments"),
        *_zones(document, "regions"),
        *_zones(document, "environments"),
        *_environments(document),
        *_targets(document),
        *rendering.check(document),
        *_under_way(document),
    ]


def _twice(document: dict[str, Any], section: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, entry in enumerate(document[section]):
        if entry["name"] in seen:
            yield Problem(f"{section}[{position}].name", f"{entry['name']} is named twice.")
        seen.add(entry["name"])


def _zones(document: dict[str, Any], section: str) -> Iterator[Problem]:
    known = available_timezones()
    for position, entry in enumerate(document[section]):
        zone = entry.get("zone", "Etc/UTC")
        if zone not in known:
            yield Problem(f"{section}[{position}].zone", f"There is no time zone {zone}; give an IANA name.")


def _environments(document: dict[str, Any]) -> Iterator[Problem]:
    regions = {entry["name"] for entry in document["regions"]}
    targets = {(t["environment"], t["region"]) for t in document["targets"]}
    last = len(document["environments"]) - 1
    for position, entry in enumerate(document["environments"]):
        path = f"environments[{position}]"
        for region in entry["regions"]:
            if region not in regions:
                yield Problem(f"{path}.regions", f"{region} is not among the regions: {_names(regions)}.")
            elif (entry["name"], region) not in targets:
                yield Problem(f"{path}.regions", f"{entry['name']} has no target in {region}.")
        yield from _strategy(path, entry)
        if position == last:
            yield from _production(path, entry)


def _strategy(path: str, entry: dict[str, Any]) -> Iterator[Problem]:
    try:
        make_plan(entry.get("strategy") or {}, entry["regions"], first=False, irreversible=False)
    except ValueError as error:
        yield Problem(f"{path}.strategy", str(error))


def _production(path: str, entry: dict[str, Any]) -> Iterator[Problem]:
    """The policy table starts nothing for roles that it does not name, whatever the file says."""
    able = {role.value for role in TABLE[Action.DEPLOY].roles}
    if not able & set(entry["deployers"]):
        named = ", ".join(Role(name).label for name in entry["deployers"])
        yield Problem(
            f"{path}.deployers", f"Nobody could deploy: {named} may not, {who_may(Action.DEPLOY)} may."
        )


def _targets(document: dict[str, Any]) -> Iterator[Problem]:
    environments = {entry["name"]: entry for entry in document["environments"]}
    seen: set[tuple[str, str]] = set()
    for position, target in enumerate(document["targets"]):
        path, key = f"targets[{position}]", (target["environment"], target["region"])
        if key in seen:
            yield Problem(path, f"{key[0]} in {key[1]} has two targets.")
        seen.add(key)
        owner = environments.get(target["environment"])
        if owner is None:
            known = _names(environments)
            yield Problem(f"{path}.environment", f"{key[0]} is not among the environments: {known}.")
            continue
        if target["region"] not in owner["regions"]:
            yield Problem(f"{path}.region", f"{owner['name']} does not run in {target['region']}.")
        if target["data_class"] != owner["data_class"]:
            right, wrong = owner["data_class"], target["data_class"]
            text = f"A target of {owner['name']} must hold {right} data, not {wrong}."
            yield Problem(f"{path}.data_class", text)
        if target["driver"] == "local" and not isinstance(
            (target.get("settings") or {}).get("artifacts"), str
        ):
            yield Problem(f"{path}.settings.artifacts", "A local target needs the folder of its artefacts.")


def _under_way(document: dict[str, Any]) -> Iterator[Problem]:
    """A run keeps what it was planned for: nothing that it needs leaves the file under its feet."""
    wanted = {entry["name"]: set(entry["regions"]) for entry in document["environments"]}
    open_runs = DeploymentRun.objects.filter(state__in=[RunState.QUEUED, *ACTIVE]).select_related(
        "environment"
    )
    for run in open_runs:
        name = run.environment.name
        gone = set(run.plan["regions"]) - wanted.get(name, set())
        if gone:
            text = (
                f"Run {run.pk} of {run.subject} is {run.state} in {name} ({_names(gone)}); let it end first."
            )
            yield Problem("environments", text)


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
