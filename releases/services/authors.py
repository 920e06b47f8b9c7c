"""Who wrote what a release brings: read from callers, tied to people, and what follows for signatures.

Called by `create`, `edit`, `rebase`, `follow_up`, `submit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from accounts.actors import Actor
from accounts.queries import user_by_source_login
from releases.errors import NotYourOwn
from releases.models import Author, Release
from releases.texts import Faults, fault, line

DEFAULT_HOST = "github.com"
MOST = 200


@dataclass(frozen=True, slots=True)
class Declared:
    """One author as the caller named them."""

    host: str
    login: str
    name: str

    @property
    def key(self) -> tuple[str, str]:
        """What makes two of them the same."""
        return self.host, self.login.lower()


def read(given: object, faults: Faults) -> list[Declared]:
    """The authors that the caller named, without repeats; none is a fault."""
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        fault(faults, "authors", "Authors are a list of objects with host, login and name.")
        return []
    if not given:
        fault(faults, "authors", "Name at least one author: who wrote the commits of this release?")
    if len(given) > MOST:
        fault(faults, "authors", f"At most {MOST} authors are kept.")
        return []
    found = [_read_one(item, f"authors.{number}", faults) for number, item in enumerate(given)]
    return list({author.key: author for author in found}.values())


def _read_one(given: object, path: str, faults: Faults) -> Declared:
    if not isinstance(given, Mapping) or not set(given) <= {"host", "login", "name"}:
        fault(faults, path, "An author is an object with host, login and name.")
        return Declared("", "", "")
    return Declared(
        line(given.get("host", DEFAULT_HOST), f"{path}.host", faults, limit=200, required=True).lower(),
        line(given.get("login", ""), f"{path}.login", faults, limit=200, required=True),
        line(given.get("name", ""), f"{path}.name", faults, limit=200),
    )


def add(release: Release, authors: Sequence[Declared]) -> None:
    """Store declared authors, tied to people where a login is known."""
    Author.objects.bulk_create(
        Author(
            release=release,
            host=author.host,
            login=author.login,
            name=author.name,
            user=user_by_source_login(author.host, author.login),
        )
        for author in authors
    )


def replace(release: Release, wanted: Sequence[Declared], actor: Actor) -> tuple[list[str], list[str]]:
    """Make the declared authors those; returns the names before and after.

    Authors by a change of content stay. Raises NotYourOwn when somebody would take themselves off.
    """
    before = list(release.authors.select_related("user"))
    keys = {author.key for author in wanted}
    gone = [a for a in before if a.declared and (a.host, a.login.lower()) not in keys]
    left = [a for a in before if a not in gone]
    _demand_not_own(actor, gone, left, wanted)
    Author.objects.filter(pk__in=[a.pk for a in gone]).delete()
    have = {(a.host, a.login.lower()) for a in left}
    add(release, [author for author in wanted if author.key not in have])
    return named(before), named(release.authors.all())


def _demand_not_own(
    actor: Actor, gone: Sequence[Author], left: Sequence[Author], wanted: Sequence[Declared]
) -> None:
    if actor.user is None or all(a.user_id != actor.user.pk for a in gone):
        return
    still = any(a.user_id == actor.user.pk for a in left)
    new = any(user_by_source_login(a.host, a.login) == actor.user for a in wanted)
    if not still and not new:
        raise NotYourOwn(
            f"{actor.label} cannot take themselves off the authors of a release, because an author may not "
            "sign it. Somebody else who may change authors can correct the list."
        )


def by_change(release: Release, actor: Actor) -> None:
    """A person who changed the content is an author of it; a service is not."""
    if actor.user is None or release.authors.filter(user=actor.user).exists():
        return
    Author.objects.create(
        release=release,
        host="portal",
        login=actor.user.handle,
        name=actor.user.display_name,
        user=actor.user,
        declared=False,
    )


def tie(release: Release) -> list[Author]:
    """Tie what can be tied by now; returns the authors who are nobody's yet."""
    loose = []
    for author in release.authors.filter(user=None):
        author.user = user_by_source_login(author.host, author.login)
        if author.user is None:
            loose.append(author)
        else:
            author.save(update_fields=("user",))
    return loose


def barred(release: Release) -> dict[str, str]:
    """Actor id → why this person may not sign this release: they wrote it, or something that it carries."""
    reasons: dict[str, str] = {}
    for author in release.authors.select_related("user").exclude(user=None):
        assert author.user is not None
        how = (
            f"they wrote commits of it as {author.login} on {author.host}"
            if author.declared
            else "they changed its content here"
        )
        reasons.setdefault(
            author.user.actor_id, f"{author.user.handle} is an author of {release.version}: {how}."
        )
    return _carried(release) | reasons


def _carried(release: Release) -> dict[str, str]:
    """Authors of other releases whose artefact this one brings: it carries their commits."""
    brought = {
        name: part.get("artifact", "")
        for name, part in release.content.get("components", {}).items()
        if name in release.brings and part.get("artifact")
    }
    same = Q()
    for name, artifact in brought.items():
        same |= Q(
            release__brings__contains=[name],
            release__content__contains={"components": {name: {"artifact": artifact}}},
        )
    if not same:
        return {}
    rows = Author.objects.filter(same).exclude(release=release).exclude(user=None)
    return {
        author.user.actor_id: f"{author.user.handle} is an author of what {release.version} carries from "
        f"{author.release.version}."
        for author in rows.select_related("user", "release")
        if author.user is not None
    }


def named(authors: Any) -> list[str]:
    """Authors as an event keeps them."""
    return sorted(f"{author.login}@{author.host}" for author in authors)
