"""The portal's addresses and some more: `/api/v1/bare/<id>/`, the floor of `api`, and `/api/v1/anew/…`.

The floor has the same authentication, the same middleware and one query by primary key, and answers in the
same framework; whatever an endpoint costs above it is the endpoint's own.
"""

from __future__ import annotations

from typing import ClassVar

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.policy import Action
from hmhp_portal.urls import handler500 as handler500
from hmhp_portal.urls import urlpatterns as of_the_portal
from releases.api import kept
from releases.api.views.readiness import ReadinessOfRelease
from releases.api.views.releases import OneRelease
from releases.models import Release
from rest.views import Endpoint


class Bare(Endpoint):
    """One row by its key."""

    policy_actions: ClassVar = {"GET": Action.READ_RELEASES}

    def get(self, request: Request, pk: int) -> Response:
        """Its version."""
        return Response({"version": Release.objects.values_list("version", flat=True).get(pk=pk)})


class ReleaseAnew(OneRelease):
    """A release as it is worked out after a change."""

    def get(self, request: Request, version: str) -> Response:
        """The release, with nothing kept."""
        kept.forget()
        return super().get(request, version)


class ReadinessAnew(ReadinessOfRelease):
    """Readiness as it is worked out after a change."""

    def get(self, request: Request, version: str) -> Response:
        """Facts and blockers, with nothing kept."""
        kept.forget()
        return super().get(request, version)


urlpatterns = [
    path("api/v1/bare/<int:pk>/", Bare.as_view()),
    path("api/v1/anew/releases/<plain:version>/", ReleaseAnew.as_view()),
    path("api/v1/anew/releases/<plain:version>/readiness/", ReadinessAnew.as_view()),
    *of_the_portal,
]
