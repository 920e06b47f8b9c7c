"""`{% demo_code person %}`: what this person's app would show now, in the demo alone."""

from __future__ import annotations

from django import template
from django.conf import settings

from accounts.models import User
from accounts.services.factors import next_code
from events.errors import PortalError

register = template.Library()


@register.inclusion_tag("mfa/_demo_code.html")
def demo_code(person: User) -> dict[str, object]:
    """The demo's people have no phone: their code stands here, marked as what it is."""
    if settings.PORTAL_MODE != "demo":
        return {"is_demo": False}
    try:
        return {"is_demo": True, "code": next_code(person), "person": person}
    except PortalError:
        return {"is_demo": False}
