"""Cutting a hierarchical layout into windows: repeated leaf cells, and everything else.

A leaf is a maximal cell with at most one device. Where leaves overlap each other or shapes drawn above them, they are
taken out of the hierarchy and extracted with the rest, as drawn.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import klayout.db as db
import numpy as np

from hwlib.drawing.hierarchy import CELL, expanded, repeats, turn_of
from hwlib.drawing.reader import WIRING, Drawing

SMALL = 16  # pillar shapes: cells with fewer are merged before counting, a pillar may be drawn in parts

Variant = tuple[int, int]  # cell index, rotation code of db.Trans


@dataclass
class Placements:
    """Where the leaves lie: one row per placement.

    Attributes:
        variants: the distinct (cell, rotation).
        variant: index into ``variants``, shape (placements,).
        dx, dy: displacement in dbu, shape (placements,).
        boxes: left, bottom, right, top in dbu, shape (placements, 4).
    """

    variants: list[Variant]
    variant: np.ndarray
    dx: np.ndarray
    dy: np.ndarray
    boxes: np.ndarray

    def select(self, mask: np.ndarray) -> Placements:
        """The placements where ``mask`` is true."""
        return Placements(self.variants, self.variant[mask], self.dx[mask], self.dy[mask], self.boxes[mask])


def leaf_cells(drawing: Drawing) -> set[int]:
    """Cells that become windows: at most one device, below the top cell."""
    layout = drawing.layout
    pillar = drawing.layers["pillar"]
    counts = np.zeros(1 + max(drawing.rows), np.int64)
    for index in layout.each_cell_bottom_up():
        cell, rows = layout.cell(index), drawing.rows[index]
        count = cell.shapes(pillar).size() + int((counts[rows[:, CELL]] * repeats(rows)).sum())
        if 1 < count <= SMALL:
            count = db.Region(cell.begin_shapes_rec(pillar)).merged().count()
        counts[index] = count
    return {index for index in drawing.rows if counts[index] <= 1 and index != drawing.top.cell_index()}


def place_leaves(drawing: Drawing, leaves: set[int], *, markers: bool = False) -> Placements | None:
    """All placements of leaves; None when a scaled or tilted instance forbids exact placements.

    Their boxes hold wires, vias and device layers, with ``markers`` those layers too; leaves without any are left out.
    """
    walker = _Walker(drawing, leaves)
    if not walker.exact:
        return None
    rows = walker.below(drawing.top.cell_index())
    if not len(rows):
        return Placements([], np.zeros(0, int), np.zeros(0, int), np.zeros(0, int), np.zeros((0, 4), int))
    codes, variant = np.unique(rows[:, 0] * 8 + rows[:, 1], return_inverse=True)
    variants = [(int(code) // 8, int(code) % 8) for code in codes]
    boxes = np.array([_box_row(drawing, v, markers) for v in variants])
    filled = boxes[:, 0] < boxes[:, 2]
    all_boxes = boxes[variant] + rows[:, [2, 3, 2, 3]]
    placements = Placements(variants, variant, rows[:, 2], rows[:, 3], all_boxes)
    return placements if filled.all() else placements.select(filled[variant])


def _box_row(drawing: Drawing, variant: Variant, markers: bool) -> tuple[int, int, int, int]:
    box = drawing.box(drawing.layout.cell(variant[0]), markers=markers)
    box = box.transformed(turn_of(variant[1]))
    return (0, 0, 0, 0) if box.empty() else (box.left, box.bottom, box.right, box.top)


class _Walker:
    """Collects placements bottom-up; rows are cell, rotation code, dx, dy."""

    def __init__(self, drawing: Drawing, leaves: set[int]):
        self.rows, self.leaves = drawing.rows, leaves
        self.known: dict[int, np.ndarray] = {}
        self.is_leaf = np.zeros(1 + max(drawing.rows), bool)
        self.is_leaf[list(leaves)] = True
        self.exact = drawing.tilted <= leaves

    def below(self, index: int) -> np.ndarray:
        if index in self.leaves:
            return np.array([[index, 0, 0, 0]], np.int64)
        if index not in self.known:
            rows = self.rows[index]
            is_leaf = self.is_leaf[rows[:, CELL]]
            parts = [expanded(rows[is_leaf]), *self._branches(rows[~is_leaf])]
            self.known[index] = np.concatenate(parts)
        return self.known[index]

    def _branches(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        for cell, turn, dx, dy in expanded(rows).tolist():
            found = self.below(cell)
            if len(found):
                yield _turned(found, turn_of(turn, dx, dy))


def _turned(rows: np.ndarray, trans: db.Trans) -> np.ndarray:
    """Placements seen through one more instance."""
    out = rows.copy()
    ex, ey = trans * db.Vector(1, 0), trans * db.Vector(0, 1)
    out[:, 2] = ex.x * rows[:, 2] + ey.x * rows[:, 3] + trans.disp.x
    out[:, 3] = ex.y * rows[:, 2] + ey.y * rows[:, 3] + trans.disp.y
    if trans.rot:
        for code in np.unique(rows[:, 1]).tolist():
            here = rows[:, 1] == code
            out[here, 1] = (turn_of(trans.rot) * turn_of(code)).rot
    return out


class PlacementsAround(NamedTuple):
    """Placements that hold some points.

    Attributes:
        counts: how many hold each point, shape (points,).
        found: those of the first point, then of the second, …
        ends: where those of each point end among them, shape (points,).
    """

    counts: np.ndarray
    found: np.ndarray
    ends: np.ndarray

    def of(self, point: int) -> slice:
        """Where the placements of a point are among those that were found."""
        end = int(self.ends[point])
        return slice(end - int(self.counts[point]), end)


class BoxIndex:
    """Look-ups among the boxes of placements, fast when many share their x extent (a grid of tiles)."""

    def __init__(self, boxes: np.ndarray):
        self.boxes = boxes
        self._found: dict[tuple[float, float, bool], np.ndarray] = {}
        if not len(boxes):
            self.x = np.zeros((0, 2), np.int64)
            return
        self.x, group = _unique_pairs(boxes[:, [0, 2]])
        order = np.lexsort((boxes[:, 1], group))
        cuts = np.searchsorted(group[order], np.arange(len(self.x) + 1))
        self._members = [order[a:b] for a, b in itertools.pairwise(cuts)]
        # Highest top so far: where the boxes of a group overlap each other, it keeps the search complete.
        self._tops = [np.maximum.accumulate(boxes[m, 3]) for m in self._members]
        self._bottoms = [boxes[m, 1] for m in self._members]

    def _groups(self, low: float, high: float, touching: bool) -> np.ndarray:
        key = low, high, touching
        if key not in self._found:
            lows, highs = self.x.T
            inside = (lows <= high) & (highs >= low) if touching else (lows < high) & (highs > low)
            self._found[key] = np.flatnonzero(inside)
        return self._found[key]

    def hits(self, box: tuple[float, float, float, float], touching: bool = False) -> np.ndarray:
        """Placements whose boxes overlap ``box`` (or only touch it)."""
        out = []
        for g in self._groups(box[0], box[2], touching).tolist():
            start = self._tops[g].searchsorted(box[1], "left" if touching else "right")
            stop = self._bottoms[g].searchsorted(box[3], "right" if touching else "left")
            if stop > start:
                near = self._members[g][start:stop]
                tops = self.boxes[near, 3]
                out.append(near[tops >= box[1] if touching else tops > box[1]])
        return np.concatenate(out) if out else np.zeros(0, np.int64)

    def around(self, places: np.ndarray) -> PlacementsAround:
        """Placements whose boxes hold points, edges included: of many points in less time than by ``hits``.

        Args:
            places: x and y of the points, shape (points, 2).

        Returns:
            The placements that hold each point.
        """
        x, y = places.T
        order = np.argsort(x, kind="stable")
        first, last = (x[order].searchsorted(self.x[:, k], side) for k, side in ((0, "left"), (1, "right")))
        points, found = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for g in np.flatnonzero(last > first).tolist():
            here = order[first[g] : last[g]]
            start = self._tops[g].searchsorted(y[here], "left")
            count = np.maximum(self._bottoms[g].searchsorted(y[here], "right") - start, 0)
            point = np.repeat(here, count)
            near = self._members[g][np.arange(len(point)) + np.repeat(start - np.cumsum(count) + count, count)]
            held = self.boxes[near, 3] >= y[point]
            points.append(point[held])
            found.append(near[held])
        point = np.concatenate(points)
        by_point = np.argsort(point, kind="stable")
        counts = np.bincount(point, minlength=len(x))
        return PlacementsAround(counts, np.concatenate(found)[by_point], np.cumsum(counts))

    def overlapping(self) -> np.ndarray:
        """Which boxes overlap another one, boolean."""
        bad = np.zeros(len(self.boxes), bool)
        for g, (low, high) in enumerate(self.x.tolist()):
            groups = self._groups(low, high, False)
            members = self._members[g]
            if len(groups) > 1:
                members = np.concatenate([self._members[k] for k in groups])
                members = members[np.argsort(self.boxes[members, 1], kind="stable")]
            bottoms, tops = self.boxes[members, 1], np.maximum.accumulate(self.boxes[members, 3])
            later = np.flatnonzero(bottoms[1:] < tops[:-1]) + 1
            if len(later):
                # A rare case: name both partners exactly.
                for k in members[later]:
                    mine = self.hits(tuple(self.boxes[k].tolist()))
                    if len(mine) > 1:
                        bad[mine] = True
        return bad


def _unique_pairs(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low = pairs.min()
    code = (pairs[:, 0] - low) << 32 | (pairs[:, 1] - low)
    unique, group = np.unique(code, return_inverse=True)
    return np.stack([(unique >> 32) + low, (unique & 0xFFFFFFFF) + low], axis=1), group


def drawn_above(drawing: Drawing, leaves: set[int]) -> dict[str, db.Region]:
    """Shapes of cells above the leaves, flat, by layer name (not merged)."""
    layout, top = drawing.layout, drawing.top
    branches = [c for c in layout.each_cell_top_down() if c not in leaves and c != top.cell_index()]
    out = {}
    for name, index in drawing.layers.items():
        iterator = db.RecursiveShapeIterator(layout, top, index)
        if all(layout.cell(c).shapes(index).is_empty() for c in branches):
            iterator.max_depth = 0  # the top cell's own: no walk over all instances
        elif leaves:
            iterator.unselect_cells(sorted(leaves))
        out[name] = db.Region(iterator)
        out[name].flatten()
    return out


def is_wiring(drawing: Drawing, name: str) -> bool:
    """Whether a layer carries current (markers do not)."""
    return drawing.process.layers[name].kind in WIRING
