#!/usr/bin/env python3
"""Check a dossier of an HMHP Release Portal without the portal. Python 3.9 or later, nothing else.

    python3 verify_dossier.py DOSSIER.zip --keys public-keys.json [--head head.json]

`public-keys.json` is the copy that was handed over earlier, not the one in the dossier: a forger would
put keys of their own there. `--head` is a head of the audit trail that was kept elsewhere.

It checks that every file is what the signed manifest says; that every event hashes to what stands beside
it and follows the one before; that the checkpoints are signed, chained, and sealed these very events; every
signature of a person; and that gates, signatures, decisions and emergency acts are shown as they were
signed and as the events tell them, each gate that passed with everything that its rule asked. The other
records (facts, runs, messages) are the portal's account of that day. It prints who approved what, when and
under which rule.
Exit code 0: everything holds. 1: the first thing that does not is named. 2: it could not be checked.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Json = dict[str, Any]
    Point = tuple[int, int, int, int]
    Hashes = dict[tuple[str, int], str]
    Events = list[Json]

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
START = "0" * 64
OPENING = '{"hash":"'
MIDDLE = '","event":'


GATE_MOVES = (
    "gate.opened",
    "gate.satisfied",
    "gate.reopened",
    "gate.rejected",
    "gate.expired",
    "signatures.voided",
)
"""Events after which a gate stands in another state, which they name."""
EMERGENCIES = (
    ("broken_glass", "signed_act_id", ("break-glass", "late-entry")),
    ("freeze_overrides", "signed_act_id", ("freeze-override",)),
    ("stops", "lift_act_id", ("stop-lift",)),
    ("reviews", "follow_up_act_id", ("review-follow-up",)),
)
"""Records of emergency acts: section, the column that names what was signed, and kinds of signed acts."""
ENDS = ("signoff.withdrawn", "signoff.invalid")
TOLD = (*GATE_MOVES, *ENDS, "signoff.given", "glass.broken")
"""Events that records are compared with."""


class Wrong(Exception):
    """Something does not hold; the sentence names it."""


def add(a: Point, b: Point) -> Point:
    """The sum of two points of edwards25519 in extended coordinates (RFC 8032 §5.1.4)."""
    x = (a[1] - a[0]) * (b[1] - b[0]) % P
    y = (a[1] + a[0]) * (b[1] + b[0]) % P
    t, z = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = y - x, z - t, z + t, y + x
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    """The point taken that often."""
    found = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = add(found, point)
        point, number = add(point, point), number >> 1
    return found


def point_of(data: bytes) -> Point | None:
    """The point that 32 bytes encode, or None (RFC 8032 §5.1.3)."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or (0, 1, 1, 0)


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Ed25519 (RFC 8032 §5.1.7): did the key sign exactly this message?"""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, r = point_of(public), point_of(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or r is None or s >= Q:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % Q
    left, right = times(s, BASE), add(r, times(h, key))
    return not (
        (left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P
    )


def sha256(data: bytes) -> str:
    """As 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


class Keys:
    """Keys that may be trusted: those handed over, and their successors that they signed for."""

    def __init__(self, handed_over: Json, enclosed: Json) -> None:
        self.known: dict[str, bytes] = {}
        for entry in handed_over["keys"]:
            public = base64.b64decode(entry["public_key"])
            if sha256(public)[:16] != entry["id"]:
                raise Wrong("The id of the public key {} does not fit the key.".format(entry["id"]))
            self.known[entry["id"]] = public
        for entry in enclosed["keys"]:
            self._follow(entry)

    def _follow(self, entry: Json) -> None:
        public = base64.b64decode(entry["public_key"])
        older = self.known.get(entry.get("endorsed_by") or "")
        if entry["id"] in self.known or older is None or sha256(public)[:16] != entry["id"]:
            return
        word = b"hmhp-portal next signing key\n" + public
        if is_signed(older, word, base64.b64decode(entry["endorsement"])):
            self.known[entry["id"]] = public

    def check(self, text: str, key_id: str, signature: str, what: str) -> None:
        """Raise Wrong unless a trusted key signed the text."""
        if key_id not in self.known:
            raise Wrong(
                "{} is signed by the key {}, which is not among the trusted ones.".format(what, key_id)
            )
        value = base64.b64decode(signature)
        if base64.b64encode(value).decode() != signature or not is_signed(
            self.known[key_id], text.encode(), value
        ):
            raise Wrong("The signature of {} does not hold.".format(what))


