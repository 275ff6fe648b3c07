"""An opened layout: one top cell, the layers of a process, and net labels, for the checks and the extraction alike."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import klayout.db as kdb
import numpy as np

from hwlib.drawing.amount import refuse_other_size, refuse_too_much
from hwlib.drawing.crossings import resolve_crossing
from hwlib.drawing.crowded_edges import refuse_crowded_edges
from hwlib.drawing.doubled_cells import Doubled, remove_doubled
from hwlib.drawing.hierarchy import (
    Absent,
    Hierarchy,
    absent_cells,
    dissolve_wrappers,
    read_hierarchy,
    refuse_tilted,
    resolve_magnified,
    without_empty_cells,
)
from hwlib.drawing.layout_file import SHOWN, read_with_origin, with_one_top, with_readable_names
from hwlib.drawing.net_labels import NetLabel, lift_labels
from hwlib.drawing.overlaps import refuse_tangled
from hwlib.errors import InputError
from hwlib.process import Process

WIRING = ("conductor", "via", "device")
COARSEST = 10  # steps of the grid that a database unit may be


@dataclass
class Drawing:
    """An open layout of a process.

    The polygons are those of the file. Its hierarchy is made plain: names that nets go by are drawn in the top cell,
    a lone instance of nearly everything is dissolved, no instance is magnified or doubled, no polygon crosses itself.

    Attributes:
        name: of the file, for messages.
        layout: a copy that may be written to; top: its one top cell.
        process: the process.
        layers: index of each process layer that the layout has; label_layers: those of its label layers.
        unknown: numbers of layers that the process lacks, those with shapes.
        labels: net names; remarks: other texts on label layers.
        made: names of cells that the file does not have, copies in another size.
        doubled: instances that lay on one of their like.
        absent: cells that are placed and that the file does not hold.
        crossing: by layer and cell, what polygons that are not simple enclose wrongly (cell coordinates).
        rows: instances of each cell (see ``hierarchy``); tilted: cells that hold one at another angle than 90°.
        pillars: how many shapes the pillar layer has.
        coarseness: how many of the layout's database units one of the file has.
        outlined: whether the outline is the top cell's own; one of a macro within does not bind what is around it.
    """

    name: str
    layout: kdb.Layout
    top: kdb.Cell
    process: Process
    layers: dict[str, int]
    label_layers: dict[str, int]
    unknown: list[tuple[int, int]] = field(default_factory=list)
    labels: list[NetLabel] = field(default_factory=list)
    remarks: list[NetLabel] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    doubled: list[Doubled] = field(default_factory=list)
    absent: list[Absent] = field(default_factory=list)
    crossing: dict[str, dict[str, kdb.Region]] = field(default_factory=dict)
    rows: dict[int, np.ndarray] = field(default_factory=dict)
    tilted: set[int] = field(default_factory=set)
    pillars: int = 0
    coarseness: int = 1
    outlined: bool = False

    @property
    def dbu(self) -> float:
        """Database unit in m."""
        return float(self.layout.dbu) * 1e-6

    def refuse_for(self, devices: int) -> None:
        """Refuse a layout that holds far more than a design's ``devices``, as InputError."""
        refuse_other_size(self.name, self.top.name, self.pillars, devices)

    def where(self, x: float, y: float) -> str:
        """A place in dbu as words for messages."""
        return f"({x * self.layout.dbu:.3f}, {y * self.layout.dbu:.3f}) µm"

    def box(self, cell: kdb.Cell, *, markers: bool = False) -> kdb.Box:
        """Box of a cell's wires, vias and device layers, and of its markers where they are wanted."""
        out = kdb.Box()
        for name, index in self.layers.items():
            if markers or self.process.layers[name].kind in WIRING:
                out += cell.bbox(index)
        return out

    def shapes(self, cell: kdb.Cell, move: kdb.Trans | None = None) -> dict[str, kdb.Region]:
        """Merged shapes of a cell and all below it, by layer name (every layer of the process has an entry)."""
        out = {}
        for name in self.process.layers:
            region = kdb.Region()
            if name in self.layers:
                region = kdb.Region(cell.begin_shapes_rec(self.layers[name]))
                region = (region.transformed(move) if move else region).merged()
            out[name] = region
        return out

    def border(self) -> kdb.Edges:
        """The edges of the outline; of the box of all wires, vias and devices when none is drawn."""
        outline = self.region("outline").merged()
        return (kdb.Region(self.box(self.top)) if outline.is_empty() else outline).edges()

    def on_metal(self, label: NetLabel) -> bool:
        """Whether a label lies on (or at the edge of) a shape of its conductor."""
        index = self.layers.get(label.layer)
        if index is None:
            return False
        point = kdb.Point(label.x, label.y)
        near = self.top.begin_shapes_rec_touching(index, kdb.Box(point, point))
        while not near.at_end():
            shape = near.shape()
            if shape.is_box() or (shape.polygon is not None and shape.polygon.transformed(near.trans()).inside(point)):
                return True
            near.next()
        return False

    def near(self, name: str, box: kdb.Box | kdb.Region) -> kdb.Region:
        """The shapes of a layer that touch a box, or one of the parts of a region, not merged."""
        index = self.layers.get(name)
        if index is None:
            return kdb.Region()
        where = box if isinstance(box, kdb.Region) else kdb.Region(box)
        return kdb.Region(kdb.RecursiveShapeIterator(self.layout, self.top, index, where, False))

    def region(self, name: str) -> kdb.Region:
        """All shapes of a layer, not merged; empty when the layout lacks it."""
        index = self.layers.get(name)
        return kdb.Region() if index is None else kdb.Region(self.top.begin_shapes_rec(index))


