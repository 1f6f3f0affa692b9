"""The exercise `lock_held_too_long`, solved wrongly: a line has left the `with` block, but not the one
that takes long.
"""

from __future__ import annotations

from threading import Lock, Thread

from makespan_lane.lane import Lane
from makespan_lane.strategy.base import Pool
from makespan_lane.work import Item, Layout, Work


class LockHeldTooLong(Pool):
    """N threads and a list of tasks behind a lock."""

    def __init__(self, layout: Layout, start_method: str | None) -> None:
        self.workers = layout.workers

    def run(self, work: Work) -> None:
        lock, waiting = Lock(), [item for chunk in work.chunks for item in chunk]
        waiting.reverse()
        threads = [
            Thread(target=work_through, args=(worker, work, lock, waiting))
            for worker in range(self.workers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def work_through(worker: int, work: Work, lock: Lock, waiting: list[Item]) -> None:
    """What a worker does: take, run, take again, until no task is left."""
    lane = Lane(worker, work.order)
    while True:
        with lock:
            if not waiting:
                return
            item = waiting.pop()
            done = lane.do(*item)
        work.done.append(done)
