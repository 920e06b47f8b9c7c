"""Step up: an act that needs a fresh second factor waits, the factor is asked for, the act goes on.

What was asked stays in the session, on the server; the page that asks is the one confirm. Called by the
bases of pages (`accounts.pages`, `approvals.pages`) and by `accounts.views.step_up`.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.urls import resolve, reverse

from accounts.actors import of_request
from accounts.errors import FactorNeeded, FactorNotSetUp
from accounts.services.refusals import refused

SESSION_KEY = "portal_step_up"
MOST_BYTES = 200_000
"""Of what is kept of an act; a page's longest text is 10,000 characters."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An act that waits: where it was asked, how, with what, why it waits, and where it came from."""

    method: str
    path: str
    body: str
    sentence: str
    back: str


def lead_to_factor(request: HttpRequest, error: FactorNeeded) -> HttpResponse:
    """Keep the act and go to where its factor is given, or set up first; a refused act is recorded."""
    if request.method == "POST":
        refused(request, of_request(request), error)
    request.session[SESSION_KEY] = {
        "method": str(request.method),
        "path": request.get_full_path(),
        "body": request.POST.urlencode()[:MOST_BYTES],
        "sentence": error.detail,
        "back": _from(request),
    }
    to = reverse("mfa_index" if isinstance(error, FactorNotSetUp) else "accounts:step-up")
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": to})
    return HttpResponseRedirect(to)


def waiting(request: HttpRequest) -> Waiting | None:
    """The act that waits in this session, if any."""
    kept = request.session.get(SESSION_KEY)
    return Waiting(**kept) if kept else None


def forget(request: HttpRequest) -> None:
    """Let go of the act that waits."""
    request.session.pop(SESSION_KEY, None)


def go_on(request: HttpRequest) -> HttpResponseBase:
    """Do what waited, as if it were posted now; else back to the settings.

    The request that brought the factor carried a CSRF token, and the act lay in this session alone.
    """
    act = waiting(request)
    forget(request)
    if act is None or act.method != "POST":
        return HttpResponseRedirect(act.path if act else reverse("mfa_index"))
    again: Any = copy.copy(request)
    again.path = again.path_info = urlsplit(act.path).path
    again.method = again.META["REQUEST_METHOD"] = "POST"
    again.POST = again._post = QueryDict(act.body)
    again.GET = QueryDict(urlsplit(act.path).query)
    again.headers = request.headers
    if hasattr(again, "portal_proof"):
        del again.portal_proof
    match = resolve(again.path_info)
    again.resolver_match = match
    response: HttpResponseBase = match.func(again, *match.args, **match.kwargs)
    return response


def _from(request: HttpRequest) -> str:
    """The portal's own page that the act was posted from, to go back to."""
    referrer = urlsplit(request.headers.get("Referer", ""))
    own = referrer.netloc == request.get_host() and referrer.path.startswith("/")
    return referrer.path if own and not referrer.path.startswith("//") else "/"
