"""axe-core on an open page: what WCAG 2.2 and good practice say against it, in every look."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

SOURCE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
Look = tuple[str, int]
ALL: tuple[Look, ...] = (("light", 1440), ("dark", 1440), ("dark", 390), ("light", 390))
EVERY_LOOK = os.environ.get("EVERY_LOOK") == "1"
"""Look at every page in all of them; otherwise only where a test asks, and each other page in one."""
NARROWEST = {"width": 320, "height": 256}
"""What WCAG asks a page to reflow to: 1280 by 1024, enlarged four times."""
# A change of scheme is drawn in steps: two frames let it begin, and what has an end is taken to it.
RUN = """async () => {
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  for (const moving of document.getAnimations()) {
    if (moving.effect.getComputedTiming().endTime !== Infinity) moving.finish();
  }
  const how = { resultTypes: ["violations"], preload: false };
  const { violations } = await axe.run(document, how);
  return violations.map(({ id, nodes }) => `${id} (${nodes.length}): ` + nodes.slice(0, 3).map((node) =>
    `${node.target.at(-1)}: ${(node.failureSummary || "").split("\\n").at(-1).trim()}`).join("; "));
}"""
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"


@cache
def source() -> str:
    """The script, or a skip with the reason."""
    if not SOURCE.exists():
        pytest.skip("axe-core is not installed; `npm ci --prefix tests/browser` (.ci/run does it) brings it")
    return SOURCE.read_text()


def faults(page: Any, name: str, looks: Iterable[Look] = ()) -> list[str]:
    """One line for each rule that the page breaks in a look, and one if it scrolls sideways at 320 px.

    The page has loaded `source` before its own scripts (`Visitor.scripts`).

    Without looks it is the one that falls to the page's name: what pages share is seen in all of them.
    """
    found = []
    page.set_viewport_size(NARROWEST)
    if (wide := page.evaluate(TOO_WIDE)) > 0:
        found.append(f"{name}: {wide} px too wide at {NARROWEST['width']} px")
    for scheme, width in ALL if EVERY_LOOK else looks or (ALL[crc32(name.encode()) % len(ALL)],):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{name} {scheme} {width}: {broken}" for broken in page.evaluate(RUN)]
    return found
