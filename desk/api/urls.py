"""Addresses of this room under `/api/v1/`."""

from __future__ import annotations

from django.urls import path

from desk.api import dossiers, holds, keys, policy, views

urlpatterns = [
    path("events/", views.Events.as_view(), name="api-events"),
    path("keys/", keys.Keys.as_view(), name="api-keys"),
    path("dossiers/", dossiers.Dossiers.as_view(), name="api-dossiers"),
    path("dossiers/<uuid:dossier>/", dossiers.OneDossier.as_view(), name="api-dossier"),
    path("dossiers/<uuid:dossier>/archive/", dossiers.Archive.as_view(), name="api-dossier-archive"),
    path("legal-holds/", holds.Holds.as_view(), name="api-holds"),
    path("legal-holds/<int:id>/lift/", holds.LiftHold.as_view(), name="api-hold-lift"),
    path("policy/", policy.Policy.as_view(), name="api-policy"),
    path("policy/sign-offs/", policy.PolicySignOffs.as_view(), name="api-policy-sign-offs"),
    path("policy/take-back/", policy.PolicyTakeBack.as_view(), name="api-policy-take-back"),
    path("deputies/", policy.Deputies.as_view(), name="api-deputies"),
    path("deputies/<id:pk>/", policy.OneDeputy.as_view(), name="api-deputy"),
]
