"""One complete example of everything that releases take and give; a test holds them to the shapes."""

from __future__ import annotations

from typing import Any

CONTENT = "4b1e70c2" + "5d" * 28
SEAL = "9f3a61d0" + "c4" * 28
DIGEST = "sha256:" + "7a" * 32
OTHER = "sha256:" + "15" * 32

COMPONENT: dict[str, Any] = {
    "artifact": DIGEST,
    "version": "3.8.1",
    "configuration": {"FEATURE_CALENDAR": "on"},
    "migration": {"class": "expand", "hash": "0042"},
    "secrets": {"DATABASE": "7"},
}
AUTHOR = {"host": "github.com", "login": "dana-brandt", "name": "Dana Brandt"}
WINDOW = {"start": "2026-11-24T21:00:00Z", "end": "2026-11-24T23:00:00Z", "zone": "Europe/Berlin"}

CREATE: dict[str, Any] = {
    "version": "2026.11.0",
    "kind": "feature",
    "commit": "6c1f0f5b2f9f4f7c9d0f6f7d5b1e9a3c8d7e6f50",
    "components": {"scheduling": COMPONENT},
    "authors": [AUTHOR],
    "title": "Calendar for care teams",
    "notes": "Care teams see one calendar.\nNothing changes for patients.",
}
PATCH: dict[str, Any] = {"notes": "Care teams see one calendar, with reminders.", "window": WINDOW}
RESULT = {
    "result": "pass",
    "remark": "No finding above low.",
    "link": "https://ci.hmhp.example/runs/84213",
    "content_hash": CONTENT,
}
FACT = {
    "value": "clear",
    "remark": "Backup of 20:45 restored in a test.",
    "link": "https://ops.hmhp.example/backups/1201",
    "at": "2026-11-24T20:45:00Z",
}
SIGN = {"role": "qa_lead", "answer": "go", "seal": SEAL, "remark": "Critical paths walked through."}
DECIDE = {"answer": "go", "seal": SEAL, "reason": "All three have signed.", "window": WINDOW}
LESSONS: dict[str, Any] = {
    "cause": "The slot cache was not warmed.",
    "lessons": "Warm the cache before traffic.",
    "actions": ["Warm the slot cache in the smoke test"],
}
FREEZE: dict[str, Any] = {
    "name": "Crisis-line week",
    "reason": "The crisis line expects its peak.",
    "starts_at": "2026-12-07T00:00:00",
    "ends_at": "2026-12-14T00:00:00",
    "zone": "Europe/Berlin",
    "environments": ["production"],
    "passes": ["security"],
}

FACT_GIVEN = {"name": "backup_age", **FACT, "by": "devon"}
ITEM = {
    "name": "security_scan",
    "title": "Security scan",
    "about_artefacts": True,
    "source": "platform file",
    "state": "pass",
    "remark": RESULT["remark"],
    "link": RESULT["link"],
    "by": "ci",
    "at": "2026-11-23T14:12:00Z",
    "content_hash": CONTENT,
}
SIGNOFF = {
    "id": 17,
    **SIGN,
    "meaning": "accepted by quality assurance",
    "by": "quinn",
    "at": "2026-11-24T15:02:00Z",
    "stands": True,
    "stands_in_for": None,
}
DECISION = {
    "answer": "go",
    "reason": DECIDE["reason"],
    "seal": SEAL,
    "by": "rita",
    "at": "2026-11-24T16:00:00Z",
    "stands": True,
}
GATE: dict[str, Any] = {
    "state": "open",
    "seal": SEAL,
    "round": 1,
    "opened_at": "2026-11-24T14:00:00Z",
    "closing_reason": "",
    "policy_version": 1,
    "expires_at": "2026-12-08T14:10:00Z",
    "owed": None,
    "tightened": "",
    "requirements": [
        {
            "role": "qa_lead",
            "meaning": "accepted by quality assurance",
            "needed": 1,
            "state": "signed",
            "signoffs": [SIGNOFF],
            "who_can": [],
        },
        {
            "role": "security_officer",
            "meaning": "reviewed security",
            "needed": 1,
            "state": "waiting",
            "signoffs": [],
            "who_can": ["sasha"],
        },
    ],
    "decision": None,
}
ROW: dict[str, Any] = {
    "version": "2026.11.0",
    "kind": "feature",
    "title": CREATE["title"],
    "state": "review",
    "commit": CREATE["commit"],
    "content_hash": CONTENT,
    "seal": SEAL,
    "window": {**WINDOW},
    "emergency": False,
    "staging_run": 41,
    "production_run": None,
    "created_by": "ci",
    "created_at": "2026-11-23T14:02:11Z",
    "changed_at": "2026-11-24T15:02:00Z",
    "revision": 14,
}
RELEASE: dict[str, Any] = {
    **ROW,
    "headline": "2026.11.0 waits for the Security Officer's signature.",
    "notes": CREATE["notes"],
    "base": {"run": 38, "version": "2026.10.2", "content_hash": "a1" * 32},
    "components": {
        "scheduling": {"kind": "http", "edge": False, **COMPONENT, "brought": True},
        "patient-web": {
            "kind": "http",
            "edge": True,
            "artifact": OTHER,
            "version": "5.2.0",
            "configuration": {},
            "migration": {"class": "none", "hash": ""},
            "secrets": {},
            "brought": False,
        },
    },
    "missing": [],
    "authors": [{**AUTHOR, "person": "dana", "declared": True}],
    "checklist": [ITEM],
    "validations": [{**ITEM, "name": "smoke", "title": "Smoke tests"}],
    "facts": [FACT_GIVEN],
    "plan": ["Traffic moves to green by 10 %, 50 % and 100 %, region by region: us-east, then eu-central."],
    "live_seal": SEAL,
    "gate": GATE,
    "emergency_reason": "",
    "forward_fix_plan": "",
    "monitoring_ends_at": None,
    "extended_because": "",
    "closing_reason": "",
    "lessons": [],
    "follows": None,
    "followed_by": [],
}
STARTED = {**RELEASE, "run": 41}
PAGE = {"next": None, "previous": None, "results": [ROW]}
READINESS: dict[str, Any] = {
    "version": "2026.11.0",
    "environment": "production",
    "moment": "start",
    "seal": SEAL,
    "answer": "wait",
    "facts": [
        {
            "name": "backup_age",
            "label": "Backup of production",
            "verdict": "clear",
            "value": "12 min old",
            "sentence": "Backup of 20:45 restored in a test.",
            "source": "devon",
            "at": "2026-11-24T20:45:00Z",
            "age_seconds": 720,
            "who": "a DevOps Engineer",
            "link": FACT["link"],
        }
    ],
    "blockers": [
        {
            "code": "signoff-security-officer",
            "sentence": "The sign-off of the Security Officer is missing: @sasha can give it.",
            "who": "@sasha",
        }
    ],
}
FREEZE_GIVEN: dict[str, Any] = {
    "id": 3,
    "name": FREEZE["name"],
    "starts_at": "2026-12-06T23:00:00Z",
    "ends_at": "2026-12-13T23:00:00Z",
    "weekly": None,
    "zone": "Europe/Berlin",
    "environments": ["production"],
    "passes": ["security"],
    "reason": FREEZE["reason"],
    "by": "rita",
    "source": "person",
}
