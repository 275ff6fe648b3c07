"""Reading a GDSII or OASIS file that may be damaged."""

from __future__ import annotations

import mmap
from pathlib import Path

import klayout.db as kdb

from hwlib.errors import InputError, StoppedError, shown
from hwlib.storage.binary_kinds import GDSII, LAYOUTS, OASIS, PACKED
from hwlib.storage.files import open_outside, refuse_without_descriptors
from hwlib.storage.known_contents import content_of, is_known, is_written_here, remember
from hwlib.storage.scratch import is_plain
from hwlib.workers.forked import bounded

MAX_BYTES = 4 * 2**30
# What reading may take. A flat layout of a million devices reads 4 MB/s from a compressed file, into 300 bytes for one.
SECONDS, SECONDS_PER_BYTE = 0.9, 4e-6
MEMORY, MEMORY_PER_BYTE = 2**29, 2000
_ENDLIB, _AT_ONCE = b"\x00\x04\x04\x00", 2**16  # last record; bytes looked at together
_END, _END_ID, _SIGNATURES = 256, 2, {0: 0, 1: 4, 2: 4}  # OASIS: bytes of its last record, those of its signature
SHOWN = 6  # numbers or names quoted in a message


def read_layout(path: str | Path) -> kdb.Layout:
    """Read a layout file; errors as of ``read_with_origin``."""
    return read_with_origin(path)[0]


def read_with_origin(path: str | Path) -> tuple[kdb.Layout, bool]:
    """Read a layout file, and say whether this process wrote what it holds.

    A child process reads it first, in bounded time and memory: a few wrong bytes can make a reader repeat a shape for
    ever, or end the process. Contents that were read so before, or written here, are not tried.

    Raises:
        InputError: no regular file, neither GDSII nor OASIS, or damaged.
    """
    with open_outside(path, "layout", MAX_BYTES) as stream:
        start = stream.read(max(map(len, LAYOUTS)))
        ends, content = True, content_of(stream)
        if size := content[0]:
            with mmap.mmap(stream.fileno(), size, access=mmap.ACCESS_READ) as whole:
                ends = _ends_once(whole) if start.startswith(GDSII) else _ends_as_oasis(whole)
    form = next((name for magic, name in LAYOUTS.items() if start.startswith(magic)), None)
    if form is None:
        packed = next((name for magic, name in PACKED.items() if start.startswith(magic)), None)
        if packed:
            raise InputError(f"{path}: compressed with {packed}; unpack it first, GDSII and OASIS are read as they are")
        raise InputError(f"{path}: not a layout that can be read; GDSII and OASIS are")
    seconds, memory = SECONDS + SECONDS_PER_BYTE * size, MEMORY + MEMORY_PER_BYTE * size
    try:
        if not is_known(content):
            bounded(lambda: _read(path) is None, seconds=seconds, memory=memory)
            remember(content)
        if not ends:
            raise InputError(f"{path}: damaged, it begins as {form} but does not end where it says: two files in one?")
        return with_readable_names(_read(path), str(path)), is_written_here(content)
    except StoppedError:
        bounds = f"within {seconds:.0f} s and {memory / 1e9:.1f} GB"
        why = "damaged, or thousands of cells in one another"
        raise InputError(f"{path}: {why}, its {size} bytes of {form} cannot be read {bounds}") from None
    except (OSError, RuntimeError, UnicodeDecodeError) as error:
        refuse_without_descriptors(path, error)
        if isinstance(error, OSError):
            raise
        # KLayout's words are of bytes and records, or of its own source.
        raise InputError(f"{path}: damaged, it begins as {form} but cannot be read to its end") from None


def _ends_once(content: mmap.mmap) -> bool:
    """Whether nothing but padding follows the end of a GDSII stream; KLayout does not look there."""
    first = content.find(_ENDLIB)
    if first < 0 or _is_padding(content, first + len(_ENDLIB)):
        return True  # cut off, which the reader says, or the last record but for padding
    place = 0  # coordinates may look like the record: go from one to the next
    while place + 4 <= len(content) and content[place : place + 4] != _ENDLIB:
        length = int.from_bytes(content[place : place + 2], "big")
        if length < 4:
            return True  # no record: the reader's to say
        place += length
    return _is_padding(content, place + len(_ENDLIB))


