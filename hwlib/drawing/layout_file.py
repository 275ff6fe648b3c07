"""Reading a GDSII or OASIS file that may be damaged."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb

from hwlib.errors import InputError, StoppedError
from hwlib.files import open_outside
from hwlib.forked import bounded

MAX_BYTES = 4 * 2**30
FORMATS = {b"\x00\x06\x00\x02": "GDSII", b"%SEMI-OASIS\r\n": "OASIS"}  # what their files begin with
# What reading may take. A flat layout of a million devices reads 4 MB/s from a compressed file, into 300 bytes for one.
SECONDS, SECONDS_PER_BYTE = 1.0, 20e-6
MEMORY, MEMORY_PER_BYTE = 2**29, 2000


def read_layout(path: str | Path) -> kdb.Layout:
    """Read a layout file.

    A child process reads it first, in bounded time and memory: a few wrong bytes can make a reader repeat a shape for
    ever, or end the process.

    Raises:
        InputError: no regular file, neither GDSII nor OASIS, or damaged.
    """
    with open_outside(path, "layout", MAX_BYTES) as stream:
        start = stream.read(max(map(len, FORMATS)))
        size = stream.seek(0, 2)
    form = next((name for magic, name in FORMATS.items() if start.startswith(magic)), None)
    if form is None:
        raise InputError(f"{path}: not a layout that can be read; GDSII and OASIS are")
    seconds, memory = SECONDS + SECONDS_PER_BYTE * size, MEMORY + MEMORY_PER_BYTE * size
    try:
        bounded(lambda: _read(path) is None, seconds=seconds, memory=memory)
        return _read(path)
    except StoppedError:
        bounds = f"within {seconds:.0f} s and {memory / 1e9:.1f} GB"
        raise InputError(f"{path}: damaged, its {size} bytes of {form} cannot be read {bounds}") from None
    except (RuntimeError, UnicodeDecodeError):  # KLayout's words are of bytes and records, or of its own source
        raise InputError(f"{path}: damaged, it begins as {form} but cannot be read to its end") from None


def _read(path: str | Path) -> kdb.Layout:
    layout = kdb.Layout()
    layout.read(str(path))
    for cell in layout.top_cells():
        cell.bbox()  # puts the cells in order, which fails where one holds itself
    return layout
