"""People, tokens and factors in the admin, to be looked at only."""

from __future__ import annotations

from allauth.mfa import admin as library
from allauth.mfa.models import Authenticator
from django.contrib import admin

from accounts.models import ApiToken, RoleHolding, SourceLogin, User
from events.admin import ReadOnlyAdmin


@admin.register(User)
class UserAdmin(ReadOnlyAdmin[User]):
    """Accounts; the password's hash is not shown."""

    list_display = ("username", "display_name", "email", "time_zone", "is_active", "last_login")
    search_fields = ("username", "display_name", "email")
    fields = (
        "username",
        "public_id",
        "display_name",
        "email",
        "time_zone",
        "is_active",
        "last_login",
        "date_joined",
    )


@admin.register(RoleHolding)
class RoleHoldingAdmin(ReadOnlyAdmin[RoleHolding]):
    """Roles over time."""

    list_display = ("user", "role", "since", "until", "from_file", "given_by")
    list_filter = ("role",)


@admin.register(SourceLogin)
class SourceLoginAdmin(ReadOnlyAdmin[SourceLogin]):
    """Names at source hosts."""

    list_display = ("user", "host", "login", "from_file")


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin[ApiToken]):
    """Tokens; neither the digest nor, of course, the secret."""

    list_display = ("name", "prefix", "owner", "scopes", "expires_at", "last_used_at", "revoked_at")
    fields = (
        "public_id",
        "name",
        "prefix",
        "owner",
        "scopes",
        "environments",
        "created_by",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )


admin.site.unregister(library.Authenticator)  # the library's own would show secrets


@admin.register(Authenticator)
class FactorAdmin(ReadOnlyAdmin[Authenticator]):
    """That a person has a factor, never what it is made of."""

    list_display = ("user", "type", "created_at", "last_used_at")
    fields = ("user", "type", "created_at", "last_used_at")
