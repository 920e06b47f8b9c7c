"""People, the roles that they hold, and the tokens by which machines speak for them."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Accounts, roles, API tokens."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "People and tokens"

    def ready(self) -> None:
        """Hear what happens to factors; teach the record, which knows no people, to hide names."""
        from accounts import (
            factors_on_record,  # noqa: F401
            pseudonyms,
        )
        from events import names

        names.install(pseudonyms.hide, pseudonyms.show)
