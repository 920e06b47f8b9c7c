"""Idempotency-Key: the same call under the same key is done once, however often it is sent.

The answer is kept in the transaction of the change, so that neither can be there without the
other. Acts that start work at once (`together=False`) commit by themselves first; they describe a
wanted state, so that the one repeat which a crash between the two lets through does no harm.
A refused call changes nothing and does not use its key up. Called by `rest.views.Endpoint`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from events import clock
from events.errors import Conflict, Invalid, PortalError
from rest.models import KeptAnswer

KEEP = timedelta(days=7)
KEPT_HEADERS = ("ETag", "Location", "Retry-After")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class KeyUsedOtherwise(PortalError):
    """The key belongs to another call of this actor."""

    status = 422
    type = "idempotency-key-reused"
    title = "This Idempotency-Key belongs to another call"


class StillWorking(Conflict):
    """The first call under this key has not been answered yet."""

    type = "idempotency-key-in-use"
    title = "The first call under this Idempotency-Key is still at work"


def key_of(request: Request) -> str:
    """The request's key; raises Invalid where it is not 1 to 255 visible ASCII characters."""
    key = str(request.headers["Idempotency-Key"]).strip()
    if not _KEY.fullmatch(key):
        raise Invalid(
            "The Idempotency-Key must be 1 to 255 visible ASCII characters.",
            fields={"Idempotency-Key": ["1 to 255 visible ASCII characters; a UUID does well."]},
        )
    return key


def once(
    actor_id: str, key: str, request: Request, work: Callable[[], Response], *, together: bool = True
) -> Response:
    """Do `work` and keep its answer, or give the answer kept for this actor and key.

    Raises KeyUsedOtherwise (422) for another call under the key, StillWorking (409) while the first
    one is not answered; whatever `work` raises undoes everything and frees the key.
    """
    fingerprint = fingerprint_of(request)
    with transaction.atomic() if together else nullcontext(), _alone(actor_id, key):
        kept = KeptAnswer.objects.filter(actor=actor_id, key=key).first()
        if kept is not None:
            return _again(kept, fingerprint)
        response = work()
        if response.status_code < 300:
            _keep(actor_id, key, fingerprint, response)
        return response


def fingerprint_of(request: Request) -> str:
    """SHA-256 over method, address and parsed body."""
    body = json.dumps(request.data, sort_keys=True, ensure_ascii=True)
    text = "\n".join((str(request.method), request.get_full_path(), body))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@contextmanager
def _alone(actor_id: str, key: str) -> Iterator[None]:
    """Hold the key's advisory lock, until the end of the transaction where there is one.

    Raises StillWorking when somebody else holds it.
    """
    digest = hashlib.sha256(f"{actor_id}\n{key}".encode()).digest()
    number = int.from_bytes(digest[:8], "big", signed=True)
    kind = "_xact" if connection.in_atomic_block else ""
    if not _ask(f"SELECT pg_try_advisory{kind}_lock(%s)", number):
        raise StillWorking("A call under this Idempotency-Key is still at work; ask again in a moment.")
    try:
        yield
    finally:
        if not kind:
            _ask("SELECT pg_advisory_unlock(%s)", number)


def _ask(statement: str, number: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [number])
        return bool(cursor.fetchone()[0])


def _again(kept: KeptAnswer, fingerprint: str) -> Response:
    if kept.fingerprint != fingerprint:
        raise KeyUsedOtherwise(
            "This Idempotency-Key was used for another call. Use a new key for a new call, "
            "and the old one only to repeat the same call with the same body."
        )
    body = json.loads(kept.body) if kept.body else None
    return Response(body, status=kept.status, headers={**kept.headers, "Idempotency-Replayed": "true"})


def _keep(actor_id: str, key: str, fingerprint: str, response: Response) -> None:
    now = clock.now()
    KeptAnswer.objects.filter(created_at__lt=now - KEEP).delete()
    headers: dict[str, Any] = {name: response[name] for name in KEPT_HEADERS if name in response}
    KeptAnswer.objects.create(
        actor=actor_id,
        key=key,
        fingerprint=fingerprint,
        status=response.status_code,
        headers=headers,
        body="" if response.data is None else JSONRenderer().render(response.data).decode(),
        created_at=now,
    )
