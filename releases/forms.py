"""What people type about releases; shapes only, the rules are the services'."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django import forms

from releases.recurrence import plain_zone
from releases.states import Kind, MigrationClass, Outcome, Verdict

LONG = 10_000
MOMENT_INPUT = {"type": "datetime-local"}


def _area(rows: int, **attrs: str) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, **attrs})


class WithReason(forms.Form):
    """A reason that may stay empty."""

    reason = forms.CharField(
        label="Reason", required=False, max_length=LONG, widget=_area(2, **{"data-draft": "reason"})
    )


class MustReason(forms.Form):
    """A reason without which the act is refused."""

    reason = forms.CharField(
        label="Reason",
        max_length=LONG,
        help_text="Kept in the record, and told to everybody who was told of the plan.",
        widget=_area(2, **{"data-draft": "reason"}),
    )


class NewRelease(forms.Form):
    """A release opened by a person; components can follow one by one."""

    version = forms.CharField(label="Version", max_length=100, help_text="Any SemVer or CalVer, once only.")
    kind = forms.ChoiceField(label="Kind", choices=Kind.choices, widget=forms.RadioSelect)
    title = forms.CharField(label="Title", max_length=200, required=False)
    commit = forms.CharField(label="Commit", max_length=100, help_text="What the artefacts were built from.")
    authors = forms.CharField(
        label="Authors",
        help_text="Who wrote the commits, one a line: login, or host and login. An author signs nothing.",
        widget=_area(3),
    )
    notes = forms.CharField(label="Release notes", required=False, widget=_area(6))

    def __init__(self, *args: Any, host: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._host = host

    def clean_authors(self) -> list[dict[str, str]]:
        """The lines as author entries."""
        return author_lines(self.cleaned_data["authors"], self._host)


def author_lines(text: str, host: str) -> list[dict[str, str]]:
    """`login` or `host login` per line; raises ValidationError for anything else."""
    entries = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.replace(",", " ").split()
        if not words:
            continue
        if len(words) > 2 or (len(words) == 1 and not host):
            raise forms.ValidationError(f"Line {number} must be one login, or a host and a login.")
        entries.append({"host": words[0] if len(words) == 2 else host, "login": words[-1].lstrip("@")})
    return entries


class Annotate(forms.Form):
    """Title, notes and the plan for going forward where nothing can go back."""

    title = forms.CharField(label="Title", max_length=200, required=False)
    notes = forms.CharField(label="Release notes", required=False, widget=_area(10))
    forward_fix_plan = forms.CharField(
        label="Plan to fix forward",
        required=False,
        help_text="Asked for when a migration cannot be undone.",
        widget=_area(3),
    )


class Authors(forms.Form):
    """All authors of a release, one a line."""

    authors = forms.CharField(
        label="Authors", widget=_area(4), help_text="One a line: login, or host and login."
    )

    def __init__(self, *args: Any, host: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._host = host

    def clean_authors(self) -> list[dict[str, str]]:
        """The lines as author entries."""
        return author_lines(self.cleaned_data["authors"], self._host)


class ComponentEntry(forms.Form):
    """One component of the content."""

    artifact = forms.CharField(label="Digest", max_length=80, help_text="sha256: and 64 hexadecimal digits.")
    version = forms.CharField(label="Its version", max_length=100, required=False)
    configuration = forms.CharField(
        label="Configuration", required=False, help_text="One setting a line: NAME=value.", widget=_area(4)
    )
    migration_class = forms.ChoiceField(label="Migration", choices=MigrationClass.choices, initial="none")
    migration_hash = forms.CharField(label="Hash of the migration", max_length=100, required=False)
    secrets = forms.CharField(
        label="Versions of secrets",
        required=False,
        help_text="One a line: NAME=version. Never a value.",
        widget=_area(2),
    )

    def clean_configuration(self) -> dict[str, str]:
        """Settings by name."""
        return pairs(self.cleaned_data["configuration"])

    def clean_secrets(self) -> dict[str, str]:
        """Versions by name."""
        return pairs(self.cleaned_data["secrets"])

    def entry(self) -> dict[str, Any]:
        """What the service takes."""
        data = self.cleaned_data
        migration = {"class": data["migration_class"], "hash": data["migration_hash"]}
        kept = {key: data[key] for key in ("artifact", "version", "configuration", "secrets")}
        return {**kept, "migration": migration}


def pairs(text: str) -> dict[str, str]:
    """NAME=value per line; raises ValidationError for a line without "="."""
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, sign, value = line.partition("=")
        if not sign:
            raise forms.ValidationError(f"Line {number} has no “=”.")
        found[name.strip()] = value.strip()
    return found


def pair_lines(values: dict[str, Any]) -> str:
    """The reverse of `pairs`, for a form's first view."""
    return "\n".join(
        f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in values.items()
    )


