"""What the simulated interpreter lock is held against: the same two experiments in CPython. Prints seconds.

    cpython.py primes THREADS    so many threads share the sum of the primes below a limit
    cpython.py convoy REQUESTS   so many sequential waits of 1 ms beside a thread that computes: the mean
"""

import sys
import threading
import time

BELOW = 150_000


def is_prime(number):
    if number < 4:
        return number > 1
    if number % 2 == 0 or number % 3 == 0:
        return False
    divisor = 5
    while divisor * divisor <= number:
        if number % divisor == 0 or number % (divisor + 2) == 0:
            return False
        divisor += 6
    return True


def primes(threads):
    # Of every 6 * threads numbers each thread has six: halves of the range would not be equal work.
    def share(mine):
        sums.append(sum(n for n in range(BELOW) if n // 6 % threads == mine and is_prime(n)))

    sums = []
    workers = [threading.Thread(target=share, args=(mine,)) for mine in range(threads)]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    took = time.perf_counter() - start
    assert sum(sums) == 986_017_447, sums
    return took


def convoy(requests):
    def compute():
        number = 0
        while not over:
            is_prime(number)
            number += 1

    over = []
    computing = threading.Thread(target=compute)
    computing.start()
    start = time.perf_counter()
    for _ in range(requests):
        time.sleep(0.001)
    took = time.perf_counter() - start
    over.append(True)
    computing.join()
    return took / requests


experiment, number = sys.argv[1:]
print({"primes": primes, "convoy": convoy}[experiment](int(number)))
