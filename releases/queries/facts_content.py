"""Facts about what ships: digests, authors, lists, staging, the plan, the base."""

from __future__ import annotations

from approvals.policy import Action, who_may
from deployments.states import RunState
from releases.content import is_irreversible, missing_components, seal
from releases.queries.dossier import Dossier
from releases.queries.fact import Fact, blocks, clear, listed, watch
from releases.queries.items import ItemStanding
from releases.queries.plans import plan_now
from releases.states import ItemList


def content(d: Dossier) -> Fact | None:
    """Has every component a digest?"""
    components = d.release.content["components"]
    known = d.components if d.components is not None else list(components)
    missing = missing_components(d.release.content, known)
    if missing or not known:
        return blocks(
            "content",
            "Content",
            f"{len(known) - len(missing)} of {len(known)} digests",
            f"{listed(missing)} {'has' if len(missing) == 1 else 'have'} no digest yet."
            if known
            else "The platform file names no component.",
            who="CI, or " + who_may(Action.EDIT_CONTENT),
        )
    return clear("content", "Content", f"{len(known)} digests", f"All {len(known)} components have a digest.")


def definitions(d: Dossier) -> Fact | None:
    """Is every component described as the platform file describes it now?"""
    entries = d.release.content["components"]
    described = d.components or {}
    old = [
        name
        for name, frozen in described.items()
        if name in entries and any(entries[name].get(key) != value for key, value in frozen.items())
    ]
    if not old:
        return None
    return watch(
        "definitions",
        "Platform file",
        f"{len(old)} older",
        f"{listed(old)} {'is' if len(old) == 1 else 'are'} described as in an earlier platform file; giving "
        "the digest again takes the present one.",
        who="CI, or " + who_may(Action.EDIT_CONTENT),
    )


def authors(d: Dossier) -> Fact | None:
    """Is every author a person of the portal?"""
    if not d.authors:
        return blocks(
            "authors",
            "Authors",
            "none",
            "Nobody is named as author, so nobody could be kept from signing their own work.",
            who=who_may(Action.ANNOTATE),
        )
    if d.strangers:
        names = listed([f"{a.login} on {a.host}" for a in d.strangers])
        return blocks(
            "authors",
            "Authors",
            f"{len(d.strangers)} untied",
            f"{names} {'is' if len(d.strangers) == 1 else 'are'} nobody in the portal yet.",
            who="an Administrator, by adding the source login to a person",
        )
    count = len(d.authors)
    return clear(
        "authors",
        "Authors",
        str(count),
        f"{'The author is a person' if count == 1 else f'All {count} authors are people'} of the portal.",
    )


def forward_fix(d: Dossier) -> Fact | None:
    """Is there a plan for going forward where there is no way back?"""
    if not is_irreversible(d.release.content):
        return None
    if not d.release.forward_fix_plan:
        return blocks(
            "forward_fix",
            "Forward-fix plan",
            "missing",
            "A migration of this release cannot be undone; write down how to go forward if it is bad.",
            who=who_may(Action.ANNOTATE),
        )
    return watch(
        "forward_fix",
        "Forward-fix plan",
        "written",
        "A migration of this release cannot be undone: nothing returns by itself after it, "
        "the forward-fix plan holds.",
    )


def twin(d: Dossier) -> Fact | None:
    """Was this very content rolled back before?"""
    if d.twin is None:
        return None
    return blocks(
        "rolled_back_before",
        "Rolled back before",
        d.twin,
        f"This is the content of {d.twin}, which was rolled back; it needs at least one new digest.",
        who="CI, or " + who_may(Action.EDIT_CONTENT),
        final=True,
    )


def checklist(d: Dossier) -> Fact | None:
    """Has every line of the checklist a result that counts?"""
    rows = [s for s in d.items if s.item.list == ItemList.CHECKLIST]
    return _list(rows, "checklist", "Checklist", who_may(Action.RECORD_CHECKLIST))


def validations(d: Dossier) -> Fact | None:
    """Has every staging validation passed for this content?"""
    rows = [s for s in d.items if s.item.list == ItemList.VALIDATION]
    return _list(rows, "validations", "Staging validations", who_may(Action.RECORD_VALIDATION))


def _list(rows: list[ItemStanding], name: str, label: str, who: str) -> Fact | None:
    if not rows:
        return None
    words = {"fail": "failed", "stale": "given for other content", "missing": "missing"}
    titles = {state: [s.item.title for s in rows if s.state == state] for state in words}
    parts = [f"{words[state]}: {listed(found)}" for state, found in titles.items() if found]
    done = sum(s.done for s in rows)
    value = f"{done} of {len(rows)}"
    if parts:
        text = f"{label}: {'; '.join(parts)}."
        return blocks(name, label, value, text, who=who, final=bool(titles["fail"]))
    newest = max(s.at for s in rows if s.at is not None)
    return clear(name, label, value, f"{label}: all {len(rows)} pass or do not apply.", at=newest)


def staging(d: Dossier) -> Fact | None:
    """Did the environment before production run this very content?"""
    run = d.release.staging_run
    if run is None or run.run_state != RunState.SUCCEEDED or run.content_hash != d.release.content_hash:
        return blocks(
            "staging",
            "Staging",
            "not run",
            f"The content {d.release.content_hash[:8]} has not run on staging; production starts only "
            "what staging ran.",
            who=who_may(Action.STAGE),
        )
    return clear(
        "staging",
        "Staging",
        f"run {run.pk}",
        f"Staging ran the content {run.content_hash[:8]}, digest for digest.",
        at=run.ended_at,
    )


def plan(d: Dossier) -> Fact | None:
    """Is the frozen plan what was sealed and signed, and still what the platform file would plan?"""
    if d.release.plan is None:
        return None
    if not _as_sealed(d):
        return blocks(
            "plan",
            "Plan",
            "not what was sealed",
            "Content, version, kind or plan stand otherwise than under the seal that was signed: they were "
            "changed past the portal.",
            who=who_may(Action.REPLAN) + ", by freezing a new plan, which is signed anew",
        )
    # A first deployment cannot be told by what serves once it has been served.
    fresh = plan_now(d.release, d.production, d.serving)
    if fresh != d.release.plan:
        return watch(
            "plan",
            "Plan",
            "outdated",
            "The plan that was signed is not what the platform file would plan now; it runs as signed.",
            who=who_may(Action.REPLAN) + ", by freezing a new plan",
        )
    return clear("plan", "Plan", "current", "The frozen plan is the one of the platform file.")


def _as_sealed(d: Dossier) -> bool:
    """The seal is worked out anew: a row that was changed in the database carries the old one."""
    release = d.release
    worked_out = seal(
        content_hash=release.content_hash, version=release.version, kind=release.kind, plan=release.plan
    )
    return release.seal == worked_out and d.gate_seal in ("", worked_out)


def base(d: Dossier) -> Fact | None:
    """Does production run what this release was built on?"""
    built = d.release.content["base"]
    running = d.serving
    if (running.content_hash if running else None) == built["content_hash"]:
        version = built["version"] or "nothing"
        return clear("base", "Base", version, f"Production runs {version}, as when this release was built.")
    here = running.subject if running else "nothing"
    text = f"Built on {built['version'] or 'nothing'}, production runs {here}: rebase."
    if d.moment == "sign":
        return watch("base", "Base", here, text, who=who_may(Action.REBASE))
    return blocks("base", "Base", here, text, who=who_may(Action.REBASE))
