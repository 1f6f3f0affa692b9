"""The exercise `bounded_pool`, solved: N threads, each of which takes one task after another."""

from __future__ import annotations

from collections import deque
from threading import Thread

from makespan_lane.lane import Lane
from makespan_lane.strategy.base import Pool
from makespan_lane.work import Item, Layout, Work


class BoundedPool(Pool):
    """Threads, never more than N at once."""

    def __init__(self, layout: Layout, start_method: str | None) -> None:
        self.most = layout.workers

    def run(self, work: Work) -> None:
        items = deque(item for chunk in work.chunks for item in chunk)
        threads = [
            Thread(target=work_through, args=(number, work, items)) for number in range(self.most)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def work_through(number: int, work: Work, items: deque[Item]) -> None:
    """What a thread does: one task after another, until none is left."""
    lane = Lane(number, work.order)
    while True:
        try:
            # One step, so no other thread can take the same task.
            item = items.popleft()
        except IndexError:
            return
        work.done.append(lane.do(*item))
