"""What is asked under `/api/v1/` and is not there: problem details like every other refusal."""

from __future__ import annotations

from typing import ClassVar

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.errors import NotFound


class NotHere(APIView):
    """Answers 404, and says so where only the slash at the end was forgotten."""

    authentication_classes: ClassVar[list[type[BaseAuthentication]]] = []  # type: ignore[misc]
    permission_classes = (AllowAny,)
    schema = None

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """No such address, whatever the method."""
        super().initial(request, *args, **kwargs)
        hint = "" if request.path.endswith("/") else " Addresses here end with a slash."
        raise NotFound(f"There is nothing at this address.{hint} The list is at /api/v1/docs/.")

    def get(self, request: Request) -> Response:
        """Never reached: `initial` has refused."""
        raise NotFound("There is nothing at this address.")


answer = NotHere.as_view()
