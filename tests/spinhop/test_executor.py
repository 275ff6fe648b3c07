"""Points on several processes: results in order, errors as they were raised, no process left behind."""

import errno
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hwlib.errors import FieldsError, InputError, StoppedError
from spinhop.runtime.executor import executor
from tests.support.processes import living, start, stop

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")


def square(value):
    if value == 3:
        raise InputError("three: first line", "second line")
    if value == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    if value == 5:
        raise FieldsError([(("a", 0), "not so")])
    time.sleep(0.02)
    return value * value, os.getpid(), os.environ.get("NUMBA_NUM_THREADS"), os.environ.get("OMP_NUM_THREADS")


def drawn(seed):
    """A number that depends on all of floating point: a product of matrices."""
    noise = np.random.default_rng(seed).normal(size=(60, 60))
    return (noise @ noise).tolist()


@pytest.fixture(scope="module")
def several():
    """Two workers; threads that the caller sets stay what they were."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NUMBA_NUM_THREADS", "MKL_NUM_THREADS"):
            patch.delenv(name, raising=False)
        before = dict(os.environ)
        with executor(2) as found:
            assert dict(os.environ) == before
            yield found


def test_one_worker_is_this_process():
    with executor(1) as here:
        assert [result[:2] for result in here.in_order(square, [7, 1])] == [(49, os.getpid()), (1, os.getpid())]
    code = "from spinhop.runtime.executor import executor, cores\nimport spinhop, sys\nwith executor(1) as e: pass\n"
    done = subprocess.run(
        [sys.executable, "-c", code + "print('dask' in sys.modules, 'distributed' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "False False\n"


def test_points_are_taken_as_they_are_computed():
    with executor(1) as here:
        assert next(here.finished(square, itertools.count(6)))[1][0] == 36


def test_results_come_in_order_from_several_processes_of_one_thread(several):
    results = list(several.in_order(square, [7, 6, 9, 8, 2, 1, 0, 10]))
    assert [value for value, *_ in results] == [49, 36, 81, 64, 4, 1, 0, 100]
    pids = {pid for _, pid, *_ in results}
    assert several.workers == 2 and len(pids) == 2 and os.getpid() not in pids
    assert {threads for *_, numba, omp in results for threads in (numba, omp)} == {"1"}


def test_numbers_do_not_depend_on_the_workers(several):
    with executor(1) as here:
        assert list(several.in_order(drawn, range(6))) == list(here.in_order(drawn, range(6)))


def test_what_a_worker_raises_is_raised_here(several):
    with pytest.raises(InputError) as found:
        list(several.in_order(square, [1, 3, 2]))
    assert found.value.lines == ("three: first line", "second line")
    with pytest.raises(FieldsError) as fields:
        list(several.in_order(square, [5]))
    assert fields.value.problems == ((("a", 0), "not so"),)
    assert [value for value, *_ in several.in_order(square, [1, 2])] == [1, 4], "and it goes on"


def test_a_killed_worker_is_said():
    before = dict(os.environ)
    with executor(2) as workers, pytest.raises(StoppedError, match="a process that computed"):
        list(workers.in_order(square, [1, 4]))
    assert dict(os.environ) == before


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "\x1b[31m", "127.0.0.1:99999"])
def test_a_scheduler_that_is_none(address):
    begun = time.monotonic()
    with pytest.raises(InputError, match=r"^scheduler .*: none answers") as found, executor(scheduler=address):
        pass
    assert time.monotonic() - begun < 4 and str(found.value).isprintable()


def test_a_wrong_address_leaves_no_client_behind():
    code = "from spinhop.runtime.executor import executor\nwith executor(scheduler='junk'): pass"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60).stderr
    assert said.splitlines()[-1].startswith("hwlib.errors.InputError: scheduler 'junk': none answers"), said


def test_processes_that_cannot_start_are_said_in_a_line(monkeypatch):
    """Full shared memory, or a limit of processes, was a traceback."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("_multiprocessing.SemLock", full)
    words = r"^2 processes cannot be started \(.*No space left on device\); try --workers 1$"
    with pytest.raises(StoppedError, match=words), executor(2):
        pass


def test_any_scheduler_by_address():
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=1, processes=False, dashboard_address=None, protocol="tcp", host="127.0.0.1") as cluster,
        executor(scheduler=cluster.scheduler_address) as there,
    ):
        assert [value for value, *_ in there.in_order(square, [2, 1])] == [4, 1]


LATE_LOG = """
import logging
from distributed.deploy.cluster import Cluster
from spinhop.runtime.executor import executor
close = Cluster._close
async def _close(self):
    logging.getLogger("distributed.batched").warning("a comm closed")
    await close(self)
Cluster._close = _close
with executor(2):
    pass
print("ended")
"""


def test_what_dask_logs_while_it_closes_is_not_told():
    said = subprocess.run([sys.executable, "-c", LATE_LOG], capture_output=True, text=True, timeout=60)
    assert (said.stdout, said.stderr) == ("ended\n", "")


BUSY = """
import time
from spinhop.runtime.executor import executor
{supervised}
with executor(2) as workers:
    print("ready", flush=True)
    list(workers.in_order(time.sleep, [60, 60, 60]))
"""


@needs_proc
@pytest.mark.parametrize("supervised", [True, False])
def test_ctrl_c_ends_all_workers(supervised, tmp_path):
    """With the command line's supervisor, and in a script of the user's own, whose group gets the signal."""
    begin = "from spinhop.runtime.supervisor import supervise; supervise()" if supervised else ""
    process = start(code=BUSY.format(supervised=begin), env=os.environ | {"TMPDIR": str(tmp_path)})
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    if supervised:
        code, _, err, seconds = stop(process)
        assert code == 130 and err == "spinhop: interrupted; finished stages are kept\n"
    else:
        begun = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
        seconds = time.monotonic() - begun
        assert err.rstrip().endswith("KeyboardInterrupt") and err.count("Traceback") == 1, err
    assert seconds < 10
    deadline = time.monotonic() + 2
    while left := living(process.pid):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


@needs_proc
def test_a_killed_caller_leaves_no_worker(tmp_path):
    process = start(code=BUSY.format(supervised=""), env=os.environ | {"TMPDIR": str(tmp_path)})
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    process.kill()
    process.wait(10)
    deadline = time.monotonic() + 10
    while left := living(process.pid):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    assert json.dumps(left) == "[]"
