"""The page when the portal itself fails: 503 when its database or cache is away, else 500.

Named as `handler500`; called by Django with the failure still in hand. Asks nothing of what may be
down: no session, no database. The API answers with problem details of its own.
"""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from events.away import AWAY

RETRY_SECONDS = 5


def failed(request: HttpRequest) -> HttpResponse:
    """The page with what still holds if production moves, and when to try again."""
    away = isinstance(sys.exc_info()[1], AWAY)
    status = 503 if away else 500
    page = render_to_string(f"{status}.html", {"path": request.path, "retry_seconds": RETRY_SECONDS})
    response = HttpResponse(page, status=status)
    if away:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response
