"""What a real browser measures: frames of a deployment page while lines pour in, and Lighthouse's scores.

Chromium and the npm parts of tests/browser are needed; where they are missing the part says so.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LIGHTHOUSE = (
    Path(__file__).resolve().parents[1] / "tests" / "browser" / "node_modules" / ".bin" / "lighthouse"
)
MOST_FRAME_MS, LEAST_SCORE = 50.0, 95
LINES, EACH, PAUSE = 10_000, 100, 0.1
SCORED = ("board", "release", "go/no-go", "deployment")
CATEGORIES = ("performance", "accessibility", "best-practices")
COUNT_FRAMES = """() => {
  window.portalFrames = []; window.portalWork = [];
  let before = performance.now();
  const next = (at) => { window.portalFrames.push(at - before); before = at; requestAnimationFrame(next); };
  requestAnimationFrame(next);
  new PerformanceObserver((found) => found.getEntries().forEach((e) => window.portalWork.push(e.duration)))
    .observe({ type: "long-animation-frame", buffered: false });
}"""
MEASURED = """() => {
  const frames = window.portalFrames.splice(0).slice(2).sort((a, b) => a - b);
  const work = window.portalWork.splice(0);
  return { count: frames.length, most: frames.at(-1) ?? 0, p99: frames[Math.floor(frames.length * 0.99)] ?? 0,
           work: Math.max(0, ...work), rows: document.querySelectorAll("#log-list li").length };
}"""


@contextmanager
def _chromium(portal: str, session: str, port: int = 0) -> Iterator[Any]:
    """A browser whose own profile is logged in, so that other programs may use it by its port."""
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory(prefix="hmhp-bench-chromium-") as profile,
        sync_playwright() as playwright,
    ):
        arguments = [f"--remote-debugging-port={port}"] if port else []
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=arguments, viewport={"width": 1440, "height": 900}
        )
        try:
            context.add_cookies([{"name": "hmhp_session", "value": session, "url": portal}])
            yield context
        finally:
            context.close()


def log(portal: str, session: str, path: str, run_id: int) -> bool:
    """The longest frame of a deployment page while it takes 10,000 lines, and holding them."""
    if CHROMIUM is None:
        print("\nlog: skipped, there is no chromium on this machine")
        return True
    heads = f"{'lines':>8}{'rows':>6}{'frames':>8}{'p99':>9}{'longest':>10}{'work':>9}"
    print(f"\n{'the log of a deployment':34}{heads}")
    kept = True
    with ThreadPoolExecutor(1) as writer, _chromium(portal, session) as context:
        page = context.new_page()
        page.goto(f"{portal}{path}")
        page.locator("[data-conn]").get_by_text("Live", exact=True).wait_for()
        page.evaluate(COUNT_FRAMES)
        for name, count, scroll in (
            ("while they arrive, following", LINES, False),
            ("holding them, more arrive", LINES // 5, False),
            ("holding them, read up and down", LINES // 5, True),
        ):
            writing = writer.submit(_pour, run_id, count)
            while not writing.done():
                if scroll:
                    page.mouse.move(1000, 700)
                    page.evaluate(
                        "document.querySelector('#log').scrollBy(0, Math.random() < .7 ? -900 : 700)"
                    )
                page.wait_for_timeout(50)
            found = page.evaluate(MEASURED)
            good = found["most"] <= MOST_FRAME_MS
            kept &= good
            print(
                f"{name:34}{count:>8,}{found['rows']:>6}{found['count']:>8}{found['p99']:>6.0f} ms"
                f"{found['most']:>7.0f} ms{found['work']:>6.0f} ms{'' if good else '  !'}"
            )
    print(f"Limit: no frame over {MOST_FRAME_MS:.0f} ms. Work: the longest that the page itself held one up.")
    return kept


def _pour(run_id: int, count: int) -> None:
    """Lines as a component says them: a hundred at a time, ten times a second."""
    from django.db import transaction

    from deployments.models import DeploymentRun
    from deployments.services.progress import Line, append
    from deployments.states import LineKind

    for begun in range(0, count, EACH):
        next_at = time.monotonic() + PAUSE
        with transaction.atomic():
            run = DeploymentRun.objects.select_for_update().get(pk=run_id)
            append(
                run, [Line(LineKind.LOG, f"GET /api/slots 200 in 41 ms, {begun + n}") for n in range(EACH)]
            )
        time.sleep(max(0.0, next_at - time.monotonic()))


def lighthouse(portal: str, session: str, pages: dict[str, str]) -> bool:
    """The scores of the four pages that matter most, logged in, on a desktop and on a phone."""
    missing = (
        "chromium"
        if CHROMIUM is None
        else ""
        if LIGHTHOUSE.exists()
        else "lighthouse (npm ci --prefix tests/browser)"
    )
    if missing:
        print(f"\nlighthouse: skipped, there is no {missing}")
        return True
    print(f"\n{'lighthouse':26}" + "".join(f"{name:>16}" for name in CATEGORIES))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    kept = True
    with _chromium(portal, session, port):
        for page in SCORED:
            for device in ("desktop", "mobile"):
                report = _report(f"{portal}{pages[page]}", port, device)
                scores = [round((report["categories"][name]["score"] or 0) * 100) for name in CATEGORIES]
                good = min(scores) >= LEAST_SCORE
                kept &= good
                print(
                    f"{f'{page}, {device}':26}"
                    + "".join(f"{s:>16}" for s in scores)
                    + ("" if good else "  !"),
                    flush=True,
                )
                for name in _faults(report):
                    print(f"    {name}")
    print(f"Limit: {LEAST_SCORE} each. Performance moves with what else the machine does.")
    return kept


def _report(url: str, port: int, device: str) -> dict[str, Any]:
    command = [str(LIGHTHOUSE), url, f"--port={port}", "--output=json", "--quiet", "--disable-storage-reset"]
    command += [f"--only-categories={','.join(CATEGORIES)}", "--max-wait-for-load=20000"]
    command += ["--preset=desktop"] if device == "desktop" else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"lighthouse: {done.stderr.strip()[-500:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _faults(report: dict[str, Any]) -> Iterator[str]:
    """Audits that cost a score in accessibility or best practices, and what performance could save."""
    for category in CATEGORIES[1:]:
        for part in report["categories"][category]["auditRefs"]:
            audit = report["audits"][part["id"]]
            if part["weight"] and audit["score"] is not None and audit["score"] < 1:
                yield f"{category}: {audit['title']}"
    if (report["categories"]["performance"]["score"] or 0) * 100 < LEAST_SCORE:
        names = (
            "first-contentful-paint",
            "largest-contentful-paint",
            "total-blocking-time",
            "cumulative-layout-shift",
            "speed-index",
        )
        yield "; ".join(f"{name} {report['audits'][name]['displayValue']}" for name in names)
