"""Opening a layout for checking: bad files end here with one clear line."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb

from hwlib.errors import InputError
from hwlib.process import Process

LayoutSource = str | Path | kdb.Layout
_SHOWN = 6  # numbers or names quoted in a message


def open_layout(source: LayoutSource, process: Process) -> kdb.Layout:
    """Read a layout (GDSII or OASIS) and make sure that it can be checked against a process.

    Args:
        source: file, or a layout in memory.
        process: the process it is drawn in.

    Returns:
        A layout with exactly one top cell, shapes on the process's device layers and a database unit that divides
        the manufacturing grid.

    Raises:
        InputError: no such file, not a layout, empty, several top cells, another process's layers, a database unit
            off the grid.
    """
    layout, where = (source, "layout") if isinstance(source, kdb.Layout) else (_read(Path(source)), str(source))
    tops = layout.top_cells()
    if not tops or all(top.bbox().empty() for top in tops):
        raise InputError(f"{where}: the layout is empty, it has no shapes")
    if len(tops) > 1:
        names = ", ".join(sorted(top.name for top in tops)[:_SHOWN])
        raise InputError(f"{where}: {len(tops)} top cells ({names}); a layout to check has exactly one")
    _check_layers(layout, process, where)
    steps = process.grid / (layout.dbu * 1e-6)
    if abs(steps - round(steps)) > 1e-6 or round(steps) < 1:
        raise InputError(
            f"{where}: database unit {layout.dbu * 1e3:.6g} nm does not divide the grid of process {process.name}, "
            f"{process.grid * 1e9:.6g} nm"
        )
    return layout


def layer_index(layout: kdb.Layout, gds: tuple[int, int]) -> int | None:
    """Index of a layer by its GDS number; None when the layout has no such layer."""
    index: int | None = layout.find_layer(*gds)
    return index


def shapes_on(layout: kdb.Layout, gds: tuple[int, int]) -> kdb.RecursiveShapeIterator:
    """All shapes of a layer below the top cell; an empty iterator when the layout lacks the layer."""
    index = layer_index(layout, gds)
    return layout.top_cell().begin_shapes_rec(layout.layer(*gds) if index is None else index)


def places(layout: kdb.Layout, cell: kdb.Cell, most: int = 1000, under: kdb.Cell | None = None) -> list[kdb.DCplxTrans]:
    """Where a cell sits in the top cell (or in ``under``), for its first ``most`` places."""
    root = under or layout.top_cell()
    if cell.cell_index() == root.cell_index():
        return [kdb.DCplxTrans()]
    iterator = kdb.RecursiveInstanceIterator(layout, root)
    iterator.targets = [cell.cell_index()]
    found: list[kdb.DCplxTrans] = []
    while not iterator.at_end() and len(found) < most:
        found.append(iterator.dtrans() * iterator.inst_dtrans())
        iterator.next()
    return found


def _read(path: Path) -> kdb.Layout:
    if not path.is_file():
        raise InputError(f"{path}: no such layout file")
    layout = kdb.Layout()
    try:
        layout.read(str(path))
    except RuntimeError:
        raise InputError(f"{path}: not a layout that can be read; GDSII and OASIS are") from None
    return layout


def _check_layers(layout: kdb.Layout, process: Process, where: str) -> None:
    missing = [name for name in ("track", "pillar") if not _has_shapes(layout, process.layers[name].gds)]
    if not missing:
        return
    name = missing[0]
    layer, datatype = process.layers[name].gds
    used = sorted(
        (info.layer, info.datatype) for info in layout.layer_infos() if _has_shapes(layout, (info.layer, info.datatype))
    )
    found = ", ".join(f"{a}/{b}" for a, b in used[:_SHOWN]) + (" …" if len(used) > _SHOWN else "")
    raise InputError(
        f"{where}: nothing on layer {name} ({layer}/{datatype}) of process {process.name}, the layout uses {found}; "
        "is it drawn in another process?"
    )


def _has_shapes(layout: kdb.Layout, gds: tuple[int, int]) -> bool:
    index = layer_index(layout, gds)
    return index is not None and not layout.top_cell().bbox(index).empty()
