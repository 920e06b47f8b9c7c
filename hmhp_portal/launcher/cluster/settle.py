"""A wish becomes what holds for the life of a data folder, and `--fresh` takes it back.

Written to `cluster.json` before anything is made on the cluster, so that whatever dies can be removed.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from examples import cluster as example
from hmhp_portal.launcher.cluster import image, places, reach, wish
from hmhp_portal.launcher.cluster.wish import Wish
from hmhp_portal.launcher.installation import Installation
from hmhp_portal.launcher.problem import Problem
from platforms.base import PlatformError
from platforms.kubernetes import names
from platforms.kubernetes.api import Api

FILE = "cluster.json"
Settled = dict[str, Any]
Tell = Callable[[str], None]


def try_out(asked: Wish) -> None:
    """Raises Problem where there is no way into the cluster."""
    context, server = reach.context_of(asked.kubeconfig, asked.context)
    reach.enter(asked.kubeconfig, context, server)


def settle(installation: Installation, asked: Wish | None, tell: Tell) -> Settled:
    """What holds for this folder; empty where the demo's platform runs on this machine. Raises Problem."""
    found = installation.read(FILE)
    if not found and asked is None:
        return {}
    if not found and (installation.folder / "secrets.json").exists():
        raise Problem(
            f"{installation.folder} holds a demo whose platform runs on this machine; choose another folder "
            "with --data DIR, or start over with --fresh."
        )
    if found and asked is not None:
        _demand_same(installation, found, asked)
    if not found and asked is not None:
        context, server = reach.context_of(asked.kubeconfig, asked.context)
        found = {
            "kubeconfig": str(asked.kubeconfig),
            "context": context,
            "server": server,
            "prefix": asked.prefix,
            "gateway": asked.gateway,
            "asked": asked.image,
            "image": "",
            "made": False,
            "port": _free_port(),
        }
    try:
        return _have(installation, found, tell)
    except PlatformError as error:
        why = getattr(error, "reason", error)
        raise Problem(f"the cluster of context {found['context']}: {why}") from None


def _have(installation: Installation, found: Settled, tell: Tell) -> Settled:
    file = Path(found["kubeconfig"])
    _, server = reach.context_of(file, found["context"])
    api, version = reach.enter(file, found["context"], server)
    spaces = example.places(found["prefix"])
    every = sorted(spaces.values())
    missing = places.missing(api, every, installation.key)
    if missing and found["made"]:
        raise Problem(
            f"the namespaces {', '.join(missing)} are gone from the cluster of context {found['context']}, "
            "and with them what the demo ran there; start over with --fresh."
        )
    traffic = reach.demand_gateway(api, found["gateway"])
    reach.demand_namespaces(api, missing)
    reach.demand_rights(api, every, bool(found["gateway"]))
    tell(f"Cluster: context {found['context']} of {file}, {server} ({version})")
    tell(f"Namespaces: {', '.join(every)}; nothing outside of them is touched")
    tell(f"Traffic: {traffic}")
    installation.write(FILE, found)
    classes = _data_classes()
    for (environment, _), name in spaces.items():
        if name in missing:
            places.make(api, name, installation.key, classes[environment])
    if not found["image"]:
        found["image"] = _image(api, found, spaces, tell)
    installation.write(FILE, found | {"made": True})
    tell(f"Image: {found['image']}")
    return found | {"made": True}


def take_back(found: Settled, mark: str, tell: Tell) -> None:
    """Have gone what the demo of a cleared folder made; what cannot be reached is told, with the command."""
    environments = {name: where for (where, _), name in example.places(found["prefix"]).items()}
    try:
        file = Path(found["kubeconfig"])
        _, server = reach.context_of(file, found["context"])
        api, _ = reach.enter(file, found["context"], server)
        places.remove(api, environments, mark, tell)
    except (Problem, PlatformError) as problem:
        tell(f"What the demo made on the cluster could not be removed: {getattr(problem, 'reason', problem)}")
        tell(f"Where that cluster is still there: {wish.removal(found, mark)}")


def _demand_same(installation: Installation, found: Settled, wanted: Wish) -> None:
    context, _ = reach.context_of(wanted.kubeconfig, wanted.context)
    asked = (str(wanted.kubeconfig), context, wanted.prefix, wanted.gateway)
    image = wanted.image in (wish.IMAGE, found["asked"])
    if not image or asked != tuple(found[key] for key in ("kubeconfig", "context", "prefix", "gateway")):
        raise Problem(
            f"the demo in {installation.folder} runs on context {found['context']} of {found['kubeconfig']} "
            f"in {found['prefix']}-…, with {found['asked']} and gateway {found['gateway'] or 'none'}; "
            "start it without --kubeconfig, choose another folder (--data DIR), or start over with --fresh."
        )


def _image(api: Api, found: Settled, spaces: dict[tuple[str, str], str], tell: Tell) -> str:
    (environment, _), namespace = next(iter(spaces.items()))
    labels = {names.MANAGED_BY: names.FIELD_MANAGER, names.ENVIRONMENT: environment, names.ROLE: "job"}
    return image.by_digest(api, namespace, found["asked"], labels, tell)


def _data_classes() -> dict[str, str]:
    document = yaml.safe_load(example.PLATFORM.read_text())
    return {entry["name"]: entry["data_class"] for entry in document["environments"]}


def _free_port() -> int:
    """Where the visitors tell the portal what they counted: kept, because the platform file names it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
