"""Drawings from numbers: exact where it matters, silent where nothing is known."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from events import clock
from hmhp_portal.templatetags.charts import metric_chart, sparkline
from hmhp_portal.templatetags.drawings import badge, fingerprint, icon, meter, rail, seal
from hmhp_portal.templatetags.happenings import KINDS
from hmhp_portal.templatetags.times import duration, moment_words, running, span
from hmhp_portal.templatetags.traffic import tbar, tide_chart

START = datetime(2026, 11, 18, 5, 0, tzinfo=UTC)
SHA = "4b1e70c2" + "0f" * 28


@dataclass
class Chart:
    label: str = "Error rate: green 0.18 %"
    unit: str = "%"
    decimals: int = 2
    top: float = 0.75
    limit: float = 0.5
    limit_words: str = "limit 0.50 %"
    start: datetime = START
    end: datetime = START + timedelta(minutes=10)
    gap_seconds: float = 90
    blue: list = field(default_factory=list)
    green: list = field(default_factory=list)
    marks: list = field(default_factory=list)


@dataclass
class Tide:
    past: list
    plan: list
    region: str = "us-east"
    start: datetime = START
    end: datetime = START + timedelta(minutes=10)
    now: datetime = START + timedelta(minutes=5)
    label: str = "Share"


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_seal_has_one_ray_a_byte_outward_and_one_inward() -> None:
    outer, inner = re.findall(r'd="([^"]+)"', seal(SHA))
    assert outer.count("M") == inner.count("M") == 32


def test_other_content_draws_another_seal() -> None:
    assert seal(SHA) != seal("5" + SHA[1:])


@pytest.mark.parametrize("nothing", ["", "4b1e", "g" * 64, None])
def test_no_seal_is_drawn_from_what_is_no_hash(nothing: str) -> None:
    assert seal(nothing) == ""


def test_fingerprint_keeps_first_eight_and_last_four() -> None:
    assert fingerprint(SHA) == "4b1e 70c2 … 0f0f"


def test_water_line_says_both_shares() -> None:
    drawn = tbar("eu-central", 25, "2026.11.0", "2026.10.2", "l")
    assert "25 percent of traffic on green 2026.11.0, 75 percent on blue 2026.10.2" in drawn
    assert 'width="25%"' in drawn
    assert "25 % green" in drawn


def test_unknown_share_is_words_and_no_water() -> None:
    drawn = tbar("eu-central", None)
    assert "<svg" not in drawn
    assert "not known" in drawn


def test_words_stand_inside_the_bar_from_twelve_percent() -> None:
    assert "% green" not in tbar("us-east", 10, size="l")
    assert "% green" in tbar("us-east", 12, size="l")


def test_tide_is_a_staircase_to_now_with_the_plan_dashed() -> None:
    drawn = tide_chart(Tide(past=[(at(0), 10.0), (at(2), 50.0)], plan=[(at(5), 50.0), (at(8), 100.0)]))
    assert 'd="M0 90H20V50H50"' in drawn
    assert 'class="plan"' in drawn
    assert "100 % planned" in drawn


def test_tide_without_a_known_future_draws_no_plan() -> None:
    assert "planned" not in tide_chart(Tide(past=[(at(0), 10.0)], plan=[]))


def test_silence_is_a_gap_in_the_line() -> None:
    chart = Chart(green=[(at(0), 0.1), (at(1), 0.1), (at(6), 0.2), (at(7), 0.2)])
    assert metric_chart(chart).count('class="lg"') == 2


def test_chart_without_samples_draws_the_limit_alone() -> None:
    drawn = metric_chart(Chart())
    assert "limit 0.50 %" in drawn
    assert "polyline" not in drawn
    assert "circle" not in drawn


def test_value_above_the_top_stays_inside_the_drawing() -> None:
    assert "-" not in re.findall(r'class="lg" points="([^"]+)"', metric_chart(Chart(green=[(at(1), 9.0)])))[0]


def test_meter_without_a_value_is_empty() -> None:
    assert 'class="fill" width="0.0%"' in meter(None)


def test_sparkline_needs_two_values() -> None:
    assert sparkline([1]) == ""
    assert "polyline" in sparkline([1, 2])


def test_rail_marks_where_a_release_is() -> None:
    assert "Stage 3 of 6: Sign-off" in rail("review")
    assert 'data-s="bad"' in rail("rolled_back")
    assert 'data-s="you"' in rail("review", True)


def test_badge_is_tone_icon_and_word() -> None:
    drawn = badge("release", "monitoring")
    assert 'data-tone="live"' in drawn
    assert "#i-pulse" in drawn
    assert "Heightened monitoring" in drawn


def test_what_people_wrote_is_escaped() -> None:
    assert "<b>" not in badge("release", "x", "<b>")
    assert "<b>" not in tbar("<b>", 50)
    assert "<b>" not in icon("check", label="<b>")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (130, "2 min 10 s"), (3600, "1 h"), (187200, "2 d 4 h"), (None, "–")],
)
def test_durations_have_at_most_two_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_running_clock() -> None:
    assert running(4324) == "1:12:04"
    assert running(252) == "4:12"
    assert running(2 * 86400 + 10800) == "2 d 3:00:00"


def test_moments_name_the_day_unless_it_is_today() -> None:
    with clock.at(datetime(2026, 11, 18, 12, tzinfo=UTC)):
        assert moment_words(at(72)) == "06:12"
        assert moment_words(at(72) - timedelta(days=1)) == "Tue 17 Nov 06:12"
        assert moment_words(at(72) - timedelta(days=400)) == "Tue 14 Oct 2025 06:12"


def test_window_names_its_second_day_only_where_it_differs() -> None:
    with clock.at(datetime(2026, 11, 10, 12, tzinfo=UTC)):
        same = re.sub("<[^>]+>", "", span(at(0), at(90)))
        other = re.sub("<[^>]+>", "", span(at(0), at(60 * 24)))
    assert same == "Wed 18 Nov 05:00–06:30"
    assert other == "Wed 18 Nov 05:00–Thu 19 Nov 05:00"


def test_every_kind_of_event_that_services_record_has_words() -> None:
    rooms = ("releases", "deployments", "approvals", "accounts", "compliance", "notifications", "events")
    root = Path(__file__).resolve().parents[2]
    sources = [file.read_text() for room in rooms for file in (root / room).rglob("*.py")]
    nouns = "release|run|gate|signoff|signatures|decision|window|lessons|fact|freeze|environment|findings"
    spelled = {kind for text in sources for kind in re.findall(rf'"((?:{nouns}|person)\.[a-z_]+)"', text)}
    recorded = {kind for kind in spelled if kind.partition(".")[2] not in ("start", "end", "zone", "log")}
    assert recorded - KINDS.keys() == set()
