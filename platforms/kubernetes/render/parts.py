"""One component as it is rendered: its section and what surrounds it, with the labels of all its objects."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from platforms.kubernetes import names
from platforms.kubernetes.render.section import Section

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """The environment that objects are rendered for; `images` is where its images lie."""

    environment: str
    images: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One component with everything that its objects tell.

    `addresses` are those of the platform's services in the same colour, its own included, which its jobs
    ask; `callers` and `callees` the components that may call it and that it may call, these with the port
    of their pods; `services` all components that have an address.
    """

    name: str
    kind: str
    artifact: str
    place: Place
    section: Section
    edge: bool = False
    drain_seconds: int = 0
    configuration: Mapping[str, str] = field(default_factory=dict)
    secret_versions: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    callers: tuple[str, ...] = ()
    callees: tuple[tuple[str, int], ...] = ()
    services: tuple[str, ...] = ()

    @property
    def image(self) -> str:
        """The image by digest; a tag would be another image tomorrow."""
        name = self.section.image or f"{self.place.images}/{self.name}"
        return f"{name.partition('@')[0]}@{self.artifact}"

    @property
    def config_data(self) -> dict[str, str]:
        """What the ConfigMap holds: the section's environment, then the release's own configuration."""
        return {**self.section.environment, **self.configuration}

    @property
    def config_name(self) -> str:
        """Named by its content, so that another configuration is another object."""
        return f"{owned_name(self)}-{_short_hash(self.config_data)}"

    @property
    def files_name(self) -> str:
        """The ConfigMap of the mounted files, named by what they hold, and not like that of the settings."""
        return f"{self.name}-files-{names.SLOT_PLACEHOLDER}-{_short_hash(self.section.files)}"

    def external_name(self, key: str) -> str:
        """The Secret that an ExternalSecret of this component makes for that key."""
        return f"{owned_name(self)}-{names.short(key.lower().replace('_', '-'), 20)}"

    def object(
        self, kind: names.Kind, name: str, spec: Object, *, annotations: Mapping[str, str] | None = None
    ) -> Object:
        """An object of this component with its labels."""
        metadata: Object = {"name": name, "labels": labels(self)}
        if annotations:
            metadata["annotations"] = dict(annotations)
        return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}


def _short_hash(data: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(data), sort_keys=True).encode()).hexdigest()[:8]


def owned_name(part: Part) -> str:
    """The name of a component's objects in the colour to come."""
    return f"{part.name}-{names.SLOT_PLACEHOLDER}"


def role_of(kind: str) -> str:
    """What a component's pods are for."""
    return {"http": "serve", "worker": "work"}.get(kind, "schedule")


def selector(part: Part) -> dict[str, str]:
    """The labels by which a component's pods in one colour are found; jobs of a step have another role."""
    return {
        names.ENVIRONMENT: part.place.environment,
        names.COMPONENT: part.name,
        names.SLOT: names.SLOT_PLACEHOLDER,
        names.ROLE: role_of(part.kind),
    }


def labels(part: Part) -> dict[str, str]:
    """What every object tells to `kubectl get -L`."""
    return {
        names.MANAGED_BY: names.FIELD_MANAGER,
        "app.kubernetes.io/name": part.name,
        "app.kubernetes.io/part-of": names.label_value(part.place.environment),
        names.VERSION: names.RELEASE_PLACEHOLDER,
        **selector(part),
    }


def secret_notes(part: Part) -> dict[str, str]:
    """The versions of the secrets that this release means, never their values: other ones are other pods."""
    if not part.secret_versions:
        return {}
    pairs = sorted(part.secret_versions.items())
    return {f"{names.DOMAIN}/secret-versions": ",".join(f"{key}={version}" for key, version in pairs)}
