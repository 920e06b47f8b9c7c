"""Findings of compliance checks; knows neither releases nor deployments, both are handed to it frozen."""

from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    """Checks, one file each, and their findings."""

    name = "compliance"
    default_auto_field = "django.db.models.BigAutoField"