def check_manifest(archive: zipfile.ZipFile, keys: Keys) -> Json:
    """Every file is there, is what the signed manifest says, and no other is. Returns the manifest."""
    sealed = json.loads(archive.read("manifest.json"))
    keys.check(sealed["text"], sealed["key"], sealed["signature"], "the manifest")
    manifest: Json = json.loads(sealed["text"])
    names = archive.namelist()
    if len(names) != len(set(names)):
        raise Wrong("The archive holds a file twice.")
    for name in sorted(set(names) ^ {"manifest.json", *manifest["files"]}):
        raise Wrong("{} is {}.".format(name, "not in the manifest" if name in names else "missing"))
    for name, digest in sorted(manifest["files"].items()):
        if sha256(archive.read(name)) != digest:
            raise Wrong("{} is not what the manifest says.{}".format(name, nearer(archive, name, manifest)))
    return manifest


def nearer(archive: zipfile.ZipFile, name: str, manifest: Json) -> str:
    """The first event that does not hold, where the changed file is theirs."""
    try:
        if name == "events.jsonl":
            check_events(archive, bool(manifest["release"]))
    except Wrong as wrong:
        return " {}".format(wrong)
    except (ValueError, KeyError, TypeError):
        return " A line of it is no event."
    return ""


def check_events(archive: zipfile.ZipFile, whole_streams: bool) -> tuple[Hashes, Events]:
    """Each event hashes to what stands beside it and follows the one before.

    Returns the hashes by place, and the events that tell of gates, in order.
    """
    hashes: Hashes = {}
    told_of_gates: Events = []
    last: dict[str, tuple[int, str]] = {}
    with archive.open("events.jsonl") as lines:
        for raw in lines:
            line = raw.decode().rstrip("\n")
            told, text = line[len(OPENING) : len(OPENING) + 64], line[len(OPENING) + 64 + len(MIDDLE) : -1]
            event = json.loads(text)
            name = "Event {} of {}".format(event["seq"], event["stream"])
            if sha256(text.encode()) != told:
                raise Wrong(name + " is not what was written.")
            before = last.get(event["stream"], (0, START) if whole_streams else None)
            if before is not None and (event["seq"], event["previous_hash"]) != (before[0] + 1, before[1]):
                raise Wrong(name + " does not follow the one before it: something is missing or changed.")
            last[event["stream"]] = (event["seq"], told)
            hashes[event["stream"], event["seq"]] = told
            if event["kind"] in TOLD:
                told_of_gates.append(event)
    return hashes, told_of_gates


