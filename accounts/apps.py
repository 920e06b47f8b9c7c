"""People, the roles that they hold, and the tokens by which machines speak for them."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Accounts, roles, API tokens."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "People and tokens"

    def ready(self) -> None:
        """Hear what happens to factors."""
        from accounts import factors_on_record  # noqa: F401
