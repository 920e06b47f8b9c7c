"""The page of a dossier: one HTML file without anything outside it, which prints to A4."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Any

from accounts.roles import Role
from events.names import shown

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
WORDS = {role.value: role.label for role in Role} | {"no_go": "no-go"}
Records = dict[str, list[dict[str, Any]]]
STYLE = """
@page { size: A4; margin: 16mm 14mm }
body { font: 10.5pt/1.45 system-ui, sans-serif; color: #14202b; max-width: 190mm; margin: 0 auto;
  padding: 8mm }
h1 { font-size: 19pt; margin: 0 0 2mm } h2 { font-size: 12.5pt; margin: 9mm 0 2mm; break-after: avoid }
table { border-collapse: collapse; width: 100%; font-size: 8.5pt } thead { display: table-header-group }
th, td { text-align: left; vertical-align: top; padding: 1.2mm 1.6mm; border-bottom: .2mm solid #c9d2da;
  overflow-wrap: break-word } tr { break-inside: avoid }
.hash { font-family: ui-monospace, monospace; font-size: 7pt; overflow-wrap: anywhere }
span.hash { display: inline-block; min-width: 17ch } .at { white-space: nowrap }
.none { color: #5a6873 } .bad { color: #9b1c1c; font-weight: 600 }
"""
TABLES = (
    (
        "Releases",
        "releases",
        "Version=version; Kind=kind; Title=title; State=state; Commit=commit; "
        "Content=content_hash; Seal=seal",
    ),
    (
        "Authors",
        "authors",
        "Name=name; Login=login; Host=host; Person=user",
    ),
    (
        "Gates",
        "gates",
        "Gate=id; Question=label; Kind=kind; Round=round; State=state; Policy=policy_version; "
        "Rule=rule.name; Opened=opened_at; Closed because=closing_reason; Seal=seal",
    ),
    (
        "What the rules asked",
        "requirements",
        "Gate=gate_id; Role=role; How many=count; Meaning=meaning",
    ),
    (
        "Signatures",
        "signoffs",
        "Gate=gate_id; When, UTC=at; Who=person; For=stands_in_for; Role=role; Answer=answer; "
        "Meaning=meaning; Remark=remark; Counts no longer=withdrawn_reason|invalid_reason; Seal=seal",
    ),
    (
        "Decisions",
        "decisions",
        "Gate=gate_id; When, UTC=at; Who=by; Answer=answer; Reason=reason; Window=window_start; "
        "To=window_end; Revoked=revoked_reason",
    ),
    (
        "Broken glass and late entries",
        "broken_glass",
        "Gate=gate_id; When, UTC=at; Recorded=recorded_at; Who=person; Role=role; Reason=reason; Seal=seal",
    ),
    (
        "Freezes that were overridden",
        "freeze_overrides",
        "Freeze=freeze_id; From=span_start; To=span_end; When, UTC=at; Who=by; Role=role; Reason=reason; "
        "Seal=seal",
    ),
    (
        "Emergency stops",
        "stops",
        "Stop=id; Where=environment; Made, UTC=at; By=by; Because=reason; Lifted=lifted_at; "
        "Lifted by=lifted_by; Lifted because=lifted_reason",
    ),
    (
        "Reviews that were owed",
        "reviews",
        "Gate=gate_id; Of gate=of_id; Cause=cause; Due, UTC=due_at; What follows its no-go=follow_up",
    ),
    (
        "What was signed",
        "signed_acts",
        "Act=act; When, UTC=at; Who=person; Meaning=meaning; Reason=reason; "
        "Factor given, seconds before=factor_age_seconds; Key=key_id",
    ),
    (
        "Versions of the approval policy",
        "policies",
        "Version=number; In force since=in_force_since; Proposed by=adopted_by; Signed at gate=gate_id; "
        "What it changed=changes; Digest=digest",
    ),
    (
        "Exceptions that the policy declares",
        "declared_exceptions",
        "Exception=sentence; Because=reason; Policy=policy_version; Times used=count",
    ),
    (
        "Exceptions of the policy that were used",
        "policy_exceptions",
        "When, UTC=at; Exception=exception; Reason=reason; Who=person",
    ),
    (
        "Facts given by hand",
        "facts",
        "Fact=name; Value=value; Remark=remark; Link=link; Who=by; True at=at; Recorded=recorded_at",
    ),
    (
        "Checklist and validations",
        "results",
        "Item=item_id; Result=result; Remark=remark; Link=link; Who=by; When, UTC=at",
    ),
    (
        "Checks and waivers",
        "findings",
        "Check=check_name; Verdict=verdict; What was seen=sentence; Controls=controls; When, UTC=at",
    ),
    (
        "Runs",
        "runs",
        "Run=id; Kind=kind; State=state; Started by=started_by; Reason=reason; "
        "Queued=queued_at; Ended=ended_at; How=sentence; Content=content_hash",
    ),
    (
        "Logs",
        "logs",
        "Run=run; Lines=lines; SHA-256=sha256",
    ),
    (
        "Lessons",
        "lessons",
        "Cause=cause; Lessons=lessons; Who=by; When, UTC=at",
    ),
    (
        "Messages",
        "messages",
        "When, UTC=at; Kind=kind; Subject=subject; To=recipient_actor; State=state; Sent=sent_at",
    ),
)
"""Heading, section of the records, and columns as `heading=field` (or `heading=field.part`)."""


def page(title: str, made_at: datetime, records: Records, events: list[Any], people: dict[str, str]) -> str:
    """The whole page."""
    parts = [
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>Dossier: {escape(title)}</title><style>{STYLE}</style><h1>{escape(title)}</h1>",
        f"<p>Made {made_at:%Y-%m-%d %H:%M:%S} UTC. {len(events)} events. This page is for reading; "
        "what proves is in the files beside it, which <code>verify_dossier.py</code> checks.</p>",
    ]
    for heading, section, columns in TABLES:
        pairs = [column.split("=") for column in columns.split("; ")]
        parts += _table(heading, pairs, records.get(section, []), people)
    parts += _events(events, people)
    return "".join(parts)


def _table(
    heading: str, columns: list[list[str]], rows: list[dict[str, Any]], people: dict[str, str]
) -> list[str]:
    if not rows:
        return [f"<h2>{heading}</h2><p class=none>None.</p>"]
    head = "".join(f"<th scope=col>{name}</th>" for name, _ in columns)
    body = (
        "<tr>" + "".join(f"<td>{_cell(_value(row, field), people)}</td>" for _, field in columns) + "</tr>"
        for row in rows
    )
    return [f"<h2>{heading}</h2><table><thead><tr>{head}</tr></thead><tbody>", *body, "</tbody></table>"]


def _value(row: dict[str, Any], field: str) -> Any:
    """A field, one within it ("rule.name"), or the first of several that says something ("one|other")."""
    for name in field.split("|"):
        outer, _, inner = name.partition(".")
        found = row.get(outer)
        found = found.get(inner) if inner and isinstance(found, dict) else found
        if found not in (None, ""):
            return found
    return None


def _cell(value: Any, people: dict[str, str]) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, list):
        return "<br>".join(escape(str(one)) for one in value)
    text = str(value)
    if text in people:
        return escape(people[text])
    if MOMENT.match(text):
        return f"<span class=at>{text[:10]}</span> <span class=at>{text[11:19]}</span>"
    if len(text) == 64 and text.isalnum():
        return f"<span class=hash>{text}</span>"
    return WORDS.get(text) or escape(text)


def _events(events: list[Any], people: dict[str, str]) -> Iterable[str]:
    yield (
        "<h2>Events</h2><table><thead><tr><th>When, UTC</th><th>Stream</th><th>Nr</th><th>What</th>"
        "<th>Who</th><th>Why</th><th>Hash</th></tr></thead><tbody>"
    )
    for stream, seq, _, own, actor, kind, reason, at, *_ in events:
        yield (
            f"<tr><td>{at[:19].replace('T', ' ')}</td><td>{escape(stream)}</td><td>{seq}</td>"
            f"<td>{escape(kind)}</td><td>{escape(people.get(actor, actor))}</td>"
            f"<td>{escape(shown(reason))}</td><td class=hash>{own[:12]}</td></tr>"
        )
    yield "</tbody></table>"
