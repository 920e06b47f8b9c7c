"""HOW a release ships; see the package's docstring."""

from django.apps import AppConfig


class DeploymentsConfig(AppConfig):
    """Environments, targets, runs and their progress."""

    name = "deployments"
    default_auto_field = "django.db.models.BigAutoField"
