"""Ctrl-C while the command is still being loaded: the line and the exit code that it has later, no traceback.

Imported first of all, so it imports next to nothing. Before this, Python itself is starting, and answers for itself.
"""

import os
import signal
import sys
from types import FrameType

_INTERRUPTED = 130


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
