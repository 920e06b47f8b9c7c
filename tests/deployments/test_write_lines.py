"""Lines as the database writes them for sockets and the API."""

from __future__ import annotations

import json
from itertools import cycle

import pytest

from deployments import queries
from deployments.models import DeploymentRun, ProgressLine
from deployments.services.progress import Line, append
from deployments.states import LineKind
from tests.deployments.engine import make_ladder, queue

pytestmark = pytest.mark.django_db

TEXTS = ("", 'say "a\\b"', "tab\tline\nend\r", "Zürich – 日本 🚑", "\u2028\x01</script>", "%s 100 % {0}")
DATA = ({}, {"masked": 2}, {"weights": {"a": 10.5, "b": None}, "ok": [True, "é", 1e-7, 123456789012345678]})
MICROSECONDS = (0, 5, 120_000, 999_999)


@pytest.fixture
def run() -> DeploymentRun:
    make_ladder()
    return queue("1.0.0", "staging")


def test_every_text_datum_and_moment_reads_as_it_was_kept(run: DeploymentRun) -> None:
    first = append(run, [Line(LineKind.STEP, text, data=data) for text in TEXTS for data in DATA])
    for line, micro in zip(ProgressLine.objects.filter(run=run), cycle(MICROSECONDS), strict=False):
        ProgressLine.objects.filter(pk=line.pk).update(at=line.at.replace(microsecond=micro))
    kept = ("seq", "at", "kind", "level", "region", "source", "text", "data")
    rows = ProgressLine.objects.filter(run=run).order_by("seq").values(*kept)
    DeploymentRun.objects.filter(pk=run.pk).update(sentence='Waits for "é".')
    found = queries.follow(run.pk)
    page = json.loads(queries.written(found.lines, seq=first, sentence=found.sentence))
    assert page["lines"] == [row | {"at": row["at"].isoformat()} for row in rows]
    assert [seq for seq, _ in found.lines] == list(range(1, len(TEXTS) * len(DATA) + 1))
    assert page["sentence"] == 'Waits for "é".'


def test_page_without_lines_is_json_too(run: DeploymentRun) -> None:
    found = queries.follow(run.pk, after=run.head.seq)
    assert json.loads(queries.written(found.lines, seq=0, more=False)) == {
        "lines": [],
        "seq": 0,
        "more": False,
    }
