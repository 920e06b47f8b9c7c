"""The pod of a team's own workload: which container is the component's, and what two colours cannot share.

Called by `refusing`, and by `fitting`, which pins the images.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from platforms.kubernetes.render.documents import Document
from platforms.kubernetes.render.parts import Part

Object = dict[str, Any]
OWN_TO_A_POD = frozenset(
    {"name", "emptyDir", "configMap", "secret", "projected", "downwardAPI", "ephemeral", "csi", "image"}
)
"""Volumes that each pod has for itself, or that nobody writes; `name` is the volume's own."""

READ_ONLY = frozenset({"hostPath", "nfs"})
"""Volumes that both colours may see as long as neither writes to them."""


def path_of(kind: str) -> tuple[str, ...]:
    """Where the pod's spec stands in a workload of that kind."""
    return (
        ("spec", "jobTemplate", "spec", "template", "spec")
        if kind == "CronJob"
        else ("spec", "template", "spec")
    )


def own_container(part: Part, containers: list[Object]) -> Object | None:
    """The container that runs the component's artefact; None where nothing says which one that is."""
    return own_of(part.name, part.section.image, part.place.images, containers)


def own_of(name: str, image: str, images: str, containers: list[Object]) -> Object | None:
    """The only one; else the one named like the component; else the only one with the component's image.

    `image` is what the component says of it, `images` where the target's images lie.
    """
    named = [container for container in containers if container.get("name") == name]
    if len(containers) == 1 or named:
        return named[0] if named else containers[0]
    wanted = repository(image) if image else f"{images}/{name}"
    found = [c for c in containers if repository(str(c.get("image") or "")) == wanted]
    if not found and not image:
        found = [c for c in containers if _last(str(c.get("image") or "")) == name]
    return found[0] if len(found) == 1 else None


def repository(image: str) -> str:
    """The image without tag and digest."""
    folder, slash, last = image.partition("@")[0].rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"


def problems(part: Part, doc: Document) -> Iterator[str]:
    """What of this workload's pod cannot run in two colours."""
    path = path_of(doc.kind)
    pod: Any = doc.object
    for key in path:
        pod = (pod or {}).get(key)
    if not pod or not pod.get("containers"):
        yield f"{doc.at(*path)}: this {doc.kind} has no container."
        return
    if pod.get("hostNetwork"):
        yield f"{doc.at(*path, 'hostNetwork')}: two colours cannot have the node's own ports; leave it out."
    for group in ("initContainers", "containers"):
        for position, container in enumerate(pod.get(group) or []):
            if not container.get("name"):
                yield f"{doc.at(*path, group, position)}: this container has no name."
            yield from _host_ports(doc, (*path, group, position), container)
    for position, volume in enumerate(pod.get("volumes") or []):
        if _shared(volume, pod):
            where = doc.at(*path, "volumes", position)
            yield f"{where}: both colours would write to this volume; keep state outside of the colours."
    yield from _images(part, doc, path, pod)


def _host_ports(doc: Document, path: tuple[str | int, ...], container: Object) -> Iterator[str]:
    for number, port in enumerate(container.get("ports") or []):
        if port.get("hostPort"):
            where = doc.at(*path, "ports", number, "hostPort")
            yield f"{where}: a fixed hostPort cannot be had twice on a node; leave it out."


def _shared(volume: Object, pod: Object) -> bool:
    strange = set(volume) - OWN_TO_A_POD
    if not strange:
        return False
    mounts = [
        mount
        for group in ("initContainers", "containers")
        for container in pod.get(group) or []
        for mount in container.get("volumeMounts") or []
        if mount.get("name") == volume.get("name")
    ]
    return not strange <= READ_ONLY or not all(mount.get("readOnly") for mount in mounts)


def _images(part: Part, doc: Document, path: tuple[str, ...], pod: Object) -> Iterator[str]:
    own = own_container(part, pod["containers"])
    if own is None:
        told = ", ".join(str(container.get("name")) for container in pod["containers"])
        yield (
            f"{doc.at(*path, 'containers')}: nothing says which of the containers {told} runs the "
            f"component's artefact; name it {part.name}, or give its image as kubernetes.image."
        )
        return
    if not (part.section.image or own.get("image") or part.place.images):
        yield (
            f"{doc.at(*path, 'containers')}: nothing says where its image lies: image, kubernetes.image, or "
            "images in the target's settings."
        )
    written = repository(str(own.get("image") or ""))
    for group in ("initContainers", "containers"):
        for position, container in enumerate(pod.get(group) or []):
            image = str(container.get("image") or "")
            if container is own or repository(image) == written or "@" in image:
                continue
            if _last(image) == image.rpartition("/")[2] or image.endswith(":latest"):
                where = doc.at(*path, group, position, "image")
                yield (
                    f"{where}: {image or 'no image'} is another image tomorrow, so that nobody could sign "
                    "what will run; name it by digest, or at least by a tag that stays."
                )


def _last(image: str) -> str:
    return repository(image).rpartition("/")[2]
