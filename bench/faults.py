"""`./portal bench faults --kills N [--seed S]`: a portal of its own through so many kills, then the truth.

Prints each fault with how often it struck and how many misses were seen after it; exit code 1 with any.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from bench._steps import ends_with_its_children
from tests.faults.storm import Table, weather


def show(table: Table, seconds: float, seed: int) -> None:
    """The table for people."""
    print(f"\n{'fault':<28}{'struck':>8}{'misses':>8}")
    for fault, count in sorted(table.struck.items()):
        print(f"{fault:<28}{count:>8}{table.missed[fault]:>8}")
    kills = sum(count for fault, count in table.struck.items() if fault.startswith("kill"))
    print(f"{'kills in all':<28}{kills:>8}{sum(table.missed.values()):>8}")
    print(f"\nseed {seed}, {seconds:.0f} s; releases: {dict(table.runs)}")
    print(f"visitors' answers {dict(table.visits)}; pages reconnected {table.reconnected} times;")
    print(f"mails repeated under their own Message-ID and marked: {table.repeated}")
    for text in table.sentences:
        print(f"MISS {text}")
    for text in table.unforeseen:
        print(f"answer 500: {text[:400]}")


def main() -> int:
    """Run the storm and print."""
    parser = argparse.ArgumentParser(prog="./portal bench faults")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 10_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quiet", action="store_true", help="do not tell each fault as it strikes")
    parser.add_argument("--crowd", action="store_true", help="two web processes, three workers, two beats")
    given = parser.parse_args()
    ends_with_its_children()
    began = time.monotonic()

    def tell(text: str) -> None:
        if not given.quiet:
            print(f"{time.monotonic() - began:7.1f}  {text}", file=sys.stderr, flush=True)

    table = weather(given.kills, given.seed, tell, crowd=given.crowd)
    seconds = time.monotonic() - began
    if given.json:
        found = {
            "seed": given.seed,
            "seconds": round(seconds, 1),
            "struck": dict(table.struck),
            "missed": dict(table.missed),
            "misses": table.sentences,
            "releases": dict(table.runs),
            "visits": {str(status): count for status, count in table.visits.items()},
            "reconnected": table.reconnected,
            "repeated_mails": table.repeated,
            "answers_500": table.unforeseen,
        }
        print(json.dumps(found, indent=1))
    else:
        show(table, seconds, given.seed)
    return 1 if table.sentences else 0


if __name__ == "__main__":
    sys.exit(main())
