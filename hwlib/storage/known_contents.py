"""Contents of files that this process wrote, or has read in bounds: nothing in them can surprise a reader."""

from __future__ import annotations

import mmap
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

MOST = 256  # that are remembered
Content = tuple[int, bytes]  # length and digest
_KNOWN: dict[Content, bool] = {}  # oldest first; whether this process wrote it


def content_of(stream: BinaryIO) -> Content:
    """What stands for all that an open file of a disk holds."""
    size = stream.seek(0, 2)
    if not size:
        return 0, b""
    with mmap.mmap(stream.fileno(), size, access=mmap.ACCESS_READ) as content:
        return size, blake2b(content).digest()


def remember(content: Content, *, written: bool = False) -> None:
    """Take a content for known, in place of the oldest one when there are many."""
    _KNOWN[content] = written or _KNOWN.get(content, False)
    while len(_KNOWN) > MOST:
        del _KNOWN[next(iter(_KNOWN))]


def remember_written(path: Path) -> Path:
    """The same for a file that was just written; returns its path."""
    with path.open("rb") as stream:
        remember(content_of(stream), written=True)
    return path


def is_known(content: Content) -> bool:
    """Whether a content was remembered."""
    return content in _KNOWN


def is_written_here(content: Content) -> bool:
    """Whether this process wrote a content."""
    return _KNOWN.get(content, False)


def holds_known(stream: BinaryIO) -> bool:
    """Whether what an open file of a disk holds is known; looked at only where its length is one that is known."""
    size = stream.seek(0, 2)
    return any(size == length for length, _ in _KNOWN) and is_known(content_of(stream))
