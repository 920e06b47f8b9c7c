"""Who may act, and who signs: the policy table, gates, sign-offs and decisions."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """Gates about one seal, answered by named roles."""

    name = "approvals"
    default_auto_field = "django.db.models.BigAutoField"
