"""Folders for files on the way to a result, beside those of other processes in the system's temporary folder."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX, _LOCK = "spinhop-", ".lock"
_PLAIN = re.compile(r"[\w./+=,@-]+", re.ASCII)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a new folder that is removed at the end; those that killed processes left are removed first."""
    _sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name, (Path(name) / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Path(name)


def is_plain(path: str | Path) -> bool:
    """Whether every library surely takes the name of a file for this file.

    netCDF takes backslashes for those of Windows; KLayout executes what follows ``pipe:``, and takes ``~`` for the home
    folder; neither takes bytes that are no text.
    """
    return _PLAIN.fullmatch(str(path)) is not None


@contextmanager
def plainly_named(path: str | Path) -> Iterator[Path]:
    """Yield a plain name of a file, there or not: its own, or that of a link to it."""
    if is_plain(path):
        yield Path(path)
        return
    suffix = Path(path).suffix
    with scratch_folder() as folder:
        link = folder / f"file{suffix if is_plain(suffix) else ''}"
        link.symlink_to(Path(path).absolute())
        yield link


def _sweep(folder: Path) -> None:
    """Remove this user's scratch folders whose lock nobody holds."""
    for path in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            status = path.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
                continue
            with (path / _LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
