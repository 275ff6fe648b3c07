"""How much the shapes of a layer lie on one another: a small file of them can keep polygon operations busy for hours.

KLayout goes over a layer height by height. That takes the longer, the more edges cross, and the more shapes lie beside
one another where one begins or ends. Both are estimated from some shapes of every cell, at some of its places.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import klayout.db as kdb
import numpy as np

from hwlib.drawing.hierarchy import AX, AY, BX, BY, CELL, DX, DY, NA, NB, TURN, Hierarchy, repeats
from hwlib.errors import InputError

# Crossings on a layer that ten seconds suffice for, and what drawings have besides: pieces touch their neighbours,
# wires what they join, and one another at each device.
CROSSINGS, WITH_SHAPE, WITH_PILLAR = 20_000, 20, 8
SHAPES_WITH_PILLAR, WITH_OTHER = 100, 4  # of so many shapes; of others, around a macro
# Shapes that lie beside one another, summed over heights; on average, and with each row of devices.
BESIDE, ON_AVERAGE, WITH_ROW = 20_000_000, 300, 100
CORNERS = 200  # of a polygon that is always looked at
CELLS, TRIED, PLACES, EDGES = 24, 100, 2, 256  # small cells of a layer, shapes of a cell, its places, edges of a shape
HEIGHTS, CLOSELY = 8, 40
SMALL = 16  # shapes
_DRAWN = kdb.Shapes.SBoxes | kdb.Shapes.SPolygons | kdb.Shapes.SPaths
_CORNERED = kdb.Shapes.SPolygons | kdb.Shapes.SPaths


def refuse_tangled(layout: kdb.Layout, where: str, hierarchy: Hierarchy, layers: dict[str, int]) -> None:
    """Refuse a layout whose shapes cross so often, or lie beside so many, that checking them takes minutes.

    Args:
        layout: with one top cell.
        where: its name, for messages.
        hierarchy: as read, with pillars counted.
        layers: indices of the process's layers, by name.

    Raises:
        InputError: the first such layer, a place on it, and how much can be handled.
    """
    pillars = hierarchy.marked[layout.top_cell().cell_index()]
    used = _used(layout, hierarchy)
    for name, index in layers.items():
        layer = _DrawnLayer(layout, index, [cell for cell in used if not cell.cell.shapes(index).is_empty()])
        own = min(layer.shapes, SHAPES_WITH_PILLAR * pillars)
        most = CROSSINGS + WITH_SHAPE * own + WITH_OTHER * (layer.shapes - own) + WITH_PILLAR * pillars
        found, box = layer.crossings()
        if found > most:  # boxes of shapes that cross: their shapes may not
            found, box = layer.crossings(closely=True)
        if found > most:
            place = box.center().to_dtype(layout.dbu)
            raise InputError(
                f"{where}: shapes on layer {name} cross or overlap about {found:.2g} times, as at "
                f"({place.x:.3f}, {place.y:.3f}) µm; {most:.2g} can be handled"
            )
        beside = BESIDE / max(2 * layer.shapes, 1) + ON_AVERAGE + WITH_ROW * math.sqrt(pillars)
        if layer.shapes > beside and (found := layer.beside()) > beside:
            raise InputError(
                f"{where}: {layer.shapes:.0f} shapes on layer {name} begin and end at heights of their own, each "
                f"beside about {found:.0f} others; {beside:.0f} can be handled"
            )


@dataclass
class _Used:
    """A cell, how often it is there, and some of its places, taken at random."""

    cell: kdb.Cell
    times: float = 0.0
    places: list[kdb.Trans] = field(default_factory=lambda: [kdb.Trans()] * PLACES)


def _used(layout: kdb.Layout, hierarchy: Hierarchy) -> list[_Used]:
    random = np.random.default_rng(0)
    top = layout.top_cell()
    found = {top.cell_index(): _Used(top, 1.0)}
    for index in reversed(list(layout.each_cell_bottom_up())):
        if index not in found:
            continue
        parent, rows = found[index], hierarchy.rows[index]
        for child, own in _by_cell(rows):
            used = found.setdefault(child, _Used(layout.cell(child)))
            more = parent.times * float(repeats(own).sum())
            used.times += more
            changed = random.random(PLACES) * used.times < more  # each place of all is as likely
            picked = own[random.integers(len(own), size=PLACES)]
            steps = (random.random((PLACES, 2)) * picked[:, [NA, NB]]).astype(int)
            for k in np.flatnonzero(changed).tolist():
                used.places[k] = parent.places[k] * _place(picked[k], *steps[k].tolist())
    return list(found.values())


def _by_cell(rows: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Instances of each cell that a cell holds."""
    if not len(rows):
        return
    ordered = rows[np.argsort(rows[:, CELL], kind="stable")]
    cells, starts = np.unique(ordered[:, CELL], return_index=True)
    yield from zip(cells.tolist(), np.split(ordered, starts[1:]), strict=True)


