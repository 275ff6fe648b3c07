"""Ctrl-C while the command is still being loaded: the line and the exit code that it has later, no traceback.

Imported first of all, so it imports next to nothing. Before this, Python itself is starting, and answers for itself.
"""

import os
import signal
import sys
from types import FrameType

STOPPING = {  # what ends a command, in words; its exit code is 128 and the signal's number
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "hung up",
    signal.SIGQUIT: "quit",
    signal.SIGUSR1: "ended by SIGUSR1",  # these two are how schedulers of clusters say that time is up
    signal.SIGUSR2: "ended by SIGUSR2",
    signal.SIGXCPU: "ended by a limit of processor time",
}
_INTERRUPTED = 128 + signal.SIGINT


def is_command() -> bool:
    """Whether the program that was started is ``spinhop`` or ``python -m spinhop``, and no other that imports it."""
    started = sys.argv[0] if getattr(sys, "argv", None) else ""
    return started == "-m" or started.rpartition("/")[2] == "spinhop"  # -m: Python is looking for the module


def answer() -> None:
    """From here on Ctrl-C ends the process, unless it is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def give_back() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(number: int, frame: FrameType | None) -> None:
    try:
        os.write(2, b"spinhop: interrupted; finished stages are kept\n")
    finally:
        os._exit(_INTERRUPTED)
