"""Reads a page as a person or a browser would: its heading, its words, what it must never hold."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from django.test import Client


@dataclass(frozen=True)
class Seen:
    """One answer."""

    status: int
    markup: str

    @property
    def words(self) -> str:
        """The text without tags, spaces joined."""
        bare = re.sub(r"<(script|svg|style|template)\b.*?</\1>", " ", self.markup, flags=re.S)
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", bare)))

    @property
    def heading(self) -> str:
        """The one h1."""
        found = re.findall(r"<h1[^>]*>(.*?)</h1>", self.markup, flags=re.S)
        assert len(found) == 1, f"{len(found)} headings of the first level"
        return html.unescape(re.sub(r"<[^>]+>", "", found[0])).strip()

    def control(self, act: str) -> str:
        """The markup of one act's control, "" when it is not there."""
        found = re.search(rf'<(?:button|a)[^>]*id="act-{re.escape(act)}"[^>]*>', self.markup)
        return found.group(0) if found else ""

    def reason(self, act: str) -> str:
        """Why an act cannot be pressed, as its tip says."""
        found = re.search(rf'id="why-{re.escape(act)}">(.*?)</span>', self.markup, flags=re.S)
        return html.unescape(found.group(1)) if found else ""

    def demand_clean(self) -> None:
        """No inline style or script, no unknown id in aria attributes, ids once."""
        assert not re.search(r"<[^>]+\sstyle=", self.markup), "a style attribute"
        assert not re.search(r"<style", self.markup), "a style element"
        assert not re.search(r"<script(?![^>]*\ssrc=)", self.markup), "an inline script"
        assert not re.search(r"\son[a-z]+=\"", self.markup), "an inline handler"
        ids = re.findall(r'\sid="([^"]+)"', self.markup)
        double = sorted({name for name in ids if ids.count(name) > 1})
        assert not double, f"ids that stand twice: {double}"
        for attribute in ("aria-labelledby", "aria-describedby"):
            for value in re.findall(rf'{attribute}="([^"]+)"', self.markup):
                lost = [name for name in value.split() if name not in ids]
                assert not lost, f"{attribute} names {lost}, which is not there"


def look(client: Client, path: str, **data: str) -> Seen:
    """GET a page."""
    answer = client.get(path, data or None)
    return Seen(answer.status_code, answer.content.decode())


def press(client: Client, path: str, **data: str) -> Seen:
    """POST an act and follow to where it leads."""
    answer = client.post(path, data, follow=True)
    return Seen(answer.status_code, answer.content.decode())
