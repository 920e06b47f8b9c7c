"""What every act of a release has in common: the release of the address, its question, the way back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from approvals.acts import Confirm
from approvals.pages import ActPage
from approvals.policy import may
from events.errors import NotAllowed
from releases.models import Release
from releases.queries import headline
from releases.services.keeping import demand_state
from releases.verbs import WAYS, Verb
from releases.views.reading import get_release


class ReleaseAct(ActPage):
    """Common to all: the release that the address names, and back to its page."""

    verb: Verb
    name = ""
    title = ""
    label = ""
    icon = "check"
    kind = "primary"
    keep = "Not now"

    @property
    def version(self) -> str:
        """As the address names it."""
        return str(self.kwargs["version"])

    @property
    def release(self) -> Release:
        """The release, fresh; raises ReleaseNotFound."""
        return get_release(self.version)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ask, where the table and the state let it: nobody fills in what would be refused.

        Raises NotAllowed, WrongReleaseState.
        """
        if (sentence := may(self.actor, WAYS[self.verb].action)) is not None:
            raise NotAllowed(sentence)
        demand_state(self.release, self.verb)
        return super().get(request, **kwargs)

    def effects(self, release: Release) -> list[str]:
        """What this act does, in numbers where there are any."""
        raise NotImplementedError

    def about(self, release: Release) -> str:
        """What of the release it is about, for the question and the title; empty for all of it."""
        return ""

    def stands(self) -> str:
        """The release's own sentence."""
        return f"{self.version}. {headline(self.release)}"

    def confirm(self) -> Confirm:
        """The question of this act."""
        release = self.release
        about = self.about(release)
        return Confirm(
            id=self.name,
            title=f"{self.title.format(version=release.version)}{f': {about}' if about else ''}",
            effects=self.effects(release),
            label=self.label,
            url=self.request.path,
            icon=self.icon,
            kind=self.kind,
            keep=self.keep,
            keep_url=self.done_url(),
        )

    def done_url(self) -> str:
        """The release's page."""
        return reverse("releases:detail", args=[self.version])
