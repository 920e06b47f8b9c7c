"""Who may act, and who signs: the policy table, gates, sign-offs and decisions."""

from importlib import import_module

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """Gates about one seal, answered by named roles."""

    name = "approvals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let `verify_signatures` know how emergency acts are signed."""
        import_module("approvals.services.emergency_signatures")
