"""What every act of a release has in common: the release of the address, its question, the way back."""

from __future__ import annotations

from django.urls import reverse

from approvals.acts import Confirm
from approvals.pages import ActPage
from releases.models import Release
from releases.queries import headline
from releases.views.reading import get_release


class ReleaseAct(ActPage):
    """Common to all: the release that the address names, and back to its page."""

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

    def effects(self, release: Release) -> list[str]:
        """What this act does, in numbers where there are any."""
        raise NotImplementedError

    def stands(self) -> str:
        """The release's own sentence."""
        return f"{self.version}. {headline(self.release)}"

    def confirm(self) -> Confirm:
        """The question of this act."""
        release = self.release
        return Confirm(
            id=self.name,
            title=self.title.format(version=release.version),
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
