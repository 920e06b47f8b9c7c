# ruff: noqa: T201  (what it prints is what is tested)
"""The http role of the test component: answers as its paths say. Python's own server, which starts soon."""

from __future__ import annotations

import gzip
import json
import os
import time
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PIECE_BYTES = 65_536


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self) -> None:
        """Whatever the method."""
        parts = urlsplit(self.path)
        self.query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        words = parts.path.strip("/").split("/")
        if words[0] == "status":
            self.say(status=int(words[1]))
        else:
            ROUTES.get(words[0], missing)(self)

    do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815

    def say(self, body: bytes = b"", status: int = 200, **headers: str) -> None:
        """One whole answer."""
        self.begin(status, **headers, Content_Length=str(len(body)))
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)

    def begin(self, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            left = int(self.headers.get("Content-Length", "0"))
            while left and (piece := self.rfile.read1(min(left, PIECE_BYTES))):
                left -= len(piece)
                yield piece
            return
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def break_off(self) -> None:
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, *words: object) -> None:
        """What the tests read is what it says itself."""


def slot(request: Handler) -> None:
    request.say(os.environ["SLOT"].encode())


def environment(request: Handler) -> None:
    request.say(json.dumps(dict(os.environ)).encode())


def headers(request: Handler) -> None:
    request.say(json.dumps(request.headers.items()).encode())


def echo(request: Handler) -> None:
    """The body, unpacked, piece by piece as it comes."""
    packed = request.headers.get("Content-Encoding") == "gzip"
    unpack: Callable[[bytes], bytes] = zlib.decompressobj(31).decompress if packed else bytes
    request.begin(X_Method=request.command, Transfer_Encoding="chunked")
    for piece in map(unpack, request.pieces()):
        if piece:
            request.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
    request.wfile.write(b"0\r\n\r\n")


def packed(request: Handler) -> None:
    request.say(gzip.compress(b"packed"), Content_Encoding="gzip")


def slow(request: Handler) -> None:
    time.sleep(float(request.query["seconds"]))
    slot(request)


def half(request: Handler) -> None:
    """Half of what was promised."""
    request.begin(Content_Length=request.query["length"])
    request.wfile.write(b"half")
    request.break_off()


def drop(request: Handler) -> None:
    request.break_off()


def die(request: Handler) -> None:
    os._exit(7)


def missing(request: Handler) -> None:
    request.say(status=404)


ROUTES: dict[str, Callable[[Handler], None]] = {
    "": slot,
    "break": half,
    "die": die,
    "drop": drop,
    "echo": echo,
    "environment": environment,
    "gzip": packed,
    "headers": headers,
    "healthz": lambda request: request.say(),
    "slow": slow,
}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def serve() -> None:
    """Until it is ended."""
    server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
    print("serving", flush=True)
    server.serve_forever()
