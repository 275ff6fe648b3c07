"""Memory that was let go of, back to the system: the C library keeps what lies between parts in use."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

_MANY = 60_000  # devices; of fewer the memory is small, and soon in use again


def give_back(devices: int) -> None:
    """Give back what is free, before something large is made for a network of many devices.

    Of a million devices half a gigabyte lies free after each of extraction, rules and the plan of a phase. Where the C
    library has no call for it (glibc has) nothing happens.
    """
    trim = _trim() if devices >= _MANY else None
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
    trim.argtypes, trim.restype = [ctypes.c_size_t], ctypes.c_int
    found: Callable[[int], int] = trim
    return found