def check_checkpoints(
    archive: zipfile.ZipFile, keys: Keys, hashes: Hashes, streams: set[str]
) -> tuple[int, dict[str, int]]:
    """Checkpoints are signed and chained, and sealed these events. Returns how many, and the sealed ones."""
    previous: str | None = None
    sealed: dict[str, int] = {}
    count = 0
    with archive.open("checkpoints.jsonl") as lines:
        for raw in lines:
            row = json.loads(raw)
            document, name = json.loads(row["text"]), "Checkpoint {}".format(row["number"])
            keys.check(row["text"], row["key"], row["signature"], name)
            if previous is not None and document["previous"] != previous:
                raise Wrong(name + " does not follow the one before it.")
            previous, count = sha256(row["text"].encode()), count + 1
            if row["entries"] is None:
                continue
            text = json.dumps(row["entries"], ensure_ascii=False, separators=(",", ":"))
            if sha256(text.encode()) != document["entries"]:
                raise Wrong("What checkpoint {} sealed is not what was signed.".format(row["number"]))
            for stream, seq, digest in row["entries"]:
                if stream in streams and (stream, seq) in hashes and hashes[stream, seq] != digest:
                    raise Wrong(
                        "Event {} of {} is not what checkpoint {} sealed.".format(seq, stream, row["number"])
                    )
                if stream in streams and (stream, seq) not in hashes and row["complete"]:
                    raise Wrong(
                        "Event {} of {} is missing; checkpoint {} sealed it.".format(
                            seq, stream, row["number"]
                        )
                    )
                if stream in streams:
                    sealed[stream] = max(seq, sealed.get(stream, 0))
    return count, sealed


def check_signatures(archive: zipfile.ZipFile, keys: Keys) -> tuple[int, Json]:
    """Every record that carries a signature of the portal about a person's act. Returns how many."""
    count = 0
    records = json.loads(archive.read("records.json"))
    for section in sorted(records):
        for row in records[section]:
            if row.get("key_id") and row.get("signature"):
                keys.check(
                    row["text"], row["key_id"], row["signature"], "{} {}".format(section, row.get("id", ""))
                )
                count += 1
    return count, records


def check_head(archive: zipfile.ZipFile, keys: Keys, head: Json, manifest: Json) -> str:
    """A head that was kept elsewhere is one of the checkpoints here, or lies outside of what is here.

    A dossier that was made after the head was, of a record that does not reach it, is of an older database.
    """
    keys.check(head["text"], head["key"], head["signature"], "the head")
    head = dict(head, **json.loads(head["text"]))  # what was signed, not what stands beside it
    newest = manifest.get("newest_checkpoint") or {"number": 0, "hash": ""}
    if head["number"] > newest["number"] and head["at"] < manifest["made_at"]:
        raise Wrong(
            "Checkpoint {} was kept before this dossier was made, but the record ended at checkpoint {}: "
            "it is an older one, or its newest part was removed.".format(head["number"], newest["number"])
        )
    if head["number"] == newest["number"] and sha256(head["text"].encode()) != newest["hash"]:
        raise Wrong("Checkpoint {} is not the one whose head was kept.".format(head["number"]))
    with archive.open("checkpoints.jsonl") as lines:
        for raw in lines:
            row = json.loads(raw)
            if row["number"] == head["number"]:
                if row["text"] != head["text"]:
                    raise Wrong("Checkpoint {} is not the one whose head was kept.".format(head["number"]))
                return "The head that was kept is checkpoint {} of this dossier.".format(head["number"])
    return "The head that was kept (checkpoint {}) is not in this dossier's range.".format(head["number"])


def differing(row: Json, says: Json) -> str:
    """The names of what a record shows otherwise than it was signed or told; "" when nothing."""
    return ", ".join(sorted(name for name, value in says.items() if row.get(name) != value))


