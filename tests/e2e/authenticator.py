"""A person's authenticator app, as a phone has it: RFC 6238 written here again, so that nothing is shared
with what it tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
from dataclasses import dataclass

SET_UP = """
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
secrets = {}
for user in User.objects.all():
    secrets[user.handle] = generate_totp_secret()
    TOTP.activate(user, secrets[user.handle])
"""
"""For a shell of the portal that has `User`: everybody gets an app; their secrets by login."""


@dataclass
class App:
    """Gives each code once, as a person does who waits for the next one."""

    secret: str
    last: int = 0

    def code(self) -> str:
        """The code shown now, or the next one where this was given already."""
        while (step := max(int(time.time()) // 30, self.last + 1)) > int(time.time()) // 30 + 1:
            time.sleep(0.2)
        self.last = step
        digest = hmac.digest(base64.b32decode(self.secret), struct.pack(">Q", step), hashlib.sha1)
        start = digest[-1] & 15
        number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
        return f"{number % 1_000_000:06}"
