"""`freezes/`: when production must not move."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.queries import labels
from approvals.policy import Action
from releases.api import examples, gives, show, takes
from releases.models import Freeze
from releases.services import freezes
from rest import pagination
from rest.schema import operation
from rest.strict import body_of, query_of
from rest.views import Endpoint


class Freezes(Endpoint):
    """`/api/v1/freezes/`."""

    policy_actions: ClassVar = {"GET": Action.READ_RELEASES, "POST": Action.MANAGE_FREEZES}

    @operation(
        "Freezes",
        "List freezes",
        gives=gives.FreezePage,
        answer={"next": None, "previous": None, "results": [examples.FREEZE_GIVEN]},
        parameters=[pagination.PageQuery],
        name="freezes_list",
    )
    def get(self, request: Request) -> Response:
        """Those that stand, newest first."""
        query_of(request, pagination.PageQuery)
        return pagination.answer(request, Freeze.objects.filter(removed_at=None), ("-id",), _written)

    @operation(
        "Freezes",
        "Add a freeze",
        description="Once, from `starts_at` to `ends_at`, or every week; local in `zone` without an offset.",
        takes=takes.FreezeShape,
        gives=gives.FreezeGiven,
        status=201,
        example=examples.FREEZE,
        answer=examples.FREEZE_GIVEN,
        name="freezes_add",
    )
    def post(self, request: Request) -> Response:
        """The freeze as it stands."""
        made = freezes.add(actor=self.actor, **body_of(request, takes.FreezeShape))
        return Response(_written([made])[0], status=201)


class OneFreeze(Endpoint):
    """`/api/v1/freezes/{id}/`."""

    policy_actions: ClassVar = {"DELETE": Action.MANAGE_FREEZES}

    @operation(
        "Freezes",
        "Remove a freeze",
        description="One that a person added; those of the platform file go with it.",
        writes=True,
        parameters=[takes.MayReasonShape],
        status=204,
        refuses=(404,),
        name="freezes_remove",
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Nothing is left to show."""
        read = query_of if request.query_params else body_of
        freezes.remove(pk, actor=self.actor, **read(request, takes.MayReasonShape))
        return Response(status=204)


def _written(found: Any) -> list[dict[str, Any]]:
    names = labels(freeze.by for freeze in found)
    return [show.freeze(freeze, names) for freeze in found]
