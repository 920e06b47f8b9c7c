"""What the platform file says of releases: components, the two lists, and the facts given by hand.

Rows are retired, never deleted, so that history keeps its names. Written by `releases.platform_file`.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from releases.states import ComponentKind, ItemList


class Component(models.Model):
    """One part of the platform that a release brings in a version of its own."""

    name = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=10, choices=ComponentKind.choices)
    edge = models.BooleanField(default=False)
    drain_seconds = models.PositiveIntegerField(default=0)
    manifest = models.JSONField(default=dict)
    position = models.PositiveIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Only an HTTP service stands at the edge."""

        ordering = ("position", "name")
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=ComponentKind.values), name="component_kind_known"),
            models.CheckConstraint(
                condition=Q(edge=False) | Q(kind=ComponentKind.HTTP.value), name="component_edge_is_http"
            ),
        )

    def __str__(self) -> str:
        return self.name

    def frozen(self) -> dict[str, Any]:
        """What a release's content keeps of this definition."""
        return {
            "kind": self.kind,
            "edge": self.edge,
            "drain_seconds": self.drain_seconds,
            "manifest": self.manifest,
        }


class ItemDefinition(models.Model):
    """One line of the checklist or of the validations, as new releases get it."""

    list = models.CharField(max_length=10, choices=ItemList.choices)
    name = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    about_artefacts = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Once per list."""

        ordering = ("list", "position", "name")
        constraints = (
            models.UniqueConstraint(fields=("list", "name"), name="item_definition_once"),
            models.CheckConstraint(condition=Q(list__in=ItemList.values), name="item_definition_list_known"),
        )

    def __str__(self) -> str:
        return f"{self.list}: {self.title}"


class FactDefinition(models.Model):
    """A fact that nobody measures yet: said by a person, with a link, and good for so many seconds.

    `moments` are those at which it blocks while missing or too old; `who` are the roles that give it.
    """

    name = models.CharField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    max_age_seconds = models.PositiveIntegerField()
    moments = models.JSONField(default=list)
    who = models.JSONField(default=list)
    position = models.PositiveIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """A fact that never grows old would be a setting."""

        ordering = ("position", "name")
        constraints = (
            models.CheckConstraint(condition=Q(max_age_seconds__gt=0), name="fact_definition_grows_old"),
        )

    def __str__(self) -> str:
        return self.title
