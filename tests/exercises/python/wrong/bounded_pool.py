"""The exercise `bounded_pool`, solved wrongly: N are started, all N are awaited, then the next N. There
are never too many, and mostly too few: each time, the slowest keeps the others waiting.
"""

from __future__ import annotations

from threading import Thread

from makespan_lane.lane import Lane
from makespan_lane.strategy.base import Pool
from makespan_lane.work import Item, Layout, Work


class BoundedPool(Pool):
    """Threads, never more than N at once."""

    def __init__(self, layout: Layout, start_method: str | None) -> None:
        self.most = layout.workers

    def run(self, work: Work) -> None:
        items = [item for chunk in work.chunks for item in chunk]
        for first in range(0, len(items), self.most):
            wave = items[first : first + self.most]
            threads = [Thread(target=do, args=(work, item)) for item in wave]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()


def do(work: Work, item: Item) -> None:
    """What a thread does: one task."""
    lane = Lane(item.at, work.order)
    work.done.append(lane.do(*item))
