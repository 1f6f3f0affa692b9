"""The exercise `work_queue`, solved: a thread for each worker, and a join for each thread."""

from __future__ import annotations

from queue import Empty, Queue
from threading import Thread

from makespan_lane.lane import Lane
from makespan_lane.strategy.base import Pool
from makespan_lane.work import Chunk, Layout, Work


class WorkQueue(Pool):
    """N workers and one queue."""

    def __init__(self, layout: Layout, start_method: str | None) -> None:
        self.workers = layout.workers

    def run(self, work: Work) -> None:
        queue: Queue[Chunk] = Queue()
        for chunk in work.chunks:
            queue.put(chunk)
        threads = [
            Thread(target=work_through, args=(worker, work, queue))
            for worker in range(self.workers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def work_through(worker: int, work: Work, queue: Queue[Chunk]) -> None:
    """What a worker does: take, run, take again, until the queue is empty."""
    lane = Lane(worker, work.order)
    while True:
        try:
            chunk = queue.get_nowait()
        except Empty:
            return
        for item in chunk:
            # One `append` is atomic, so the list needs no lock.
            work.done.append(lane.do(*item))
