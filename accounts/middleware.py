"""Acts that are refused before any view of ours sees them, on the record: forged forms, the admin.

The admin changes nothing, so every act that is posted to it is refused. `csrf_failed` answers a form
without the token of its session.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views import csrf

from accounts.actors import of_request
from accounts.services.refusals import act_of, note

FORGED = "The form came without the token of its session, or with an old one."
READ_ONLY = "The admin shows and changes nothing; acts belong to the pages and the API."


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Record that a form was refused, and answer with the page that says so."""
    note(of_request(request).id, act_of(request), "csrf", 403, FORGED, {})
    return csrf.csrf_failure(request, reason)


class RefusedInAdmin:
    """Records what is posted to the admin and is refused there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Let it through, then look at the answer."""
        response = self.get_response(request)
        if _is_refused(request, response):
            note(of_request(request).id, act_of(request), "not-allowed", 403, READ_ONLY, {})
        return response


def _is_refused(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Posted to a page of the admin other than its log-in and log-out, and answered no or "log in"."""
    match = request.resolver_match
    if request.method in ("GET", "HEAD", "OPTIONS") or match is None or "admin" not in match.app_names:
        return False
    own = match.url_name not in ("login", "logout")
    return own and response.status_code in (302, 403, 405)