class ItemResultForm(forms.Form):
    """What was found for one item of a list."""

    result = forms.ChoiceField(label="Result", choices=Outcome.choices, widget=forms.RadioSelect)
    remark = forms.CharField(
        label="Remark",
        required=False,
        max_length=LONG,
        widget=_area(2),
        help_text="What was measured. Anything but a pass must say why.",
    )
    link = forms.URLField(label="Link to the proof", required=False, max_length=500, assume_scheme="https")


class FactForm(forms.Form):
    """A fact that nobody measures yet."""

    value = forms.ChoiceField(label="How it stands", choices=Verdict.choices, widget=forms.RadioSelect)
    remark = forms.CharField(label="Remark", required=False, max_length=LONG, widget=_area(2))
    link = forms.URLField(label="Link to the proof", required=False, max_length=500, assume_scheme="https")


class Lessons(forms.Form):
    """Cause and lessons of a rollback."""

    cause = forms.CharField(label="Cause", max_length=LONG, widget=_area(3, **{"data-draft": "cause"}))
    lessons = forms.CharField(
        label="What we learned", max_length=LONG, widget=_area(3, **{"data-draft": "lessons"})
    )
    actions = forms.CharField(
        label="What is done about it",
        required=False,
        help_text="One a line. Each becomes a checklist item of the release that follows.",
        widget=_area(3, **{"data-draft": "actions"}),
    )

    def clean_actions(self) -> list[str]:
        """The lines."""
        return [line.strip() for line in self.cleaned_data["actions"].splitlines() if line.strip()]


class FollowUp(forms.Form):
    """The release that comes after."""

    new_version = forms.CharField(label="Version of the new release", max_length=100)


class Start(forms.Form):
    """What starting an emergency asks for on top."""

    emergency = forms.BooleanField(
        label="As an emergency, past a release that is still being monitored", required=False
    )
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=LONG,
        help_text="An emergency must have one.",
        widget=_area(2, **{"data-draft": "reason"}),
    )


class Window(forms.Form):
    """A span of local time in a named zone; the service reads and judges it."""

    start = forms.CharField(label="From", max_length=40, widget=forms.DateTimeInput(attrs=MOMENT_INPUT))
    end = forms.CharField(label="To", max_length=40, widget=forms.DateTimeInput(attrs=MOMENT_INPUT))
    zone = forms.ChoiceField(label="Both in the time of")

    def __init__(self, *args: Any, zones: Iterable[str] = ("UTC",), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose_zone(self.fields["zone"], zones)


class FreezeForm(forms.Form):
    """A time in which production must not move: once, or every week."""

    name = forms.CharField(label="Name", max_length=120)
    reason = forms.CharField(label="Reason", max_length=LONG, widget=_area(2))
    starts_at = forms.CharField(
        label="From", required=False, max_length=40, widget=forms.DateTimeInput(attrs=MOMENT_INPUT)
    )
    ends_at = forms.CharField(
        label="To", required=False, max_length=40, widget=forms.DateTimeInput(attrs=MOMENT_INPUT)
    )
    weekly_from = forms.CharField(
        label="Or every week from", required=False, max_length=20, help_text="Such as fri 16:00."
    )
    weekly_to = forms.CharField(label="To", required=False, max_length=20, help_text="Such as mon 06:00.")
    zone = forms.ChoiceField(label="All in the time of")
    passes = forms.MultipleChoiceField(
        label="Kinds that may pass", required=False, choices=Kind.choices, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, zones: Iterable[str] = ("UTC",), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose_zone(self.fields["zone"], zones)


class SignForm(forms.Form):
    """One answer about one seal."""

    role = forms.ChoiceField(choices=())
    answer = forms.ChoiceField(choices=(("go", "Go"), ("no_go", "No-go")))
    remark = forms.CharField(
        label="Remark",
        required=False,
        max_length=LONG,
        help_text="Shown to the other signers. A veto must say what has to change.",
        widget=_area(2, **{"data-draft": "remark"}),
    )
    seal = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, roles: Iterable[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = list(roles)  # type: ignore[attr-defined]


class Sealed(MustReason):
    """A decision that stops something: it means one seal and says why."""

    seal = forms.CharField(max_length=64, widget=forms.HiddenInput)


class SealedGo(WithReason):
    """A go means one seal and may say why."""

    seal = forms.CharField(max_length=64, widget=forms.HiddenInput)


class SealedOrdinaryStart(forms.Form):
    """A start means one seal."""

    seal = forms.CharField(max_length=64, widget=forms.HiddenInput)


class SealedStart(Start):
    """The start of a security release may be an emergency."""

    seal = forms.CharField(max_length=64, widget=forms.HiddenInput)


def choose_zone(field: forms.Field, zones: Iterable[str]) -> None:
    """Give a zone field its choices, each once; UTC has two names, and the first one given is kept."""
    choices: dict[str, str] = {}
    for zone in zones:
        choices.setdefault(plain_zone(zone), zone)
    field.choices = [(zone, label) for label, zone in choices.items()]  # type: ignore[attr-defined]
