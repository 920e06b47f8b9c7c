"""What a first load brings over the wire: the page and everything that its markup names, without fonts.

Asked as a browser asks (gzip and br), each file once, bytes counted as they came.
"""

from __future__ import annotations

import gzip
import re
import urllib.request
from urllib.parse import urljoin

NAMED = re.compile(r'<(?:link[^>]*\shref|script[^>]*\ssrc|img[^>]*\ssrc)="([^"]+)"')
FONTS = (".woff2", ".woff")


def table(portal: str, session: str, pages: dict[str, str], most: int) -> bool:
    """Print the bytes of every page; False when one is over `most`."""
    print(f"\n{'page':26}{'page itself':>13}{'files':>9}{'first load':>13}")
    kept = True
    seen: dict[str, int] = {}
    for page, path in pages.items():
        own, body = _get(f"{portal}{path}", session)
        named = {urljoin(f"{portal}{path}", name) for name in NAMED.findall(body)}
        files = 0
        for url in sorted(named):
            if not url.startswith(portal) or url.endswith(FONTS):
                continue
            if url not in seen:
                seen[url] = _get(url, session)[0]
            files += seen[url]
        good = own + files <= most
        kept &= good
        print(f"{page:26}{own:>13,}{files:>9,}{own + files:>13,}{'' if good else '  !'}")
    print("By file: " + ", ".join(f"{url.rsplit('/', 1)[-1]} {size:,}" for url, size in sorted(seen.items())))
    print(f"Limit: {most:,} bytes of a first load, compressed as served, headers included.")
    return kept


def _get(url: str, session: str) -> tuple[int, str]:
    """Bytes of the answer with its headers, and its text where it is readable."""
    headers = {"Cookie": f"hmhp_session={session}", "Accept-Encoding": "gzip, br", "Accept": "text/html"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
        body = answer.read()
        size = len(body) + len(str(answer.headers)) + 17
        if answer.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        readable = answer.headers.get("Content-Encoding") != "br"
        return size, body.decode(errors="replace") if readable else ""
