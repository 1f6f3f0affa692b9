"""The exercise `hybrid`, solved: each process starts its threads, and all threads take from one queue."""

from __future__ import annotations

import multiprocessing
from threading import Thread
from typing import Any

from makespan_lane import worker
from makespan_lane.lane import Lane
from makespan_lane.strategy.base import Pool
from makespan_lane.work import Layout, Work

# `multiprocessing.Queue` is a method of its context, and no type.
Queue = Any


class Hybrid(Pool):
    """P processes of T threads each."""

    def __init__(self, layout: Layout, start_method: str | None) -> None:
        context: Any = multiprocessing.get_context(start_method)
        self.threads = layout.threads
        self.chunks: Queue = context.Queue()
        self.results: Queue = context.Queue()
        self.processes = [
            context.Process(
                target=work_in_process,
                args=(number, self.threads, self.chunks, self.results),
                daemon=True,
            )
            for number in range(layout.processes)
        ]
        for process in self.processes:
            process.start()
        # A pool has started when all of its processes are ready.
        for _ in self.processes:
            self.results.get()

    def run(self, work: Work) -> None:
        for chunk in work.chunks:
            self.chunks.put((work.order, chunk))
        for _ in work.chunks:
            work.done.extend(self.results.get())

    def close(self) -> None:
        # One `None` ends one thread.
        for _ in range(len(self.processes) * self.threads):
            self.chunks.put(None)
        for process in self.processes:
            process.join()

    @classmethod
    def layout(cls, asked: Layout, tasks: int) -> Layout:
        return asked


def work_in_process(process: int, threads: int, chunks: Queue, results: Queue) -> None:
    """What a process does, from its start to its end."""
    # It ends with its parent, and leaves Ctrl-C to it.
    worker.begin(None)
    results.put("ready")
    crew = [
        Thread(target=work_in_thread, args=(number, chunks, results))
        for number in range(process * threads, (process + 1) * threads)
    ]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()


def work_in_thread(number: int, chunks: Queue, results: Queue) -> None:
    """What a thread does: take, run, send the results, until it gets `None`."""
    while (taken := chunks.get()) is not None:
        order, chunk = taken
        lane = Lane(number, order)
        results.put([lane.do(*item) for item in chunk])
