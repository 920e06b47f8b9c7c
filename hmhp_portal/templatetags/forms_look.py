"""Dresses Django's form fields in the design's classes and names their hint and errors to screen readers.

In: a bound field. Out: its widget's HTML. Called by components/field.html.
"""

from __future__ import annotations

from django import template
from django.forms import BoundField, CheckboxInput, RadioSelect
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """True for a single tick box, whose label stands beside it."""
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def is_radio(field: BoundField) -> bool:
    """True for a group of radio buttons, which needs a legend instead of a label."""
    return isinstance(field.field.widget, RadioSelect)


@register.filter
def dressed(field: BoundField) -> SafeString:
    """The widget with class "input", `aria-invalid` and `aria-describedby` for hint and errors."""
    described = [f"{field.id_for_label}_h"] if field.help_text else []
    described += [f"{field.id_for_label}_e{at + 1}" for at in range(len(field.errors))]
    attrs: dict[str, str | bool] = {} if is_checkbox(field) else {"class": "input"}
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if field.errors:
        attrs["aria-invalid"] = "true"
    return field.as_widget(attrs=attrs)
