"""What comes out of the masking filter, and what it refuses."""

from __future__ import annotations

import time

import pytest

from events.masking import BLOCKS, DROPPED, MAX_LINE, BadPattern, Masker, compiled
from events.models import MaskingRules
from events.queries import masker

MASKER = Masker(patterns=[r"\bMRN-\d{6,10}\b"], fields=["patient_name", "date_of_birth"])


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("admitted patient_name=Smith, John ward=3", f"admitted patient_name={BLOCKS} ward=3"),
        ('{"patientName": "A B", "ward": 3}', f'{{"patientName": "{BLOCKS}", "ward": 3}}'),
        ('log "patient-name": "A \\"B\\" C", ward', f'log "patient-name": "{BLOCKS}", ward'),
        ("PATIENT_NAME='A B' x", f"PATIENT_NAME='{BLOCKS}' x"),
        ("Date of birth: 1970-01-01", f"Date of birth: {BLOCKS}"),
        ("to a.b+c@clinic.example now", f"to {BLOCKS} now"),
        ("number 123-45-6789 found", f"number {BLOCKS} found"),
        ("account 1234567890", f"account {BLOCKS}"),
        ("card 4111 1111 1111 1111 ok", f"card {BLOCKS} ok"),
        ("GET / Bearer abcdefgh12345678", f"GET / Bearer {BLOCKS}"),
        ("postgres://app:s3cr3t@db/x", f"postgres://app:{BLOCKS}@db/x"),
        ("postgres://app:s3@cr@t@db/x", f"postgres://app:{BLOCKS}@db/x"),
        ("PGPASSWORD=s3cr3t psql", f"PGPASSWORD={BLOCKS}"),
        ("AWS_SECRET_ACCESS_KEY=ab/cd+ef", f"AWS_SECRET_ACCESS_KEY={BLOCKS}"),
        ("login --user app --password s3cr3t --host db", f"login --user app --password {BLOCKS} --host db"),
        ("next=%2Fx&q=%22password%22%3A%22s3cr3t%22", f"next=%2Fx&q=%22password%22%3A%22{BLOCKS}%22"),
        ("/cb%3Ftoken%3Dabcdef&x=1", f"/cb%3Ftoken%3D{BLOCKS}&x=1"),
        ("got eyJhbGciOiJkaXIifQ..aXYx.Y2lwaGVy.dGFn ok", f"got {BLOCKS} ok"),
        ("MIIEpAIBAAKCAQEA1c7+9z5Pad7OejecsQ0buA4g3qZ5d2mJYtX8oQ2V3rJ0l9kE", BLOCKS),
        ("?token=abc&page=2", f"?token={BLOCKS}&page=2"),
        ("seen MRN-1234567 today", f"seen {BLOCKS} today"),
    ],
)
def test_values_become_blocks_and_are_counted(line: str, masked: str) -> None:
    assert MASKER.mask(line) == (masked, 1)


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-02 10:22:11 listening on 127.0.0.1:8080 in 0.123456789012 s",
        "sha256:4b1e70c2123456789abcdef",
        "4b1e70c2a34d" * 5 + "abcd",
        "run --token-file x --secret-name y --tokens 12",
        "worker 12 took job 4711",
        "",
        "GET /patients 200 ▮",
    ],
)
def test_a_line_without_personal_data_stays_as_it_is(line: str) -> None:
    assert MASKER.mask(line) == (line, 0)


def test_values_of_named_fields_go_whole_wherever_they_lie_in_json() -> None:
    line = '{"rows": [{"patient_name": {"first": "A", "last": "B"}}], "ok": true}'
    assert MASKER.mask(line) == ('{"rows": [{"patient_name": "' + BLOCKS + '"}], "ok": true}', 1)


def test_a_value_that_its_line_cuts_off_is_masked_to_the_end() -> None:
    assert MASKER.mask('"patient_name": "A B')[0] == f'"patient_name": "{BLOCKS}'


def test_a_header_with_separators_of_its_own_goes_whole() -> None:
    assert MASKER.mask("Cookie: a=1; sid=abc")[0] == f"Cookie: {BLOCKS}"


def test_data_of_a_line_is_masked_too() -> None:
    data = {"email": "a@b.example", "patient_name": ["A", "B"], "ms": 12}
    assert MASKER.mask_data(data) == ({"email": BLOCKS, "patient_name": BLOCKS, "ms": 12}, 2)


def test_keys_of_data_are_masked_too() -> None:
    data = {"a@b.example": 1, "of": {"123-45-6789": "x"}, "ms": 12}
    assert MASKER.mask_data(data) == ({BLOCKS: 1, "of": {BLOCKS: "x"}, "ms": 12}, 2)


def test_private_key_over_several_lines_goes_whole_also_when_each_line_comes_alone() -> None:
    body = "MIIEpAIBAAKCAQEA1c7+9z5Pad7OejecsQ0buA4g3qZ5d2mJYtX8oQ2V3rJ0l9kE"
    key = ["-----BEGIN RSA PRIVATE KEY-----", body, body[::-1]]
    assert [MASKER.mask(line)[0] for line in key] == [BLOCKS] * 3
    assert body[:20] not in MASKER.mask("\n".join(["the key:", *key]))[0]


def test_a_filter_that_fails_drops_the_line_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Masker()
    monkeypatch.setattr(broken, "_mask_named", None)
    assert broken.mask("patient_name=A") == (DROPPED, 0)
    assert MASKER.mask("[" * 100_000)[0] == DROPPED


def test_a_long_line_is_cut_and_says_so() -> None:
    masked, _ = MASKER.mask("x " * 10_000 + "patient_name=A")
    assert len(masked) < MAX_LINE + 60
    assert "cut, 12014 characters more" in masked


def test_lone_surrogates_and_control_characters_do_no_harm() -> None:
    assert MASKER.mask("\ud800\x00 patient_name=A") == (f"?\x00 patient_name={BLOCKS}", 1)


def test_no_pattern_of_the_file_can_stop_the_filter() -> None:
    evil = Masker(patterns=[r"(a+)+$", r"(x*)*y"])
    started = time.perf_counter()
    evil.mask("a" * 7_000 + "!" + "x" * 900)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("pattern", ["(", "(?=x)", r"(a)\1", "a*", "x" * 501, "[z-a]"])
def test_a_pattern_that_cannot_run_is_refused_with_its_reason(pattern: str) -> None:
    with pytest.raises(BadPattern, match=r"RE2|empty text|longer"):
        compiled(pattern)


@pytest.mark.django_db
def test_the_filter_in_force_follows_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.queries._masker", None)
    MaskingRules.objects.create(patterns=[], fields=["room"])
    assert masker().mask("room=12") == (f"room={BLOCKS}", 1)
