"""Processes that compile the same function take turns: the first stores it, and the others load it.

A function is locked while it is compiled, by a byte of a file beside what Numba stores. Locks of that kind end with the
process that has them. Where files cannot be locked or nothing can be stored, each process compiles by itself.
"""

from __future__ import annotations

import errno
import os
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from numba import typeof

try:
    import fcntl
except ImportError:  # no locks there that end with their process
    fcntl = None  # type: ignore[assignment]

_LOOK_AGAIN = 0.02  # s
_LONGEST = 180.0  # s to wait for a process that may have been stopped; then compile here too
_LOCK = "compiling.lock"
_held: set[tuple[int, int]] = set()


def in_turn(compiled: Any) -> Any:
    """Have a cached function wait, where it is not stored yet, while another process compiles it."""
    compile_here = compiled.compile

    def compile_in_turn(signature: Any) -> Any:
        if _is_stored(compiled, signature):
            return compile_here(signature)
        with _turn(_place(compiled)):
            return compile_here(signature)

    compiled.compile, compiled.takes_turns, compiled.stored = compile_in_turn, True, set()
    return compiled


def compile_ahead(jobs: Sequence[tuple[Any, Any]]) -> None:
    """Compile functions that will be called and are neither here nor stored; those being compiled elsewhere come last.

    Args:
        jobs: functions, each with its signature, or with examples of its arguments.
    """
    left = [(function, given if hasattr(given, "args") else tuple(map(typeof, given))) for function, given in jobs]
    left = [(function, kinds) for function, kinds in left if getattr(kinds, "args", kinds) not in function.overloads]
    while left:
        at = next((k for k, (function, _) in enumerate(left) if not _is_busy(function)), 0)
        function, signature = left.pop(at)
        if not _is_stored(function, signature):
            function.compile(signature)


def is_known(compiled: Any) -> bool:
    """Whether anything is stored of a function as it is now."""
    kept = getattr(compiled._cache, "_cache_file", None)
    return kept is None or bool(kept._load_index())


@contextmanager
def only_one(compiled: Any) -> Iterator[bool]:
    """Whether no other process is in a block like this one, for the cache that a function is stored in."""
    place = _place(compiled, "helper")
    lock = place is not None and _take(place)
    try:
        yield lock is True
    finally:
        if place is not None and lock:
            _give_back(place)


def _is_stored(compiled: Any, signature: Any) -> bool:
    kept = getattr(compiled._cache, "_cache_file", None)
    if kept is None:
        return True  # never: there is nothing to wait for
    if signature not in compiled.stored:
        key = compiled._cache._index_key(signature, compiled.targetctx.codegen())
        if key in kept._load_index():
            compiled.stored.add(signature)  # and will be: no need to read the index again
    return signature in compiled.stored


def _is_busy(compiled: Any) -> bool:
    """Whether another process compiles a function now."""
    place = _place(compiled)
    if place is None or place in _held or (taken := _take(place)) is None:
        return False
    if taken:
        _give_back(place)
    return not taken


@contextmanager
def _turn(place: tuple[int, int] | None) -> Iterator[None]:
    if place is None or place in _held:
        yield
        return
    end = time.monotonic() + _LONGEST
    while (taken := _take(place)) is False and time.monotonic() < end:
        time.sleep(_LOOK_AGAIN)
    try:
        yield
    finally:
        if taken:
            _give_back(place)


def _place(compiled: Any, name: str | None = None) -> tuple[int, int] | None:
    """The file and its byte that stand for a function."""
    kept = getattr(compiled._cache, "_cache_file", None)
    lock = None if kept is None else _lock_file(Path(kept._cache_path))
    return None if lock is None or kept is None else (lock, zlib.crc32((name or kept._index_name).encode()))


@cache
def _lock_file(folder: Path) -> int | None:
    if fcntl is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError:
        return None


def _take(place: tuple[int, int]) -> bool | None:
    """Whether the byte is ours now; None where it cannot be locked."""
    try:
        fcntl.lockf(place[0], fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place[1])
    except OSError as error:
        return False if error.errno in (errno.EACCES, errno.EAGAIN) else None
    _held.add(place)
    return True


def _give_back(place: tuple[int, int]) -> None:
    _held.discard(place)
    fcntl.lockf(place[0], fcntl.LOCK_UN, 1, place[1])
