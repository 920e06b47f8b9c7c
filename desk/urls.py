"""Addresses of the pages that look across rooms."""

from __future__ import annotations

from django.urls import path

from desk.views import audit, board, environments, for_you, help, keys, shell

app_name = "desk"
urlpatterns = [
    path("", board.Board.as_view(), name="board"),
    path("for-you/", for_you.ForYou.as_view(), name="for_you"),
    path("environments/", environments.Environments.as_view(), name="environments"),
    path("audit/", audit.Audit.as_view(), name="audit"),
    path("keys/", keys.Keys.as_view(), name="keys"),
    path("help/", help.Help.as_view(), name="help"),
    path("shell/", shell.ShellParts.as_view(), name="shell"),
]
