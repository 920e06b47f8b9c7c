"""How the tests of notifications make a release that is asked about, and what happens to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from approvals.models import Gate
from approvals.services.gates import open_gate
from deployments.models import Environment, Region, Target
from events.services import record
from notifications.models import Message, Stakeholder
from releases.models import Release
from tests.cast import actor, user

SEAL = "c5b34d6b" + "0" * 52 + "1753"
START, END = datetime(2026, 11, 18, 9, tzinfo=UTC), datetime(2026, 11, 18, 10, 30, tzinfo=UTC)

ZONES = {"us-east": "America/New_York", "eu-central": "Europe/Berlin"}


def _production() -> None:
    """The environment that a release goes to, in two regions."""
    place, _ = Environment.objects.get_or_create(
        name="production",
        defaults={"position": 3, "data_class": "production", "strategy": {"regions": list(ZONES)}},
    )
    for name, zone in ZONES.items():
        region, _ = Region.objects.get_or_create(name=name, defaults={"zone": zone})
        values = {"driver": "local", "data_class": "production"}
        Target.objects.get_or_create(environment=place, region=region, defaults=values)


def release(version: str = "2026.11.1", *, state: str = "review", title: str = "Safer sessions") -> Release:
    """A release with one component of its own and a window, in the state that a test needs."""
    _production()
    component = {
        "kind": "http",
        "edge": True,
        "drain_seconds": 0,
        "artifact": "sha256:" + "ab" * 32,
        "version": "2.9.1",
        "configuration": {},
        "manifest": {},
        "migration": {"class": "expand", "hash": "x"},
        "secrets": {},
    }
    base = {"run": None, "version": "2026.11.0", "content_hash": "cd" * 32}
    return Release.objects.create(
        version=version,
        kind="feature",
        title=title,
        state=state,
        commit="4b1e70c2",
        content={"commit": "4b1e70c2", "base": base, "components": {"patient-web": component}},
        content_hash="ab" * 32,
        brings=["patient-web"],
        plan={"regions": list(ZONES), "weights": [10, 50, 100]},
        seal=SEAL,
        window_start=START,
        window_end=END,
        created_by=actor("dana").id,
        created_at=START,
        changed_at=START,
    )


def ask(about: Release, barred: dict[str, str] | None = None) -> Gate:
    """Open the release's gate."""
    about.gate = open_gate(
        kind="production",
        label=about.version,
        seal=about.seal,
        link=f"/releases/{about.version}/go/",
        stream=about.stream,
        environment="production",
        release_kind=about.kind,
        summary={},
        barred=barred or {},
        actor=actor("rita"),
    )
    about.save(update_fields=("gate",))
    return about.gate


def happens(about: Release, kind: str, who: str = "rita", **details: Any) -> None:
    """Record an event of the release as its services do."""
    with transaction.atomic():
        record(about.stream, kind, actor(who).id, **details)


def stakeholder(name: str = "Ines Ødegård", zone: str = "Europe/Oslo") -> Stakeholder:
    """Somebody without an account."""
    return Stakeholder.objects.create(name=name, email="ines@clinic.example", zone=zone)


def signers() -> None:
    """The three people who can sign."""
    for name in ("rita", "quinn", "sasha"):
        user(name)


def told(kind: str) -> list[str]:
    """Who got a mail of this kind, by the first part of the address."""
    addresses = Message.objects.filter(kind=kind).values_list("recipient_email", flat=True)
    return sorted(address.split("@")[0] for address in addresses)
