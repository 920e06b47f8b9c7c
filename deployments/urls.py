"""Addresses of runs. An act's address asks on GET and does on POST."""

from __future__ import annotations

from django.urls import path

from deployments.views import listing, run, steer

app_name = "deployments"
urlpatterns = [
    path("", listing.RunList.as_view(), name="list"),
    path("<int:pk>/", run.RunPage.as_view(), name="run"),
    path("<int:pk>/panels/", run.RunPanels.as_view(), name="panels"),
    path("<int:pk>/pause/", steer.Pause.as_view(), name="pause"),
    path("<int:pk>/resume/", steer.Resume.as_view(), name="resume"),
    path("<int:pk>/promote/", steer.Promote.as_view(), name="promote"),
    path("<int:pk>/abort/", steer.Abort.as_view(), name="abort"),
]
