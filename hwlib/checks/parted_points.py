"""A layout in which metal that touches in a point alone is apart: a net that then is in parts carries no current."""

from __future__ import annotations

from dataclasses import replace

import klayout.db as kdb

from hwlib.drawing.reader import Drawing
from hwlib.drawing.touching_points import gaps_at_points, touching_points

ROUNDS = 8  # cuts beside slanted edges are rounded, and may touch again


def parted_at_points(drawing: Drawing) -> tuple[Drawing, list[kdb.Point]] | None:
    """The layout, flat, with a gap wherever wires touch in a point, and these points.

    Args:
        drawing: the layout, left unchanged.

    Returns:
        None where no wires touch so, as is nearly always the case.
    """
    wires = [name for name in drawing.process.of_kind("conductor") if name in drawing.layers]
    touched = {name: points for name in wires if (points := touching_points(drawing.region(name)))}
    if not touched:
        return None
    layout = drawing.layout.dup()
    top = layout.cell(drawing.top.cell_index())
    top.flatten(-1, True)
    for name in touched:
        shapes = top.shapes(drawing.layers[name])
        metal = kdb.Region(shapes).merged()
        for _ in range(ROUNDS):
            if (gaps := gaps_at_points(metal)).is_empty():
                break
            metal = (metal - gaps).merged()
        shapes.clear()
        shapes.insert(metal)
    return replace(drawing, layout=layout, top=top), [point for points in touched.values() for point in points]
