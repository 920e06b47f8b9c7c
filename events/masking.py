"""Clears lines from outside of what must not be stored or shown: values go, counts stay.

A line of a service's log or of a job comes in, the same line with blocks in place of personal data and
secrets goes out. Built-in patterns always apply; the platform file adds field names and patterns. All
of them run on RE2, whose time grows with the length of the line only, whatever the pattern is. Called
by every writer of progress lines, before anything is stored or sent (HIPAA 164.312(a), GDPR art. 25).
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import re2

log = logging.getLogger(__name__)

BLOCKS = "▮▮▮▮▮▮▮▮"
"""In place of a value, whatever its length."""
DROPPED = "[line dropped: the masking filter failed on it]"
MAX_LINE = 8_000
"""Characters of a line that are kept; a longer one is cut, and says so."""
MAX_PATTERN = 500

SECRET_FIELDS = (
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "client_secret",
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "api_key",
    "private_key",
    "secret_key",
    "secret_key_base",
    "secret_access_key",
    "signing_key",
    "encryption_key",
    "pgpassword",
    "authorization",
    "cookie",
    "set_cookie",
    "session_id",
    "ssn",
    "social_security_number",
)
BUILT_IN = (
    r"(?i)(?P<kept>\b(?:bearer|basic)\s+)[a-z0-9._~+/=\-]{8,}",
    r"(?P<kept>://[^\s:/@]*:)[^\s/]+(?P<after>@)",  # the password of an address: //user:password@host
    r"(?i)(?P<kept>(?:^|\s)--?(?:[a-z\-]+-)?(?:password|passwd|passphrase|token|secret|api-?key)\s+)[^\s\-]\S*",
    r"(?i)(?P<kept>(?:password|passwd|passphrase|token|secret|api_?key)(?:%22)?%3[ad](?:%20)?(?:%22)?)[^&\s%\"']+",
    r"\beyJ[\w\-]{8,}\.[\w\-]*\.[\w\-]*(?:\.[\w\-]+)*",  # JSON web tokens, signed or encrypted
    r"\bhmhp_[0-9a-f]{8}_[\w\-]+",  # this portal's own tokens
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    r"\b(?:gh[a-z]_|github_pat_|glpat-|xox[a-z]-|sk-)[\w\-]{16,}",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*",
    # The lines that follow it, and whatever else is nothing but base64; a digest in hex has no capital.
    r"(?m)^\s*[a-z0-9+/]*[A-Z][A-Za-z0-9+/]{43,}={0,2}\s*$",
    r"[\w.%+\-]+@[\w\-]+(?:\.[\w\-]+)+",  # e-mail addresses
    r"\b\d{3}-\d{2}-\d{4}\b",  # formed like a US social security number
    r"\b\d{4}(?:[ \-]\d{4}){2}[ \-]\d{1,7}\b",  # cards in groups
    r"\b\d{4}[ \-]\d{6}[ \-]\d{5}\b",
    r"\+\d(?:[ ().\-]{0,2}\d){7,14}\b",  # telephone numbers with a country
    r"(?P<kept>^|[^\w.]|[^\d]\.)\d{9,}\b",  # long runs of digits, but no fraction of a number
)
_QUOTE = re.compile(rb"\\*[\"']")
_END_OF_VALUE = re2.compile(rb"[;&|\n}\])]|[,\s]\s*[\"']?[A-Za-z_][\w.\-]*[\"']?\s*[=:]")
"""A comma or a space ends a value only before the next name: “Smith, John” is one value."""
_TO_THE_END = re.compile(rb"(?i)authorization|cookie")
"""Headers whose value has separators of its own: the rest of the line goes."""
_PAIRS = {b"{": b"}", b"[": b"]"}


TextFilter = Callable[[str], tuple[str, int]]


class BadPattern(ValueError):
    """A pattern of the platform file that cannot be used; the text says why."""


def compiled(pattern: str) -> Any:
    """The pattern for RE2; raises BadPattern for what it does not know or what matches everywhere."""
    if len(pattern) > MAX_PATTERN:
        raise BadPattern(f"is longer than {MAX_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    try:
        made = re2.compile(pattern.encode(), options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else error
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise BadPattern(f"is no pattern that runs in linear time (RE2 syntax): {text}") from error
    if made.search(b"") is not None:
        raise BadPattern("matches the empty text, so it would blacken every line")
    return made


class Masker:
    """One set of rules, ready to run. Threads may share it."""

    def __init__(self, patterns: Iterable[str] = (), fields: Iterable[str] = ()) -> None:
        """Rules of the platform file on top of the built-in ones; raises BadPattern."""
        self._patterns = [compiled(pattern) for pattern in (*BUILT_IN, *patterns)]
        names = [name for name in (*SECRET_FIELDS, *fields) if _words(name)]
        self._named = re2.compile(_field_pattern(names))
        self._keys = {"".join(_words(name)) for name in names}

    def mask(self, text: str) -> tuple[str, int]:
        """The line without what the rules name, and how many values went. Never raises.

        A line on which the filter fails is dropped, and the answer says so in its place.
        """
        try:
            return self._mask(text)
        except Exception as error:
            log.warning("masking failed, a line was dropped: %s", type(error).__name__)
            return DROPPED, 0

    def mask_data(self, value: Any) -> tuple[Any, int]:
        """The same for a JSON value: values of named fields go whole, texts are masked."""
        try:
            return self._walk(value, self._mask)
        except Exception as error:
            log.warning("masking failed, a value was dropped: %s", type(error).__name__)
            return DROPPED, 0

    def _mask(self, text: str) -> tuple[str, int]:
        over = len(text) - MAX_LINE
        if over > 0:
            text = _cut(text)
        text, count = self._mask_objects(text)
        line, named = self._mask_named(text.encode(errors="replace"))
        for pattern in self._patterns:
            line, found = pattern.subn(_blacken, line)
            named += found
        masked = line.decode(errors="replace")
        return (f"{masked} … (cut, {over} characters more)" if over > 0 else masked), count + named

    def _mask_objects(self, text: str) -> tuple[str, int]:
        """A line that is JSON is walked as such, so that nested values of named fields go whole."""
        if not text.lstrip().startswith(("{", "[")):
            return text, 0
        try:
            value = json.loads(text)
        except ValueError:
            return text, 0
        walked, count = self._walk(value, lambda inner: (inner, 0))
        return (json.dumps(walked, ensure_ascii=False), count) if count else (text, 0)

    def _walk(self, value: Any, text_filter: TextFilter) -> tuple[Any, int]:
        if isinstance(value, str):
            return text_filter(value)
        if isinstance(value, list):
            items = [self._walk(item, text_filter) for item in value]
            return [item for item, _ in items], sum(count for _, count in items)
        if not isinstance(value, dict):
            return value, 0
        masked, total = {}, 0
        for key, inner in value.items():
            shown, in_key = text_filter(str(key))
            if self._is_named(str(key)) and inner is not None and inner != "":
                masked[shown], count = BLOCKS, 1
            else:
                masked[shown], count = self._walk(inner, text_filter)
            total += count + in_key
        return masked, total

    def _is_named(self, key: str) -> bool:
        words = _words(key)
        return any("".join(words[start:]) in self._keys for start in range(len(words)))

    def _mask_named(self, line: bytes) -> tuple[bytes, int]:
        """Values behind `name=`, `name:` and `"name":` go, up to where the value ends."""
        pieces: list[bytes] = []
        at, count = 0, 0
        for match in self._named.finditer(line):
            if match.start() < at:
                continue
            start, end = _value_span(line, match.end(), header=bool(_TO_THE_END.search(match.group())))
            if end > start and line[start:end] != BLOCKS.encode():
                pieces += [line[at:start], BLOCKS.encode()]
                at, count = end, count + 1
        return (b"".join([*pieces, line[at:]]), count) if count else (line, 0)


def _blacken(match: Any) -> bytes:
    groups = match.groupdict()
    kept, after = groups.get(b"kept") or b"", groups.get(b"after") or b""
    return bytes(kept + BLOCKS.encode() + after)


def _words(name: str) -> list[str]:
    """`patientName`, `patient-name` and `PATIENT_NAME` are the words patient, name."""
    return re.findall(r"[a-z]+|\d+", re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name).lower())


def _field_pattern(names: Sequence[str]) -> bytes:
    """Any of the names, however its words are joined, with what stands between it and its value."""
    longest_first = sorted({r"[ _.\-]?".join(_words(name)) for name in names}, key=len, reverse=True)
    return rf"(?i)(?:\b|_)(?:{'|'.join(longest_first)})\\*[\"']?\s*(?:=>|[=:])\s*".encode()


def _value_span(line: bytes, start: int, *, header: bool) -> tuple[int, int]:
    """From where to where the value at `start` goes: quoted, bracketed, or up to a separator."""
    quote = _QUOTE.match(line, start)
    if quote is not None:
        end = line.find(quote.group(), quote.end())
        while end > 0 and len(quote.group()) == 1 and line[end - 1 : end] == b"\\":
            end = line.find(quote.group(), end + 1)
        return quote.end(), end if end >= 0 else len(line)
    if line[start : start + 1] in _PAIRS:
        return start, _closing(line, start)
    found = None if header else _END_OF_VALUE.search(line, start)
    return start, found.start() if found is not None else len(line)


def _closing(line: bytes, start: int) -> int:
    """Behind the bracket that closes the one at `start`; the line's end when none does."""
    opening = line[start : start + 1]
    depth = 0
    for position in range(start, len(line)):
        char = line[position : position + 1]
        depth += (char == opening) - (char == _PAIRS[opening])
        if depth == 0:
            return position + 1
    return len(line)


def _cut(text: str) -> str:
    """The first MAX_LINE characters, without the word at the cut: half a secret is no longer known."""
    kept = text[:MAX_LINE]
    space = kept.rfind(" ", MAX_LINE - 500)
    return kept[:space] if space > 0 else kept
