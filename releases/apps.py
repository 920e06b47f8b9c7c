"""What ships and whether it may; asks deployments, compliance and approvals, is asked by pages and mail."""

from importlib import import_module

from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    """Releases from draft to completed."""

    name = "releases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let `verify_signatures` know how overridden freezes are signed, and what the seals cover."""
        import_module("releases.services.overriding")
        import_module("releases.services.sealed")
