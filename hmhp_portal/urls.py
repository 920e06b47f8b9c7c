"""Every address of the portal, room by room."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from hmhp_portal import health

urlpatterns = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("account/", include("accounts.login_urls")),
    path("api/v1/", include("hmhp_portal.api.urls")),
    path("releases/", include("releases.urls")),
    path("deployments/", include("deployments.urls")),
    path("emergency/", include("releases.emergency_urls")),
    path("", include("notifications.urls")),
    path("", include("desk.urls")),
]

handler500 = "desk.views.broken.failed"
