"""Every address of the portal, room by room."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from hmhp_portal import health


def _room(prefix: str, module: str) -> list[URLPattern | URLResolver]:
    file = settings.BASE_DIR.joinpath(*module.split(".")).with_suffix(".py")
    return [path(prefix, include(module))] if file.exists() else []


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("admin/", admin.site.urls),
    *_room("", "accounts.urls"),
    path("account/", include("accounts.login_urls")),
    *_room("api/v1/", "hmhp_portal.api.urls"),
    *_room("releases/", "releases.urls"),
    *_room("deployments/", "deployments.urls"),
    *_room("approvals/", "approvals.urls"),
    *_room("", "notifications.urls"),
    *_room("", "desk.urls"),
]
