"""Writing a layout to GDSII or OASIS, byte for byte the same for equal designs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import gdsfactory as gf
import klayout.db as kdb

from hwlib.argument_kinds import takes_kinds
from hwlib.errors import InputError, shown
from hwlib.storage.known_contents import remember_written
from hwlib.storage.writing import write_bytes

SUFFIXES = {".gds": "GDS2", ".oas": "OASIS"}
_DIGEST = re.compile(r"_[0-9a-f]{8}(\$\d+)?$")


@takes_kinds
def write_layout(component: gf.Component, path: str | Path) -> Path:
    """Write a component and what it refers to into one file, as of ``write_layouts``."""
    return write_layouts(component, [path])[0]


@takes_kinds
def write_layouts(component: gf.Component, paths: Sequence[str | Path]) -> list[Path]:
    """Write a component and what it refers to into files; the hierarchy is kept.

    A file has no time stamps and no library metadata, and its cells lose the digest that keeps their names apart in
    memory, so equal designs give identical files.

    Args:
        component: top cell.
        paths: ``.gds`` or ``.oas`` files to write.

    Returns:
        The files.

    Raises:
        InputError: another suffix.
        StorageError: the folder cannot be written.
    """
    forms = {path: _format(path) for path in map(Path, paths)}
    layout = _copy(component)
    return [remember_written(write_bytes(path, layout.write_bytes(_options(form)))) for path, form in forms.items()]


def _format(path: Path) -> str:
    form = SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise InputError(f"{path}: a layout is written as .gds or .oas, found suffix {shown(path.suffix)}")
    return form


def _options(form: str) -> kdb.SaveLayoutOptions:
    options = kdb.SaveLayoutOptions()
    options.format = form
    options.gds2_write_timestamps = False
    options.write_context_info = False
    options.oasis_compression_level = 2
    options.oasis_write_cblocks = True
    return options


def _copy(component: gf.Component) -> kdb.Layout:
    """The component's cells in a layout of their own, in an order and with names that depend on nothing else.

    What else a session drew decides the indices of its cells and layers; here both follow from names and numbers.
    """
    layout, source = kdb.Layout(), component.kcl.layout
    layout.dbu = source.dbu
    top = component.kdb_cell
    cells = [source.cell(index) for index in top.called_cells()] + [top]
    names = _names([cell.name for cell in cells])
    cells.sort(key=lambda cell: (cell.cell_index() == top.cell_index(), names[cell.name], cell.name))
    made = {cell.cell_index(): layout.create_cell(names[cell.name]) for cell in cells}
    layers = [index for index in source.layer_indexes() if not top.begin_shapes_rec(index).at_end()]
    layers.sort(key=lambda index: (source.get_info(index).layer, source.get_info(index).datatype))
    for index in layers:
        info = source.get_info(index)
        target = layout.layer(info.layer, info.datatype)
        for cell in cells:
            shapes = cell.shapes(index)
            if not shapes.is_empty():  # most cells are on few layers, and to copy nothing takes long
                made[cell.cell_index()].shapes(target).insert(shapes)
    for cell in cells:
        parent = made[cell.cell_index()]
        for instance in cell.each_inst():
            array = instance.cell_inst.dup()
            array.cell_index = made[array.cell_index].cell_index()
            parent.insert(array)
    return layout


def _names(names: list[str]) -> dict[str, str]:
    """Names in the file by name in memory: without the digest where that leaves no two alike."""
    plain = {name: _DIGEST.sub("", name) for name in names}
    often = Counter(plain.values())
    return {name: short if often[short] == 1 else name for name, short in plain.items()}
