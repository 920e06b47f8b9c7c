"""`/api/v1/`: each room's addresses, the description of them all, and a problem for every other one."""

from __future__ import annotations

from django.urls import include, path, re_path

from hmhp_portal.api import docs, missing

urlpatterns = [
    path("schema/", docs.schema, name="api-schema"),
    path("docs/", docs.page, name="api-docs"),
    path("problems/<slug:kind>/", docs.problem, name="api-problem"),
    path("", include("releases.api.urls")),
    path("", include("deployments.api.urls")),
    path("", include("desk.api.urls")),
    re_path("", missing.answer),
]
