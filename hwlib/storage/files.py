"""Reading YAML into pydantic models with one-line errors."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from hwlib.errors import InputError, StorageError, shown
from hwlib.storage.binary_kinds import binary_kind

MAX_TEXT_BYTES = 64 * 1024 * 1024
_STANDARD_INPUT = ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
_NO_STREAM = "streams are not read, save it as a file"
_TOO_MANY = os.strerror(errno.EMFILE)


@contextmanager
def open_outside(path: str | Path, what: str, largest: int) -> Iterator[BinaryIO]:
    """Open a file that somebody else wrote, for reading bytes.

    Only a regular file of bounded size is opened: a FIFO would wait for its writer, a device never ends. What was
    looked at is what is read, also when the name is given to another file meanwhile.

    Args:
        path: the file, links are followed.
        what: its kind in messages, e.g. ``"design"``.
        largest: allowed size in bytes.

    Raises:
        InputError: missing, unreadable (while it is read too), no regular file, or too large.
    """
    with ExitStack() as stack:
        with _refusing(path, what):
            _check_regular(Path(path).stat(), path, what, largest)  # before opening: opening a device can do things
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            stream = stack.enter_context(io.BufferedReader(_Unwaiting(descriptor, "rb")))
            _check_regular(os.fstat(descriptor), path, what, largest)
        try:
            yield stream
        except OSError as error:  # a bad disk, or a file of /proc; one that has a name is of another file
            if error.filename is not None:
                raise
            raise _unreadable(path, what, error) from None


class _Unwaiting(io.FileIO):
    """A file that never waits for bytes: one of /proc that has none yet would be None to whoever reads it."""

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; OSError where there is nothing yet."""
        count = super().readinto(buffer)
        if count is None:
            raise OSError(errno.EAGAIN, "not a file on a disk")
        return count


def refuse_unreadable(path: str | Path, what: str) -> None:
    """Refuse what ``open_outside`` cannot open, whatever its size; arguments and errors as of it."""
    with open_outside(path, what, sys.maxsize):
        pass


def read_bytes(path: str | Path, what: str, largest: int = MAX_TEXT_BYTES) -> bytes:
    """Return the content of a file that somebody else wrote; arguments and errors of ``open_outside``."""
    with open_outside(path, what, largest) as stream, _refusing(path, what):
        content = stream.read(largest + 1)  # it may have grown meanwhile
    if len(content) > largest:
        raise _too_large(path, what, largest)
    return content


def read_text(path: str | Path, what: str, largest: int = MAX_TEXT_BYTES) -> str:
    """Return the content of a text file that somebody else wrote, without a byte order mark, lines as ``unix_lines``.

    Raises:
        InputError: as ``open_outside``, or not UTF-8 text.
    """
    content = read_bytes(path, what, largest)
    if (kind := binary_kind(content)) is not None:
        raise InputError(f"{path}: {what} file is not UTF-8 text but {kind}")
    try:
        return unix_lines(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(f"{path}: {what} file is not UTF-8 text") from None


def unix_lines(text: str) -> str:
    """A text whose lines end with CR alone, as of old Macs, with line ends of its own; any other as it is."""
    return text if "\n" in text else text.replace("\r", "\n")


@contextmanager
def _refusing(path: str | Path, what: str) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        stream = f"; {_NO_STREAM}" if str(path) == "-" else ""
        raise InputError(f"{path}: no such {what} file{stream}") from None
    except OSError as error:
        raise _unreadable(path, what, error) from None
    except ValueError:  # NUL or half a surrogate pair: no file can have this name
        raise InputError(f"{path}: no name of a {what} file") from None


def no_more_files(error: BaseException | None) -> str:
    """Why a library failed where it was for want of file descriptors, which says nothing of the file; else empty."""
    while error is not None:
        if getattr(error, "errno", None) in (errno.EMFILE, errno.ENFILE) or _TOO_MANY in str(error):
            return f"{_TOO_MANY}; allow more, ulimit -n"
        error = error.__cause__ or error.__context__
    return ""


def refuse_without_descriptors(path: str | Path, error: BaseException) -> None:
    """Say that a file could not be read for want of descriptors, where that is why a library failed at it.

    Raises:
        StorageError: it is.
    """
    if scarce := no_more_files(error):
        raise StorageError(f"{path}: cannot be read ({scarce})") from None


def _unreadable(path: str | Path, what: str, error: OSError) -> InputError | StorageError:
    if scarce := no_more_files(error):
        return StorageError(f"{path}: cannot be read ({scarce})")
    return InputError(f"{path}: cannot read {what} file ({error.strerror or type(error).__name__})")


def _check_regular(status: os.stat_result, path: str | Path, what: str, largest: int) -> None:
    mode = status.st_mode
    if not stat.S_ISREG(mode):
        kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket"))
        kind = next((name for is_kind, name in kinds if is_kind(mode)), "a device")
        advice = f"; {_NO_STREAM}" if stat.S_ISFIFO(mode) or str(path) in _STANDARD_INPUT else ""
        raise InputError(f"{path}: cannot read {what} file (it is {kind}, not a regular file){advice}")
    if status.st_size > largest:
        raise _too_large(path, what, largest)


def _too_large(path: str | Path, what: str, largest: int) -> InputError:
    size = f"{largest // 2**20} MiB" if largest >= 2**20 else f"{largest // 2**10} KiB"
    return InputError(f"{path}: {what} file is larger than {size}")


def real_path(path: Path) -> Path:
    """A path with its links followed, as far as they lead anywhere: whoever uses one in a circle says so."""
    return Path(os.path.realpath(path))


def inside(folder: Path, relative: str, what: str) -> Path:
    """Return ``folder / relative``, refusing paths that leave the folder.

    Raises:
        InputError: absolute, climbing out of ``folder`` (also through a link), or a link that leads to itself.
    """
    try:
        target = (folder / relative).resolve()
    except (OSError, RuntimeError):
        raise InputError(f"{what}: path {shown(relative)} cannot be followed (links in a circle?)") from None
    if Path(relative).is_absolute() or not target.is_relative_to(folder.resolve()):
        raise InputError(f"{what}: path {shown(relative)} leaves its folder; give a relative path inside it")
    return target
