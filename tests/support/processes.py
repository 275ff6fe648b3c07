"""Start the command line as a shell in the foreground would, and see what becomes of its processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def start(
    *arguments: object, ignoring: bool = False, code: str | None = None,
    within: Callable[[], object] = lambda: None, **options: Any,
) -> subprocess.Popen[str]:  # fmt: skip
    """Start ``spinhop`` (or Python code) in a session of its own.

    What Ctrl-C does is set in the child: a shell has it ignored in its background, where tests may run. ``within`` is
    called there too.
    """
    disposition = signal.SIG_IGN if ignoring else signal.SIG_DFL
    command = [sys.executable, *(["-m", "spinhop"] if code is None else ["-c", code]), *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: (signal.signal(signal.SIGINT, disposition), within()), **options,
    )  # fmt: skip


def living(session: int) -> list[int]:
    """Processes of a session (its first is its number) that have not ended; Linux only."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, of = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:  # ended meanwhile
            continue
        if int(of) == session and state not in "ZX":
            found.append(int(entry.name))
    return found


def stop(process: subprocess.Popen[str], number: int = signal.SIGINT) -> tuple[int, str, str, float]:
    """Send a signal as a user would with ``kill``; exit code, output, errors, and how long it took in s."""
    begun = time.monotonic()
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err, time.monotonic() - begun


def nothing_left(session: int) -> None:
    """Fail where processes of a session go on for more than a second."""
    begun = time.monotonic()
    while left := living(session):
        assert time.monotonic() - begun < 1, left
        time.sleep(0.02)


def wait_for_helper(process: subprocess.Popen[str]) -> int:
    """The process that compiles for a command, as soon as it is at work."""
    begun = time.monotonic()
    while not (helpers := [each for each in living(process.pid) if _is_helper(each)]):
        assert process.poll() is None and time.monotonic() - begun < 60
        time.sleep(0.05)
    (helper,) = helpers
    return helper


def _is_helper(process: int) -> bool:
    try:
        return b"sim.compile_helper" in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:  # ended meanwhile
        return False
