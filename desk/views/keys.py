"""The portal's public keys, for whoever checks a signature later: `/keys/`.

In: nothing. Out: desk/keys.html. The API gives the same as JSON at `/api/v1/keys/`.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from approvals.pages import PolicyPage
from events import keys


class Keys(PolicyPage):
    """Every key that ever signed, the present one first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list, and how to hand it on."""
        return render(request, "desk/keys.html", {"keys": list(reversed(keys.exported()["keys"]))})
