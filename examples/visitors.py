"""Visitors of the example platform: a gentle, steady stream of requests to each region.

`python examples/visitors.py --addresses FILE [--environment production] [--rate 20]` follows the
agent's `addresses.json` as it changes; addresses may also be given as words (`us-east=http://…`).
A part of the visitors keeps its cookies for a while, as browsers do; the others are new each time.
Prints a line a minute, ends with SIGTERM. Standard library only.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import secrets
import signal
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

RETURNING = 0.3
"""The share of requests that come from visitors with a cookie."""

VISIT_REQUESTS = 15
"""After so many requests a returning visitor's session is over."""

PATHS = ("/", "/", "/", "/api/slots")
SECONDS = 10.0


class Visitor:
    """Somebody with a browser: a cookie jar and how many requests are left in the session."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}
        self.left = VISIT_REQUESTS

    def keep(self, header: str) -> None:
        """Take a Set-Cookie header."""
        name, _, value = header.partition(";")[0].strip().partition("=")
        self.cookies[name] = value


class Region:
    """The stream of visitors to one address."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address
        self.answers: Counter[str] = Counter()
        self._regulars = [Visitor() for _ in range(8)]

    async def visit(self) -> None:
        """One request; what came of it is counted."""
        index = random.randrange(len(self._regulars))
        visitor = self._regulars[index] if random.random() < RETURNING else Visitor()
        try:
            status = await asyncio.wait_for(self._ask(visitor), SECONDS)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            status = "no answer"
        self.answers[status] += 1
        visitor.left -= 1
        if self._regulars[index].left <= 0:
            self._regulars[index] = Visitor()

    async def _ask(self, visitor: Visitor) -> str:
        place = urlsplit(self.address)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        try:
            cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
            lines = [
                f"GET {random.choice(PATHS)} HTTP/1.1",
                f"Host: {place.netloc}",
                f"traceparent: 00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
                "User-Agent: example-visitor",
                "Connection: close",
                *([f"Cookie: {cookies}"] if cookies else []),
            ]
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            for line in head[1:]:
                name, _, value = line.partition(":")
                if name.lower() == "set-cookie":
                    visitor.keep(value)
            await reader.read()
            return head[0].split()[1]
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class Visitors:
    """All regions; `find` tells the addresses that there are now."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._regions: dict[str, Region] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def run(self, ending: asyncio.Event) -> None:
        """Send visitors until told to end."""
        loop = asyncio.get_running_loop()
        began = looked = said = loop.time()
        sent = 0
        while not ending.is_set():
            now = loop.time()
            if now - looked >= 1 or not self._regions:
                self._look()
                looked = now
            if now - said >= 60:
                self._say()
                said = now
            due = int((now - began) * self._options.rate) - sent
            sent += due
            for region in self._regions.values():
                for _ in range(min(due, max(1, int(self._options.rate)))):
                    self._send(region)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), 1 / self._options.rate)
        for task in self._asking:
            task.cancel()

    def _send(self, region: Region) -> None:
        if len(self._asking) < 200:  # a platform that hangs gets no more than that
            task = asyncio.create_task(region.visit())
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    def _look(self) -> None:
        found = find(self._options)
        for name in set(self._regions) - set(found):
            del self._regions[name]
        for name, address in found.items():
            if name not in self._regions or self._regions[name].address != address:
                self._regions[name] = Region(name, address)

    def _say(self) -> None:
        for region in self._regions.values():
            counts = ", ".join(f"{count} × {status}" for status, count in sorted(region.answers.items()))
            print(f"{region.name}: {counts or 'nobody came'}", flush=True)
            region.answers.clear()


def find(options: argparse.Namespace) -> Mapping[str, str]:
    """Name to address: the words given, and the component's address in every region of the file."""
    found = dict(word.split("=", 1) for word in options.address)
    if options.addresses is not None:
        try:
            document = json.loads(options.addresses.read_text())
        except (OSError, ValueError):
            return found  # the agent has not written it yet
        for region, components in document.get(options.environment, {}).items():
            if options.component in components:
                found[region] = components[options.component]
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Send a gentle stream of visitors.")
    parser.add_argument("address", nargs="*", help="NAME=URL of an edge component")
    parser.add_argument("--addresses", type=Path, help="the agent's addresses.json, followed as it changes")
    parser.add_argument("--environment", default="production", help="of addresses.json (default: production)")
    parser.add_argument("--component", default="patient-web", help="of addresses.json (default: patient-web)")
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second to each (default: 20)")
    options = parser.parse_args()
    if not 0.1 <= options.rate <= 500:
        parser.error("--rate must be between 0.1 and 500 requests a second")
    if any("=" not in word for word in options.address):
        parser.error("an address is given as NAME=URL")
    return options


async def main() -> None:
    """Until SIGTERM or Ctrl-C."""
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    await Visitors(_options()).run(ending)


if __name__ == "__main__":
    asyncio.run(main())
