"""Independent points on several processes, or on the machines of any Dask scheduler.

One worker is this process itself, which costs nothing to start. More of them are processes of this machine, or those
that a scheduler has (``scheduler``); Dask is loaded only then. Each worker computes one point at a time with one
thread, so that as many workers as cores fill the machine and a number does not depend on how many there are.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from itertools import islice
from typing import Any, TypeVar

from hwlib.errors import InputError, StoppedError, one_line, shown
from hwlib.quantities import whole_number
from hwlib.storage.scratch import scratch_folder
from hwlib.workers.threads import cores

Point = TypeVar("Point")
Result = TypeVar("Result")
Advance = Callable[[int, int], None]  # called with how many points are done, and how many there are

_CONNECTING = 1.5  # s: a scheduler that does not answer is an error of the one who named it
_MOST_WORKERS = 1024
_AHEAD = 32  # points that each worker has waiting
_ONE_THREAD = {
    f"{name}_NUM_THREADS": 1 for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "NUMBA", "VECLIB_MAXIMUM")
}  # fmt: skip


class Executor:
    """Computes points; made by ``executor``.

    Attributes:
        workers: how many compute at a time.
    """

    def __init__(self, workers: int = 1, client: Any = None):
        self.workers = workers
        self._client = client

    def finished(self, work: Callable[[Point], Result], points: Iterable[Point]) -> Iterator[tuple[int, Result]]:
        """Results of ``work`` as they come.

        Args:
            work: a function of a module; with more than one worker it, the points and the results must be ones that
                can be sent (pickled). All that a result depends on, seeds too, is in its point.
            points: its arguments, taken as they are computed.

        Yields:
            Index of a point, and its result.

        Raises:
            Exception: what ``work`` raised, from the first point that failed; the others are called off.
            StoppedError: a worker ended before its point did.
        """
        if self._client is None:
            yield from ((k, work(point)) for k, point in enumerate(points))
            return
        from concurrent.futures import CancelledError

        from distributed import as_completed
        from distributed.scheduler import KilledWorker

        following = iter(enumerate(points))
        index: dict[Any, int] = {}  # of those under way: a scheduler slows down with all points of a large study

        def submitted() -> Iterator[Any]:
            for k, point in islice(following, _AHEAD * self.workers - len(index)):
                future = self._client.submit(work, point, pure=False)
                index[future] = k
                yield future

        try:
            coming = as_completed(submitted(), loop=self._client.loop)
            for future in coming:
                k, result = index.pop(future), future.result()
                coming.update(submitted())
                yield k, result
        except KilledWorker:
            raise StoppedError("a process that computed one of the points ended; perhaps for lack of memory") from None
        except CancelledError:
            raise StoppedError("the scheduler ended; what was finished is kept") from None
        finally:
            with suppress(Exception):  # of a cluster that is gone
                self._client.cancel(list(index))

    def in_order(self, work: Callable[[Point], Result], points: Sequence[Point]) -> Iterator[Result]:
        """Results of ``work`` in the order of the points; otherwise as ``finished``."""
        early: dict[int, Result] = {}
        finished = self.finished(work, points)
        for following in range(len(points)):
            while following not in early:
                k, result = next(finished)
                early[k] = result
            yield early.pop(following)


def check_workers(workers: int | None, scheduler: str | None) -> None:
    """Find out whether there will be such workers before a folder's results are touched, which then stay.

    Args and errors as of ``executor``.
    """
    _counted(workers)
    if scheduler is not None:
        with _remote(scheduler):
            pass


@contextmanager
def executor(workers: int | None = None, scheduler: str | None = None, client: Any = None) -> Iterator[Executor]:
    """Yield an executor, whose processes end with the block.

    Args:
        workers: processes of this machine; 1 is this process, None as many as there are cores (1 without Dask).
        scheduler: address of a Dask scheduler to use instead, as ``tcp://host:8786``. It is trusted: it sends this
            process pickled results, and its workers run what this process sends them. They need this version of
            spinhop, and their threads are their own.
        client: a ``dask.distributed.Client`` to use instead; it stays open.

    Raises:
        InputError: no scheduler answers at the address, or no number of workers that can be.
        StoppedError: the machine has no room for so many processes.
    """
    if client is not None:
        yield Executor(_workers_of(client), client)
        return
    count = _counted(workers)
    if scheduler is None and count < 2:
        yield Executor()
        return
    with ExitStack() as stack:
        own = stack.enter_context(_local(count) if scheduler is None else _remote(scheduler))
        yield Executor(_workers_of(own), own)


def _counted(workers: int | None) -> int:
    """How many processes of this machine; those that are asked for, if so many can be."""
    if workers is None:
        return cores() if find_spec("distributed") else 1
    return whole_number(workers, "workers", most=_MOST_WORKERS)


def _workers_of(client: Any) -> int:
    """How many workers a cluster has, at least 1: some may come yet."""
    return max(len(client.scheduler_info(n_workers=-1)["workers"]), 1)


@contextmanager
def _local(count: int) -> Iterator[Any]:
    """A client of new processes; keys of its own keep anybody else on the machine from giving them work."""
    import logging

    import dask
    from distributed import Client, LocalCluster
    from distributed.utils import silence_logging_cmgr

    settings = {
        "distributed.nanny.pre-spawn-environ": _ONE_THREAD,
        "distributed.scheduler.allowed-failures": 0,  # what ended one process would end the next
        "distributed.scheduler.http.routes": [],  # no pages
        "distributed.worker.http.routes": [],
        "distributed.admin.low-level-log-length": 0,
    }
    _quiet_tracker()
    # Dask sets the workers' threads in this process too: whenever it starts one, and leaves them so.
    # It lets its log speak again while its loop still ends: silence is kept until that has ended.
    silence = silence_logging_cmgr(logging.CRITICAL)
    with silence, _environment_kept(), scratch_folder() as folder, dask.config.set(settings):
        with _environment_kept():
            try:
                cluster = LocalCluster(
                    n_workers=count, threads_per_worker=1, host="127.0.0.1", security=True,
                    dashboard_address="127.0.0.1:0", scheduler_kwargs={"dashboard": False}, memory_limit=0,
                    local_directory=str(folder), silence_logs=logging.CRITICAL,
                )  # fmt: skip
            except (OSError, RuntimeError) as error:  # full shared memory, a limit of processes
                why = one_line(str(_first_cause(error)))
                raise StoppedError(f"{count} processes cannot be started ({why}); try --workers 1") from None
        try:
            with Client(cluster, set_as_default=False) as client:
                client.run(_leave_interrupts_to_the_caller)
                yield client
        finally:
            # What they have computed is here: nobody waits for compiled code, or for libraries to unload.
            for nanny in cluster.workers.values():
                nanny.close_gracefully()
                if nanny.pid is not None:
                    with suppress(ProcessLookupError):
                        os.kill(nanny.pid, signal.SIGKILL)
            cluster.close()


def _first_cause(error: BaseException) -> BaseException:
    while (before := error.__cause__ or error.__context__) is not None:
        error = before
    return error


def _leave_interrupts_to_the_caller() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _environment_kept() -> Iterator[None]:
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


def _quiet_tracker() -> None:
    """Start the process that tracks semaphores without its remark on those of ended workers, which it cleans up."""
    from multiprocessing import resource_tracker

    with _environment_kept():
        os.environ["PYTHONWARNINGS"] = "ignore::UserWarning:multiprocessing.resource_tracker"
        resource_tracker.ensure_running()


@contextmanager
def _remote(address: str) -> Iterator[Any]:
    import logging

    from distributed import Client
    from distributed.comm import connect
    from distributed.utils import silence_logging_cmgr

    async def answers() -> None:
        (await connect(address, timeout=_CONNECTING)).abort()

    try:
        asyncio.run(answers())  # a client that finds nobody would say so again, when it is thrown away
        client = Client(address, timeout=_CONNECTING, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        found = " ".join(str(error).split())[:60]
        raise InputError(f"scheduler {shown(address)}: none answers ({found}); e.g. tcp://host:8786") from None
    with silence_logging_cmgr(logging.CRITICAL), client:  # a scheduler that ends is told in one line
        yield client