def _is_padding(content: mmap.mmap, start: int) -> bool:
    return all(not content[k : k + _AT_ONCE].strip(b"\0") for k in range(start, len(content), _AT_ONCE))


def _ends_as_oasis(content: mmap.mmap) -> bool:
    """Whether an OASIS stream is over with the file; KLayout does not look behind its end."""
    place = content.find(OASIS, 1)
    while place >= 0:
        if _is_end(content[max(place - _END, 0) : place]):  # another file begins where this one ends
            return False
        place = content.find(OASIS, place + 1)
    return _is_end(content[max(len(content) - _END, 0) :])


def _is_end(record: bytes) -> bool:
    """Whether bytes are an END record of OASIS: 256, which a string fills up, then how to validate them."""
    if len(record) != _END or record[0] != _END_ID:
        return False
    for tables in (0, 12):  # numbers that say where tables are, there or not
        place = 1
        for _ in range(tables):
            _, place = _number(record, place)
        length, place = _number(record, place)
        place += length
        if place < _END and place + 1 + _SIGNATURES.get(record[place], _END) == _END:
            return True
    return False


def _number(record: bytes, place: int) -> tuple[int, int]:
    """An unsigned integer of OASIS, seven bits a byte, and where it ends."""
    value = shift = 0
    while place < len(record):
        value |= (record[place] & 127) << shift
        place, shift = place + 1, shift + 7
        if record[place - 1] < 128:
            break
    return value, place


def _read(path: str | Path) -> kdb.Layout:
    layout, options = kdb.Layout(), kdb.LoadLayoutOptions()
    options.warn_level = 0  # KLayout's remarks on records, written past Python to standard error
    if is_plain(path):
        layout.read(str(path), options)
    else:  # KLayout would execute ``pipe:…``, and has more such words
        layout.read_bytes(Path(path).read_bytes(), options)
    for cell in layout.top_cells():
        cell.bbox()  # puts the cells in order, which fails where one holds itself
    return layout


def with_readable_names(layout: kdb.Layout, where: str) -> kdb.Layout:
    """The layout, whose cells all have names that can be shown.

    Raises:
        InputError: the bytes of one are no UTF-8 text.
    """
    try:
        for cell in layout.each_cell():
            _ = cell.name
    except (UnicodeDecodeError, RuntimeError):  # KLayout raises either
        raise InputError(f"{where}: damaged, a cell name is no UTF-8 text") from None
    return layout


def with_one_top(layout: kdb.Layout, where: str, top: str | None = None) -> kdb.Layout:
    """The layout, or the part of it below one cell.

    Args:
        layout: any layout.
        where: its name, for messages.
        top: name of the cell; None is the one top cell that holds anything.

    Raises:
        InputError: no such cell, or several top cells.
    """
    if top is None:
        filled = [cell for cell in layout.top_cells() if not cell.bbox().empty()]
        if not filled:
            raise InputError(f"{where}: the layout is empty, it has no shapes")
        if len(filled) > 1:
            raise InputError(f"{where}: {len(filled)} top cells ({_listed(filled)}); name the one to use with --top")
        cell = filled[0]
    else:
        cell = layout.cell(top)
        if cell is None:
            tops = _listed(layout.top_cells())
            raise InputError(f"{where}: no cell {shown(top)} for --top; the layout's top cells: {tops}")
    if len(layout.top_cells()) == 1 and cell.is_top():
        return layout
    alone = kdb.Layout()
    alone.dbu = layout.dbu
    alone.create_cell(cell.name).copy_tree(cell)
    return alone


def _listed(cells: list[kdb.Cell]) -> str:
    names = sorted(cell.name for cell in cells)
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")


def cell_bytes(path: Path, top: str) -> bytes:
    """A layout file with one cell of another file, and all below it, in the same format.

    Raises:
        InputError: as ``read_layout`` and ``with_one_top``.
    """
    layout = with_one_top(read_layout(path), str(path), top)
    options = kdb.SaveLayoutOptions()
    options.set_format_from_filename(path.name)
    options.gds2_write_timestamps = False
    options.write_context_info = False
    content: bytes = layout.write_bytes(options)
    return content
