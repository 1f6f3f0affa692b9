"""The exercise `work_queue`, solved wrongly: each worker has a share of its own, assigned beforehand. The
worker with the long tasks still works when the others have ended.
"""

from __future__ import annotations

from threading import Thread

from makespan_lane.lane import Lane
from makespan_lane.strategy.base import Pool
from makespan_lane.work import Layout, Work


class WorkQueue(Pool):
    """N workers, each with its share."""

    def __init__(self, layout: Layout, start_method: str | None) -> None:
        self.workers = layout.workers

    def run(self, work: Work) -> None:
        threads = [
            Thread(target=work_through, args=(worker, work, self.workers))
            for worker in range(self.workers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def work_through(worker: int, work: Work, workers: int) -> None:
    """What a worker does: every so many chunks, one."""
    lane = Lane(worker, work.order)
    for chunk in work.chunks[worker::workers]:
        for item in chunk:
            work.done.append(lane.do(*item))
