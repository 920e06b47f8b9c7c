"""Headers for every answer that no other middleware sets: permissions and caching.

A page shows what one person may see, so nothing keeps it: the portal's answers are `no-store`
unless a view says otherwise (static files and ETags do).
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

PERMISSIONS = ", ".join(
    f"{feature}=()" for feature in ("accelerometer", "camera", "geolocation", "microphone", "payment", "usb")
)


class PrivacyHeaders:
    """Middleware: Permissions-Policy, and Cache-Control where the view left it open."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the headers added."""
        response = self._get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
