"""Writing files whole or not at all, also when the disk is full or the program is killed."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from hwlib.errors import InputError, StorageError, shown
from hwlib.storage.scratch import plainly_named

_TEMPORARY = re.compile(r"\.spinhop-[0-9a-f]{16}(\.\w+)?")
_ROOM = 2**20  # bytes: more than any writer holds back until it closes its file
_ERRNO = re.compile(r"errno=(\d+)")
_WRONG_NAME = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP)


def temporary_of(path: Path, word: str | None = None) -> Path:
    """File that is written in place of ``path`` until it is whole.

    Args:
        path: the file.
        word: 16 hexadecimal digits; from the file's name by default.
    """
    suffix = path.suffix if re.fullmatch(r"\.\w+", path.suffix) else ""
    word = word or hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
    return path.with_name(f".spinhop-{word}{suffix}")


def refuse_existing(path: Path, replace: bool, choose: str = "another name") -> None:
    """Refuse a file that a command writes once, for its reader to change, where there is one already.

    Args:
        path: the file.
        replace: it may be there (``--force``).
        choose: what to choose instead.

    Raises:
        InputError: it is there.
    """
    if not replace and os.path.lexists(path):
        raise _existing(path, choose)


def _existing(path: Path, choose: str = "another name") -> InputError:
    return InputError(f"{path}: exists already; choose {choose} or give --force")


def refuse_unwritable(path: Path) -> None:
    """Refuse a file that could not be written, before the work that it would hold.

    Raises:
        InputError: it is a folder, or its folder is none, cannot be made, or may not be written to.
    """
    folder = next((above for above in path.absolute().parents if os.path.lexists(above)), path)
    why = "it is a folder" if path.is_dir() else f"{folder} is no folder" if not folder.is_dir() else ""
    if not why and not os.access(folder, os.W_OK | os.X_OK):
        why = os.strerror(errno.EACCES)
    if why:
        raise InputError(f"{path}: cannot write there ({why})")


def refuse_no_name(path: Path) -> None:
    """Refuse what no file or folder can be called, which Python finds out with errors of other kinds.

    Raises:
        InputError: a NUL, half a surrogate pair, or a name that is too long for its disk.
    """
    why = ""
    try:
        os.lstat(path)
    except ValueError:  # a surrogate is a kind of it
        why = "no name of a file or folder"
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            why = f"no name of a file or folder ({error.strerror})"
    if why:
        raise InputError(f"{shown(str(path))}: {why}")


@contextmanager
def replacing(path: Path, one_writer: bool = False, *, replace: bool = True) -> Iterator[Path]:
    """Yield the name of an empty file beside ``path``; on success it becomes ``path``, on failure it is removed.

    Its permissions are those of any new file (the umask's).

    Args:
        path: the file.
        one_writer: nobody else writes this file at the time; what a killed process left of it is then written over.
        replace: ``path`` may be there; else it is not touched, were it made by another process meanwhile.

    Raises:
        StorageError: when the folder cannot be written, or the file not be written to its end.
        InputError: where something else is in its place or in that of its folder: the name is wrong; or ``path`` is
            there and may not be.
    """
    path = Path(path)
    refuse_no_name(path)
    if not path.name:
        raise InputError(f"{path}: cannot write there (it is a folder)")
    with suppress(OSError):
        mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a device would be gone, for every program
            raise InputError(f"{path}: cannot write there (it is no regular file)")
    temporary = temporary_of(path, None if one_writer else secrets.token_hex(8))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        once = os.O_TRUNC if one_writer else os.O_EXCL
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | once, 0o666))
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTDIR):  # of a folder above, which the error does not name
            refuse_unwritable(path)
        raise _failed(path, "cannot write there", error) from None
    try:
        yield temporary
        if replace:
            temporary.replace(path)
        else:
            _move_to_new(temporary, path)
    except OSError as error:
        if error.filename is None or Path(os.fsdecode(error.filename)) == temporary:
            raise _failed(path, "cannot be written", error) from None
        raise
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _move_to_new(temporary: Path, path: Path) -> None:
    """Rename a file to a name that nothing has: of several processes that try, one succeeds."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise _existing(path) from None
    except OSError:  # a disk without hard links
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            raise _existing(path) from None
        temporary.replace(path)


def _failed(path: Path, what: str, error: OSError) -> InputError | StorageError:
    kind = InputError if error.errno in _WRONG_NAME else StorageError
    return kind(f"{path}: {what} ({error.strerror or error})")


def write_atomic(
    path: Path, write: Callable[[Path], Any], one_writer: bool = False, *, replace: bool = True
) -> Path:  # fmt: skip
    """Call ``write`` with a temporary name and rename the result to ``path``; for writers that raise ``OSError``."""
    with replacing(path, one_writer, replace=replace) as temporary:
        write(temporary)
    return path


def write_bytes(path: Path, content: bytes | memoryview, *, replace: bool = True) -> Path:
    """Write a file's whole content; ``replace`` as of ``replacing``."""
    return write_atomic(path, lambda p: p.write_bytes(content), replace=replace)


def write_text(path: Path, text: str, *, replace: bool = True) -> Path:
    """Write a file's whole text, UTF-8; ``replace`` as of ``replacing``."""
    return write_bytes(path, text.encode("utf-8"), replace=replace)


def write_lines(path: Path, lines: Iterable[str]) -> Path:
    """Write a file of ASCII lines, which are made as they are written: a million of them are never held at once."""

    def write(target: Path) -> None:
        with target.open("w", encoding="ascii", newline="\n") as file:
            file.writelines(line + "\n" for line in lines)

    return write_atomic(path, write)


def write_together(contents: Mapping[Path, bytes], *, replace: bool = True) -> None:
    """Write files that belong together, the first of them last: all of them, or none where one cannot be written.

    Args:
        contents: of each file.
        replace: as of ``replacing``.
    """
    with ExitStack() as stack:
        for path, content in contents.items():
            stack.enter_context(replacing(path, replace=replace)).write_bytes(content)


def write_with_library(
    path: Path, write: Callable[[Path], Any], change: Callable[[bytes], bytes] | None = None
) -> Path:
    """The same for libraries that write themselves.

    KLayout does not notice that its last block did not fit, and netCDF does not say why it could not go on.

    Args:
        path: the file.
        write: called with a temporary name.
        change: what is made of the content that was written.

    Raises:
        StorageError: as ``replacing``; also when so little room is left that the file may have been cut off.
    """
    with replacing(path) as temporary:
        temporary.unlink()  # of a file that exists KLayout would keep a copy
        try:
            with plainly_named(temporary) as name:
                write(name)
        except RuntimeError as error:
            number = _ERRNO.search(str(error))
            if number is None:
                _check_room(temporary)
            reason = os.strerror(int(number[1])) if number else str(error)
            raise StorageError(f"{path}: cannot be written ({reason})") from None
        except PermissionError:  # netCDF's word for whatever kept it from making a file, where there was one just now
            temporary.touch()
            _check_room(temporary)
            raise
        _check_room(temporary)
        if change is not None:
            temporary.write_bytes(change(temporary.read_bytes()))
    return path


def _check_room(path: Path) -> None:
    """Raise the ``OSError`` of a file that has no room for more."""
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(bytes(_ROOM))
        file.flush()
        file.truncate(size)


def is_temporary(name: str) -> bool:
    """Whether a file is called like those that are being written."""
    return _TEMPORARY.fullmatch(name) is not None


def sweep(*folders: Path) -> None:
    """Remove what killed processes left of files that they were writing; nobody may be writing into the folders."""
    for folder in folders:
        with suppress(OSError):
            for path in list(folder.iterdir()):
                if is_temporary(path.name) and path.is_file():
                    path.unlink(missing_ok=True)
