"""Addresses of deployments and environments under `/api/v1/`."""

from __future__ import annotations

from django.urls import path

from deployments.api import views

ONE = "deployments/<id:pk>/"

urlpatterns = [
    path("deployments/", views.Deployments.as_view(), name="api-deployments"),
    path(ONE, views.OneDeployment.as_view(), name="api-deployment"),
    path(f"{ONE}progress/", views.Progress.as_view(), name="api-progress"),
    path(f"{ONE}pause/", views.Pause.as_view(), name="api-pause"),
    path(f"{ONE}resume/", views.Resume.as_view(), name="api-resume"),
    path(f"{ONE}promote/", views.Promote.as_view(), name="api-promote"),
    path(f"{ONE}abort/", views.Abort.as_view(), name="api-abort"),
    path("environments/", views.Environments.as_view(), name="api-environments"),
]
