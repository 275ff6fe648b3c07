"""One process at a time in a folder of results; what killed ones were writing there is removed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from hwlib.errors import InputError
from hwlib.storage.writing import is_temporary, refuse_no_name, sweep

LOCK = ".lock"
_HEAD = 4096  # bytes


@contextlib.contextmanager
def hold(folder: Path, inside: tuple[str, ...], refuse: Callable[[Path], None] = lambda folder: None) -> Iterator[None]:
    """Make the folder if there is none, and hold it while the block runs.

    Args:
        folder: the folder.
        inside: names of folders in it, with all in them, that belong to it too.
        refuse: raises for a folder of somebody else, in which nothing is written. Asked before the lock is made, and
            again when it is held.

    Raises:
        InputError: a folder that cannot be written, a lock that is no file, or another process holds it.
    """
    refuse_no_name(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: not a folder")
    path = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_unlocked(folder, refuse)
        lock = _opened(path)
    except OSError as error:
        raise InputError(f"{folder}: cannot write into the folder ({error.strerror})") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{folder}: a run is under way in this folder; let it end, or choose another") from None
        except OSError as error:
            raise InputError(f"{path}: cannot be locked ({error.strerror})") from None
        refuse(folder)
        sweep(folder, *(sub for name in inside for sub in _folders(folder / name)))
        yield


def _opened(path: Path) -> BinaryIO:
    """The lock, made if there is none. A FIFO would wait for its reader; opening a device can do things."""
    if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
        raise InputError(f"{path}: not a regular file; remove it")
    flags = os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
    return open(os.open(path, flags, 0o666), "ab")  # noqa: PTH123, by descriptor


def refuse_others(
    kind: str, mark: str | None, begun: re.Pattern[str], known: Callable[[Path], bool] = Path.exists
) -> Callable[[Path], None]:  # fmt: skip
    """What ``hold`` refuses of somebody else: a folder with anything in it that is none of a kind.

    Args:
        kind: what such folders have, in messages, e.g. ``"search"``.
        mark: name of the file that says what a folder is; a link to nothing says nothing. None: there is no such file.
        begun: of the names that one may have, beside the lock, before it has the mark.
        known: whether a file of the mark's name is one of the kind; may raise ``InputError``.
    """

    def refuse(folder: Path) -> None:
        try:
            names = {entry.name for entry in folder.iterdir() if not is_temporary(entry.name)}
        except OSError as error:
            raise InputError(f"{folder}: cannot read the folder ({error.strerror})") from None
        marked = mark is not None and (folder / mark).exists() and known(folder / mark)
        ours = LOCK in names and all(begun.fullmatch(name) for name in names - {LOCK})
        if names and not marked and not ours:
            raise InputError(f"{folder}: not empty and no folder of a {kind}; choose another with --out")

    return refuse


def begins_with(text: re.Pattern[bytes]) -> Callable[[Path], bool]:
    """Whether a file has some text near its beginning, for ``refuse_others``."""

    def known(path: Path) -> bool:
        if not path.is_file():  # a FIFO would wait for its writer
            return False
        with path.open("rb") as file:
            return text.search(file.read(_HEAD)) is not None

    return known


def refuse_results(folder: Path) -> None:
    """Refuse a folder that some command keeps its results in, for files that are none of them.

    Raises:
        InputError: it is one.
    """
    if os.path.lexists(folder / LOCK):
        raise InputError(f"{folder}: a folder of results; choose another with --out")


def _refuse_unlocked(folder: Path, refuse: Callable[[Path], None]) -> None:
    """Ask before the lock is there, but let the lock decide when another start makes it meanwhile."""
    try:
        if not (folder / LOCK).exists():
            refuse(folder)
    except InputError:
        if not (folder / LOCK).exists():
            raise


def _folders(top: Path) -> list[Path]:
    return [top, *(path for path in top.rglob("*") if path.is_dir() and not path.is_symlink())]
