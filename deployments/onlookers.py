"""Who may look at a run's socket: asked of all who come or stay at once, not of one after the other.

After a restart of the web process every open page comes back in the same moment, and each stays under
watch for as long as it is open. Called by `deployments.hub`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

from accounts.queries import actors
from approvals import policy
from deployments.models import DeploymentRun

NOT_LOGGED_IN, NOT_ALLOWED, NO_SUCH_RUN = 4401, 4403, 4404


def refusals(run_id: int, people: Collection[int]) -> dict[int, int]:
    """For each of these people the closing code of why they may not look, 0 when they may; three queries."""
    known = actors(people)
    there = DeploymentRun.objects.filter(pk=run_id).exists()
    found = {}
    for key in people:
        if key not in known:
            found[key] = NOT_LOGGED_IN
        elif policy.may(known[key], policy.Action.READ_DEPLOYMENTS) is not None:
            found[key] = NOT_ALLOWED
        else:
            found[key] = 0 if there else NO_SUCH_RUN
    return found


Ask = Callable[[Collection[int]], Awaitable[dict[int, int]]]


class Doorkeeper:
    """Answers whoever comes while an earlier question is under way together, in the next one."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._coming: dict[int, asyncio.Future[int]] = {}
        self._task: asyncio.Task[None] | None = None

    async def refusal(self, person: int) -> int:
        """The closing code of why this person may not look, 0 when they may; raises what asking raises."""
        waiting = self._coming.setdefault(person, asyncio.get_running_loop().create_future())
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._answer())
        return await asyncio.shield(waiting)  # several sockets of a person wait for one answer

    async def _answer(self) -> None:
        while self._coming:
            asked, self._coming = self._coming, {}
            try:
                found = await self._ask(tuple(asked))
            except Exception as error:
                for waiting in asked.values():
                    waiting.set_exception(error)
            else:
                for person, waiting in asked.items():
                    waiting.set_result(found[person])
