"""One conversation with the mail server (RFC 5321), step by step, never longer than it may last.

The steps tell apart what the sender must know: the server cannot be used now (`ServerTrouble`), it
refuses this message (`Refused`), or its answer to a whole text never came (`Doubtful`).
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Timer

STEP_SECONDS = 8.0
"""Longest silence of the server within one step."""
LIMIT_SECONDS = 20.0
"""Longest that connecting, the envelope, the text or its answer may take, however the server dribbles."""


class ServerTrouble(Exception):
    """The server cannot be used now; no message is to blame, and none was taken."""


class Doubtful(ServerTrouble):
    """The whole text went out, but no answer came: it may have been taken or not."""


class Refused(Exception):
    """The server answered, and refuses this message: for now, or for good."""

    def __init__(self, sentence: str, *, for_good: bool) -> None:
        super().__init__(sentence)
        self.for_good = for_good


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where the server is and how it wants to be greeted."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    tls: str = "none"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Conversation:
    """An open connection; several messages may follow each other."""

    def __init__(self, server: ServerAddress) -> None:
        self._smtp = _connect(server)

    def close(self) -> None:
        """Take leave; whatever goes wrong now does not matter any more."""
        with contextlib.suppress(OSError, smtplib.SMTPException):
            self._smtp.quit()
        self._smtp.close()

    def envelope(self, sender: str, recipient: str) -> None:
        """MAIL and RCPT. Raises ServerTrouble or Refused; nothing of the text has gone out."""
        with _troubles(), _limit(self._smtp):
            self._smtp.rset()
            code, answer = self._smtp.mail(sender)
            if code != 250:
                raise ServerTrouble(f"it does not take mail from {sender}: {_words(code, answer)}")
            code, answer = self._smtp.rcpt(recipient)
        if code not in (250, 251):
            raise _refusal(code, answer)

    def hand_over(self, payload: bytes) -> None:
        """DATA and the text. Returns when the server took it; raises Refused, ServerTrouble, Doubtful."""
        with _troubles(), _limit(self._smtp):
            code, answer = self._smtp.docmd("DATA")
            if code != 354:
                raise _refusal(code, answer)
            self._smtp.send(_stuffed(payload))
        try:
            with _limit(self._smtp):
                code, answer = self._smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise Doubtful(f"it did not answer to the text ({_kind(error)})") from error
        if code != 250:
            raise _refusal(code, answer)


def _connect(server: ServerAddress) -> smtplib.SMTP:
    context = ssl.create_default_context()
    with _troubles():
        smtp: smtplib.SMTP
        if server.tls == "tls":
            smtp = smtplib.SMTP_SSL(server.host, server.port, timeout=STEP_SECONDS, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=STEP_SECONDS)
        with _limit(smtp):
            smtp.ehlo_or_helo_if_needed()
            if server.tls == "starttls":
                smtp.starttls(context=context)
                smtp.ehlo()
            if server.user:
                smtp.login(server.user, server.password)
    return smtp


@contextlib.contextmanager
def _troubles() -> Iterator[None]:
    try:
        yield
    except (OSError, smtplib.SMTPException) as error:
        raise ServerTrouble(_kind(error)) from error


@contextlib.contextmanager
def _limit(smtp: smtplib.SMTP) -> Iterator[None]:
    """Cut the line when the step takes too long, even if the server sends a byte now and then."""
    cut = Timer(LIMIT_SECONDS, _cut, (smtp.sock,))
    cut.daemon = True
    cut.start()
    try:
        yield
    finally:
        cut.cancel()


def _cut(sock: socket.socket | None) -> None:
    with contextlib.suppress(OSError):
        if sock is not None:
            sock.shutdown(socket.SHUT_RDWR)


def _stuffed(payload: bytes) -> bytes:
    """The text with CRLF line ends, dots doubled at line starts, and the final dot (RFC 5321 §4.5.2)."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", payload)
    lines = re.sub(rb"(?m)^\.", b"..", lines)
    return lines + (b"" if lines.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _refusal(code: int, answer: bytes) -> Refused | ServerTrouble:
    if code == 421 or code < 400:
        return ServerTrouble(f"it closes the line: {_words(code, answer)}")
    return Refused(_words(code, answer), for_good=code >= 500)


def _words(code: int, answer: bytes) -> str:
    return f"{code} {answer.decode('utf-8', 'replace')}"[:300]


def _kind(error: Exception) -> str:
    """What went wrong, in words and without anything that was said in the conversation."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "it refuses the login"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "it cannot do what the settings ask (TLS or login)"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"it answered {error.smtp_code}"
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "it does not answer"
    if isinstance(error, ConnectionRefusedError):
        return "it refuses connections"
    if isinstance(error, socket.gaierror):
        return "its name is unknown"
    if isinstance(error, ssl.SSLError):
        return "its certificate or TLS is not accepted"
    return "it broke the connection off"
