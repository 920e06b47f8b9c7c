"""How the tests of approvals open a gate and sign it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connections

from accounts.roles import Role
from approvals.models import Gate, SignOff
from approvals.services.gates import open_gate
from approvals.services.signing import sign
from events.errors import PortalError
from tests.cast import actor

SEAL = "a1" * 32
PROVED = {"channel": "session", "factor": "totp", "factor_at": "2026-11-24T10:00:00+00:00"}
"""What a signature keeps of the factor behind it."""
ROLE_OF = {"rita": Role.RELEASE_MANAGER, "quinn": Role.QA_LEAD, "sasha": Role.SECURITY_OFFICER}


def production_gate(barred: Mapping[str, str] | None = None, version: str = "2026.11.0") -> Gate:
    """An open gate `production` about SEAL."""
    return open_gate(
        kind="production",
        label=version,
        seal=SEAL,
        link=f"/releases/{version}/go/",
        stream=f"release/{version}",
        environment="production",
        release_kind="feature",
        summary={},
        barred=barred or {},
        actor=actor("rita"),
    )


def say(gate: Gate, name: str, answer: str = "go", *, remark: str = "", seal: str = SEAL) -> SignOff:
    """Sign as somebody of the cast in the role that they hold."""
    return sign(gate.pk, actor=actor(name), role=ROLE_OF[name], answer=answer, remark=remark, seal=seal)


def fresh(gate: Gate) -> Gate:
    """The gate as the database has it now."""
    return Gate.objects.get(pk=gate.pk)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts in real threads that start in the same instant; results or PortalErrors, in order."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            barrier.wait(60)
            return act()
        except PortalError as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as threads:
        return [future.result(30) for future in [threads.submit(run, act) for act in acts]]
