"""The first day: what an environment runs already becomes the content that its first release comes after.

Called by `./portal manage adopt`. The content is put together from the platform file and the digests that
really run; nobody has signed it, and its run says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.actors import Actor
from deployments import queries as deployments
from deployments.errors import NotAdoptable
from deployments.models import DeploymentRun, Environment
from deployments.services import adopting
from events.errors import Blocker
from platforms.base import ComponentSpec, Running, TakeOver
from releases.content import Content, content_hash, whole_entry
from releases.services.contents import base_of, definitions, with_objects

COMMIT = "adopted"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be taken over: the content that runs, and what would change in each region."""

    environment: Environment
    label: str
    content: Content
    content_hash: str
    named: Mapping[str, str]
    regions: Mapping[str, TakeOver]


def propose(environment: str, *, named: Mapping[str, str], label: str = "") -> Proposal:
    """What runs there as a content, and what taking it over would change; changes nothing.

    `named` says which workload a component is where its name does not; `label` is what people call what
    runs. Raises EnvironmentNotFound, NotAdoptable, BadContent.
    """
    where = deployments.environment(environment)
    specs = [ComponentSpec(d.name, d.kind, "", edge=d.edge) for d in definitions().values()]  # type: ignore[arg-type]
    if not specs:
        raise NotAdoptable("The platform file names no component; an administrator loads one first.")
    unknown = sorted(set(named) - {spec.name for spec in specs})
    if unknown:
        raise NotAdoptable(f"There is no component {', '.join(unknown)} in the platform file.")
    seen = adopting.running(where, specs, named)
    content = _content(where, seen)
    fresh = content_hash(content)
    called = label or _label(seen)
    regions = adopting.shown(where, content, fresh, called, named)
    return Proposal(where, called, content, fresh, named, regions)


def adopt(proposal: Proposal, *, actor: Actor) -> DeploymentRun:
    """Take over what was proposed; raises NotAdoptable when something has changed since."""
    again = propose(proposal.environment.name, named=proposal.named, label=proposal.label)
    if again != proposal:
        raise NotAdoptable("Something has changed there since it was shown; look again and say yes to that.")
    where, content, fresh = proposal.environment, proposal.content, proposal.content_hash
    return adopting.adopt(where, content, fresh, proposal.label, proposal.named, actor=actor)


def _content(environment: Environment, seen: Mapping[str, Running]) -> Content:
    """One content for all regions: the digests must be the same everywhere."""
    first = next(iter(seen.values()))
    problems = [
        f"{name}: {', '.join(f'{region} runs {one.artifacts[name][:19]}' for region, one in seen.items())}; "
        "whoever deploys there brings every region to one of them first."
        for name in first.artifacts
        if len({one.artifacts[name] for one in seen.values()}) > 1
    ]
    if problems:
        raise NotAdoptable(
            f"{environment.name} cannot be adopted as it is.",
            blockers=[Blocker("not-adoptable", text) for text in problems],
        )
    components = {
        name: whole_entry(
            {"artifact": first.artifacts[name], "version": first.versions[name]}, None, definition.frozen()
        )
        for name, definition in definitions().items()
    }
    return with_objects({"commit": COMMIT, "base": base_of(None), "components": components})


def _label(seen: Mapping[str, Running]) -> str:
    """What the workloads call themselves, where they agree."""
    told = {version for one in seen.values() for version in one.versions.values()}
    return told.pop() if len(told) == 1 and "" not in told else COMMIT
