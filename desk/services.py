"""Dossiers: asked for, made by a task, read, and thrown away after a week; each on the record."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import transaction

from accounts.actors import Actor
from accounts.queries import PEOPLE, stream_called
from accounts.services.access import looked
from approvals.policy import Action, require
from desk.dossiers.archive import freeze_snapshot, make
from desk.dossiers.gathering import Scope
from desk.models import DossierRequest
from events import checkpoints, clock
from events.errors import Invalid, NotFound, PortalError
from events.services import record
from events.wake import wake
from releases.models import Release

log = logging.getLogger(__name__)

KEEP = timedelta(days=7)
_PEOPLE_BY_ID = re.compile(rf"{PEOPLE}[0-9a-f-]*")
LONGEST = timedelta(days=366)


@transaction.atomic
def ask(
    *, actor: Actor, release: str = "", since: datetime | None = None, until: datetime | None = None
) -> DossierRequest:
    """Ask for the dossier of a release, or of a period of at most a year; a task makes it.

    Raises NotAllowed, NotFound for an unknown version, Invalid for anything but one of the two.
    """
    require(actor, Action.READ_AUDIT)
    _check(release, since, until)
    asked = DossierRequest.objects.create(
        release=release, since=since, until=until, asked_by=actor.id, asked_at=clock.now()
    )
    about = f"release/{release}" if release else f"access/{clock.now():%Y-%m}"
    record(about, "dossier.asked", actor.id, data={"dossier": asked.public_id, "title": asked.title})
    wake("desk.tasks.make_dossier", asked.pk)
    return asked


def _check(release: str, since: datetime | None, until: datetime | None) -> None:
    if release:
        if since or until:
            raise Invalid("A dossier is of a release or of a period, not of both.")
        if not Release.objects.filter(version=release).exists():
            raise NotFound(f"There is no release {release}.")
        return
    if since is None or until is None or until <= since:
        late = {"until": ["must be later than the first moment"]}
        raise Invalid("A period needs its first moment and a later last one.", fields=late)
    if until - since > LONGEST:
        raise Invalid("A period is a year at most; ask for several.", fields={"until": ["at most a year"]})


def make_dossier(pk: int) -> None:
    """Make the archive of a request that waits; a failure is written to it."""
    asked = DossierRequest.objects.filter(pk=pk, archive=None).first()
    if asked is None:
        return
    mine = DossierRequest.objects.filter(pk=pk)
    try:
        archive = archive_of(asked, tell=lambda percent: _tell(pk, percent))
    except PortalError as error:
        mine.update(error=error.detail)
    except Exception:
        log.exception("the dossier %s could not be made", pk)
        mine.update(error="Something unforeseen happened; the log of the worker says what.")
    else:
        mine.update(archive=archive, sha256=hashlib.sha256(archive).hexdigest(), percent=100, error="")


def archive_of(asked: DossierRequest, tell: Callable[[int], None] = lambda percent: None) -> bytes:
    """The archive of what was asked for, as of one instant. Raises CannotSign.

    A checkpoint is made first, so that a signed one covers everything in it.
    """
    checkpoints.make()
    with transaction.atomic():
        freeze_snapshot()
        return make(Scope(asked.release, asked.since, asked.until), asked.title, tell)


def _tell(pk: int, percent: int) -> None:
    """Where the making stands; kept beside the database, whose snapshot the making holds."""
    cache.set(f"dossier-{pk}", percent, 3600)


def percent_of(asked: DossierRequest) -> int:
    """How far its making has come."""
    return asked.percent or int(cache.get(f"dossier-{asked.pk}") or 0)


def take(public_id: str, actor: Actor) -> tuple[DossierRequest, bytes]:
    """The archive, for reading; that is an event too. Raises NotAllowed, NotFound."""
    asked = find(public_id, actor)
    if asked.archive is None:
        raise NotFound("This dossier is not made yet.")
    looked(actor, "dossier.read", dossier=str(asked.public_id), title=asked.title)
    return asked, bytes(asked.archive)


def find(public_id: str, actor: Actor) -> DossierRequest:
    """The request. Raises NotAllowed, NotFound."""
    require(actor, Action.READ_AUDIT)
    found = DossierRequest.objects.filter(public_id=public_id).first()
    if found is None:
        raise NotFound("There is no such dossier.")
    return found


def sweep() -> None:
    """Make what a lost wake left waiting, and throw away what is older than a week."""
    DossierRequest.objects.filter(asked_at__lt=clock.now() - KEEP).delete()
    waiting = DossierRequest.objects.filter(
        archive=None, error="", asked_at__lt=clock.now() - timedelta(minutes=1)
    )
    for pk in waiting.values_list("pk", flat=True)[:5]:
        make_dossier(pk)


def held_stream(text: str) -> str:
    """The stream that a legal hold names, a person's by their login. Raises Invalid for a login of nobody."""
    found = stream_called(text.strip())
    if found.startswith(PEOPLE) and not _PEOPLE_BY_ID.fullmatch(found):
        sentence = f"Nobody is called {found.removeprefix(PEOPLE)!r}; name the login, as in people/rita."
        raise Invalid(sentence, fields={"stream": [sentence]})
    return found
