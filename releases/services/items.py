"""Record what somebody found for a checklist item or a staging validation. Append-only.

Called by `POST …/checklist/ITEM/`, `POST …/validations/NAME/` and the release page. A failed validation
returns a release that is being validated to draft.
"""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from events import clock
from events.errors import NotFound
from releases import texts
from releases.errors import BadContent, OtherContent
from releases.models import ItemResult, Release, ReleaseItem
from releases.services.create import first
from releases.services.keeping import keep, taken
from releases.states import ItemList, Outcome, ReleaseState
from releases.texts import Faults, fault
from releases.verbs import Verb


@transaction.atomic
def record_result(
    version: str,
    list: str,
    name: str,
    *,
    actor: Actor,
    result: str,
    remark: str = "",
    link: str = "",
    content_hash: str | None = None,
) -> ItemResult:
    """Append one result, given for the content that the release holds.

    A fail and "not applicable" need a remark. Raises NotAllowed, NotFound, WrongReleaseState,
    BadContent, OtherContent when `content_hash` names other content.
    """
    kind = ItemList(list)
    checklist = kind == ItemList.CHECKLIST
    release = taken(version, Verb.RECORD_CHECKLIST if checklist else Verb.RECORD_VALIDATION, actor)
    item = _item(release, kind, name)
    faults: Faults = {}
    if result not in Outcome.values:
        fault(faults, "result", f"The result is one of {', '.join(Outcome.values)}.")
    text = texts.remark(remark, faults, required=result in (Outcome.FAIL, Outcome.NOT_APPLICABLE))
    address = texts.link(link, "link", faults)
    if faults:
        raise BadContent(first(faults), fields=faults)
    _demand_content(release, content_hash)
    return _append(release, item, actor, result=result, remark=text, link=address)


def _item(release: Release, kind: ItemList, name: str) -> ReleaseItem:
    items = {item.name: item for item in release.items.filter(list=kind)}
    if name not in items:
        known = ", ".join(items) or "none"
        raise NotFound(f"The {kind.label.lower()} of {release.version} has no “{name[:80]}”; it has {known}.")
    return items[name]


def _demand_content(release: Release, content_hash: str | None) -> None:
    if content_hash is not None and content_hash != release.content_hash:
        raise OtherContent(
            f"The result was given for the content {str(content_hash)[:8]}, {release.version} holds "
            f"{release.content_hash[:8]} now. Look at the present content and record again.",
            fields={"content_hash": [f"The content is {release.content_hash}."]},
        )


def _append(
    release: Release, item: ReleaseItem, actor: Actor, *, result: str, remark: str, link: str
) -> ItemResult:
    earlier = item.results.order_by("-id").first()
    row = ItemResult.objects.create(
        item=item,
        result=result,
        remark=remark,
        link=link,
        by=actor.id,
        at=clock.now(),
        content_hash=release.content_hash,
    )
    failed = item.list == ItemList.VALIDATION and result == Outcome.FAIL
    keep(
        release,
        f"{item.list}.recorded",
        actor.id,
        before={"result": earlier.result if earlier else None},
        after={"result": result, "content_hash": release.content_hash},
        reason=remark,
        data={"item": item.name, "title": item.title, "link": link},
    )
    if failed and release.status == ReleaseState.VALIDATING:
        release.fail_validation()
        keep(
            release,
            "release.returned_to_draft",
            actor.id,
            before={"state": ReleaseState.VALIDATING},
            after={"state": release.status},
            reason=f"The validation “{item.title}” failed: {remark}",
        )
    return row
