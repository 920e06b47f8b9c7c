"""Pages that write into a release: new, title and notes, authors, components, window, results, facts.

In: forms. Out: one service call each.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.forms import Form
from django.urls import reverse

from accounts.queries import labels
from approvals.acts import Confirm
from approvals.pages import ActPage
from approvals.policy import Action
from releases import forms
from releases.errors import ReleaseNotFound
from releases.models import Component, FactDefinition, Release, ReleaseItem
from releases.recurrence import plain_zone
from releases.services import authors as authorship
from releases.services import contents, create, edit, facts, items, window
from releases.states import ItemList
from releases.verbs import Verb
from releases.views.verbs.base import ReleaseAct
from releases.views.zones import zones_of


class New(ActPage):
    """`/releases/new/`."""

    form_class = forms.NewRelease

    def confirm(self) -> Confirm:
        """What a release begins with."""
        return Confirm(
            id="new",
            title="Open a release",
            effects=["Components that no pipeline names are copied from what production runs now."],
            label="Open the release",
            url=reverse("releases:new"),
            icon="plus",
            keep="Not now",
            keep_url=reverse("releases:list"),
        )

    def stands(self) -> str:
        """What a new release would be built on."""
        base = contents.base_now()
        return f"Production runs {base.subject}." if base else "Production runs no release yet."

    def form_kwargs(self) -> dict[str, Any]:
        """Authors without a host are at the platform's source host."""
        return {"host": authorship.DEFAULT_HOST}

    def get(self, request: Any, **kwargs: Any) -> Any:
        """Ask, unless the table says no."""
        from approvals.policy import require

        require(self.actor, Action.CREATE_RELEASE)
        return super().get(request, **kwargs)

    def perform(self, data: dict[str, Any]) -> str:
        """Make the draft."""
        release, made = create.create(
            actor=self.actor,
            version=data["version"],
            kind=data["kind"],
            commit=data["commit"],
            components={},
            authors=data["authors"],
            title=data["title"],
            notes=data["notes"],
        )
        self.made = release
        return f"{release.version} is open." if made else f"{release.version} was there already."

    def done_url(self) -> str:
        """The new release."""
        return self.made.link


class Edit(ReleaseAct):
    """`edit/`: title, notes and the plan to fix forward."""

    verb = Verb.ANNOTATE
    form_class = forms.Annotate
    name, title, label, icon = "edit", "Change title and notes of {version}", "Keep the changes", "doc"

    def effects(self, release: Release) -> list[str]:
        """Notes are outside the seal."""
        return ["Title and notes are not in the seal: no signature resets."]

    def form_kwargs(self) -> dict[str, Any]:
        """What stands now."""
        release = self.release
        fields = ("title", "notes", "forward_fix_plan")
        return {"initial": {name: getattr(release, name) for name in fields}}

    def perform(self, data: dict[str, Any]) -> str:
        """Change what differs."""
        release = self.release
        changed = {name: value for name, value in data.items() if value != getattr(release, name)}
        if changed:
            edit.patch(self.version, actor=self.actor, changes=changed)
        return "Changes kept." if changed else "Nothing was changed."


class Authors(ReleaseAct):
    """`authors/`: who wrote the commits."""

    verb = Verb.SET_AUTHORS
    form_class = forms.Authors
    name, title, label, icon = "authors", "Change the authors of {version}", "Keep the authors", "people"

    def effects(self, release: Release) -> list[str]:
        """Authors sign nothing."""
        return ["An author signs nothing of this release; signatures of new authors end."]

    def form_kwargs(self) -> dict[str, Any]:
        """The declared authors, one a line."""
        declared = [a for a in self.release.authors.all() if a.declared]
        lines = "\n".join(f"{author.host} {author.login}" for author in declared)
        return {"host": authorship.DEFAULT_HOST, "initial": {"authors": lines}}

    def perform(self, data: dict[str, Any]) -> str:
        """Replace the declared ones."""
        edit.patch(self.version, actor=self.actor, changes={"authors": data["authors"]})
        return "Authors kept."


class SetWindow(ReleaseAct):
    """`window/`: the production window."""

    verb = Verb.SET_WINDOW
    form_class = forms.Window
    name, title, label, icon = "window", "Set the window of {version}", "Set the window", "calendar"

    def stands(self) -> str:
        """The window that stands."""
        release = self.release
        if not (release.window_start and release.window_end):
            return f"{release.version} has no production window yet."
        zone = release.window_zone or "UTC"
        start, end = (at.astimezone(ZoneInfo(zone)) for at in (release.window_start, release.window_end))
        until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
        span = f"{start:%Y-%m-%d %H:%M} to {until} ({plain_zone(zone)})"
        return f"The window of {release.version} is {span}."

    def effects(self, release: Release) -> list[str]:
        """What moving it means."""
        told = ["Not in the past, and not inside a freeze that stops this kind of release."]
        if release.window_start:
            told.append("Whoever was told of the old window is told of the new one; a go is asked again.")
        return told

    def form_kwargs(self) -> dict[str, Any]:
        """The zones that make sense here."""
        zone = self.actor.user.time_zone if self.actor.user else "UTC"
        release = self.release
        kept = release.window_zone or "UTC"
        initial = {"zone": kept}
        if release.window_start and release.window_end:
            for name, at in (("start", release.window_start), ("end", release.window_end)):
                initial[name] = f"{at.astimezone(ZoneInfo(kept)):%Y-%m-%dT%H:%M}"
        return {"zones": [kept, *zones_of(zone)], "initial": initial}

    def perform(self, data: dict[str, Any]) -> str:
        """Set it."""
        window.set_window(
            self.version, actor=self.actor, start=data["start"], end=data["end"], zone=data["zone"]
        )
        return "The window is set."


