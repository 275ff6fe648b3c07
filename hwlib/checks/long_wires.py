"""The long wires of a layer: what no repeated cell holds as a whole need not be merged to be left out."""

from __future__ import annotations

import klayout.db as kdb
import numpy as np

from hwlib.drawing.hierarchy import turn_of
from hwlib.drawing.reader import Drawing
from hwlib.extraction.windows import BoxIndex, drawn_above, leaf_cells, place_leaves

FEW = 1000  # shapes drawn above the cells that are looked at one by one


class LongWires:
    """Finds merged polygons beyond a size.

    Cells with one device lie side by side. A polygon that reaches neither its cell's box nor anything drawn above it
    is what it is in the cell, short as that is, and thousands of its like are never flattened.

    Args:
        drawing: the layout.
    """

    def __init__(self, drawing: Drawing):
        self._drawing = drawing
        leaves = leaf_cells(drawing)
        self._placements = place_leaves(drawing, leaves)
        if self._placements is not None and len(self._placements.boxes):
            self._above = drawn_above(drawing, leaves)
            self._index = BoxIndex(self._placements.boxes)
            self._overlapping = self._index.overlapping()

    def of(self, name: str, reach: int) -> kdb.Region:
        """Merged polygons of a layer with a side of more than ``reach`` dbu."""
        found = self._apart(name, reach)
        return (self._drawing.region(name).merged() if found is None else found).with_bbox_max(reach, None, False)

    def _apart(self, name: str, reach: int) -> kdb.Region | None:
        """The merged layer but for short polygons that touch nothing beyond their cells; None where it is not known."""
        placements = self._placements
        if placements is None or not len(placements.boxes) or name not in self._drawing.layers:
            return None
        met = self._met(name)
        if met is None:
            return None
        scratch = kdb.Layout()
        top, layer = scratch.create_cell("top"), scratch.layer(1, 0)
        for k in range(len(placements.variants)):
            mine = np.flatnonzero(placements.variant == k)
            if not len(mine):
                continue
            polygons = self._polygons(name, k)
            if polygons is None:
                return None
            move = np.array([placements.dx[mine[0]], placements.dy[mine[0]]] * 2)
            box = kdb.Box(*(placements.boxes[mine[0]] - move).tolist())
            crossing = [p for p in polygons if _leaves(p.bbox(), box) or _size(p.bbox()) > reach]
            for rows, kept in ((mine[met[mine]], polygons), (mine[~met[mine]], crossing)):
                if len(rows) and kept:
                    cell = scratch.create_cell("wires")
                    for polygon in kept:
                        cell.shapes(layer).insert(polygon)
                    for x, y in zip(placements.dx[rows].tolist(), placements.dy[rows].tolist(), strict=True):
                        top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(x, y)))
        top.shapes(layer).insert(self._above[name])
        return kdb.Region(top.begin_shapes_rec(layer)).merged()

    def _met(self, name: str) -> np.ndarray | None:
        """Which placements something else reaches into, boolean; None where too much is drawn above them."""
        above = self._above[name]
        if above.count() > FEW:
            return None
        met = self._overlapping.copy()
        for shape in above.each():
            box = shape.bbox()
            met[self._index.hits((box.left, box.bottom, box.right, box.top), touching=True)] = True
        return met

    def _polygons(self, name: str, variant: int) -> list[kdb.PolygonWithProperties] | None:
        """The merged polygons of a cell as it is turned; None with slanted edges, whose crossings would be rounded."""
        index, turn = self._placements.variants[variant]  # type: ignore[union-attr]  # there are some
        shapes = kdb.Region(self._drawing.layout.cell(index).begin_shapes_rec(self._drawing.layers[name]))
        merged = shapes.transformed(turn_of(turn)).merged()
        polygons = list(merged.each())
        return polygons if all(polygon.is_rectilinear() for polygon in polygons) else None


def _leaves(own: kdb.Box, box: kdb.Box) -> bool:
    """Whether a box within another reaches its edge."""
    return not (box.left < own.left and own.right < box.right and box.bottom < own.bottom and own.top < box.top)


def _size(box: kdb.Box) -> int:
    return max(box.width(), box.height())
