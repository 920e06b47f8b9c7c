"""Times and durations as people read them: UTC, 24 h, the day in words, the reader's zone beside it.

In: datetimes and seconds. Out: `<time datetime>` elements and words. Called by templates
(`{% load times %}`); static/js/portal.js ticks what carries `data-since`, `data-until` or `data-age`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from events import clock

register = template.Library()


@register.simple_tag(takes_context=True)
def moment(context: Context, at: datetime | None, local: bool = False) -> SafeString:
    """ "Wed 18 Nov 06:12" in UTC, only the time when it is today; `local` adds the reader's zone."""
    if at is None:
        return SafeString("")
    words = moment_words(at)
    zone = reader_zone(context)
    if local and zone != "UTC":
        beside = at.astimezone(ZoneInfo(zone))
        same_day = beside.date() == at.astimezone(ZoneInfo("UTC")).date()
        form = f"{beside:%H:%M}" if same_day else f"{beside:%a} {beside.day} {beside:%b %H:%M}"
        return format_html(
            '<time datetime="{}">{} UTC</time> <span class="muted nowrap">({} for you)</span>',
            iso(at),
            words,
            form,
        )
    return format_html('<time datetime="{}" title="{}">{}</time>', iso(at), full_words(at), words)


@register.simple_tag(takes_context=True)
def local_span(context: Context, start: datetime | None, end: datetime | None) -> SafeString:
    """A window in the reader's own zone, to stand beside `span`; nothing for a reader in UTC."""
    zone = reader_zone(context)
    if start is None or end is None or zone in ("UTC", "Etc/UTC"):
        return SafeString("")
    first, last = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
    tail = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%a %H:%M}"
    return format_html('<span class="sub">{}–{} for you</span>', f"{first:%a %H:%M}", tail)


@register.simple_tag
def span(start: datetime | None, end: datetime | None) -> SafeString:
    """A window: "Wed 18 Nov 09:00–10:30", with the second day named where it differs."""
    if start is None or end is None:
        return SafeString("")
    utc = ZoneInfo("UTC")
    first, last = start.astimezone(utc), end.astimezone(utc)
    tail = f"{last:%H:%M}" if first.date() == last.date() else day_words(last) + f" {last:%H:%M}"
    return format_html(
        '<time datetime="{}">{} {}</time>–<time datetime="{}">{}</time>',
        iso(start),
        day_words(first),
        f"{first:%H:%M}",
        iso(end),
        tail,
    )


@register.simple_tag
def since(at: datetime | None) -> SafeString:
    """A running clock that counts up from `at`: 1:12:04."""
    if at is None:
        return SafeString("–")
    seconds = (clock.now() - at).total_seconds()
    return format_html('<time data-since="{}" datetime="{}">{}</time>', iso(at), iso(at), running(seconds))


@register.simple_tag
def until(at: datetime | None) -> SafeString:
    """A countdown to `at`; the module announces it at 30, 10, 5 and 1 minutes."""
    if at is None:
        return SafeString("–")
    seconds = (at - clock.now()).total_seconds()
    return format_html(
        '<time data-until="{}" datetime="{}">{}</time>', iso(at), iso(at), running(max(0.0, seconds))
    )


@register.simple_tag
def age(at: datetime | None) -> SafeString:
    """How old something is, in words that keep ageing: "12 s ago"."""
    if at is None:
        return SafeString("never")
    seconds = (clock.now() - at).total_seconds()
    return format_html('<time data-age="{}" datetime="{}">{} ago</time>', iso(at), iso(at), duration(seconds))


@register.filter
def duration(seconds: float | timedelta | None) -> str:
    """A finished length of time in at most two units: "2 min 10 s", "3 d 4 h"."""
    if seconds is None:
        return "–"
    total = seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)
    whole = max(0, round(total))
    if whole < 60:
        return f"{whole} s"
    for size, big, small_size, small in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // small_size
            return f"{whole // size} {big} {rest} {small}" if rest else f"{whole // size} {big}"
    return f"{whole} s"


@register.filter
def running(seconds: float | None) -> str:
    """A running clock: 4:12, 1:12:04, from a day on "2 d 3:00:00"."""
    if seconds is None:
        return "–"
    whole = int(seconds)
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    clock_words = f"{hours}:{minutes:02}:{left:02}" if hours or days else f"{minutes}:{left:02}"
    return f"{days} d {clock_words}" if days else clock_words


@register.filter
def log_time(at: datetime) -> str:
    """The time of a log line to the millisecond, UTC."""
    utc = at.astimezone(ZoneInfo("UTC"))
    return f"{utc:%H:%M:%S}.{utc.microsecond // 1000:03}"


@register.filter
def clock_time(at: datetime | None) -> str:
    """ "06:12" in UTC."""
    return "" if at is None else f"{at.astimezone(ZoneInfo('UTC')):%H:%M}"


@register.filter
def day(at: datetime) -> str:
    """The day of a moment in UTC: "Wed 18 Nov", "Today"."""
    return day_words(at.astimezone(ZoneInfo("UTC")))


@register.filter
def iso(at: datetime) -> str:
    """ISO 8601 in UTC, for `datetime` attributes and machines."""
    return at.astimezone(ZoneInfo("UTC")).isoformat(timespec="seconds").replace("+00:00", "Z")


def moment_words(at: datetime) -> str:
    """The words of a moment: time alone today, with day else, with year when it is another one."""
    utc = at.astimezone(ZoneInfo("UTC"))
    today = clock.now().astimezone(ZoneInfo("UTC")).date()
    return f"{utc:%H:%M}" if utc.date() == today else f"{day_words(utc)} {utc:%H:%M}"


def day_words(utc: datetime) -> str:
    """ "Wed 18 Nov", "today" for today, with the year when it is not this one."""
    today = clock.now().astimezone(ZoneInfo("UTC")).date()
    if utc.date() == today:
        return "Today"
    year = f" {utc.year}" if utc.year != today.year else ""
    return f"{utc:%a} {utc.day} {utc:%b}{year}"


def full_words(at: datetime) -> str:
    """The whole date and time with seconds, for the title of a short one."""
    utc = at.astimezone(ZoneInfo("UTC"))
    return f"{utc:%A} {utc.day} {utc:%B %Y %H:%M:%S} UTC"


def reader_zone(context: Context) -> str:
    """The zone of the person who reads, UTC for anybody else."""
    user = getattr(context.get("request"), "user", None)
    return str(getattr(user, "time_zone", "") or "UTC")
