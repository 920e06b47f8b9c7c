"""Addresses of the pages that look across rooms."""

from __future__ import annotations

from django.urls import path

from desk.views import audit, board, dossiers, drift, environments, for_you, help, holds, keys, policy, shell

app_name = "desk"
urlpatterns = [
    path("", board.Board.as_view(), name="board"),
    path("for-you/", for_you.ForYou.as_view(), name="for_you"),
    path("environments/", environments.Environments.as_view(), name="environments"),
    path("environments/drift/", drift.Drift.as_view(), name="drift"),
    path("audit/", audit.Audit.as_view(), name="audit"),
    path("keys/", keys.Keys.as_view(), name="keys"),
    path("audit/dossiers/", dossiers.Dossiers.as_view(), name="dossiers"),
    path("audit/dossiers/ask/", dossiers.AskDossier.as_view(), name="dossier_ask"),
    path("audit/dossiers/<uuid:dossier>/", dossiers.TakeDossier.as_view(), name="dossier"),
    path("audit/holds/", holds.Holds.as_view(), name="holds"),
    path("audit/holds/place/", holds.PlaceHold.as_view(), name="hold_place"),
    path("audit/holds/<int:number>/lift/", holds.LiftHold.as_view(), name="hold_lift"),
    path("policy/", policy.Policy.as_view(), name="policy"),
    path("policy/sign/", policy.SignPolicy.as_view(), name="policy-sign"),
    path("policy/take-back/", policy.TakeBack.as_view(), name="policy-take-back"),
    path("help/", help.Help.as_view(), name="help"),
    path("shell/", shell.ShellParts.as_view(), name="shell"),
]
