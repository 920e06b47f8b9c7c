"""Objects of a content, made before anybody signs: the same for every colour, with placeholders.

`render` is called by `platforms.registry` when a release's content is put together; the driver only
fills the placeholders in. Nothing here speaks to a cluster.
"""

from __future__ import annotations

from platforms.kubernetes.render.component import render
from platforms.kubernetes.render.parts import Part, Place

__all__ = ["Part", "Place", "render"]
