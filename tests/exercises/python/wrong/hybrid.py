"""The exercise `hybrid`, solved wrongly: each process takes a task for each of its threads, and takes
the next when all of them are done. Each time, the slowest keeps the others waiting.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from makespan_lane import worker
from makespan_lane.lane import Done, Lane, Order
from makespan_lane.strategy.base import Pool
from makespan_lane.work import Item, Layout, Work

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
        items = [item for chunk in work.chunks for item in chunk]
        waves = range(0, len(items), self.threads)
        for first in waves:
            self.chunks.put((work.order, items[first : first + self.threads]))
        for _ in waves:
            work.done.extend(self.results.get())

    def close(self) -> None:
        for _ in self.processes:
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
    with ThreadPoolExecutor(threads) as executor:
        while (taken := chunks.get()) is not None:
            order, wave = taken
            results.put(list(executor.map(do, [order] * len(wave), wave)))


def do(order: Order, item: Item) -> Done:
    """One task, in one of the threads."""
    return Lane(item.at, order).do(*item)
