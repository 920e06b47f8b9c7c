"""What every endpoint shares: strict input, entity tags, answers kept per Idempotency-Key."""

from django.apps import AppConfig


class RestConfig(AppConfig):
    """The common half of the REST API; the endpoints themselves live in their rooms."""

    name = "rest"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the path converters known."""
        from rest import paths

        paths.register()