def check_signed_rows(records: Json) -> None:
    """Every signature and decision is shown as it was signed, and none lacks its signature or its row."""
    gates = {gate["id"]: gate for gate in records["gates"]}
    for section, kind in (("signoffs", "sign-off"), ("decisions", "decision")):
        column = "signoff_id" if section == "signoffs" else "decision_id"
        acts = {act[column]: json.loads(act["text"]) for act in records["signed_acts"] if act["act"] == kind}
        rows = {row["id"]: row for row in records[section]}
        for missing in sorted(set(acts) - set(rows)):
            raise Wrong("The {} {} was signed, and is missing in the records.".format(kind, missing))
        for number, row in sorted(rows.items()):
            name = "The {} {}".format(kind, number)
            if number not in acts:
                raise Wrong(name + " was never signed by the portal's key.")
            text = acts[number]
            says = {"answer": text["answer"], "seal": text["seal"], "at": short(text["at"])}
            if kind == "sign-off":
                says.update(person=text["signer"]["id"], role=text["role"], meaning=text["meaning"],
                            remark=text["remark"], stands_in_for=text["stands_in_for"])  # fmt: skip
            else:
                says.update(by=text["signer"]["id"], reason=text["reason"])
            shown = dict(row, at=short(row["at"]))
            wrong = differing(shown, {n: v for n, v in says.items() if "{" not in str(v)})
            gate = gates[row["gate_id"]]
            frozen = {n: text["gate"][n] for n in ("kind", "round", "policy_version")}
            wrong = wrong or differing(gate, frozen)
            if wrong:
                raise Wrong("{} is shown with another {} than was signed.".format(name, wrong))
    taken_back = {act["signoff_id"] for act in records["signed_acts"] if act["act"] == "withdrawal"}
    for row in records["signoffs"]:
        if (row["id"] in taken_back) != bool(row["withdrawn_reason"]):
            raise Wrong("The sign-off {} is shown otherwise than it was withdrawn.".format(row["id"]))


def check_emergencies(records: Json, events: Events) -> None:
    """Emergency acts are shown as they were signed; none lacks its signature, its record or its event's."""
    for section, column, kinds in EMERGENCIES:
        acts = {act["id"]: act for act in records["signed_acts"] if act["act"] in kinds}
        for row in records[section]:
            name = "The record {} of {}".format(row["id"], section)
            act = acts.get(row[column])
            if act is None and (section, row.get("lifted_at")) != ("stops", None) and section != "reviews":
                raise Wrong(name + " was never signed by the portal's key.")
            if act is None:
                if row[column] is not None:
                    raise Wrong(name + " names a signature that is missing.")
                continue
            text = json.loads(act["text"])
            says = {n: v for n, v in signed_emergency(section, act["act"], text).items() if "{" not in str(v)}
            wrong = differing({n: short(str(v)) if n.endswith("at") else v for n, v in row.items()}, says)
            if section == "freeze_overrides" and row["freeze_id"] not in [
                f["freeze"] for f in text["freezes"]
            ]:
                wrong = "freeze"
            if wrong:
                raise Wrong("{} is shown with another {} than was signed.".format(name, wrong))
        for missing in sorted(set(acts) - {row[column] for row in records[section]}):
            raise Wrong("A {} was signed ({}), and is missing in the records.".format(kinds[0], missing))
    shown = {row["id"] for row in records["broken_glass"]}
    for event in events:
        here = event["data"].get("gate") in {gate["id"] for gate in records["gates"]}
        if here and event["kind"] == "glass.broken" and event["after"]["break_glass"] not in shown:
            raise Wrong("Event {} tells of broken glass that is missing in the records.".format(event["seq"]))


def signed_emergency(section: str, act: str, text: Json) -> Json:
    """What the record of an emergency act must show, by what was signed."""
    who, role, reason = text["signer"]["id"], text["role"], text["reason"]
    if section == "broken_glass":
        late = act == "late-entry"
        return {"person": who, "role": role, "reason": reason, "seal": text["seal"], "late_entry": late,
                "at": short(text["happened_at"]), "recorded_at": short(text["at"])}  # fmt: skip
    if section == "freeze_overrides":
        return {"by": who, "role": role, "reason": reason, "seal": text["seal"], "at": short(text["at"])}
    if section == "stops":
        return {"lifted_by": who, "lifted_reason": reason, "lifted_at": short(text["at"])}
    return {"follow_up": reason}


def short(moment: str) -> str:
    """A moment to the second, however it is written."""
    return moment[:19]


