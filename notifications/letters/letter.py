"""A mail before it is text or HTML, and the recipient that it is for.

Both forms are made from the same sentences (`notifications.rendering`), so they cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

Tone = Literal["blocks", "watch", "clear"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is written to, in which zone they read times, and why they get it ("you are …")."""

    email: str
    name: str
    zone: str
    because: str
    actor: str = ""
    roles: tuple[str, ...] = ()

    @property
    def tz(self) -> ZoneInfo:
        """The recipient's own zone."""
        return ZoneInfo(self.zone)


@dataclass(frozen=True, slots=True)
class Count:
    """A number of facts with its verdict, in words, and one sentence about them."""

    tone: Tone
    label: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail in parts. `subject` is also its heading; `your_turn` marks that it asks for an act."""

    subject: str
    room: str
    kicker: str
    lead: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    button: str
    link: str
    notes: tuple[str, ...]
    footer: str
    counts: tuple[Count, ...] = ()
    your_turn: bool = False

    @property
    def preview(self) -> str:
        """What mail programs show beside the subject."""
        return self.lead[0] if self.lead else self.subject
