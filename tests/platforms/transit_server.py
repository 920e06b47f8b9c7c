"""A stand-in for Vault: a small HTTP server that speaks the part of the transit engine that we use.

It is not Vault. It keeps real Ed25519 keys in memory and answers as Vault's HTTP API describes: paths,
status codes, `vault:vN:` signatures, versions with their times, 403 for a wrong token.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Transit:
    """What the server knows, for a test to look at and to break."""

    def __init__(self) -> None:
        self.token = "t-1"
        self.keys: dict[str, list[tuple[Ed25519PrivateKey, str]]] = {}
        self.kind = "ed25519"
        self.broken = 0
        self.asked: list[str] = []
        self.address = ""

    def answer(self, method: str, path: str, token: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Status and body of one call."""
        self.asked.append(f"{method} {path}")
        if self.broken:
            return self.broken, {"errors": ["broken by the test"]}
        if token != self.token:
            return 403, {"errors": ["permission denied"]}
        parts = path.removeprefix("/v1/transit/").split("/")
        if parts[0] == "sign":
            return self._sign(parts[1], body)
        if parts[-1] == "rotate":
            return self._add(parts[1])
        if method == "GET":
            return self._read(parts[1])
        return self._add(parts[1]) if parts[1] not in self.keys else (204, None)

    def _add(self, name: str) -> tuple[int, Any]:
        made = (Ed25519PrivateKey.generate(), datetime.now(UTC).isoformat().replace("+00:00", "Z"))
        self.keys.setdefault(name, []).append(made)
        return 204, None

    def _read(self, name: str) -> tuple[int, Any]:
        if name not in self.keys:
            return 404, {"errors": []}
        versions = {
            str(number): {
                "creation_time": made,
                "name": "ed25519",
                "public_key": base64.b64encode(private.public_key().public_bytes_raw()).decode(),
            }
            for number, (private, made) in enumerate(self.keys[name], 1)
        }
        return 200, {"data": {"name": name, "type": self.kind, "keys": versions}}

    def _sign(self, name: str, body: dict[str, Any]) -> tuple[int, Any]:
        if name not in self.keys:
            return 404, {"errors": []}
        number = body.get("key_version") or len(self.keys[name])
        value = self.keys[name][number - 1][0].sign(base64.b64decode(body["input"]))
        return 200, {"data": {"signature": f"vault:v{number}:{base64.b64encode(value).decode()}"}}


@contextmanager
def transit() -> Iterator[Transit]:
    """The server on a free port, for the length of the block."""
    state = Transit()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            token = self.headers.get("X-Vault-Token", "")
            status, answer = state.answer(self.command, self.path, token, body)
            content = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815  # names of the base class

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
