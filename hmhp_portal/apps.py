"""Makes the Celery application the current one in every process that sets Django up."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The wiring; it has no models."""

    name = "hmhp_portal"
    verbose_name = "HMHP Release Portal"

    def ready(self) -> None:
        """Import the Celery application, so that wakes find the broker."""
        import hmhp_portal.celery  # noqa: F401
