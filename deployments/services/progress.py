"""Append lines to a run's progress: one sequence a run, masked where they come from outside.

Called by this room's services inside the transaction of the change that a line tells of. After commit
the run's readers are woken; if that is lost they poll.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from deployments.models import DeploymentRun, ProgressHead, ProgressLine
from deployments.states import LineKind
from events import clock
from events.queries import masker

log = logging.getLogger(__name__)

MAX_TEXT = 4000


@dataclass(frozen=True, slots=True)
class Line:
    """One line to append. Lines of kind log are masked on their way in."""

    kind: LineKind
    text: str = ""
    region: str = ""
    source: str = "engine"
    level: str = "info"
    data: dict[str, Any] = field(default_factory=dict)


def append(run: DeploymentRun, lines: Sequence[Line]) -> int:
    """Append these lines in order and wake the readers after commit; returns the newest position.

    Takes the run's head row, so call it after the run itself was locked and before an event is recorded.
    """
    head = ProgressHead.objects.select_for_update(no_key=True).get(pk=run.pk)
    if not lines:
        return head.seq
    first, now = head.seq + 1, clock.now()
    ProgressLine.objects.bulk_create(
        ProgressLine(
            run=run,
            seq=first + offset,
            at=now,
            kind=line.kind.value,
            level=line.level,
            region=line.region,
            source=line.source,
            text=line.text[:MAX_TEXT],
            data=line.data,
        )
        for offset, line in enumerate(_masked(lines))
    )
    head.seq += len(lines)
    head.save(update_fields=("seq",))
    transaction.on_commit(lambda: wake_readers(run.pk), robust=True)
    return head.seq


def group_of(run_id: int) -> str:
    """The channel group of a run's readers."""
    return f"run.{run_id}"


def wake_readers(run_id: int) -> None:
    """Tell every web process that a run has new lines; may be lost."""
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)(group_of(run_id), {"type": "wake"})
    except Exception as error:
        log.warning("readers of run %s not woken: %s", run_id, type(error).__name__)


def masked(text: str) -> str:
    """A text from outside (a reason, a last line) without what must not be stored or shown."""
    return masker().mask(text)[0] if text else text


def _masked(lines: Sequence[Line]) -> Iterable[Line]:
    """The lines with everything that a component or a job wrote masked; counts kept, values never."""
    filter_ = masker() if any(line.kind == LineKind.LOG for line in lines) else None
    for line in lines:
        if filter_ is None or line.kind != LineKind.LOG:
            yield line
            continue
        text, count = filter_.mask(line.text)
        yield replace(line, text=text, data={**line.data, "masked": count} if count else line.data)