class EditComponent(ReleaseAct):
    """`components/<name>/`: one component of the content."""

    verb = Verb.EDIT_CONTENT
    form_class = forms.ComponentEntry
    name, title, label, icon = "component", "Set a component of {version}", "Keep it", "box"

    def about(self, release: Release) -> str:
        """Which component."""
        return str(self.kwargs["name"])

    def effects(self, release: Release) -> list[str]:
        """What changing content means here."""
        told = ["A person who changes content is an author of the release."]
        if release.status != "draft":
            told.append("The release returns to preparation; staging, results and signatures start over.")
        return told

    def form_kwargs(self) -> dict[str, Any]:
        """The entry as it stands."""
        name = self.kwargs["name"]
        if not Component.objects.filter(name=name, retired_at=None).exists():
            raise ReleaseNotFound(f"The platform file names no component {name[:60]!r}.")
        entry = self.release.content.get("components", {}).get(name, {})
        migration = entry.get("migration") or {}
        return {
            "initial": {
                "artifact": entry.get("artifact", ""),
                "version": entry.get("version", ""),
                "configuration": forms.pair_lines(entry.get("configuration") or {}),
                "secrets": forms.pair_lines(entry.get("secrets") or {}),
                "migration_class": migration.get("class", "none"),
                "migration_hash": migration.get("hash", ""),
            }
        }

    def perform(self, data: dict[str, Any]) -> str:
        """Put the entry."""
        edit.put_component(self.version, self.kwargs["name"], actor=self.actor, entry=_entry(data))
        return f"{self.kwargs['name']} is kept."

    def done_url(self) -> str:
        """The content tab."""
        return reverse("releases:content", args=[self.version])


def _entry(data: dict[str, Any]) -> dict[str, Any]:
    kept = {key: data[key] for key in ("artifact", "version", "configuration", "secrets")}
    return {**kept, "migration": {"class": data["migration_class"], "hash": data["migration_hash"]}}


class RecordItem(ReleaseAct):
    """`items/<list>/<name>/`: a checklist or validation result."""

    form_class: type[Form] = forms.ItemResultForm
    name, title, label, icon = "item", "Record a result for {version}", "Keep the result", "check"

    @property
    def verb(self) -> Verb:  # type: ignore[override]
        """Each list has its own."""
        checklist = self.kwargs["list"] == ItemList.CHECKLIST
        return Verb.RECORD_CHECKLIST if checklist else Verb.RECORD_VALIDATION

    def about(self, release: Release) -> str:
        """Which item."""
        return self._item(release).title

    def effects(self, release: Release) -> list[str]:
        """For which content."""
        return [
            f"It is kept with your name, for the content {release.content_hash[:8]}, and never edited.",
        ]

    def _item(self, release: Release) -> ReleaseItem:
        found = release.items.filter(list=self.kwargs["list"], name=self.kwargs["name"]).first()
        if found is None:
            raise ReleaseNotFound(f"{release.version} has no such item.")
        return found

    def perform(self, data: dict[str, Any]) -> str:
        """Append the result."""
        items.record_result(
            self.version,
            self.kwargs["list"],
            self.kwargs["name"],
            actor=self.actor,
            result=data["result"],
            remark=data["remark"],
            link=data["link"],
        )
        return "The result is kept."


class RecordFact(ReleaseAct):
    """`facts/<name>/`: a fact that nobody measures yet."""

    verb = Verb.RECORD_FACT
    form_class: type[Form] = forms.FactForm
    name, title, label, icon = "fact", "State a fact for {version}", "Keep the fact", "pen"

    @cached_property
    def _fact(self) -> FactDefinition:
        found = FactDefinition.objects.filter(name=self.kwargs["name"], retired_at=None).first()
        if found is None:
            raise ReleaseNotFound(f"The platform file names no fact {self.kwargs['name'][:60]!r}.")
        return found

    def about(self, release: Release) -> str:
        """Which fact."""
        return self._fact.title

    def effects(self, release: Release) -> list[str]:
        """How long it is good for, and what was said last."""
        fact = self._fact
        said = fact_newest(release, fact.name)
        return [f"Good for {fact.max_age_seconds // 60} min from now.", *said]

    def perform(self, data: dict[str, Any]) -> str:
        """Append the fact."""
        facts.record_fact(
            self.version,
            self.kwargs["name"],
            actor=self.actor,
            value=data["value"],
            remark=data["remark"],
            link=data["link"],
        )
        return "The fact is kept."

    def done_url(self) -> str:
        """Back into the room."""
        return reverse("releases:go", args=[self.version])


def fact_newest(release: Release, name: str) -> list[str]:
    """What was said last, as a sentence, or nothing."""
    last = release.manual_facts.filter(name=name).last()
    if last is None:
        return ["Nobody has said anything yet."]
    who = labels([last.by])[last.by]
    return [f"Last said: {last.get_value_display().lower()}, by {who}, {last.at:%Y-%m-%d %H:%M} UTC."]
