"""Cores, and work in threads whose results come in the order of the tasks: for what computes without Python's lock."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")
MOST_WORKERS = 8  # threads, or forked processes


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads() -> int:
    """Threads worth starting."""
    return min(cores(), MOST_WORKERS)


def in_threads(work: Callable[[Task], Result], tasks: Iterable[Task], workers: int) -> Iterator[Result]:
    """Results of ``work`` on each task, in their order; those that are done and under way are as many as workers.

    Args:
        work: called in a thread, or here with fewer than two workers.
        tasks: its arguments.
        workers: threads.

    Raises:
        Exception: what ``work`` raised; no task is begun after it.
    """
    if workers < 2:
        yield from map(work, tasks)
        return
    running = deque[Future[Result]]()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for task in tasks:
                if len(running) == workers:
                    yield running.popleft().result()
                running.append(pool.submit(work, task))
            while running:
                yield running.popleft().result()
        finally:
            for future in running:
                future.cancel()
