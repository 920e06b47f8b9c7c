"""`releases/`, `releases/{version}/` and `…/components/{name}/`."""

from __future__ import annotations

from typing import ClassVar

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.policy import Action
from releases import queries
from releases.api import examples, gives, show, takes
from releases.api.whole import moved, read
from releases.services import create, edit
from rest import pagination
from rest.entity_tags import if_match
from rest.schema import ETAG, IF_MATCH, IF_NONE_MATCH, VERSION, operation
from rest.strict import body_of, query_of
from rest.views import Endpoint

FILTERS = ("state", "kind", "component", "person", "text")
BULKY = ("content", "first_request", "plan", "notes")


class Releases(Endpoint):
    """`/api/v1/releases/`."""

    policy_actions: ClassVar = {"GET": Action.READ_RELEASES, "POST": Action.CREATE_RELEASE}

    @operation(
        "Releases",
        "List releases",
        description="Newest first, page by page.",
        gives=gives.ReleasePage,
        answer=examples.PAGE,
        parameters=[takes.ListQuery],
        name="releases_list",
    )
    def get(self, request: Request) -> Response:
        """The releases, newest first."""
        asked = query_of(request, takes.ListQuery)
        filters = {name: asked[name] for name in FILTERS if name in asked}
        found = queries.listed_by(filters).defer(*BULKY)
        return pagination.answer(request, found, ("-created_at", "-id"), show.rows)

    @operation(
        "Releases",
        "Make a release",
        description=(
            "A repeat that names the same content as its first call, whatever was added or copied since, "
            "answers the same release with 200. Other content under the same version is 409."
        ),
        takes=takes.CreateShape,
        gives=gives.ReleaseGiven,
        status=(200, 201),
        example=examples.CREATE,
        answer=examples.RELEASE,
        parameters=[ETAG],
        name="releases_create",
    )
    def post(self, request: Request) -> Response:
        """A new release, or the one that the same call made before."""
        given = body_of(request, takes.CreateShape)
        given.setdefault("components", {})
        release, made = create.create(actor=self.actor, **given)
        address = reverse("api-release", args=[release.version])
        return moved(release.version, status=201 if made else 200, location=address if made else "")


class OneRelease(Endpoint):
    """`/api/v1/releases/{version}/`."""

    policy_actions: ClassVar = {"GET": Action.READ_RELEASES, "PATCH": Action.ANNOTATE}

    @operation(
        "Releases",
        "Read a release",
        gives=gives.ReleaseGiven,
        answer=examples.RELEASE,
        parameters=[VERSION, IF_NONE_MATCH, ETAG],
        refuses=(404,),
        name="releases_read",
    )
    def get(self, request: Request, version: str) -> Response:
        """The release, whole."""
        return read(request, version)

    @operation(
        "Releases",
        "Change a release",
        description=(
            "All of the named fields or none. A change of content or commit returns the release to draft "
            "and voids validations and signatures; notes and title void nothing; a moved window asks the "
            "go again."
        ),
        takes=takes.PatchShape,
        gives=gives.ReleaseGiven,
        example=examples.PATCH,
        answer=examples.RELEASE,
        parameters=[VERSION, IF_MATCH, ETAG],
        refuses=(404, 412),
        name="releases_change",
    )
    def patch(self, request: Request, version: str) -> Response:
        """The release with its fields changed; the service asks the policy field by field."""
        given = body_of(request, takes.PatchShape, partial=True)
        edit.patch(version, actor=self.actor, changes=given, if_match=if_match(request))
        return moved(version)


class OneComponent(Endpoint):
    """`/api/v1/releases/{version}/components/{name}/`."""

    policy_actions: ClassVar = {"PUT": Action.EDIT_CONTENT}

    @operation(
        "Releases",
        "Give a component its digest",
        description="Each pipeline adds its own. What the release holds already changes nothing.",
        takes=takes.ComponentShape,
        gives=gives.ReleaseGiven,
        example=examples.COMPONENT,
        answer=examples.RELEASE,
        parameters=[VERSION, IF_MATCH, ETAG],
        refuses=(404, 412),
        name="releases_component",
    )
    def put(self, request: Request, version: str, name: str) -> Response:
        """The release with the component's entry."""
        given = body_of(request, takes.ComponentShape)
        edit.put_component(version, name, actor=self.actor, entry=given, if_match=if_match(request))
        return moved(version)
