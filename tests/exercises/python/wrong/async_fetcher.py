"""The exercise `async_fetcher`, solved wrongly: all requests are in flight at once, and nothing limits
how many that is.
"""

from __future__ import annotations

import asyncio
from collections import deque

from makespan_lane.lane import Lane
from makespan_lane.strategy.base import Pool
from makespan_lane.task import async_client
from makespan_lane.work import Chunk, Layout, Work


class AsyncFetcher(Pool):
    """An event loop with N requests in flight."""

    def __init__(self, layout: Layout, start_method: str | None) -> None:
        self.in_flight = layout.workers
        self.loop = asyncio.new_event_loop()

    def run(self, work: Work) -> None:
        self.loop.run_until_complete(self.fetch_all(work))

    async def fetch_all(self, work: Work) -> None:
        one_each = [deque([chunk]) for chunk in work.chunks]
        await asyncio.gather(*(slot(0, work, chunks) for chunks in one_each))

    def close(self) -> None:
        # The connections belong to this loop.
        self.loop.run_until_complete(async_client.close())
        self.loop.close()


async def slot(number: int, work: Work, chunks: deque[Chunk]) -> None:
    """What a slot does: take, run, take again, until nothing is left. At the `await` another slot may
    go on."""
    lane = Lane(number, work.order)
    while chunks:
        for item in chunks.popleft():
            work.done.append(await lane.do_async(*item))
