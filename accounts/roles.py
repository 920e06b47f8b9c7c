"""The roles of the strategy ("Deployment Roles and Responsibilities") and of the portal itself."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    """What a person is trusted with; what each may do stands in `approvals.policy`."""

    RELEASE_MANAGER = "release_manager", "Release Manager"
    DEVOPS_ENGINEER = "devops_engineer", "DevOps Engineer"
    QA_LEAD = "qa_lead", "QA Lead"
    SECURITY_OFFICER = "security_officer", "Security Officer"
    DEVELOPER = "developer", "Developer"
    SUPPORT = "support", "Support"
    STAKEHOLDER = "stakeholder", "Stakeholder"
    AUDITOR = "auditor", "Auditor"
    ADMINISTRATOR = "administrator", "Administrator"


class Scope(models.TextChoices):
    """What an API token is limited to, on top of what its owner may do."""

    READ = "read", "Read"
    RELEASE = "release", "Create and annotate releases"
    STAGE = "stage", "Deploy to the environments before production"
    DEPLOY = "deploy", "Start and steer production runs"
    SIGN = "sign", "Sign and decide"


SERVICE_SCOPES = frozenset({Scope.READ, Scope.RELEASE, Scope.STAGE})
"""All that a service token can be given: it never signs, decides or starts production."""
