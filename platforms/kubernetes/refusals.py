"""What an error of the API server means for a release: try again, or no, in a sentence.

In come status and body of an answer, out comes one of our errors. Called by `api` alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from platforms.base import PlatformError, PlatformRefused, PlatformUnavailable

_QUOTA = re.compile(r"exceeded quota: (?P<quota>[^,]+)(?P<rest>.*)")
_WEBHOOK = re.compile(r'admission webhook "(?P<name>[^"]+)" denied the request:? ?(?P<why>.*)', re.S)
_POLICY = re.compile(r"ValidatingAdmissionPolicy '(?P<name>[^']+)'.* denied request:? ?(?P<why>.*)", re.S)
_CANNOT = re.compile(r'User "(?P<who>[^"]+)" cannot (?P<verb>\w+) resource "(?P<what>[^"]+)"')
_OWNED = re.compile(r'conflicts? with "(?P<manager>[^"]+)"')


class Missing(PlatformError):
    """There is no such object."""


class Conflict(PlatformError):
    """Somebody changed or made the object in between; read it again."""


class Gone(PlatformError):
    """The version from which a watch should go on is too old; list again."""


def raise_for(status: int, body: bytes, headers: Mapping[str, str]) -> NoReturn:
    """Raise what an answer with that status means."""
    told = _told(body)
    message = str(told.get("message") or f"status {status}").strip().rstrip(".")
    if status == 404:
        raise Missing(message)
    if status == 410:
        raise Gone(message)
    if status == 409:
        raise _conflict(message, told)
    if status == 401:
        raise PlatformUnavailable(
            "The cluster does not accept the portal's credentials any more (expired or withdrawn); "
            "an administrator must renew them.",
            30,
        )
    if status == 429 or status >= 500:
        raise PlatformUnavailable(f"The API server asks to come again: {message}.", _retry_after(headers))
    raise PlatformRefused(*_refusal(status, message))


def _refusal(status: int, message: str) -> tuple[str, str]:
    """Code and sentence of an answer that will not change by itself."""
    if found := _WEBHOOK.search(message) or _POLICY.search(message):
        why = found["why"].strip() or "no reason"
        return "admission", f"The cluster's admission rule {found['name']} refuses: {why}."
    if found := _QUOTA.search(message):
        return "quota", f"The namespace's quota {found['quota']} is exceeded{found['rest']}."
    if "being terminated" in message:
        return "terminating", "The namespace is being deleted; nothing new can start in it."
    if found := _CANNOT.search(message):
        text = (
            f"The portal's account {found['who']} may not {found['verb']} {found['what']} in this namespace"
        )
        return "forbidden", f"{text}; the Role in deploy/kubernetes grants it."
    if status == 403:
        return "forbidden", f"The cluster forbids it: {message}."
    return "invalid", f"The cluster refuses it: {message}."


def _conflict(message: str, told: Mapping[str, Any]) -> PlatformError:
    """A field that another manager owns stays a no; anything else may be read again and retried."""
    causes = (told.get("details") or {}).get("causes") or []
    owned = [cause for cause in causes if cause.get("reason") == "FieldManagerConflict"]
    if not owned:
        return (
            PlatformUnavailable(f"The API server asks to come again: {message}.", 1.0)
            if ("unable to create new content" in message)
            else Conflict(message)
        )
    manager = _OWNED.search(str(owned[0].get("message", "")))
    who = manager["manager"] if manager else "another manager"
    fields = ", ".join(str(cause.get("field", "")).lstrip(".") for cause in owned[:5])
    return PlatformRefused(
        "owned", f"{fields} of this object is managed by {who}; have it let go of them first."
    )


def _told(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {"message": body.decode("utf-8", "replace")[:300]}
    return found if isinstance(found, dict) else {}


def _retry_after(headers: Mapping[str, str]) -> float:
    try:
        return min(60.0, max(0.5, float(headers.get("Retry-After") or 2.0)))
    except ValueError:
        return 2.0
