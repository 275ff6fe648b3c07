"""What the comparison knows of a layout: devices, the labels on their nets, and shapes that are no device."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import klayout.db as kdb
import numpy as np

from hwlib.checks.connectivity import Extracted, wires
from hwlib.checks.device_table import DeviceTable, device_table
from hwlib.checks.loose_metal import Loose, floating_pieces
from hwlib.checks.places import places
from hwlib.connected_parts import connected_parts
from hwlib.drawing.reader import Drawing
from hwlib.workers.forked import in_processes, processes

_LABEL, _EDGE = "label.", "edge."  # marks of net labels, and of pieces at the edge of the outline, begin so
_NEVER_FREED: list[Extracted] = []  # of children


@dataclass
class LayoutView:
    """A layout as the comparison sees it.

    Attributes:
        drawing: the layout.
        table: the devices.
        names: texts on each net that has any, by net number.
        errors: shapes that look like a device but are none: message and box in µm.
        floating: pieces of metal without device and label.
        extracted: the netlist behind it, to look places up in; None when it was read in bands.
    """

    drawing: Drawing
    table: DeviceTable
    names: dict[int, list[str]]
    errors: list[tuple[str, kdb.DBox]]
    floating: list[Loose]
    extracted: Extracted | None = None


def view_whole(drawing: Drawing) -> LayoutView:
    """Extract a layout in one piece."""
    extracted = Extracted(drawing)
    table = device_table(extracted.lvs.netlist())
    errors = [
        (message, box.transformed(place))
        for message, box, cell in _errors(extracted)
        for place in (places(drawing.layout, cell) if cell is not None else [kdb.DCplxTrans()])
    ]
    floating = floating_pieces(extracted, drawing.border(), drawing.top, ends=table.ends)
    return LayoutView(drawing, table, _texts(table), errors, floating, extracted)


def view_in_bands(drawing: Drawing, bands: int, *, workers: int | None = None) -> LayoutView:
    """Extract a large layout band by band, which needs a fraction of the memory.

    Lines part the layout along its rows. A band has every instance of the top cell that reaches into it, and all
    shapes drawn in the top cell. Whatever conducts across a line gets a mark there, in both bands, and so does every
    label: nets with the same mark are one. Each path across the line goes through a mark, so no connection is lost,
    and none is added, because a band holds only shapes of the layout.

    Args:
        drawing: the layout; a cell is added while it is read, and taken away again.
        bands: how many.
        workers: processes that read at a time; None is one per core.
    """
    upright, lines = _lines(drawing.top, bands)
    edges = [-np.inf, *lines, np.inf]
    parts: list[DeviceTable] = []
    texts: list[dict[int, list[str]]] = []
    errors: set[tuple[str, str]] = set()
    floating: set[tuple[str, str]] = set()

    here = os.getpid()

    def read(k: int) -> _Band:
        # The system takes a child's memory back at once; KLayout would give it back piece by piece.
        let_go = _destroy if os.getpid() == here else _NEVER_FREED.append
        return _band(drawing, upright, edges[k], edges[k + 1], let_go)

    for band in in_processes(read, range(len(edges) - 1), processes() if workers is None else workers):
        parts.append(band.table)
        texts.append(band.texts)
        errors.update(band.errors)
        floating.update(band.floating)
    table, words = _joined(parts, texts)
    names, across = _sorted_words(drawing, table, words)
    boxes = [(message, kdb.DBox.from_s(box)) for message, box in sorted(errors)]
    inside = [Loose(layer, kdb.DBox.from_s(box)) for layer, box in sorted(floating)]
    return LayoutView(drawing, table, names, boxes, inside + across)


class _Band(NamedTuple):
    """What was read of one band: devices, texts on nets, shapes that are no device, pieces that carry nothing."""

    table: DeviceTable
    texts: dict[int, list[str]]
    errors: list[tuple[str, str]]
    floating: list[tuple[str, str]]


def _lines(top: kdb.Cell, bands: int) -> tuple[bool, list[int]]:
    """The lines between bands, and whether they are upright (at some x, not at some y).

    They run through the middle of instances, so that no device lies across one twice.
    """
    found = {}
    for upright in (False, True):
        spans = [_span(inst.bbox(), upright) for inst in top.each_inst()]
        start, stop = _span(top.bbox(), upright)
        found[upright] = sorted({(a + b) // 2 for a, b in spans if 0 < 2 * (b - a) < stop - start})
    upright = len(found[True]) > len(found[False])
    middles = found[upright]
    return upright, sorted({middles[len(middles) * k // bands] for k in range(1, bands)} if middles else set())


def _span(box: kdb.Box, upright: bool) -> tuple[int, int]:
    return (box.left, box.right) if upright else (box.bottom, box.top)


def _destroy(extracted: Extracted) -> None:
    extracted.lvs._destroy()


def _band(
    drawing: Drawing, upright: bool, low: float, high: float, let_go: Callable[[Extracted], None]
) -> _Band:  # fmt: skip
    layout, process, top = drawing.layout, drawing.process, drawing.top
    band = layout.create_cell("$band")
    marks = {name: layout.layer(kdb.LayerInfo(f"{name}$mark")) for name in wires(process)}
    try:
        for inst in top.each_inst():
            start, stop = _span(inst.bbox(), upright)
            if stop >= low and start <= high:
                band.insert(inst)
        for index in layout.layer_indexes():
            band.shapes(index).insert(top.shapes(index))
        for k, label in enumerate(drawing.labels):
            band.shapes(marks[label.layer]).insert(kdb.Text(f"{_LABEL}{k}", kdb.Trans(label.x, label.y)))
        start, stop = _span(drawing.top.bbox(), not upright)
        for line in (int(v) for v in (low, high) if np.isfinite(v)):
            edge = kdb.Edge(line, start, line, stop) if upright else kdb.Edge(start, line, stop, line)
            _mark(drawing, band, marks, edge, "")
        for edge in drawing.border().each():
            _mark(drawing, band, marks, edge, _EDGE)
        extracted = Extracted(drawing, band, marks)
        table = device_table(extracted.lvs.netlist())
        errors = [
            (message, str(box.transformed(place)))
            for message, box, cell in _errors(extracted)
            for place in (places(layout, cell, under=band) if cell is not None else [kdb.DCplxTrans()])
        ]
        limits = (low * layout.dbu, high * layout.dbu)
        loose = floating_pieces(extracted, kdb.Edges(), band, ends=table.ends, upright=upright, limits=limits)
        floating = [(piece.layer, str(piece.box)) for piece in loose]
        let_go(extracted)
    finally:
        layout.delete_cell(band.cell_index())
        for index in marks.values():
            layout.delete_layer(index)
    inside = np.floor(table.place[:, 0, 0 if upright else 1] / layout.dbu + 0.5)
    keep = (inside >= low) & (inside < high)
    own = DeviceTable(table.nets[keep], table.place[keep], table.values[keep], {})
    return _Band(own, _texts(table), errors, floating)


def _mark(drawing: Drawing, band: kdb.Cell, marks: dict[str, int], edge: kdb.Edge, kind: str) -> None:
    """Put a text on everything that conducts across (or at) an upright or level line; equal places get equal texts."""
    strip = edge.bbox().enlarged(1, 1)
    for name, index in marks.items():
        number = drawing.layers.get(name)
        if number is None:
            continue
        crossing = kdb.Region(band.begin_shapes_rec_touching(number, strip)).merged() & kdb.Region(strip)
        for polygon in crossing.each():
            middle = polygon.bbox().center()
            x, y = (edge.x1, middle.y) if edge.dx() == 0 else (middle.x, edge.y1)
            band.shapes(index).insert(kdb.Text(f"{kind}{name}.{x}.{y}", kdb.Trans(x, y)))


def _errors(extracted: Extracted) -> list[tuple[str, kdb.DBox, kdb.Cell | None]]:
    entries = [entry for entry in extracted.lvs.each_log_entry() if entry.category_name]
    return [(entry.message, entry.geometry.bbox(), extracted.layout.cell(entry.cell_name)) for entry in entries]


def _texts(table: DeviceTable) -> dict[int, list[str]]:
    named = {number: [text for text in piece.text.split(",") if text] for number, piece in table.pieces.items()}
    return {number: texts for number, texts in named.items() if texts}


def _joined(parts: list[DeviceTable], texts: list[dict[int, list[str]]]) -> tuple[DeviceTable, dict[int, list[str]]]:
    """One table of all bands' devices, nets with a mark in common as one; and the marks on each net."""
    sizes = [1 + max(int(part.nets.max(initial=-1)), *named, -1) for part, named in zip(parts, texts, strict=True)]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
    first: dict[str, int] = {}
    pairs = []
    for start, named in zip(starts, texts, strict=False):
        for number, words in named.items():
            pairs += [(first.setdefault(word, start + number), start + number) for word in words]
    joined = np.array(pairs, int).reshape(-1, 2)
    _, net = connected_parts(int(starts[-1]), joined[:, 0], joined[:, 1])
    nets = [np.where(p.nets >= 0, net[start + p.nets], -1) for start, p in zip(starts, parts, strict=False)]
    words_of: dict[int, list[str]] = defaultdict(list)
    for word, number in first.items():
        words_of[int(net[number])].append(word)
    table = DeviceTable(
        np.concatenate(nets), np.concatenate([p.place for p in parts]), np.concatenate([p.values for p in parts]), {}
    )
    return table, words_of


def _sorted_words(
    drawing: Drawing, table: DeviceTable, words_of: dict[int, list[str]]
) -> tuple[dict[int, list[str]], list[Loose]]:
    """Names on each net; and what crosses lines between bands but has neither a label nor a device."""
    used = set(np.unique(table.nets).tolist())
    names, floating = {}, []
    for number, words in words_of.items():
        labels = [int(word.removeprefix(_LABEL)) for word in words if word.startswith(_LABEL)]
        if labels:
            names[number] = sorted({drawing.labels[k].name for k in labels})
        elif number not in used and not any(word.startswith(_EDGE) for word in words):
            layer, x, y = words[0].split(".")
            place = kdb.Box(int(x), int(y), int(x), int(y)).to_dtype(drawing.layout.dbu)
            floating.append(Loose(layer, place))
    return names, floating
