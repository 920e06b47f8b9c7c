"""The side navigation as a block tag, so that a page can name its own entry in `{% block nav %}`.

In: `shell` of the context (desk.context). Out: the links of components/nav.html. Called by base.html.
"""

from __future__ import annotations

from django import template
from django.template import Context
from django.template.loader import render_to_string

register = template.Library()


@register.simple_block_tag(takes_context=True)
def navigation(context: Context, content: str) -> str:
    """The entries that exist for this reader; the current one by its id or else by the address."""
    shell = context.get("shell")
    if shell is None:
        return ""
    current = content.strip() or shell.nav_id
    return render_to_string("components/nav.html", {"entries": shell.nav, "current": current})
