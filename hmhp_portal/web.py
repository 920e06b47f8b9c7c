"""The web process: uvicorn on a socket that the supervisor holds, so that a restart refuses nobody.

`python -m hmhp_portal.web --fd 5`, or --host and --port where nothing hands a socket over. With
`--after FILE` it imports everything at once, and serves when the file is there: the launcher makes it
when database and static files are prepared, so that both happen at the same time.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import socket
import time
from importlib import import_module
from pathlib import Path

import django
import uvicorn

from hmhp_portal.shedding.connections import PatientOnlySoLong
from hmhp_portal.turns import take_short_turns

COLLECT_AFTER = (20_000, 20, 20)
"""A frame for a thousand pages makes thousands of objects at once that end by themselves."""


def main() -> None:
    """Serve until SIGTERM; open requests get two seconds to end."""
    parser = argparse.ArgumentParser(prog="python -m hmhp_portal.web")
    parser.add_argument("--fd", type=int, help="file descriptor of a listening socket")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--after", type=Path, help="serve when this file is there")
    options = parser.parse_args()
    _import_and_wait(options.after)
    config = uvicorn.Config(
        "hmhp_portal.asgi:application",
        host=options.host,
        port=options.port,
        http=PatientOnlySoLong,
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=65_536,
        ws_per_message_deflate=False,  # one frame for a thousand pages would be packed a thousand times
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
    )
    _have_files()
    take_short_turns()
    _set_apart_what_stays()
    sockets = [socket.socket(fileno=options.fd)] if options.fd is not None else None
    uvicorn.Server(config).run(sockets=sockets)


def _have_files() -> None:
    """Every open page is a file: have as many as this account may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if most != resource.RLIM_INFINITY else 65_536
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _set_apart_what_stays() -> None:
    """Whatever was imported stays for good: the collector need not walk through it while pages wait."""
    import_module("hmhp_portal.asgi")
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def _import_and_wait(file: Path | None) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hmhp_portal.settings")
    django.setup()
    import_module("hmhp_portal.urls")
    while file is not None and not file.exists():
        time.sleep(0.05)


if __name__ == "__main__":
    main()