LayoutSource = str | Path | kdb.Layout | Drawing


def open_layout(
    source: LayoutSource, process: Process, *, top: str | None = None, devices: int | None = None
) -> Drawing:  # fmt: skip
    """Open a layout (GDSII or OASIS) of a process.

    Args:
        source: file, or a layout in memory, which is left unchanged; an open one is returned as it is.
        process: the process it is drawn in.
        top: the cell to use; None is the one top cell.
        devices: of the design that it is held against: far more are refused before they are looked at; None: any.

    Returns:
        The layout, with devices, and a database unit that divides the manufacturing grid (a coarser one is written in
        steps of the grid).

    Raises:
        InputError: no such file, damaged, empty, several top cells, coordinates beyond range, a database unit off the
            grid, no devices on the layers of the process, far more than the design's, or some that are turned by
            another angle than 90°.
    """
    if isinstance(source, Drawing):
        return source
    if isinstance(source, kdb.Layout):
        layout, where, ours = with_readable_names(source.dup(), "layout"), "layout", False
    else:
        (layout, ours), where = read_with_origin(source), str(source)
    return _opened(layout, where, process, top, devices, ours=ours)


def _opened(
    layout: kdb.Layout, where: str, process: Process, top: str | None, most: int | None, *, ours: bool
) -> Drawing:  # fmt: skip
    times = _coarseness(layout, where, process)
    layout = with_one_top(layout, where, top)
    absent = absent_cells(layout)
    without_empty_cells(layout)
    devices = layout.find_layer(*process.layers["pillar"].gds)
    found = read_hierarchy(layout, where, devices)
    if times > 1:  # the same drawing in steps of the grid: all that follows halves and compares whole units
        layout.transform(kdb.ICplxTrans(float(times)))
        absent = [replace(each, place=each.place * times) for each in absent]
        layout.dbu /= times
        found = read_hierarchy(layout, where, devices)
    if layout.top_cell().bbox().empty():
        raise InputError(f"{where}: the layout is empty, it has no shapes")
    _check_layers(layout, process, where)
    if most is not None:
        refuse_other_size(where, layout.top_cell().name, found.marked[layout.top_cell().cell_index()], most)
    drawn, labels = _numbers(layout, process)
    refuse_too_much(layout, where, found, list(drawn.values()), labels)
    if not ours:  # an optimiser reads what it has drawn hundreds of times
        refuse_tangled(layout, where, found, drawn)
        refuse_crowded_edges(layout, where, process, drawn, found.marked[layout.top_cell().cell_index()])
    crossing = {name: strange for name, index in drawn.items() if (strange := resolve_crossing(layout, index))}
    outline = layout.find_layer(*process.layers["outline"].gds)
    outlined = outline is not None and not layout.top_cell().shapes(outline).is_empty()
    made: set[str] = set()
    if found.complex:
        refuse_tilted(layout, where, found)
        made = resolve_magnified(layout, found.complex)
        found = read_hierarchy(layout, where, devices)
    doubled = remove_doubled(layout, found)
    if doubled:
        found = read_hierarchy(layout, where, devices)
    if dissolve_wrappers(layout, layout.top_cell(), found.marked):
        found = read_hierarchy(layout, where, devices)
    drawing = _layers(layout, process, where, found)
    drawing.doubled, drawing.absent = doubled, absent
    drawing.labels, drawing.remarks = lift_labels(layout, drawing.label_layers)
    drawing.crossing, drawing.made, drawing.outlined, drawing.coarseness = crossing, made, outlined, times
    return drawing


