"""The API's description (OpenAPI 3.1), a page that reads it aloud, and where problem types lead.

All three are the same for everybody and hold nothing of this installation, so they need no login.
The page is drawn on the server: no script, nothing from elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from hmhp_portal.api import bearer as bearer  # found by drf-spectacular
from hmhp_portal.api.kinds import kinds
from hmhp_portal.api.reader import chapters, prose


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """The whole description, made once a process."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


@lru_cache(maxsize=1)
def _written() -> tuple[bytes, str]:
    text = json.dumps(description(), indent=1, ensure_ascii=False, default=str).encode()
    return text, f'"{hashlib.sha256(text).hexdigest()[:32]}"'


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """`/api/v1/schema/`."""
    text, tag = _written()
    headers = {"ETag": tag, "Cache-Control": "public, no-cache"}
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(text, content_type="application/json", headers=headers)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """`/api/v1/docs/`."""
    made = description()
    told = {
        "intro": prose(made["info"]["description"]),
        "chapters": chapters(made),
        "kinds": kinds().values(),
    }
    return render(request, "api/docs.html", told)


@require_safe
def problem(request: HttpRequest, kind: str) -> HttpResponse:
    """`/api/v1/problems/<type>/`: to the paragraph that says what it means."""
    if kind not in kinds():
        raise Http404(kind)
    return HttpResponseRedirect(f"{reverse('api-docs')}#problem-{kind}")
