"""Two processes share the work of compiling: each function is compiled by one, and the helper ends with its starter."""

from __future__ import annotations

import importlib
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from numba import njit, types

from sim import compile_turns
from tests.support.processes import living, start

FULL = bool(os.environ.get("SPINHOP_FULL"))
PROBED = """
import sys
from numba import njit
from sim.compile_turns import in_turn, only_one

@in_turn
@njit(cache=True)
def twice(x):
    return 2 * x
"""
CALLER = """
import probed
print("ready", flush=True)
probed.twice(21)
print(sum(probed.twice.stats.cache_hits.values()))
"""
COMPILING = """
import time, probed
from sim.compile_turns import _place, _turn
with _turn(_place(probed.twice)):
    print('ready', flush=True)
    if input() == 'compile':
        probed.twice.compile((__import__('numba').int64,))
"""


def begun(folder, code):
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])},
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize(("end", "loaded"), [("compile", "1"), ("killed", "0")])
def test_a_function_that_another_process_compiles_is_waited_for(tmp_path, end, loaded):
    """It is loaded when it is stored; when the other process is killed instead, it is compiled."""
    (tmp_path / "probed.py").write_text(PROBED, encoding="utf-8")
    first = begun(tmp_path, COMPILING)
    second = begun(tmp_path, CALLER)
    time.sleep(0.5)
    assert second.poll() is None
    if end == "killed":
        first.kill()
        first.communicate()
    else:
        first.communicate("compile\n", timeout=60)
    assert second.communicate(timeout=60)[0].strip() == loaded


def test_what_others_compile_comes_last(monkeypatch):
    class Job:
        def __init__(self, name):
            self.name = name
            self.overloads = {(types.float64,): None} if name == "here" else {}

        def compile(self, signature):
            done.append((self.name, signature))
            busy.discard("a")

    busy, done = {"a", "b"}, []
    monkeypatch.setattr(compile_turns, "_is_busy", lambda job: job.name in busy)
    monkeypatch.setattr(compile_turns, "_is_stored", lambda job, signature: job.name == "stored")
    compile_turns.compile_ahead([(Job(name), (1.0,)) for name in ("b", "here", "a", "c", "stored", "d")])
    assert done == [(name, (types.float64,)) for name in "cadb"]


HELPED = "import sys, sim.compile_helper as helper; helper.compile_layout_engine(); print(*sys.modules)"


def test_the_helper_draws_nothing():
    done = subprocess.run([sys.executable, "-c", HELPED], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "sim.engines.layout.stepping.trials_abreast" in loaded
    assert not loaded & {"gdsfactory", "kfactory", "klayout"}


STARTER = """
import sim.compile_helper as helper, sys, time
helper.start_helper(); helper.start_helper()
print(helper._helper and helper._helper.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_helper_ends_with_its_starter(tmp_path, number):
    starter = start(code=STARTER, env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)})
    helper = starter.stdout.readline().strip()
    if helper == "None":
        starter.kill()
        pytest.skip("one core")
    time.sleep(2)
    assert sorted(living(starter.pid)) == sorted([starter.pid, int(helper)])
    os.killpg(starter.pid, signal.SIGINT) if number == signal.SIGINT else starter.kill()
    starter.communicate(timeout=10)
    end = time.monotonic() + 5
    while living(starter.pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not living(starter.pid)


def stored(folder):
    """Functions in a cache, with the signatures that are stored of each."""
    found = set()
    for path in folder.rglob("*.nbi"):
        with path.open("rb") as file:
            pickle.load(file)
            _, overloads = pickle.loads(file.read())
        found |= {(path.relative_to(folder), str(key)) for key in overloads}
    return found


@pytest.mark.skipif(not FULL, reason="compiles the engine twice")
def test_two_processes_store_what_one_stores(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    alone = subprocess.run([sys.executable, "-c", HELPED], env={**os.environ, "NUMBA_CACHE_DIR": str(one)}, check=False)
    together = f"import sim.compile_helper as helper; helper.start_helper(); import time; time.sleep(15)\n{BESIDE}"
    done = subprocess.run([sys.executable, "-c", together], env={**os.environ, "NUMBA_CACHE_DIR": str(two)}, check=True)
    assert alone.returncode == done.returncode == 0
    assert len(stored(one)) > 20 and stored(one) == stored(two)


BESIDE = """
from contextlib import nullcontext
import sim.compile_turns
sim.compile_turns.only_one = lambda compiled: nullcontext(True)
helper.compile_layout_engine()
assert helper._helper is not None
"""


def test_what_is_stored_is_looked_for_once(tmp_path, monkeypatch):
    """A plan asks for all functions that its trials may call; those that none calls stay where they are stored."""
    (tmp_path / "probed_once.py").write_text(PROBED, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    twice = importlib.import_module("probed_once").twice
    job = [(twice, (21,))]
    compile_turns.compile_ahead(job)
    fresh = compile_turns.in_turn(njit(cache=True)(twice.py_func))  # as in the next process
    read: list[str] = []
    load = fresh._cache._cache_file._load_index
    monkeypatch.setattr(fresh._cache._cache_file, "_load_index", lambda: read.append("index") or load())
    for _ in range(3):
        compile_turns.compile_ahead([(fresh, (21,))])
    assert read == ["index"] and not fresh.overloads
