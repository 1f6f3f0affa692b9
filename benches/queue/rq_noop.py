"""What our queue is held against: jobs that do nothing, through Python's RQ on a Redis server.

    MAKESPAN_QUEUE=redis://HOST:PORT/DB rq_noop.py PREFIX

First prints what it is. Then it reads orders, one on each line, and answers each with seconds on a line:

    single WORKER JOBS        sequentially, by one worker: the time of each, from handing in to result
    bulk WORKER WORKERS JOBS  all at once, by so many workers: from the first one's handing in to the last one's result

WORKER is `Worker`, RQ's usual one, which forks a process for each job, or `SimpleWorker`, which doesn't. Workers stand
and are idle before the clock starts, and log nothing but errors.
"""

import multiprocessing
import os
import platform
import signal
import sys
import threading
import time

import redis
import rq
from rq.registry import FinishedJobRegistry
from rq.results import Result

PATIENCE_S = 120


def echo(number):
    return number


class Crew:
    """Workers of one queue, each a process that was forked from this one, so that none has to import anything."""

    def __init__(self, queue, kind, number):
        self.queue, self.kind = queue, kind
        self.members = [CONTEXT.Process(target=self.work) for _ in range(number)]

    def work(self):
        # The program that started this script may be killed. Its end of the pipe closes then, and no process is left.
        os.close(LIFELINE[1])
        threading.Thread(target=lambda: os.read(LIFELINE[0], 1) or os._exit(1), daemon=True).start()
        sys.stdin.close()
        # Standard output is for figures.
        os.dup2(2, 1)
        mine = redis.Redis.from_url(URL)
        worker = getattr(rq, self.kind)([rq.Queue(self.queue.name, connection=mine)], connection=mine)
        worker.work(logging_level="ERROR")

    def __enter__(self):
        for member in self.members:
            member.start()
        idle = lambda: [one for one in rq.Worker.all(queue=self.queue) if one.get_state() == "idle"]
        wait_until(lambda: len(idle()) == len(self.members), 0.005)

    def __exit__(self, *_):
        # Idle workers leave at once.
        for member in self.members:
            os.kill(member.pid, signal.SIGTERM)
        for member in self.members:
            member.join()


def wait_until(is_so, pause_s):
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            sys.exit(f"nothing came of it within {PATIENCE_S} s")
        time.sleep(pause_s)


def check(queue, jobs):
    for number, job in enumerate(jobs):
        result = job.latest_result()
        if result is None or result.type != Result.Type.SUCCESSFUL or result.return_value != number:
            sys.exit(f"job {number} came back as {result and (result.type, result.exc_string, result.return_value)}")
        Result.delete_all(job)
        job.delete()
    # Somebody else's server is left as it was.
    CONNECTION.delete(FinishedJobRegistry(queue=queue).key)


def single(queue, jobs):
    took_s, done = [], []
    for number in range(jobs):
        start = time.perf_counter()
        done.append(queue.enqueue("rq_noop.echo", number))
        done[-1].latest_result(timeout=PATIENCE_S)
        took_s.append(time.perf_counter() - start)
    check(queue, done)
    return took_s


def bulk(queue, jobs):
    finished = FinishedJobRegistry(queue=queue).key
    prepared = [rq.Queue.prepare_data("rq_noop.echo", (number,)) for number in range(jobs)]
    start = time.perf_counter()
    done = queue.enqueue_many(prepared)
    # The last one that was handed in is among the last to be done; then those still at work.
    done[-1].latest_result(timeout=PATIENCE_S)
    wait_until(lambda: CONNECTION.zcard(finished) >= jobs, 0.001)
    took_s = time.perf_counter() - start
    check(queue, done)
    return [took_s]


def measure(number, what, kind, *counts):
    workers, jobs = (1, *map(int, counts)) if what == "single" else map(int, counts)
    # A queue of its own, so that nothing of what was before is in it.
    queue = rq.Queue(f"{PREFIX}-{number}", connection=CONNECTION)
    with Crew(queue, kind, workers):
        # Once round, so that each worker has its connections and the scripts are where they are needed.
        single(queue, 1) if what == "single" else bulk(queue, 2 * workers)
        took_s = {"single": single, "bulk": bulk}[what](queue, jobs)
    queue.delete()
    return took_s


if __name__ == "__main__":
    import rq_noop

    # What workers are forked from is the module, not this program: a job's function must have a name that leads to it.
    rq_noop.URL, rq_noop.PREFIX = os.environ["MAKESPAN_QUEUE"], sys.argv[1]
    rq_noop.LIFELINE = os.pipe()
    rq_noop.CONTEXT = multiprocessing.get_context("fork")
    rq_noop.CONNECTION = redis.Redis.from_url(rq_noop.URL)
    print(f"RQ {rq.VERSION}, redis-py {redis.__version__}, {platform.python_implementation()} {platform.python_version()}", flush=True)
    for number, order in enumerate(sys.stdin):
        print(*rq_noop.measure(number, *order.split()), flush=True)