def _coarseness(layout: kdb.Layout, where: str, process: Process) -> int:
    """How many steps of the manufacturing grid a database unit is; 1 for one that divides it."""
    unit = layout.dbu * 1e-6
    steps = process.grid / unit if unit > 0 else 0.0
    if 1 - 1e-6 <= steps <= 1e6 and abs(steps - round(steps)) <= 1e-6:
        return 1
    times = 1 / steps if steps > 0 else 0.0
    if 1 < times <= COARSEST and abs(times - round(times)) <= 1e-6:
        return round(times)
    raise InputError(
        f"{where}: database unit {layout.dbu * 1e3:.6g} nm neither divides the grid of process {process.name}, "
        f"{process.grid * 1e9:.6g} nm, nor is up to {COARSEST} of its steps"
    )


def _numbers(layout: kdb.Layout, process: Process) -> tuple[dict[str, int], list[int]]:
    """Indices of the layers of a process, by name, and of its label layers, that the layout has."""
    drawn = {name: layout.find_layer(*layer.gds) for name, layer in process.layers.items()}
    labels = [layout.find_layer(*layer.label) for layer in process.layers.values() if layer.label]
    return {name: k for name, k in drawn.items() if k is not None}, [k for k in labels if k is not None]


def _check_layers(layout: kdb.Layout, process: Process, where: str) -> None:
    missing = [name for name in ("track", "pillar") if not _has_shapes(layout, process.layers[name].gds)]
    if not missing:
        return
    name = missing[0]
    layer, datatype = process.layers[name].gds
    infos = [info for info in layout.layer_infos() if _has_shapes(layout, (info.layer, info.datatype))]
    used = sorted((info.layer, info.datatype) for info in infos)
    found = ", ".join(f"{a}/{b}" for a, b in used[:SHOWN]) + (" …" if len(used) > SHOWN else "")
    raise InputError(
        f"{where}: nothing on layer {name} ({layer}/{datatype}) of process {process.name}, the layout uses {found}: "
        "no device, or another process's"
    )


def _has_shapes(layout: kdb.Layout, gds: tuple[int, int]) -> bool:
    index = layout.find_layer(*gds)
    return index is not None and not layout.top_cell().bbox(index).empty()


def _draws(cell: kdb.Cell, index: int) -> bool:
    """Whether a layer holds more than texts and lines."""
    shapes = cell.begin_shapes_rec(index)
    shapes.shape_flags = kdb.Shapes.SRegions
    return any(each.shape().area() for each in shapes.each())


def _layers(layout: kdb.Layout, process: Process, where: str, hierarchy: Hierarchy) -> Drawing:
    known = {layer.gds: name for name, layer in process.layers.items()}
    labels = {layer.label: name for name, layer in process.layers.items() if layer.label}
    drawing = Drawing(where, layout, layout.top_cell(), process, {}, {}, rows=hierarchy.rows, tilted=hierarchy.complex)
    drawing.pillars = hierarchy.marked[drawing.top.cell_index()]
    for index in layout.layer_indexes():
        info = layout.get_info(index)
        number = (info.layer, info.datatype)
        if number in known:
            drawing.layers[known[number]] = index
        elif number in labels:
            drawing.label_layers[labels[number]] = index
        elif _draws(layout.top_cell(), index):
            drawing.unknown.append(number)
    drawing.unknown.sort()
    return drawing
