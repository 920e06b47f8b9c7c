"""Forms of the pages about people and tokens: shape of the input only; rules are the services'."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.models import ZONES, Theme
from accounts.roles import SERVICE_SCOPES, Role, Scope

MOMENT_INPUT = {"type": "datetime-local"}
ZONE_CHOICES = [(name, name) for name in sorted(ZONES) if "/" in name or name == "UTC"]


class PersonForm(forms.Form):
    """What is known of a person."""

    name = forms.CharField(max_length=120, required=False)
    email = forms.EmailField(label="E-mail", required=False)
    time_zone = forms.ChoiceField(choices=ZONE_CHOICES, initial="UTC")


class NewPersonForm(PersonForm):
    """The same with the login, which stays."""

    login = forms.CharField(max_length=40, help_text="Lower-case letters, digits, dots, dashes.")
    field_order = ("login", "name", "email", "time_zone")


class ReasonForm(forms.Form):
    """Why; kept on the record."""

    reason = forms.CharField(max_length=500, help_text="Kept on the record.")


class RoleForm(forms.Form):
    """A role to grant."""

    role = forms.ChoiceField(choices=Role.choices)
    reason = forms.CharField(max_length=500, required=False, help_text="Kept on the record.")


class DeputyForm(forms.Form):
    """Who stands in, in which role, from when until when (UTC)."""

    deputy = forms.CharField(max_length=40, help_text="Their login.")
    role = forms.ChoiceField(
        choices=[choice for choice in Role.choices if choice[0] not in ("administrator", "auditor")]
    )
    since = forms.DateTimeField(label="From (UTC)", widget=forms.DateTimeInput(attrs=MOMENT_INPUT))
    until = forms.DateTimeField(label="Until (UTC)", widget=forms.DateTimeInput(attrs=MOMENT_INPUT))
    reason = forms.CharField(max_length=300, help_text="Kept on the record.")


class SourceLoginForm(forms.Form):
    """A name under which somebody writes commits."""

    host = forms.CharField(max_length=200, initial="github.com")
    login = forms.CharField(max_length=100)


class TokenForm(forms.Form):
    """A new API token; `service` is offered to those who may make one."""

    name = forms.CharField(max_length=100, help_text="What it is for, for example “CI of patient-web”.")
    scopes = forms.MultipleChoiceField(choices=Scope.choices, widget=forms.CheckboxSelectMultiple)
    environments = forms.CharField(
        max_length=500, required=False, help_text="Names, separated by commas. Empty means all."
    )
    days = forms.IntegerField(min_value=1, max_value=366, initial=90, label="Holds for so many days")

    def clean_environments(self) -> list[str]:
        """The names as a list."""
        return [name.strip() for name in self.cleaned_data["environments"].split(",") if name.strip()]


class ServiceTokenForm(TokenForm):
    """A token of a machine: the scopes that only people carry are not offered."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(scope.value, scope.label) for scope in Scope if scope in SERVICE_SCOPES]
        scopes = self.fields["scopes"]
        assert isinstance(scopes, forms.MultipleChoiceField)
        scopes.choices = offered


class SettingsForm(forms.Form):
    """A person's own settings."""

    time_zone = forms.ChoiceField(
        choices=ZONE_CHOICES, help_text="Shown beside UTC on pages, and used in letters to you."
    )
    theme = forms.ChoiceField(choices=Theme.choices, widget=forms.RadioSelect, label="Colours")


class PasswordForm(forms.Form):
    """A new password, twice."""

    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        max_length=256,
        strip=False,
        help_text="At least 12 characters.",
    )
    again = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        max_length=256,
        strip=False,
        label="The same again",
    )

    def clean(self) -> dict[str, Any]:
        """Both are the same."""
        data = self.cleaned_data
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", "This is not the same password.")
        return data


class FirstForm(PasswordForm):
    """The first Administrator's login and password."""

    login = forms.CharField(
        max_length=40,
        help_text="Lower-case letters, digits, dots, dashes.",
        widget=forms.TextInput(attrs={"autocomplete": "username"}),
    )
    field_order = ("login", "password", "again")
