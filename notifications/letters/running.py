"""Letters about production itself: started, stopped, finished, rolled back, replaced, completed, past us."""

from __future__ import annotations

from notifications.letters.letter import Letter, Recipient
from notifications.letters.parts import because, letter, rows
from notifications.letters.times import with_zone
from notifications.news import ReleaseNews


def started(news: ReleaseNews, to: Recipient) -> Letter:
    """The deployment to production has begun."""
    facts = news.facts
    steps = ", ".join(f"{weight} %" for weight in facts.weights)
    path = f"Traffic moves to it in steps: {steps}." if steps else ""
    return letter(
        news,
        to,
        f"Started: {facts.version} goes to production",
        f"{news.who} started the deployment of {facts.version} to production.",
        path,
        "It is an emergency release." if facts.emergency else "",
        because(news),
        link=facts.run_page,
        button="Watch it live",
    )


def stopped(news: ReleaseNews, to: Recipient) -> Letter:
    """It ended before it took any traffic; the release is asked about again."""
    version = news.facts.version
    return letter(
        news,
        to,
        f"Stopped: {version} took no traffic",
        f"The deployment of {version} ended before any production traffic moved to it.",
        because(news),
        "Production serves what it served before.",
        link=news.facts.run_page,
        button="See what happened",
    )


def held(news: ReleaseNews, to: Recipient) -> Letter:
    """The run waits for somebody to decide: on, or back."""
    version = news.facts.version
    return letter(
        news,
        to,
        f"You are needed: {version} holds",
        f"The deployment of {version} does not go on by itself.",
        news.reason,
        "Look at it and decide: let it go on, or bring it back.",
        kicker=f"Your turn, {to.name} ({' or '.join(to.roles)})",
        your_turn=True,
        link=news.facts.run_page,
        button="Open the run",
    )


def finished(news: ReleaseNews, to: Recipient) -> Letter:
    """All traffic is on it; heightened monitoring has begun."""
    facts = news.facts
    until = facts.monitoring_ends_at
    return letter(
        news,
        to,
        f"Live: {facts.version} serves production",
        f"All production traffic is on {facts.version}.",
        f"Heightened monitoring lasts at least until {with_zone(until, to.zone)}." if until else "",
        "Until it completes, the way back stays open.",
        link=facts.run_page,
        button="See how it does",
    )


def rolled_back(news: ReleaseNews, to: Recipient) -> Letter:
    """Traffic is back on what served before."""
    facts = news.facts
    back = f"{facts.base_version} serves production again." if facts.base_version else ""
    return letter(
        news,
        to,
        f"Rolled back: {facts.version}",
        f"{facts.version} was taken out of production. {back}".strip(),
        because(news),
        "The cause and the lessons are to be recorded before the next ordinary release.",
        link=facts.run_page,
        button="See what happened",
    )


def replaced(news: ReleaseNews, to: Recipient) -> Letter:
    """An emergency release took over while this one was in monitoring."""
    version = news.facts.version
    return letter(
        news,
        to,
        f"Replaced: {version} gave way to an emergency release",
        f"An emergency release took over from {version}, which serves production no more.",
        because(news),
    )


def completed(news: ReleaseNews, to: Recipient) -> Letter:
    """Monitoring is over; the earlier version is retired."""
    version = news.facts.version
    return letter(
        news,
        to,
        f"Done: {version} is complete",
        f"Heightened monitoring of {version} ended well. The version before it is being retired.",
        because(news),
    )


def drifted(news: ReleaseNews, to: Recipient) -> Letter:
    """Somebody or something changed what runs, past every release."""
    version = news.facts.version
    return letter(
        news,
        to,
        f"Drift: not what {version} was approved as",
        "What runs is not what was approved.",
        news.reason,
        "No release can start until that is put right: deploy it again, or find out who changed it.",
        link=news.facts.run_page,
        button="Open the run",
    )


def done_offline(news: ReleaseNews, to: Recipient) -> Letter:
    """Somebody acted on the targets while the portal was away; it is on the record late."""
    version = news.facts.version
    return letter(
        news,
        to,
        f"Done without the portal: {version}",
        f"Traffic of {version} was moved past the portal, and the portal has followed it.",
        because(news),
        "It stands on the record as a late entry, with who did it and when as the targets tell. "
        "If nobody of yours did this, somebody else has the rights to.",
        rows=(*rows(news, to), *news.acts),
        link=news.facts.run_page,
        button="Open the run",
    )
