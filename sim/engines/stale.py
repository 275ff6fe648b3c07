"""Compiled code that is out of date: Numba's cache watches the file of a function, not those of what it calls."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from hwlib.errors import InputError
from hwlib.writing import write_atomic

_STAMP = "compiled.sha256"
_ABANDONED = 3600.0  # s


def drop_stale(package: Path, sources: Iterable[Path] | None = None) -> None:
    """Remove a package's compiled functions when any of its sources is not what they were compiled from.

    What a killed process was writing there goes too, an hour later: until then it may be one that still writes.

    Call it before anything of the package is compiled. A cache that cannot be changed is left alone.

    Args:
        package: folder of the package with those in it, whose functions call only one another.
        sources: its files that hold compiled functions or what these import; all by default.
    """
    cache = package / "__pycache__"
    digest = hashlib.sha256()
    for source in sorted(package.rglob("*.py") if sources is None else sources):
        digest.update(str(source.relative_to(package)).encode() + b"\0" + source.read_bytes())
    stamp = cache / _STAMP
    with suppress(OSError, InputError):
        for unfinished in package.rglob("__pycache__/*.nb?.tmp.*"):
            if time.time() - unfinished.stat().st_mtime > _ABANDONED:
                unfinished.unlink(missing_ok=True)
        if stamp.exists() and stamp.read_text(encoding="ascii") == digest.hexdigest():
            return
        for compiled in package.rglob("__pycache__/*.nb[ic]"):
            compiled.unlink(missing_ok=True)
        cache.mkdir(exist_ok=True)
        write_atomic(stamp, lambda path: path.write_text(digest.hexdigest(), encoding="ascii"))
