"""Independent pieces of one job in forked processes: all cores work, and the memory of a piece ends with it."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

MOST_WORKERS = 8
Task = TypeVar("Task")
Result = TypeVar("Result")


def cores() -> int:
    """Processes worth starting: the cores this process may use; 1 where forking is unsafe."""
    return min(len(os.sched_getaffinity(0)), MOST_WORKERS) if sys.platform == "linux" else 1


def in_processes(work: Callable[[Task], Result], tasks: Sequence[Task], workers: int) -> Iterator[Result]:
    """Results of ``work`` on each task, in their order.

    A child starts as a copy of this process, so ``work`` may use objects that cannot be sent; its result must be
    one that can.

    Args:
        work: called in a child, or here with fewer than two workers.
        tasks: its arguments.
        workers: children at a time.

    Raises:
        Exception: what ``work`` raised; RuntimeError when a child was killed.
    """
    if workers < 2 or len(tasks) < 2:
        yield from map(work, tasks)
        return
    fork = multiprocessing.get_context("fork")
    running: list[tuple[BaseProcess, Connection]] = []
    waiting = list(tasks)
    try:
        while running or waiting:
            while waiting and len(running) < workers:
                here, there = fork.Pipe(duplex=False)
                child = fork.Process(target=_send, args=(there, work, waiting.pop(0)), daemon=True)
                child.start()
                there.close()
                running.append((child, here))
            yield _receive(*running[0])
            running.pop(0)
    finally:
        for left, _ in running:
            left.kill()
            left.join()


def _send(there: Connection, work: Callable[[Task], Result], task: Task) -> None:
    try:
        there.send((True, work(task)))
    except Exception as error:
        there.send((False, error))


def _receive(child: BaseProcess, here: Connection) -> Any:
    try:
        worked, result = here.recv()
    except EOFError:
        child.join()
        raise RuntimeError(f"a process that read part of the layout ended with code {child.exitcode}") from None
    child.join()
    here.close()
    if not worked:
        raise result
    return result
