"""The web process: uvicorn on a socket that the supervisor holds, so that a restart refuses nobody.

python -m hmhp_portal.web --fd 5        (or --host/--port where nothing hands a socket over)
"""

from __future__ import annotations

import argparse
import socket

import uvicorn


def main() -> None:
    """Serve until SIGTERM; open requests get two seconds to end."""
    parser = argparse.ArgumentParser(prog="python -m hmhp_portal.web")
    parser.add_argument("--fd", type=int, help="file descriptor of a listening socket")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    config = uvicorn.Config(
        "hmhp_portal.asgi:application",
        host=options.host,
        port=options.port,
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=65_536,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
    )
    sockets = [socket.socket(fileno=options.fd)] if options.fd is not None else None
    uvicorn.Server(config).run(sockets=sockets)


if __name__ == "__main__":
    main()
