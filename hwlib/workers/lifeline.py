"""Processes that do not outlive the one that started them, where the system can do that (Linux)."""

from __future__ import annotations

import os
import signal
import sys

_PARENT_DEATH_SIGNAL, _CHILD_SUBREAPER = 1, 36  # of prctl(2)


def die_with_parent(parent: int) -> None:
    """Have the system kill this process when ``parent``, whose child it is, ends for whatever reason."""
    _control(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before
        os.kill(os.getpid(), signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, so as to wait for them."""
    _control(_CHILD_SUBREAPER, 1)


def _control(option: int, value: int) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)
