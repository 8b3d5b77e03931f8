"""The time that a container has to end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

SHORTEST_S = 2.0
"""What a container gets between SIGTERM and SIGKILL at least (minimumGracePeriodInSeconds of the kubelet)."""


class Grace:
    """A grace period that counts from its making. A pod's may be shortened while it runs."""

    def __init__(self, seconds: Callable[[], float], news: Callable[[], asyncio.Event]) -> None:
        """news: the event that is set when `seconds` may have changed; another one each time."""
        self._seconds = seconds
        self._news = news
        self._began = asyncio.get_running_loop().time()
        self._earliest_end = 0.0

    @classmethod
    def of(cls, seconds: float) -> Grace:
        """One that stays as it is."""
        never = asyncio.Event()
        return cls(lambda: seconds, lambda: never)

    def left_s(self) -> float:
        end = max(self._began + self._seconds(), self._earliest_end)
        return end - asyncio.get_running_loop().time()

    def grant_the_shortest(self) -> None:
        """However much of the period is used up, SHORTEST_S are left."""
        self._earliest_end = asyncio.get_running_loop().time() + SHORTEST_S

    async def covers(self, work: Awaitable[object]) -> bool:
        """Whether the work ends before the period does; if not, it is cancelled. Raises what the work raises."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done() and (left_s := self.left_s()) > 0:
                news = asyncio.create_task(self._news().wait())
                await asyncio.wait({task, news}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
            if task.done():
                await task
            return task.done()
        finally:
            task.cancel()
