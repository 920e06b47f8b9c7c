"""Idle log-off counts people, not pages (HIPAA 164.312(a)(2)(iii)).

A page that asks for its own panels does not keep a session alive, else an unattended screen would
stay logged in for ever. One exception: the page of a run that moves, so that the log-off never
stands between somebody who watches and abort. Middleware, named in settings right after Django's
session middleware.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from approvals.pages import COUNTS

HEADER = "X-Portal-Poll"


class PollsDoNotCount:
    """Leaves the session's end where it was when a page asked by itself and nothing was changed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; without its session the request renews nothing in Django's own middleware."""
        response = self._get_response(request)
        by_itself = request.headers.get(HEADER) and not getattr(request, COUNTS, False)
        if by_itself and hasattr(request, "session") and not request.session.modified:
            del request.session
        return response