def check_gates(records: Json, events: Events, whole: bool) -> None:
    """Gates, answers and decisions are those of the events; a satisfied gate has all that was asked."""
    gates = {gate["id"]: gate for gate in records["gates"]}
    told = [event for event in events if event["data"].get("gate") in gates]
    given = {event["after"]["signoff"]: event for event in told if event["kind"] == "signoff.given"}
    for row in records["signoffs"]:
        event = given.pop(row["id"], None)
        if event is None and whole:
            raise Wrong("No event tells of the sign-off {}.".format(row["id"]))
        if event is not None:
            says = dict(event["after"], person=event["actor"], seal=event["data"]["seal"])
            wrong = differing(row, {n: says[n] for n in ("person", "role", "answer", "meaning", "seal")})
            if wrong:
                raise Wrong("The sign-off {} has another {} than its event.".format(row["id"], wrong))
    for number in sorted(given):
        raise Wrong("The sign-off {} is missing; event {} tells of it.".format(number, given[number]["seq"]))
    ended = {event["before"]["signoff"] for event in told if event["kind"] in ENDS}
    for row in records["signoffs"]:
        if (row["id"] in ended) != bool(row["withdrawn_reason"] or row["invalid_reason"]) and (
            whole or row["id"] in ended
        ):
            raise Wrong("The end of the sign-off {} is not what the events tell.".format(row["id"]))
    for number, gate in sorted(gates.items()):
        check_gate(gate, [e for e in told if e["data"]["gate"] == number], records, whole)


def check_gate(gate: Json, told: Events, records: Json, whole: bool) -> None:
    """One gate asks what it asked when it was opened, stands where it was led, and passed rightly."""
    name = "The gate {} ({}, round {})".format(gate["id"], gate["label"], gate["round"])
    asked = [r for r in records["requirements"] if r["gate_id"] == gate["id"]]
    asks = sorted((r["role"], r["count"], r["meaning"]) for r in asked)
    moves = [event for event in told if event["kind"] in GATE_MOVES]
    for event in moves:
        data = event["data"]
        if event["kind"] == "gate.opened":
            wrong = differing(gate, {n: data[n] for n in ("seal", "kind", "round", "policy_version", "rule")})
            if wrong:
                raise Wrong("{} is shown with another {} than it was opened with.".format(name, wrong))
            if asks != sorted((a["role"], a["count"], a["meaning"]) for a in data["asks"]):
                raise Wrong(name + " is shown to ask something else than it asked.")
    if whole and not any(event["kind"] == "gate.opened" for event in moves):
        raise Wrong("No event tells that {} was opened.".format(name[0].lower() + name[1:]))
    stands = moves[-1]["after"]["state"] if moves else gate["state"]
    if whole and stands != gate["state"]:
        raise Wrong("{} is shown as {}; the events led it to {}.".format(name, gate["state"], stands))
    if gate["state"] == "satisfied":
        stand = [s["role"] for s in records["signoffs"] if s["gate_id"] == gate["id"] and counts(s)]
        if any(event["kind"] == "glass.broken" for event in told):
            asks = [] if stand else [("anybody", 1, "")]
        for role, count, _ in asks:
            if stand.count(role) < count:
                raise Wrong("{} is shown as satisfied without {} × {}.".format(name, count, role))


def counts(signoff: Json) -> bool:
    """A go that stands."""
    return signoff["answer"] == "go" and not signoff["withdrawn_reason"] and not signoff["invalid_reason"]


