"""The REST framework and the API's description (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["approvals.permissions.PolicyPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "rest.pagination.CursorPage",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "hmhp_portal.api.problems.handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "UPLOADED_FILES_USE_URL": False,
    "URL_FORMAT_OVERRIDE": None,
}

DESCRIPTION = """\
Releases are addressed by version, deployments by id; moments are UTC in ISO 8601.

Send `Authorization: Bearer hmhp_…`. A service token reads, makes and annotates releases and starts
staging; it never signs, decides or starts production. A person's own token does what the person may,
within its scopes. With a session, writes need `X-CSRFToken`.

Every refusal is `application/problem+json` (RFC 9457): a stable `type`, a `detail` for people, `fields`
where the input is wrong, `blockers` where rules stand in the way. A refused call has changed nothing.

Writes take `Idempotency-Key`: the same call under the same key is done once. Objects carry `ETag`;
`If-Match` protects an update, `If-None-Match` saves an answer. Names that are not known are refused.
"""

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "HMHP Release Portal",
    "DESCRIPTION": DESCRIPTION,
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": False,
    "POSTPROCESSING_HOOKS": [],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PATH_CONVERTER_OVERRIDES": {"id": int, "plain": str},
    "TAGS": [
        {"name": "Releases", "description": "What ships: content, authors, results, facts."},
        {"name": "Verbs", "description": "What moves a release from draft to completed, and back."},
        {"name": "Sign-off", "description": "Signing, deciding, watching: three acts of three people."},
        {"name": "Deployments", "description": "How it ships: runs, their progress, pause and abort."},
        {"name": "Record", "description": "What happened, in order."},
        {"name": "Environments", "description": "What is live where, from observation."},
        {"name": "Freezes", "description": "When production must not move."},
        {
            "name": "Emergencies",
            "description": "Stop, pass a rule with a reason, and the review owed for it.",
        },
        {
            "name": "Policy",
            "description": "Who must sign what, how that is changed, and who stands in for whom.",
        },
    ],
}
