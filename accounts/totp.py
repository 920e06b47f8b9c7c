"""Codes of authenticator apps (RFC 6238), by the login library's own arithmetic.

Which step a code belongs to is what the library does not tell, and what keeps it from counting twice.
Real time, never the portal's clock: the app on a person's phone knows no other.
"""

from __future__ import annotations

import hmac
import time

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt


def present_step() -> int:
    """The number of the time step that clocks are in now."""
    return int(time.time()) // int(app_settings.TOTP_PERIOD)


def code_at(secret: str, step: int) -> str:
    """The code of one step."""
    return str(format_hotp_value(hotp_value(secret, step)))


def step_of(secret: str, code: str) -> int | None:
    """The newest step near now whose code this is, or None."""
    now, near = present_step(), int(app_settings.TOTP_TOLERANCE)
    found = None
    for step in range(now - near, now + near + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            found = step
    return found


def secret_of(authenticator: Authenticator) -> str:
    """The secret of an app, opened."""
    return str(decrypt(authenticator.data["secret"]))
