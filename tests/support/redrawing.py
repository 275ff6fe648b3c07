"""The same drawing in other files: cells, shapes, units and orientations as other tools write them."""

from __future__ import annotations

from collections.abc import Callable

import klayout.db as kdb

from hwlib.drawing.hierarchy import prune

CUT = 170  # dbu: pieces of wires
PIECES = 200  # at most, along a side of a layout: more are more than can be checked in ten seconds


def copied(layout: kdb.Layout) -> kdb.Layout:
    """A copy to be changed."""
    return layout.dup()


def flat(layout: kdb.Layout) -> kdb.Layout:
    """All shapes in one cell."""
    top = layout.top_cell()
    top.flatten(-1, True)
    prune(layout, top)
    return layout


def exploded(layout: kdb.Layout) -> kdb.Layout:
    """One level of cells dissolved, arrays too."""
    top = layout.top_cell()
    for inst in [inst for inst in top.each_inst() if inst.is_regular_array()]:
        inst.explode()
    for inst in list(top.each_inst()):
        inst.flatten(1)
    prune(layout, top)
    return layout


def merged(layout: kdb.Layout) -> kdb.Layout:
    """Flat, and shapes that touch are one polygon."""
    return _redrawn(flat(layout), lambda region: region.merged())


def split(layout: kdb.Layout) -> kdb.Layout:
    """Flat, wires cut into short pieces that touch, and some drawn twice; of a large layout into longer ones."""
    cut = max(CUT, layout.top_cell().bbox().width() // PIECES)

    def pieces(region: kdb.Region) -> kdb.Region:
        out = kdb.Region()
        out.merged_semantics = False
        for polygon in region.merged().decompose_trapezoids_to_region().each():
            box = polygon.bbox()
            for x in range(box.left, box.right, cut):
                for y in range(box.bottom, box.top, cut):
                    out.insert(kdb.Box(x, y, min(x + cut, box.right), min(y + cut, box.top)))
            out.insert(box)
        return out

    return _redrawn(flat(layout), pieces)


def _redrawn(layout: kdb.Layout, draw: Callable[[kdb.Region], kdb.Region]) -> kdb.Layout:
    top = layout.top_cell()
    for index in layout.layer_indexes():
        shapes = top.shapes(index)
        texts = [shape.text for shape in shapes.each(kdb.Shapes.STexts)]
        region = kdb.Region(top.begin_shapes_rec(index))
        if region.is_empty():
            continue
        drawn = draw(region)
        shapes.clear()
        for polygon in drawn.each():
            shapes.insert(polygon)
        for text in texts:
            shapes.insert(text)
    return layout


def paths(layout: kdb.Layout) -> kdb.Layout:
    """Boxes whose shorter side is even as paths."""
    for cell in layout.each_cell():
        for index in layout.layer_indexes():
            for shape in list(cell.shapes(index).each(kdb.Shapes.SBoxes)):
                box = shape.box
                width = min(box.width(), box.height())
                if width % 2:
                    continue
                along = kdb.Vector(width // 2, 0) if box.width() < box.height() else kdb.Vector(0, width // 2)
                ends = [box.p1 + along, box.p2 - along]
                shape.delete()
                cell.shapes(index).insert(kdb.Path(ends, width))
    return layout


def wrapped(layout: kdb.Layout, trans: kdb.Trans = kdb.Trans(3000, -1700)) -> kdb.Layout:
    """The macro placed in a cell."""
    inner, outer = layout.top_cell(), layout.create_cell(f"CHIP{layout.cells()}")
    outer.insert(kdb.CellInstArray(inner.cell_index(), trans))
    return layout


def turned(code: int) -> Callable[[kdb.Layout], kdb.Layout]:
    """The macro turned and mirrored, cells kept."""

    def work(layout: kdb.Layout) -> kdb.Layout:
        layout = wrapped(layout, kdb.Trans(code % 4, code >= 4, 400, 900))
        outer = layout.top_cell()
        next(outer.each_inst()).flatten(1)
        prune(layout, outer)
        return layout

    return work


def wrapped_twice(layout: kdb.Layout) -> kdb.Layout:
    """The macro in a cell in a cell, turned in between."""
    return wrapped(wrapped(layout, kdb.Trans.R90), kdb.Trans(2, True, 100, 200))


def with_pads(layout: kdb.Layout) -> kdb.Layout:
    """Wrapped, with a box of metal over a wire of each layer that has labels, in the wrapper."""
    marks = [
        (index, shape.text_pos) for index in layout.layer_indexes()
        for shape in layout.top_cell().shapes(index).each(kdb.Shapes.STexts)
    ]  # fmt: skip
    metals = [_labelled(layout, index, at) for index, at in marks[:3]]
    layout = wrapped(layout, kdb.Trans.R180)
    for metal, (_, at) in zip(metals, marks, strict=False):
        point = kdb.Trans.R180 * kdb.Point(at)
        layout.top_cell().shapes(metal).insert(kdb.Box(point, point).enlarged(12, 12))
    return layout


def _labelled(layout: kdb.Layout, label: int, at: kdb.Point) -> int:
    """Layer of the metal under a label: of the same number, and most of it there."""
    number, around = layout.get_info(label).layer, kdb.Box(at, at).enlarged(200, 200)
    same = [k for k in layout.layer_indexes() if k != label and layout.get_info(k).layer == number]
    return max(same, key=lambda k: kdb.Region(layout.top_cell().begin_shapes_rec_touching(k, around)).merged().area())


def in_other_units(factor: int) -> Callable[[kdb.Layout], kdb.Layout]:
    """A database unit that is finer by a factor, and the same drawing."""

    def work(layout: kdb.Layout) -> kdb.Layout:
        layout.dbu /= factor
        _scaled(layout, [cell.cell_index() for cell in layout.each_cell()], factor)
        return layout

    return work


def _scaled(layout: kdb.Layout, cells: list[int], factor: int) -> None:
    for index in cells:
        cell = layout.cell(index)
        for layer in layout.layer_indexes():
            cell.shapes(layer).transform(kdb.ICplxTrans(float(factor)))
        arrays = [inst.cell_inst.dup() for inst in cell.each_inst()]
        cell.clear_insts()
        for a in arrays:
            trans = kdb.Trans(a.trans.angle, a.trans.is_mirror(), a.trans.disp * factor)
            steps = (a.a * factor, a.b * factor, a.na, a.nb) if a.is_regular_array() else ()
            cell.insert(kdb.CellInstArray(a.cell_index, trans, *steps))


def magnified(layout: kdb.Layout) -> kdb.Layout:
    """Half the unit: the macro keeps its numbers and is placed at twice its size, turned."""
    layout.dbu /= 2
    inner, outer = layout.top_cell(), layout.create_cell("CHIP")
    outer.insert(kdb.CellInstArray(inner.cell_index(), kdb.ICplxTrans(2.0, 90, True, 500, 600)))
    return layout


def magnified_tiles(layout: kdb.Layout) -> kdb.Layout:
    """Half the unit: one cell keeps its numbers and is placed at twice its size, all others are drawn so."""
    tile = next(cell for cell in layout.each_cell() if cell.is_leaf() and cell.name.startswith("soma"))
    return _with_magnified(layout, tile.cell_index())


def _with_magnified(layout: kdb.Layout, tile: int) -> kdb.Layout:
    layout.dbu /= 2
    _scaled(layout, [cell.cell_index() for cell in layout.each_cell() if cell.cell_index() != tile], 2)
    for cell in layout.each_cell():
        for inst in [inst for inst in cell.each_inst() if inst.cell_index == tile]:
            trans = kdb.ICplxTrans(2.0, inst.trans.angle * 90.0, inst.trans.is_mirror(), inst.trans.disp)
            steps = (inst.a, inst.b, inst.na, inst.nb) if inst.is_regular_array() else ()
            inst.cell_inst = kdb.CellInstArray(tile, trans, *steps)
    return layout


def labels_below(layout: kdb.Layout) -> kdb.Layout:
    """Net names in a cell of their own, two levels down."""
    top = layout.top_cell()
    names, between = layout.create_cell("names"), layout.create_cell("between")
    for index in layout.layer_indexes():
        texts = [shape.text for shape in top.shapes(index).each(kdb.Shapes.STexts)]
        for shape in list(top.shapes(index).each(kdb.Shapes.STexts)):
            shape.delete()
        for text in texts:
            names.shapes(index).insert(text)
    between.insert(kdb.CellInstArray(names.cell_index(), kdb.Trans(1, True, 70, 30)))
    top.insert(kdb.CellInstArray(between.cell_index(), kdb.Trans(1, True, 70, 30).inverted()))
    return layout


def cells_of_their_own(layout: kdb.Layout) -> kdb.Layout:
    """Every instance with a copy of its cell."""
    top = layout.top_cell()
    for _ in range(2):
        for cell in list(layout.each_cell()):
            for inst in [i for i in cell.each_inst() if i.is_regular_array()]:
                inst.explode()
    for row in [inst.cell for inst in top.each_inst()]:
        for inst in list(row.each_inst()):
            inst.cell_index = inst.cell.dup().cell_index()
    prune(layout, top)
    return layout


REDRAWINGS: dict[str, Callable[[kdb.Layout], kdb.Layout]] = {
    "as drawn": copied, "flat": flat, "exploded": exploded, "merged": merged, "split": split, "paths": paths,
    "wrapped": wrapped, "wrapped twice": wrapped_twice, "with pads": with_pads, "half the unit": in_other_units(2),
    "a tenth of the unit": in_other_units(10), "magnified": magnified, "magnified tiles": magnified_tiles,
    "labels below": labels_below, "cells of their own": cells_of_their_own,
    **{f"turned {code}": turned(code) for code in range(1, 8)},
    "flat, turned and wrapped": lambda layout: wrapped(turned(5)(flat(layout))),
    "merged and magnified": lambda layout: magnified(merged(layout)),
    "paths, wrapped twice, in other units": lambda layout: in_other_units(2)(wrapped_twice(paths(layout))),
    "split, labels below, turned": lambda layout: turned(3)(labels_below(split(layout))),
}  # fmt: skip
