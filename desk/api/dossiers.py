"""`dossiers/`: what an auditor takes away."""

from __future__ import annotations

import base64
from typing import Any, ClassVar
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.queries import labels
from approvals.policy import Action
from desk import services
from desk.models import DossierRequest
from rest.schema import operation
from rest.strict import Moment, Strict, Text, body_of
from rest.views import Endpoint

DOSSIER = {
    "id": "0f7c5a46-6f0d-4b43-9d64-1d1f4c2d1b6e",
    "title": "Release 2026.11.0",
    "release": "2026.11.0",
    "since": None,
    "until": None,
    "by": "rita",
    "asked_at": "2026-11-24T09:12:00Z",
    "percent": 100,
    "error": "",
    "sha256": "b0a4" + "0" * 60,
}


class DossierShape(Strict):
    """A release by its version, or a period of at most a year."""

    release = Text(required=False, max_length=100, help_text="Version.")
    since = Moment(required=False, help_text="First moment of a period.")
    until = Moment(required=False, help_text="The moment after its last one.")


class DossierGiven(Strict):
    """A dossier: ready to be taken when `sha256` is there."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    release = serializers.CharField(allow_blank=True)
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    by = serializers.CharField(help_text="Who asked for it.")
    asked_at = serializers.DateTimeField()
    percent = serializers.IntegerField(min_value=0, max_value=100)
    error = serializers.CharField(allow_blank=True)
    sha256 = serializers.CharField(allow_blank=True, help_text="Of the archive; empty while it is made.")


class Dossiers(Endpoint):
    """`/api/v1/dossiers/`."""

    policy_actions: ClassVar = {"POST": Action.READ_AUDIT}

    @operation(
        "Record",
        "Ask for a dossier",
        description="One signed archive with a verifier; made in the background, kept for a week.",
        takes=DossierShape,
        gives=DossierGiven,
        status=202,
        refuses=(404,),
        example={"release": "2026.11.0"},
        answer={**DOSSIER, "percent": 0, "sha256": ""},
        name="dossiers_ask",
    )
    def post(self, request: Request) -> Response:
        """The request as it stands."""
        asked = services.ask(actor=self.actor, **body_of(request, DossierShape))
        return Response(_dossier(asked), status=202)


class OneDossier(Endpoint):
    """`/api/v1/dossiers/{id}/`."""

    policy_actions: ClassVar = {"GET": Action.READ_AUDIT}

    @operation(
        "Record",
        "Look how far a dossier is",
        gives=DossierGiven,
        answer=DOSSIER,
        refuses=(404,),
        name="dossiers_read",
    )
    def get(self, request: Request, dossier: UUID) -> Response:
        """The request as it stands."""
        return Response(_dossier(services.find(str(dossier), self.actor)))


class ArchiveGiven(Strict):
    """The archive as text: JSON is all that this API speaks."""

    filename = serializers.CharField()
    sha256 = serializers.CharField(help_text="Of the decoded bytes.")
    content = serializers.CharField(help_text="The zip in base64.")


class Archive(Endpoint):
    """`/api/v1/dossiers/{id}/archive/`."""

    policy_actions: ClassVar = {"GET": Action.READ_AUDIT}

    @operation(
        "Record",
        "Take a dossier",
        description="The zip in base64; 404 until it is made.",
        gives=ArchiveGiven,
        answer={"filename": "dossier-2026.11.0.zip", "sha256": "b0a4" + "0" * 60, "content": "UEsDBA=="},
        refuses=(404,),
        name="dossiers_take",
    )
    def get(self, request: Request, dossier: UUID) -> Response:
        """The archive."""
        asked, archive = services.take(str(dossier), self.actor)
        content = base64.b64encode(archive).decode()
        return Response({"filename": asked.filename, "sha256": asked.sha256, "content": content})


def _dossier(asked: DossierRequest) -> dict[str, Any]:
    return {
        "id": asked.public_id,
        "title": asked.title,
        "release": asked.release,
        "since": asked.since,
        "until": asked.until,
        "by": labels([asked.asked_by])[asked.asked_by],
        "asked_at": asked.asked_at,
        "percent": services.percent_of(asked),
        "error": asked.error,
        "sha256": asked.sha256,
    }
