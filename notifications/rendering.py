"""A letter as text and as HTML, from the same sentences. Called by `services.reading`."""

from __future__ import annotations

import re

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from notifications import styles
from notifications.letters.letter import Letter


def as_text(letter: Letter) -> str:
    """The text/plain part; every sentence of the HTML stands in it."""
    text = render_to_string("notifications/letter.txt", {"letter": letter})
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def as_html(letter: Letter) -> str:
    """The text/html part, whole without the style element."""
    context = {"letter": letter, "styles": mark_safe(styles.extras())}  # noqa: S308  (our own file)
    return styles.inlined(render_to_string("notifications/letter.html", context))
