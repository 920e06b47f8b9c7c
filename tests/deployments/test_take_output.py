"""A component that writes ten thousand lines a second: taken over in parts, bounded, marked where cut."""

from __future__ import annotations

from deployments.services.output import GENERATION, MAX_LINES, as_lines, fair


def lines(component: str, first: int, count: int) -> list[tuple[str, int, str]]:
    return [(component, position, f"line {position}") for position in range(first, first + count)]


def test_one_look_takes_a_bounded_part_and_a_flood_hides_nobody() -> None:
    taken = fair([*lines("web", 1, 10_000), *lines("worker", 1, 40)])
    assert len(taken) <= MAX_LINES
    assert [line for line in taken if line[0] == "worker"] == lines("worker", 1, 40)
    assert [line for line in taken if line[0] == "web"] == lines("web", 1, MAX_LINES // 2)


def test_lines_that_were_left_out_are_counted_in_their_place() -> None:
    output, marks = {"us-east": lines("web", 101, 2)}, {"us-east": {"web": 40}}
    cut, first, _ = as_lines(output, marks)
    assert (cut.data, cut.level) == ({"left_out": 60}, "warning")
    assert "60 lines left out" in cut.text
    assert first.data == {"position": 101}


def test_what_follows_without_a_gap_has_no_mark() -> None:
    output, marks = {"us-east": lines("web", 41, 3)}, {"us-east": {"web": 40}}
    assert [line.data for line in as_lines(output, marks)] == [{"position": p} for p in (41, 42, 43)]


def test_target_that_began_anew_left_nothing_out() -> None:
    output, marks = {"us-east": lines("web", 40 + GENERATION, 1)}, {"us-east": {"web": 40}}
    assert len(as_lines(output, marks)) == 1
