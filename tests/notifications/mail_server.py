"""Real mail servers for the tests: one that speaks SMTP as told, one that never says a word."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

Answers = Callable[[Envelope], str]


class Postbox:
    """Keeps what arrives. `at_rcpt` and `at_data` may answer otherwise than well."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.at_rcpt: Answers = lambda envelope: "250 OK"
        self.at_data: Answers = lambda envelope: "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """One recipient."""
        envelope.rcpt_tos.append(address)
        return self.at_rcpt(envelope)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """One mail, kept when it is taken."""
        answer = self.at_data(envelope)
        if answer.startswith("250"):
            content: Any = envelope.content
            self.mails.append(message_from_bytes(content, _class=EmailMessage, policy=default))
            self.recipients += envelope.rcpt_tos
        return answer


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def listening(box: Postbox, port: int) -> Iterator[None]:
    """A mail server on `port` for the length of the block."""
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield
    finally:
        server.stop()


@contextmanager
def silent(port: int) -> Iterator[None]:
    """Something that accepts connections on `port` and never answers."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen(8)
        yield