def tell_approvals(records: Json, people: dict[str, str]) -> None:
    """Who answered what, when, in which role, under which version of the rules."""

    def name(actor: str) -> str:
        return people.get(actor, actor)

    for gate in records["gates"]:
        asked = [r for r in records["requirements"] if r["gate_id"] == gate["id"]]
        head = f"gate {gate['kind']}, round {gate['round']}, {gate['state']}, seal {gate['seal'][:12]}"
        rule = gate["rule"].get("name", gate["kind"])
        wanted = ", ".join(f"{r['count']} × {r['role']} ({r['meaning']})" for r in asked)
        print(f"  {gate['label']}: {head}")
        print(f"      rule “{rule}” of policy {gate['policy_version']} asks {wanted}")
        for sign in (s for s in records["signoffs"] if s["gate_id"] == gate["id"]):
            gone = sign["withdrawn_reason"] or sign["invalid_reason"]
            lent = f" for {name(sign['stands_in_for'])}" if sign.get("stands_in_for") else ""
            said = f"as {sign['role']}: {sign['answer']}, “{sign['meaning']}”"
            print(f"    {sign['at']}  {name(sign['person'])}{lent} {said}")
            if gone:
                print(f"      NO LONGER COUNTS: {gone}")
        for decision in (d for d in records["decisions"] if d["gate_id"] == gate["id"]):
            gone = " REVOKED: " + decision["revoked_reason"] if decision["revoked_reason"] else ""
            print(f"    {decision['at']}  {name(decision['by'])} decided {decision['answer']}{gone}")
    for act in records["signed_acts"]:
        if act["act"] in [kind for _, _, kinds in EMERGENCIES for kind in kinds]:
            text = json.loads(act["text"])
            print(
                f"  EMERGENCY {act['at']}  {name(text['signer']['id'])} as {text['role']}: {text['meaning']}"
            )
            print(f"      because: {text['reason']}")
            about = text.get("seal") or text.get("scope")
            age = text["factor_age_seconds"]
            print(f"      about {about}; factor {text['factors']['factor']}, given {age} s before")
    for one in records.get("declared_exceptions", []):
        print(f"  exception of policy {one['policy_version']}: {one['sentence']}; used {one['count']} times")
        print(f"      because: {one['reason']}")


def verify(
    path: Any, handed_over: Json, head: Json | None = None, out: Callable[[str], object] = print
) -> tuple[Json, dict[str, str]]:
    """Check all of it; raises Wrong with the first thing that does not hold."""
    with zipfile.ZipFile(path) as archive:
        keys = Keys(handed_over, json.loads(archive.read("public-keys.json")))
        manifest = check_manifest(archive, keys)
        whole = bool(manifest["release"])
        hashes, events = check_events(archive, whole)
        streams = {stream for stream, _ in hashes}
        checkpoints, sealed = check_checkpoints(archive, keys, hashes, streams)
        signed, records = check_signatures(archive, keys)
        check_signed_rows(records)
        check_gates(records, events, whole)
        check_emergencies(records, events)
        out("{}, made {}: everything holds.".format(manifest["title"], manifest["made_at"]))
        loose = sum(1 for stream, seq in hashes if seq > sealed.get(stream, 0))
        out(
            f"{len(hashes)} events in {len(streams)} streams, {checkpoints} checkpoints, {signed} signed "
            f"records; {loose} events are newer than the last checkpoint here that sealed their stream."
        )
        if head is not None:
            out(check_head(archive, keys, head, manifest))
        return records, json.loads(archive.read("people.json"))


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Check a dossier of an HMHP Release Portal offline.")
    parser.add_argument("dossier")
    parser.add_argument("--keys", required=True, help="public keys that were handed over earlier")
    parser.add_argument("--head", help="a head of the audit trail that was kept elsewhere")
    asked = parser.parse_args()
    try:
        with open(asked.keys, encoding="utf-8") as file:
            handed_over = json.load(file)
        head = None
        if asked.head:
            with open(asked.head, encoding="utf-8") as file:
                head = json.load(file)
        records, people = verify(asked.dossier, handed_over, head)
    except Wrong as wrong:
        print("DOES NOT HOLD: {}".format(wrong))
        return 1
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, re.error) as error:
        print("It could not be checked, so it proves nothing: {} {}".format(type(error).__name__, error))
        return 2
    tell_approvals(records, people)
    return 0


if __name__ == "__main__":
    sys.exit(main())
