"""A command runs in a child process of the one that was started, so that Ctrl-C ends it at any moment.

A library may keep the interpreter busy for minutes, swallow an interruption, or answer one in the middle of its import
with an error of its own. The process that was started therefore only waits. At a signal it asks the command to end,
gives it a moment to remove what it was writing, kills what is left of it and of all that it started, and prints one
line. It imports nothing that takes time.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from types import FrameType

from hwlib.workers.lifeline import adopt_orphans, die_with_parent
from spinhop.runtime.early_interrupt import STOPPING

GRACE = 1.0  # s: for the command to end by itself
_TICK = 0.1  # s: between two looks at processes that were killed
_MOST_TICKS = 50


def supervise(mask: Iterable[int] | None = None) -> None:
    """Return in a child process, to do the command there; the process that was started exits with its exit code.

    Signals that are ignored when the program is started, as by ``nohup`` or by a shell for its background, stay so.

    Args:
        mask: signals to be blocked in the command; those that are now when None.
    """
    _open_missing_streams()
    stopping = {number for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN}
    suspending = {signal.SIGTSTP} - {s for s in (signal.SIGTSTP,) if signal.getsignal(s) is signal.SIG_IGN}
    signal.signal(signal.SIGCHLD, lambda *_: None)  # the default, to ignore it, would not wake anybody
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, stopping | suspending | {signal.SIGCHLD, signal.SIGALRM})
    before = blocked if mask is None else mask
    adopt_orphans()
    supervisor = os.getpid()
    try:
        command = os.fork()
    except OSError:  # no process to be had: do it here
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    if command == 0:
        _become_command(supervisor, before)
        return
    with suppress(OSError):  # the child does the same: who comes first does not matter
        os.setpgid(command, command)
    os._exit(_Supervisor(command, stopping, suspending).wait())


def _open_missing_streams() -> None:
    """Give a closed standard stream an empty one, lest the next file that is opened becomes it."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", closefd=False))


def _become_command(supervisor: int, mask: Iterable[int]) -> None:
    with suppress(OSError):
        os.setpgid(0, 0)  # a group of its own, so that all of it can be killed
    die_with_parent(supervisor)
    for number in (signal.SIGTTOU, signal.SIGTTIN):  # it is no longer in the terminal's foreground
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, _asked_to_end)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _asked_to_end(number: int, frame: FrameType | None) -> None:
    """Unwind, once and silently: the supervisor says what there is to say."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    raise KeyboardInterrupt


class _Supervisor:
    """Waits for a command, with all signals that matter blocked."""

    def __init__(self, command: int, stopping: set[signal.Signals], suspending: set[signal.Signals]):
        self._command = command
        self._stopping, self._suspending = stopping, suspending
        self._status: int | None = None

    def wait(self) -> int:
        """The exit code of the command, or of the signal that ended it."""
        while True:
            received = signal.sigwait(self._stopping | self._suspending | {signal.SIGCHLD})
            if received in self._suspending:
                self._suspend()
            elif received in self._stopping:
                self._end()
                _say(f"{STOPPING[signal.Signals(received)]}; finished stages are kept")
                return 128 + received
            elif self._reap() and self._status is not None:
                return _exit_code(self._status)

    def _suspend(self) -> None:
        """Ctrl-Z: stop the command, then this process, until it is continued."""
        self._kill(signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._suspending)
        signal.pthread_sigmask(signal.SIG_BLOCK, self._suspending)
        self._kill(signal.SIGCONT)

    def _end(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._command, signal.SIGINT)
        awaited = self._stopping | {signal.SIGCHLD, signal.SIGALRM}
        signal.setitimer(signal.ITIMER_REAL, GRACE, _TICK)
        while signal.sigwait(awaited) == signal.SIGCHLD and not self._reap():
            pass
        self._kill(signal.SIGKILL)
        for _ in range(_MOST_TICKS):
            if self._reap(everything=True):
                return
            signal.sigwait({signal.SIGCHLD, signal.SIGALRM})

    def _kill(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._command, number)

    def _reap(self, everything: bool = False) -> bool:
        """Take note of processes that ended; whether the command has, or everything that it started too."""
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if found[0] == self._command:
                    self._status = found[1]
            return self._status is not None and not everything
        return True


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return code
    number = signal.Signals(-code)
    why = "ended by the system, perhaps for lack of memory" if number == signal.SIGKILL else "crashed"
    why = STOPPING[number] if number == signal.SIGXCPU else f"{why} ({number.name})"
    _say(f"{why}; finished stages are kept")
    return 128 - code


def _say(line: str) -> None:
    with suppress(OSError):
        # A progress line that was cut short has hidden the cursor.
        os.write(2, (b"\r\x1b[K\x1b[?25h" if os.isatty(2) else b"") + f"spinhop: {line}\n".encode())
