"""The tables of releases; written by `releases.services` only."""

from releases.models.freezes import Freeze, FreezeOverride
from releases.models.items import ItemResult, ManualFact, ReleaseItem
from releases.models.platform import Component, FactDefinition, ItemDefinition
from releases.models.release import Author, Lessons, Release, Revision, Watching

__all__ = (
    "Author",
    "Component",
    "FactDefinition",
    "Freeze",
    "FreezeOverride",
    "ItemDefinition",
    "ItemResult",
    "Lessons",
    "ManualFact",
    "Release",
    "ReleaseItem",
    "Revision",
    "Watching",
)
