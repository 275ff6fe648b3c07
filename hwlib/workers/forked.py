"""Work in forked processes: all cores work, memory ends with a child, and a child that takes too long is killed."""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

from hwlib.errors import StoppedError
from hwlib.workers.lifeline import die_with_parent
from hwlib.workers.threads import MOST_WORKERS, cores

WAITING = 5  # times the allowed processor time that a bounded child may be asleep
_LOOK = 0.1  # s between looks at a bounded child
Task = TypeVar("Task")
Result = TypeVar("Result")


def processes() -> int:
    """Processes worth starting: one a core, up to ``MOST_WORKERS``; 1 where forking is unsafe."""
    return min(cores(), MOST_WORKERS) if sys.platform == "linux" else 1


def in_processes(work: Callable[[Task], Result], tasks: Sequence[Task], workers: int) -> Iterator[Result]:
    """Results of ``work`` on each task, in their order.

    A child starts as a copy of this process, so ``work`` may use objects that cannot be sent; its result must be
    one that can.

    Args:
        work: called in a child, or here with fewer than two workers.
        tasks: its arguments.
        workers: children at a time.

    Raises:
        Exception: what ``work`` raised; StoppedError when a child was killed.
    """
    if workers < 2 or len(tasks) < 2 or not _may_fork():
        yield from map(work, tasks)
        return
    running: list[tuple[BaseProcess, Connection]] = []
    waiting = list(tasks)
    try:
        while running or waiting:
            while waiting and len(running) < workers:
                running.append(_started(work, waiting.pop(0)))
            yield _received(*running[0])
            running.pop(0)
    finally:
        for child, here in running:
            _end(child, here)


def bounded(
    work: Callable[[], Result], *, seconds: float, memory: int | None = None, without: Sequence[str] = ()
) -> Result:
    """Result of ``work``, called in a child that is killed when it takes more than it may.

    What the child prints is not shown. Where forking is unsafe ``work`` is called here, without bounds.

    Args:
        work: its result must be one that can be sent.
        seconds: of processor time. The clock counts only while the child waits for nothing that a busy machine could
            give, ``WAITING`` times as long: a child that gets no turn, or is paused with all others, is not blamed.
        memory: bytes that it may use beyond what this process uses now; None is as many as there are.
        without: packages that the child does without unless they are loaded here: they would be looked for, and take
            longer to load than ``work``.

    Raises:
        Exception: what ``work`` raised.
        StoppedError: it took more, or was killed.
    """
    with beside(work, seconds=seconds, memory=memory, without=without) as result:
        return result()


@contextmanager
def beside(
    work: Callable[[], Result], *, seconds: float, memory: int | None = None, without: Sequence[str] = ()
) -> Iterator[Callable[[], Result]]:
    """As ``bounded``, while the block goes on, which calls for the result; the child ends with the block."""
    if not _may_fork():
        yield work
        return
    child, here = _started(lambda _: _bounded_work(work, seconds, memory, without), None)
    try:
        yield lambda: _awaited(child, here, seconds)
    finally:
        _end(child, here)


def _awaited(child: BaseProcess, here: Connection, seconds: float) -> Any:
    """The result of a child that is asleep for no longer than it may be."""
    asleep, worked = 0.0, -1
    while not here.poll(_LOOK):
        state, now = _seen(child.pid)
        asleep, worked = asleep + _LOOK if state == "S" and now == worked else 0.0, now
        if asleep > WAITING * seconds:
            raise StoppedError(f"asleep for {asleep:.0f} s")
    try:
        return _received(child, here)
    except MemoryError:
        raise StoppedError("out of memory") from None


def _seen(pid: int | None) -> tuple[str, int]:
    """State of a process as Linux says it, ``S`` asleep, and ticks of processor time that it has had."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has ended
        return "", -1
    fields = text.rpartition(")")[2].split()
    return fields[0], int(fields[11]) + int(fields[12])


def _bounded_work(work: Callable[[], Result], seconds: float, memory: int | None, without: Sequence[str]) -> Result:
    import resource  # not on every platform

    def limit(what: int, value: int) -> None:
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))

    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_CPU, max(math.ceil(seconds), 1))
    if memory is not None:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit(resource.RLIMIT_AS, pages * resource.getpagesize() + memory)
    for name in without:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # which Python takes for: there is none
    return work()


def _may_fork() -> bool:
    return sys.platform == "linux" and not multiprocessing.current_process().daemon  # daemons may have no children


def _started(work: Callable[[Task], Result], task: Task) -> tuple[BaseProcess, Connection]:
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe(duplex=False)
    child = fork.Process(target=_send, args=(os.getpid(), there, work, task), daemon=True)
    with _without_interrupts():
        child.start()
    there.close()
    return child, here


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ctrl-C reaches children too: they inherit that they do not see it, and end with this process."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(child: BaseProcess, here: Connection) -> None:
    child.kill()
    child.join()
    here.close()


def _send(parent: int, there: Connection, work: Callable[[Task], Result], task: Task) -> None:
    die_with_parent(parent)
    gc.freeze()  # looking for garbage among the parent's objects would copy their pages
    try:
        there.send((True, work(task)))
    except Exception as error:
        there.send((False, error))


def _received(child: BaseProcess, here: Connection) -> Any:
    try:
        worked, result = here.recv()
    except EOFError:
        child.join()
        raise StoppedError(f"a process that read part of the layout ended with code {child.exitcode}") from None
    child.join()
    here.close()
    if not worked:
        raise result
    return result
