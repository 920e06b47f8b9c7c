"""What was kept long enough and dropped: gaps that a signed tombstone accounts for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from events import canonical, keys
from events.models import Tombstone
from events.verification.faults import Fault
from platforms.keys.base import PublicKey


class Range(NamedTuple):
    """Positions of a stream that one month held: hash before the first, hash of the last."""

    first: int
    last: int
    previous: str
    hash: str
    partition: str


class Dropped:
    """Every dropped range, by stream and first position."""

    def __init__(self, ranges: dict[str, dict[int, Range]]) -> None:
        self._ranges = ranges

    @classmethod
    def read(cls, public: Iterable[PublicKey]) -> Dropped:
        """From all tombstones; raises Fault for one that the portal's key did not sign."""
        known, ranges = tuple(public), dict[str, dict[int, Range]]()
        for stone in Tombstone.objects.order_by("partition"):
            signed = keys.Signed(stone.text, stone.key_id, stone.signature)
            if not keys.holds(signed, known):
                raise Fault(f"The tombstone of {stone.partition} is not signed by a key of this portal.")
            document = json.loads(stone.text)
            if (document["partition"], document["at"]) != (stone.partition, canonical.moment(stone.at)):
                raise Fault(f"The tombstone of {stone.partition} is not what was written.")
            for stream, first, last, previous, end in document["ranges"]:
                ranges.setdefault(stream, {})[first] = Range(first, last, previous, end, stone.partition)
        return cls(ranges)

    def across(self, stream: str, seq: int, previous: str, next_seq: int, wanted: str) -> tuple[int, str]:
        """From position `seq` over dropped ranges to just before `next_seq`; raises Fault for a gap."""
        at, hash_ = self.beyond(stream, seq, previous, below=next_seq)
        if at + 1 < next_seq:
            raise Fault(f"Event {at + 1} of {stream} is missing.")
        if at + 1 > next_seq:
            raise Fault(f"Event {next_seq} of {stream} is there twice.")
        if hash_ != wanted:
            raise Fault(f"Event {next_seq} of {stream} does not follow the one before it.")
        return at, hash_

    def beyond(self, stream: str, seq: int, previous: str, below: int | None = None) -> tuple[int, str]:
        """As far as dropped ranges lead on from `seq`, each following the one before by its hash."""
        while (found := self._ranges.get(stream, {}).get(seq + 1)) and (below is None or found.last < below):
            if found.previous != previous:
                raise Fault(f"The tombstone of {found.partition} does not follow event {seq} of {stream}.")
            seq, previous = found.last, found.hash
        return seq, previous

    def holds(self, stream: str, seq: int) -> bool:
        """Was this position dropped with its month?"""
        return any(r.first <= seq <= r.last for r in self._ranges.get(stream, {}).values())

    def streams(self) -> Iterable[str]:
        """Streams of which something was dropped."""
        return self._ranges.keys()
