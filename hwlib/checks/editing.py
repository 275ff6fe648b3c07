"""Small edits of a hierarchical layout at one place, leaving every other instance of the cells as it was."""

from __future__ import annotations

import klayout.db as kdb

from hwlib.drawing.net_labels import NetLabel
from hwlib.process import Process


def add(layout: kdb.Layout, process: Process, name: str, box: kdb.Box) -> None:
    """Draw a box (top-cell dbu) into the top cell."""
    layout.top_cell().shapes(layout.layer(*process.layers[name].gds)).insert(box)


def relabel(layout: kdb.Layout, process: Process, old: NetLabel, new: NetLabel) -> None:
    """Put another label in the place of one that is drawn in the top cell."""
    for label, insert in ((old, False), (new, True)):
        number = process.layers[label.layer].label
        assert number is not None  # where labels come from
        shapes = layout.top_cell().shapes(layout.layer(*number))
        text = kdb.Text(label.name, kdb.Trans(label.x, label.y))
        if insert:
            shapes.insert(text)
            continue
        for shape in list(shapes.each(kdb.Shapes.STexts)):
            if shape.text_string == text.string and kdb.Point(shape.text_pos) == kdb.Point(label.x, label.y):
                shape.delete()


def carve(layout: kdb.Layout, process: Process, name: str, box: kdb.Box) -> None:
    """Cut a box (top-cell dbu) out of a layer; cells it touches become copies of their own."""
    _carve(layout.top_cell(), layout.layer(*process.layers[name].gds), box)


def _carve(cell: kdb.Cell, layer: int, box: kdb.Box) -> None:
    shapes = cell.shapes(layer)
    hit = [shape for shape in shapes.each_overlapping(box) if not shape.is_text()]
    if hit:
        kept = kdb.Shapes()
        kept.insert(kdb.Region([shape.polygon for shape in hit]) - kdb.Region(box))
        for shape in shapes.each():
            if shape not in hit:
                kept.insert(shape)
        shapes.clear()  # KLayout 0.30 misses shapes beside deleted ones in a copy of the cell
        shapes.insert(kept)
    for array in [inst for inst in cell.each_overlapping_inst(box) if inst.is_regular_array()]:
        if _reaches(array.cell, layer, array.bbox(layer), box):
            array.explode()
    for inst in list(cell.each_overlapping_inst(box)):
        if _reaches(inst.cell, layer, inst.bbox(layer), box):
            original, copy = inst.cell, inst.cell.dup()
            inner = box.transformed(inst.trans.inverted())
            inst.cell_index = copy.cell_index()
            _carve(copy, layer, inner)
            if original.is_top():  # its only instance has become the copy's
                original.prune_cell()


def _reaches(cell: kdb.Cell, layer: int, extent: kdb.Box, box: kdb.Box) -> bool:
    return not cell.bbox(layer).empty() and extent.overlaps(box)
