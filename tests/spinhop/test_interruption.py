"""Ctrl-C at any moment of any command: exit code 130, one line, soon, and no process is left."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.processes import nothing_left, start, stop, wait_for_helper

FULL = bool(os.environ.get("SPINHOP_FULL"))
TRIES = 96 if FULL else 5
PROMPT = 10.0  # s, on a machine that does other things too
DESIGN = "name: tiny\nnetwork: {neurons: 6}\ntask: {trials: 2}\n"
FILES = {  # by the word in a command
    "DESIGN": DESIGN,
    "CHIPS": DESIGN + "variation: {defects: {stuck_off: 0.1}}\n",
    "SEARCH": DESIGN + "search: {axes: {s: [1, 4]}, objectives: [time, energy], trials: 40, batch: 2}\n",
    "STUDY": "name: s\ndesign: DESIGN.yaml\nwires: drawn\naxes: {seed: {low: 1, high: 60, count: 60}}\n",
    "LINES": "name: lines\nnetwork: {neurons: 6, weight_style: lines}\n",
    "GRAPH": "4 4\n1 2 1\n2 3 1\n3 4 1\n4 1 1\n",
}
COMMANDS = [
    ["run", "DESIGN", "-o", "OUT", "--force"], ["check", "DESIGN", "-o", "OUT", "--force"],
    ["spice", "DESIGN", "-o", "OUT", "--ideal", "--run", "--force"], ["check", "--self-test"],
    ["reproduce", "--quick", "-o", "OUT"], ["extract", "DESIGN", "-o", "OUT", "--force"],
    ["simulate", "DESIGN", "-o", "OUT", "--ideal", "--force"], ["recall", "DESIGN", "-o", "OUT", "--force"],
    ["image", "--trials", "200"], ["layout", "DESIGN", "-o", "OUT", "--force"], ["doctor"], ["schema"], ["--help"],
    ["sweep", "STUDY", "-o", "OUT"], ["optimize", "SEARCH", "-o", "OUT"], ["views", "DESIGN", "-o", "OUT"],
    ["characterise", "DESIGN", "-o", "OUT"], ["yield", "CHIPS", "-o", "OUT"], ["atlas", "DESIGN", "-o", "OUT"],
    ["compensate", "DESIGN", "-o", "OUT.yaml", "--force"], ["train", "LINES", "-o", "OUT.yaml", "--force"],
    ["order", "DESIGN", "-o", "OUT.yaml", "--force"],
    ["codesigned", "recall_13_copper", "-o", "OUT"], ["technology", "copper", "-o", "OUT"],
    ["lvs-script", "copper", "-o", "OUT.lvs"], ["drc-script", "copper", "-o", "OUT.drc"],
    ["maxcut", "GRAPH", "-o", "OUT"], ["reproduce", "--quick", "-o", "OUT", "--workers", "2"],
]  # fmt: skip
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
SUPERVISED = "from spinhop.runtime.supervisor import supervise; supervise()\n"


def _tries() -> list[tuple[list[str], float]]:
    """Commands in turn, and moments in s: many early, in imports, some late."""
    draw = random.Random(20)
    commands = itertools.cycle(COMMANDS)
    return [(next(commands), min(draw.expovariate(0.7), 8.0)) for _ in range(TRIES)]


SAID = {
    signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up", signal.SIGQUIT: "quit",
    signal.SIGUSR1: "ended by SIGUSR1", signal.SIGUSR2: "ended by SIGUSR2",
    signal.SIGXCPU: "ended by a limit of processor time",
}  # fmt: skip


def _interrupted(
    process: subprocess.Popen[str], number: int = signal.SIGINT, code: int = 130, prints: Sequence[str] = ()
) -> None:  # fmt: skip
    """End a process; one that only prints (``prints``: its command) may have said all when the signal came."""
    word = SAID[signal.Signals(number)]
    found, out, err, seconds = stop(process, number)
    if prints and found == 0:
        assert (out, err) == (start(*prints).communicate()[0], "")
        return
    lines = err.splitlines()
    assert found == code and lines[-1] == f"spinhop: {word}; finished stages are kept", err
    before = (" s", " unchanged", "give --drawn for both")  # what may be said until then
    assert not [line for line in lines[:-1] if not line.endswith(before)], err
    assert seconds < PROMPT


@pytest.fixture
def own_start() -> float:
    """How long Python itself takes to begin, on this machine now, and answers for itself: 50 ms, or what it takes."""
    begun = time.monotonic()
    assert start(code="import spinhop.__main__").wait(60) == 0
    return max(0.05, 2 * (time.monotonic() - begun))


@needs_proc
@pytest.mark.parametrize(("command", "moment"), _tries(), ids=lambda value: str(value)[:40])
def test_ctrl_c_at_any_moment(tmp_path, own_start, command, moment):
    if "--run" in command and shutil.which("ngspice") is None:
        pytest.skip("ngspice is not installed")
    for name, text in FILES.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    process = start(*[f"{word}.yaml" if word in FILES else word for word in command], cwd=tmp_path)
    time.sleep(own_start + moment)
    if process.poll() is None:
        _interrupted(process, prints=command if command in (["doctor"], ["schema"], ["--help"]) else ())
    else:
        process.communicate()
        assert process.returncode in (0, 1)
    nothing_left(process.pid)
    half = [path for path in tmp_path.rglob(".spinhop-*") if path.is_file() and "--self-test" not in command]
    assert not half, "what is written is removed"


def loading(name: str, number: str = "SIGINT") -> str:
    """Code that loads the command as ``name`` and has a signal in the middle of it."""
    return (
        "import os, signal, sys\n"
        "class Signal:\n"
        " def find_spec(self, name, path=None, target=None):\n"
        f"  if name == 'lazy_loader': os.kill(os.getpid(), signal.{number})\n"
        f"sys.meta_path.insert(0, Signal()); sys.argv = [{name!r}, 'schema']\n"
        "from spinhop.__main__ import main; print('loaded')\n"
    )


@pytest.mark.parametrize("name", ["/usr/bin/spinhop", "-m"])
def test_ctrl_c_while_the_command_is_loaded(name):
    process = start(code=loading(name))
    assert process.communicate(timeout=60) == ("", "spinhop: interrupted; finished stages are kept\n")
    assert process.returncode == 130
    ignoring = start(code=loading(name), ignoring=True)
    assert ignoring.communicate(timeout=60) == ("loaded\n", "") and ignoring.returncode == 0


def test_ctrl_c_of_a_program_that_imports_spinhop_is_its_own():
    _, err = start(code=loading("mine.py")).communicate(timeout=60)
    assert err.endswith("KeyboardInterrupt\n")


AT_WORK = {
    "keeps the interpreter": "import ctypes; ctypes.PyDLL(None).sleep(60)",
    "swallows it": "import time\nwhile True:\n try: time.sleep(60)\n except BaseException: pass",
    "has it while importing": "import time\ntry: time.sleep(60)\nexcept BaseException: raise ImportError('half')",
    "waits for a thread": "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()",
    "started others": (
        "import subprocess, multiprocessing, time\n"
        "subprocess.Popen(['sh', '-c', 'trap \"\" INT; sleep 60 & sleep 60'])\n"
        "multiprocessing.get_context('fork').Process(target=time.sleep, args=(60,)).start(); time.sleep(60)"
    ),
}


@needs_proc
@pytest.mark.parametrize("work", AT_WORK, ids=str)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"])
def test_whatever_a_library_does(work, number, code):
    process = start(code=f"{SUPERVISED}print('ready', flush=True)\n{AT_WORK[work]}")
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    _interrupted(process, number, code)
    nothing_left(process.pid)


@pytest.mark.parametrize("number", SAID)
def test_what_is_written_is_removed(tmp_path, number):
    """Of the last four, which schedulers send, nothing was said, and half a file stayed where it was."""
    code = (
        f"{SUPERVISED}from hwlib.storage.writing import write_atomic; from pathlib import Path; import time\n"
        "write_atomic(Path('x'), lambda p: (p.write_text('half'), print('ready', flush=True), time.sleep(60)))"
    )
    # Tests may run where some are ignored, under ``nohup`` or in a shell's background.
    process = start(code=code, cwd=tmp_path, within=lambda: signal.signal(number, signal.SIG_DFL))
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    assert len(list(tmp_path.iterdir())) == 1
    _interrupted(process, number, 128 + number)
    assert list(tmp_path.iterdir()) == []


def test_ignored_where_a_shell_had_it_ignored():
    process = start(code=f"{SUPERVISED}import time; print('ready', flush=True); time.sleep(60)", ignoring=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    os.kill(process.pid, signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    _interrupted(process, signal.SIGTERM, 143)


@pytest.mark.parametrize("code", [0, 1, 2, 7])
def test_exit_codes_pass(code):
    process = start(code=f"{SUPERVISED}import sys; print('said'); sys.exit({code})")
    assert process.communicate(timeout=60) == ("said\n", "") and process.returncode == code


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SIGSEGV", "crashed"),
        ("SIGKILL", "perhaps for lack of memory"),
        ("SIGXCPU", "ended by a limit of processor time"),
    ],
)
def test_a_crash_is_said(name, words):
    process = start(code=f"{SUPERVISED}import os, signal; os.kill(os.getpid(), signal.{name})")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.Signals[name] and words in err and err.count("\n") == 1


@needs_proc
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_a_killed_command_leaves_nobody_who_works_on():
    process = start(code=f"{SUPERVISED}import time; print('ready', flush=True); time.sleep(60)")
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    nothing_left(process.pid)


@needs_proc
def test_ctrl_z_stops_all_of_it_and_it_goes_on():
    """Of a shell with job control, which gives each command a group of its own."""
    shell = (
        "import os, signal, subprocess, sys, time\n"
        f"code = {SUPERVISED + 'import time; time.sleep(1); print(1)'!r}\n"
        "child = subprocess.Popen([sys.executable, '-c', code], preexec_fn=lambda: os.setpgid(0, 0))\n"
        "time.sleep(0.5); os.kill(child.pid, signal.SIGTSTP)\n"
        "assert os.WIFSTOPPED(os.waitpid(child.pid, os.WUNTRACED)[1])\n"
        "time.sleep(1.5); print('stopped', flush=True); os.kill(child.pid, signal.SIGCONT); sys.exit(child.wait())\n"
    )
    process = start(code=shell)
    assert process.communicate(timeout=60) == ("stopped\n1\n", "") and process.returncode == 0


@pytest.mark.parametrize("command", ["schema", "--help"])
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "| head -1", "<&-", ">/dev/full"])
def test_closed_streams_are_no_error(command, closed):
    line = f'"$0" -m spinhop {command} {closed}; echo "exit ${{PIPESTATUS[0]}}" >&3'
    read, write = os.pipe()
    done = subprocess.run(
        ["bash", "-c", f"exec 3>&{write}; {line}", sys.executable], capture_output=True, text=True, pass_fds=[write],
        check=False, timeout=60,
    )  # fmt: skip
    os.close(write)
    code = os.read(read, 100).decode()
    os.close(read)
    full, early = closed == ">/dev/full", closed == "| head -1"
    assert code in (["exit 2\n"] if full else ["exit 0\n", "exit 141\n"] if early else ["exit 0\n"])
    assert done.stderr == ("spinhop: standard output: No space left on device\n" if full else "")


@needs_proc
def test_ctrl_c_while_two_processes_compile(tmp_path):
    """Nothing is compiled yet there: a helper is at work a few seconds after the start."""
    (tmp_path / "d.yaml").write_text(DESIGN)
    empty = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "empty")}
    process = start("simulate", "d.yaml", "-o", "out", "--ideal", cwd=tmp_path, env=empty)
    wait_for_helper(process)
    time.sleep(1)
    _interrupted(process)
    nothing_left(process.pid)
    assert not list((tmp_path / "empty").rglob("*.tmp.*"))