def _place(row: np.ndarray, i: int, j: int) -> kdb.Trans:
    """Where one of an array's instances is; a tilt or magnification is left out."""
    x, y = (int(row[at] + i * row[a] + j * row[b]) for at, a, b in ((DX, AX, BX), (DY, AY, BY)))
    return kdb.Trans(int(row[TURN]) & 3, bool(row[TURN] & 4), x, y)


class _DrawnLayer:
    """A layer, with some shapes of each cell.

    Attributes:
        shapes: how many it has.
    """

    def __init__(self, layout: kdb.Layout, index: int, used: list[_Used]):
        self._layout, self._index, self._used = layout, index, used
        self.shapes = sum(each.times * each.cell.shapes(index).size() for each in used)
        self._tried: list[tuple[float, kdb.Polygon]] = []  # for how many shapes one stands
        small = [each for each in used if each.cell.shapes(index).size() <= SMALL]
        some = small[:: max(-(-len(small) // CELLS), 1)]
        self._try(some, len(small) / max(len(some), 1))
        self._try([each for each in used if each.cell.shapes(index).size() > SMALL], 1.0)

    def _try(self, used: list[_Used], stands_for: float) -> None:
        for each in used:
            shapes = each.cell.shapes(self._index)
            step = -(-shapes.size() // min(TRIED, math.ceil(2 * math.sqrt(shapes.size()))))
            some = [shape.polygon for shape in islice(shapes.each(_DRAWN), step // 2, None, step)]
            weight = stands_for * each.times * shapes.size() / max(len(some), 1)
            self._tried += [(weight, some[k].transformed(each.places[k % PLACES])) for k in range(len(some))]

    def crossings(self, *, closely: bool = False) -> tuple[float, kdb.Box]:
        """About how often shapes cross, and the box of one that does so most; closely: not just their boxes."""
        found = [
            (each.times * _self_crossings(polygon), polygon.bbox().transformed(each.places[0]))
            for each in self._used
            for polygon in (shape.polygon for shape in each.cell.shapes(self._index).each(_CORNERED))
            if polygon.num_points() > CORNERS
        ]
        step = max(-(-len(self._tried) // CLOSELY), 1) if closely else 1
        for weight, polygon in self._tried[step // 2 :: step]:
            own = _self_crossings(polygon) if polygon.num_points() <= CORNERS else 0.0
            found.append((step * weight * (own + self._touching(polygon, closely=closely)), polygon.bbox()))
        return sum(number for number, _ in found), max(found, key=lambda each: each[0], default=(0.0, kdb.Box()))[1]

    def _touching(self, polygon: kdb.Polygon, *, closely: bool) -> float:
        """How many other shapes a shape touches; closely: those beside it, as pieces are, are not counted."""
        near = self._near(polygon.bbox())
        others = max(near.count() - 1, 0)
        if not closely or polygon.num_points() > CORNERS or not others:
            return others
        step = -(-others // CLOSELY)
        some = [other for other in islice(near.each(), 0, None, step) if other != polygon]
        box = polygon.bbox()
        touching = sum(
            box.overlaps(other.bbox()) and (other.num_points() > CORNERS or polygon.touches(other)) for other in some
        )
        return others * touching / max(len(some), 1)

    def beside(self) -> float:
        """About how many shapes lie at the height where one ends, less where they share heights."""
        heights = [height for _, polygon in self._tried for height in (polygon.bbox().bottom, polygon.bbox().top)]
        step = -(-len(self._tried) // HEIGHTS)
        wide, found, all_of_them = self._layout.top_cell().bbox(self._index), 0.0, 0.0
        for weight, polygon in self._tried[step // 2 :: step]:
            end = polygon.bbox().top
            found += weight * self._near(kdb.Box(wide.left, end, wide.right, end)).count()
            all_of_them += weight
        return found / all_of_them * len(set(heights)) / len(heights)

    def _near(self, box: kdb.Box) -> kdb.Region:
        top = self._layout.top_cell()
        return kdb.Region(kdb.RecursiveShapeIterator(self._layout, top, self._index, box, False))


def _self_crossings(polygon: kdb.Polygon) -> float:
    """About how often a polygon's edges cross one another."""
    if polygon.num_points() < 5:  # but for a bow tie
        return 0.0
    edges = np.array([(edge.x1, edge.y1, edge.x2, edge.y2) for edge in polygon.each_edge()])
    some = edges[:: -(-len(edges) // EDGES)]
    a, b, c, d = (each[:, :, None] for each in (some[:, :2], some[:, 2:], edges.T[:2].T, edges.T[2:].T))
    ends = _beside(a, b, c) * _beside(a, b, d) < 0
    crossing = ends & (_beside(c, d, a) * _beside(c, d, b) < 0).T
    return float(crossing.sum()) * len(edges) / len(some) / 2


def _beside(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """On which side of the lines from a to b points are, shape (lines, points): −1, 0 or 1."""
    (ax, ay), (bx, by), (cx, cy) = ((each[:, 0], each[:, 1]) for each in (a, b, c))
    return np.sign((bx - ax) * (cy.T - ay) - (by - ay) * (cx.T - ax))
