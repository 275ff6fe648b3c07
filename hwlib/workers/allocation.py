"""How the C library hands out memory: what a command has used once it keeps for what it needs next."""

from __future__ import annotations

import contextlib
import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of glibc's mallopt
_KEPT = 1 << 30  # bytes


def give_freed_memory_back() -> None:
    """Give back what is kept: the next thing to do needs memory of its own, and others may too."""
    _ask("malloc_trim", 0)


def keep_freed_memory() -> None:
    """Give freed memory back to the system by the gigabyte only, where the C library is glibc.

    It gives each large array back at once otherwise, and takes it again, cleared page by page, for the next one: with
    a million devices that is a tenth of the rules' and the simulation's time.
    """
    _ask("mallopt", _MMAP_THRESHOLD, _KEPT)
    _ask("mallopt", _TRIM_THRESHOLD, _KEPT)
    _ask("mallopt", _ARENA_MAX, 1)  # what one thread frees is for all of them


def _ask(function: str, *arguments: int) -> None:
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another C library
        getattr(ctypes.CDLL(None), function)(*arguments)
