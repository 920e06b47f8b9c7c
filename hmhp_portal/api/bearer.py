"""How the description names API tokens; drf-spectacular finds this class once it is imported."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ApiTokenScheme(OpenApiAuthenticationExtension):
    """`Authorization: Bearer hmhp_…`."""

    target_class = "accounts.authentication.ApiTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """The scheme as OpenAPI writes it."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "hmhp_<prefix>_<secret>"}
