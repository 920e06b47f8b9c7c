"""What a component's process finds around it: command, folder, environment.

In come a slot, a component and a command of its manifest, out goes a started `Child`. The agent's
own environment is not passed on; a process gets what is listed here and its release's
configuration. Before each start the artefact's digest is computed anew.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from platforms.base import ComponentSpec, PlatformRefused, SlotSpec
from platforms.local.artifacts import ArtifactStore
from platforms.local.children import MARK, Child
from platforms.local.databases import Databases
from platforms.local.manifest import Command, fill

Ports = Mapping[str, Sequence[int]]
"""Component to the ports of its processes, in one colour."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Of one target; `mark` is the agent's."""

    environment: str
    region: str
    mark: str
    store: ArtifactStore
    databases: Databases
    artifacts: Callable[[], Path]

    async def verified(self, component: ComponentSpec) -> Path:
        """The component's artefact folder, its digest computed now. Raises PlatformRefused."""
        return await asyncio.to_thread(self.store.verified, self.artifacts(), component.artifact)

    async def database_url(self) -> str:
        """The environment's database. Raises PlatformUnavailable."""
        return await asyncio.to_thread(self.databases.url, self.environment)

    async def start(
        self,
        slot: SlotSpec,
        component: ComponentSpec,
        command: Command,
        ports: Ports,
        replica: int,
        sink: Callable[[str], None],
    ) -> Child:
        """Start a process of that component.

        Raises PlatformRefused when the artefact is not the one that was named or the command asks
        for something that is not there, PlatformUnavailable without the database, OSError when the
        command cannot be run.
        """
        folder = await asyncio.to_thread(self.store.ready_to_run, self.artifacts(), component.artifact)
        database = await self.database_url()
        own = ports.get(component.name, ())
        values = {
            "python": sys.executable,
            "artifact": str(folder),
            "region": self.region,
            "environment": self.environment,
            "slot": slot.slot,
            "release": slot.release,
        }
        if own:
            values["port"] = str(own[replica % len(own)])
        if database:
            values["database_url"] = database
        for missing in {"port", "database_url"} - set(values):
            if any(f"{{{missing}}}" in word for word in command):
                raise PlatformRefused(
                    "invalid", f"{component.name} asks for {{{missing}}}, and there is none here."
                )
        environment = self._environment(slot, component, values, ports, replica)
        return await Child.start(fill(command, values), folder, environment, sink)

    def _environment(
        self,
        slot: SlotSpec,
        component: ComponentSpec,
        values: Mapping[str, str],
        ports: Ports,
        replica: int,
    ) -> dict[str, str]:
        return {
            "PATH": os.pathsep.join(os.get_exec_path()),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            **component.configuration,
            **addresses(ports, replica),
            "ENVIRONMENT": self.environment,
            "REGION": self.region,
            "SLOT": slot.slot,
            "RELEASE": slot.release,
            **({"PORT": values["port"]} if "port" in values else {}),
            **({"DATABASE_URL": values["database_url"]} if "database_url" in values else {}),
            MARK: self.mark,
        }


def addresses(ports: Ports, replica: int) -> dict[str, str]:
    """`<NAME>_URL` of every http component of the colour; callers' replicas spread over callees'."""
    return {
        f"{re.sub('[^A-Za-z0-9]', '_', name).upper()}_URL": f"http://127.0.0.1:{own[replica % len(own)]}"
        for name, own in ports.items()
        if own
    }
