"""Addresses of this room under `/api/v1/`."""

from __future__ import annotations

from django.urls import path

from desk.api import keys, views

urlpatterns = [
    path("events/", views.Events.as_view(), name="api-events"),
    path("keys/", keys.Keys.as_view(), name="api-keys"),
]
