"""Writing a layout to GDSII or OASIS, byte for byte the same for equal designs."""

from __future__ import annotations

import re
from pathlib import Path

import gdsfactory as gf
import klayout.db as kdb

from hwlib.errors import InputError
from hwlib.files import write_atomic

SUFFIXES = {".gds": "GDS2", ".oas": "OASIS"}
_DIGEST = re.compile(r"_[0-9a-f]{8}(\$\d+)?$")


def write_layout(component: gf.Component, path: str | Path) -> Path:
    """Write a component and what it refers to; the hierarchy is kept.

    The file has no time stamps and no library metadata, and its cells lose the digest that keeps their names apart in
    memory, so equal designs give identical files.

    Args:
        component: top cell.
        path: ``.gds`` or ``.oas`` file to write.

    Raises:
        InputError: another suffix, or a folder that cannot be written.
    """
    path = Path(path)
    form = SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise InputError(f"{path}: a layout is written as .gds or .oas, found suffix {path.suffix!r}")
    layout = _copy(component)
    options = kdb.SaveLayoutOptions()
    options.format = form
    options.gds2_write_timestamps = False
    options.write_context_info = False
    options.oasis_compression_level = 2
    options.oasis_write_cblocks = True
    return write_atomic(path, lambda temporary: layout.write(str(temporary), options))


def _copy(component: gf.Component) -> kdb.Layout:
    """The component's cells in a layout of their own, in an order and with names that depend on nothing else."""
    layout = kdb.Layout()
    layout.dbu = component.kcl.dbu
    top = layout.create_cell(component.name)
    top.copy_tree(component.kdb_cell)
    names: dict[str, list[kdb.Cell]] = {}
    for cell in layout.each_cell():
        names.setdefault(_DIGEST.sub("", cell.name), []).append(cell)
    for name, cells in names.items():
        if len(cells) == 1:
            cells[0].name = name
    return layout
