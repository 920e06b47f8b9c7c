"""`./portal manage adopt ENVIRONMENT`: what runs there already becomes its first blue, after a yes.

Shows every field that would change, as the API server would make it, and what follows from it. No pod is
started anew. May be repeated after it was interrupted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import system
from events.errors import PortalError
from platforms.base import ObjectChange, TakeOver
from releases.services import adopting

MOST_LETTERS = 300


class Command(BaseCommand):
    """Show what would be taken over as a diff; take it over after a yes."""

    help = "Take over what an environment runs already as its first blue, without starting a pod anew."

    def add_arguments(self, parser: CommandParser) -> None:
        """The environment, which workload is which component, and a yes beforehand."""
        parser.add_argument("environment")
        parser.add_argument("--yes", action="store_true", help="take over without asking (for scripts)")
        parser.add_argument("--label", default="", help="what people call what runs, such as 2026.10.2")
        parser.add_argument(
            "--workload",
            action="append",
            default=[],
            metavar="COMPONENT=NAME",
            help="the Deployment or CronJob of a component that has another name; may be given again",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the diff, ask, take over, print what serves."""
        try:
            proposal = adopting.propose(
                options["environment"], named=_named(options["workload"]), label=options["label"][:80]
            )
            for line in _lines(proposal):
                self.stdout.write(line)
            if not options["yes"] and not self._agreed():
                self.stdout.write("Nothing was changed.")
                return
            run = adopting.adopt(proposal, actor=system("command line"))
        except PortalError as error:
            raise CommandError("\n".join([error.detail, *_why(error)])) from error
        self.stdout.write(f"Taken over: {run.sentence} It is deployment {run.pk}.")

    def _agreed(self) -> bool:
        if not sys.stdin.isatty():
            raise CommandError("Nobody is there to say yes; give --yes once you have read the above.")
        return input("Take it over? Only yes does: ").strip().lower() == "yes"


def _named(given: list[str]) -> dict[str, str]:
    wrong = [word for word in given if "=" not in word]
    if wrong:
        raise CommandError(f"--workload takes COMPONENT=NAME, not {wrong[0]}.")
    return dict(word.split("=", 1) for word in given)


def _lines(proposal: adopting.Proposal) -> Iterator[str]:
    slot = proposal.content_hash[:8]
    yield f"{proposal.environment.name} would be taken over as {proposal.label}, the colour {slot}:"
    for name, entry in sorted(proposal.content["components"].items()):
        version = f" {entry['version']}" if entry["version"] else ""
        yield f"  {name}{version}  {entry['artifact']}"
    for region, told in proposal.regions.items():
        yield ""
        yield f"In {region}:"
        yield from _diff(told)
        yield from (f"  ! {note}" for note in told.notes)
    yield ""
    yield "No pod template changes, so no pod is started anew."


def _diff(told: TakeOver) -> Iterator[str]:
    heading = ""
    for change in told.changes:
        if change.object != heading:
            heading = change.object
            yield f"  {heading}{'' if change.path else ' (new)'}"
        yield from _change(change)


def _change(change: ObjectChange) -> Iterator[str]:
    where = f"{change.path}: " if change.path else ""
    if change.before is not None:
        yield f"    - {where}{_short(change.before)}"
    if change.after is not None:
        yield f"    + {where}{_short(change.after)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]} …"


def _why(error: PortalError) -> list[str]:
    told = [f"  {blocker.sentence}" for blocker in error.blockers]
    return told + [f"  {text}" for texts in error.fields.values() for text in texts]
