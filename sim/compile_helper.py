"""A second process that compiles the layout engine while the first compiles other things, and stores what it made.

Numba and LLVM work on one core. The helper runs a trial of three neurons, which needs what every trial on a drawn
network needs; the process that started it loads what the helper has stored, waits for what it is at
(``compile_turns``), and compiles what it has not begun. Whatever goes wrong in the helper is found again, and
said, by the process that started it.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread

from hwlib.workers.threads import cores

_PROMPT = 2.0  # s for the helper to end by itself
_helper: subprocess.Popen[bytes] | None = None
_storing = Lock()


def start_helper() -> None:
    """Start it, once in a process, where there is a core for it; it ends when it is done, or with this process."""
    global _helper
    if _helper is not None or cores() < 2 or not sys.executable:
        return
    sources = str(Path(__file__).resolve().parents[1])
    paths = [sources, *filter(None, [os.environ.get("PYTHONPATH")])]
    with suppress(OSError):  # no process to be had
        _helper = subprocess.Popen(
            [sys.executable, "-P", "-m", "sim.compile_helper"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )  # fmt: skip
        atexit.register(_stop, _helper, os.getpid())


def start_early() -> None:
    """Start it where the layout engine, as it is now, was never compiled: before other work that takes seconds."""
    from sim.compile_turns import is_known
    from sim.engines.layout.stepping.passes import share_pass

    if not is_known(share_pass):
        start_helper()


def _stop(helper: subprocess.Popen[bytes], starter: int) -> None:
    if os.getpid() != starter:  # a copy of it
        return
    if helper.stdin is not None:
        with suppress(OSError):
            helper.stdin.close()
    try:
        helper.wait(_PROMPT)
    except subprocess.TimeoutExpired:
        helper.kill()
        helper.wait()


def _end_with_starter() -> None:
    """End as soon as nobody holds the other end of standard input, but not while a file is half written."""
    with suppress(OSError):
        os.read(0, 1)
    with _storing:
        os._exit(1)


def _store_whole_files() -> None:
    from numba.core.caching import IndexDataCacheFile

    save = IndexDataCacheFile.save

    def save_whole(self: IndexDataCacheFile, key: object, data: object) -> None:
        with _storing:
            save(self, key, data)

    IndexDataCacheFile.save = save_whole  # type: ignore[method-assign]


def compile_layout_engine() -> None:
    """Run the smallest trial of the layout engine, unless another process is doing so."""
    from hwlib.design import Design
    from hwlib.schematic import ladder_network
    from sim.compile_turns import only_one
    from sim.engines.layout.stepping.passes import share_pass
    from sim.simulate import run_batch
    from sim.tasks.run_task import first_trial

    with only_one(share_pass) as alone:
        if alone:
            design = Design.model_validate({"name": "smallest", "network": {"neurons": 3}})
            process = design.load_process()
            network = ladder_network(design, process, 1.0)
            trial = first_trial(network, design, process, v_dw=0.05)
            run_batch(network, [trial, trial], engine="layout")


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: the process that started this one answers it
    Thread(target=_end_with_starter, daemon=True).start()
    _store_whole_files()
    compile_layout_engine()


if __name__ == "__main__":
    _main()
