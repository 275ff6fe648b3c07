"""Every kind of surroundings that the small cells of a layout have, once: what lies near decides most design rules.

A crossbar of a million tiles has a few hundred of them. A rule that holds in each of them holds in the layout.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import klayout.db as kdb
import numpy as np

from hwlib.drawing.hierarchy import turn_of
from hwlib.drawing.reader import Drawing
from hwlib.extraction.windows import Placements, leaf_cells, place_leaves

FEW = 200  # kinds of surroundings that are always looked at; more only where there are four times as many placements
MOST_PIECES = 20_000  # neighbours that are cut out
FARTHEST = 3  # lines of the grid that a neighbour may be away
SPARSE = 4  # crossings of grid lines a placement

Shapes = dict[str, kdb.Region]


@dataclass(frozen=True)
class Surroundings:
    """One kind of surroundings, relative to the origin of a placement that has them.

    Attributes:
        box: the box around the placement's own shapes.
        own: number of its shapes, and around: of what lies near, among ``Neighbourhoods.pieces``.
        place: displacement of one such placement.
    """

    box: kdb.Box
    own: int
    around: tuple[int, ...]
    place: tuple[int, int]


@dataclass
class Neighbourhoods:
    """The small cells of a layout and what lies around them.

    Attributes:
        pieces: shapes by layer name.
        kinds: every kind of surroundings.
        unseen: layers that surroundings do not tell of: with shapes in cells above the small ones, or with
            slanted edges, whose crossings are rounded otherwise there than in the layout.
    """

    pieces: list[Shapes]
    kinds: list[Surroundings]
    unseen: set[str]


def neighbourhoods(drawing: Drawing, near: dict[str, int], step: int) -> Neighbourhoods | None:
    """Find all kinds of surroundings.

    Args:
        drawing: the layout.
        near: how far around a cell's box shapes of each layer matter, in dbu.
        step: places that differ by a multiple of so many dbu are alike.

    Returns:
        None where there are too many kinds, or cells do not lie on a grid, or are tilted.
    """
    leaves = leaf_cells(drawing)
    if drawing.tilted:
        return None  # what is tilted is rounded in the cell that holds it, not where it is drawn
    placements = place_leaves(drawing, leaves, markers=True)
    if placements is None or not len(placements.variant):
        return None
    grid = _grid(placements, max(near.values(), default=0))
    if grid is None:
        return None
    finder = _KindFinder(drawing, placements, grid, near, step)
    kinds = finder.kinds()
    if kinds is None:
        return None
    cells = [drawing.layout.cell(k) for k in drawing.layout.each_cell_top_down() if k not in leaves]
    above = {name for name, k in drawing.layers.items() if any(not cell.shapes(k).is_empty() for cell in cells)}
    drawn = [drawing.layout.cell(cell) for cell in {cell for cell, _ in placements.variants}]
    slanted = {name for name, k in drawing.layers.items() if any(_is_slanted(cell, k) for cell in drawn)}
    return Neighbourhoods(finder.pieces, kinds, above | slanted)


def _is_slanted(cell: kdb.Cell, layer: int) -> bool:
    shapes = kdb.Region(cell.begin_shapes_rec(layer))
    shapes.merged_semantics = False  # as drawn: merging rounds
    return not shapes.non_rectilinear().is_empty()


class _KindFinder:
    def __init__(self, drawing: Drawing, placements: Placements, grid: _PlacementGrid, near: dict[str, int], step: int):
        self.grid, self.near, self.step = grid, near, step
        self.most = max(near.values(), default=0)
        self.shapes = [_shapes(drawing, near, *variant) for variant in placements.variants]
        seen, first = np.unique(placements.variant, return_index=True)
        places = np.stack([placements.dx[first], placements.dy[first]] * 2, axis=-1)
        boxes = (placements.boxes[first] - places).tolist()
        self.boxes = {variant: kdb.Box(*box) for variant, box in zip(seen.tolist(), boxes, strict=True)}
        self.pieces: list[Shapes] = [{}, *self.shapes]  # the first is nothing, then the cells themselves
        self._number: dict[tuple[tuple[str, str], ...], int] = {(): 0}

    def kinds(self) -> list[Surroundings] | None:
        """All kinds of surroundings; None where there are too many."""
        grid = self.grid
        own = grid.variant.astype(np.int64) + 1  # 0: no placement
        phases = (grid.x % self.step)[None, :], (grid.y % self.step)[:, None]
        around = []
        for up, across in grid.directions():
            found = self._around(up, across)
            if found is None:
                return None
            if found.any():
                around.append(found)
        first = _first_of_equal([own, *(np.broadcast_to(phase, own.shape) for phase in phases), *around])
        first = first[own.ravel()[first] > 0]
        if len(first) > max(FEW, int(np.count_nonzero(own)) // 4):
            return None
        places = [divmod(k, own.shape[1]) for k in first.tolist()]
        return [self._kind(row, column, around) for row, column in places]

    def _around(self, up: int, across: int) -> np.ndarray | None:
        """At each crossing the number of the piece of the neighbour in one direction; 0 for nothing."""
        grid = self.grid
        rows, columns = (_cut_off(-lines) for lines in (up, across))
        ahead = _cut_off(up), _cut_off(across)
        dx, column = np.unique(grid.x[ahead[1]] - grid.x[columns], return_inverse=True)
        dy, row = np.unique(grid.y[ahead[0]] - grid.y[rows], return_inverse=True)
        count = len(self.shapes) + 1  # −1, no placement, counts as one more
        code = (grid.variant[rows, columns] + 1) * count + grid.variant[ahead] + 1
        code = (code * len(dy) + row[:, None]) * len(dx) + column[None, :]
        met = np.flatnonzero(np.bincount(code.ravel(), minlength=1))
        if len(self.pieces) + len(met) > MOST_PIECES:
            return None
        number = np.zeros(int(met.max(initial=0)) + 1, np.int64)
        for each in met.tolist():
            rest, x = divmod(each, len(dx))
            pair, y = divmod(rest, len(dy))
            owner, other = divmod(pair, count)
            if owner and other:
                number[each] = self._cut(other - 1, int(dx[x]), int(dy[y]), self.boxes[owner - 1])
        out = np.zeros(grid.variant.shape, np.int64)
        out[rows, columns] = number[code]
        return out

    def _cut(self, variant: int, dx: int, dy: int, box: kdb.Box) -> int:
        """Number of the piece of a neighbour that lies near a box."""
        part: Shapes = {}
        if not self.boxes[variant].moved(dx, dy).touches(box.enlarged(self.most, self.most)):
            return 0
        for name, region in self.shapes[variant].items():
            window = box.enlarged(self.near[name], self.near[name]).moved(-dx, -dy)
            if window.touches(region.bbox()):
                inside = region & kdb.Region(window)
                if not inside.is_empty():
                    part[name] = inside.moved(dx, dy)
        key = tuple((name, region.to_s(region.count())) for name, region in part.items())
        number = self._number.setdefault(key, len(self.pieces))
        if number == len(self.pieces):
            self.pieces.append(part)
        return number

    def _kind(self, row: int, column: int, around: list[np.ndarray]) -> Surroundings:
        variant = int(self.grid.variant[row, column])
        pieces = (int(piece[row, column]) for piece in around)
        place = int(self.grid.x[column]), int(self.grid.y[row])
        return Surroundings(self.boxes[variant], 1 + variant, tuple(k for k in pieces if k), place)


def _shapes(drawing: Drawing, names: Iterable[str], cell: int, rotation: int) -> Shapes:
    move = turn_of(rotation)
    merged = drawing.shapes(drawing.layout.cell(cell), move)
    return {name: merged[name] for name in names if not merged[name].is_empty()}


@dataclass(frozen=True)
class _PlacementGrid:
    """Placements at the crossings of lines.

    Attributes:
        variant: of the placement at each crossing, −1 for none, shape (rows, columns).
        x, y: places of the lines.
        reach: lines that another placement may be away to come near, up and across.
    """

    variant: np.ndarray
    x: np.ndarray
    y: np.ndarray
    reach: tuple[int, int]

    def directions(self) -> Iterator[tuple[int, int]]:
        """Where neighbours may lie, in lines up and across."""
        up, across = self.reach
        every = itertools.product(range(-up, up + 1), range(-across, across + 1))
        return (step for step in every if step != (0, 0))


def _cut_off(lines: int) -> slice:
    """All but so many of the first, or of the last when negative."""
    return slice(lines, None) if lines >= 0 else slice(None, lines)


def _grid(placements: Placements, near: int) -> _PlacementGrid | None:
    """The grid that placements lie on; None where they hardly do."""
    xs, column = np.unique(placements.dx, return_inverse=True)
    ys, row = np.unique(placements.dy, return_inverse=True)
    count = len(placements.variant)
    if len(xs) * len(ys) > SPARSE * count + FEW:
        return None
    variant = np.full((len(ys), len(xs)), -1, np.int32)
    variant[row, column] = placements.variant
    if np.count_nonzero(variant >= 0) < count:  # several at one place
        return None
    boxes = placements.boxes
    reach = _reach(row, boxes[:, 1], boxes[:, 3], near), _reach(column, boxes[:, 0], boxes[:, 2], near)
    return _PlacementGrid(variant, xs, ys, reach) if max(reach) <= FARTHEST else None


def _reach(line: np.ndarray, low: np.ndarray, high: np.ndarray, near: int) -> int:
    """How many lines on something may lie that comes near what is on a line."""
    lines = int(line.max()) + 1
    lowest, highest = np.full(lines, np.iinfo(np.int64).max), np.full(lines, np.iinfo(np.int64).min)
    np.minimum.at(lowest, line, low)
    np.maximum.at(highest, line, high)
    lowest = np.minimum.accumulate(lowest[::-1])[::-1]
    return int((np.searchsorted(lowest, highest + near, "right") - 1 - np.arange(lines)).max())


def _first_of_equal(columns: list[np.ndarray]) -> np.ndarray:
    """Where each distinct combination of numbers from 0 on stands first."""
    code, count = np.zeros(columns[0].size, np.int64), 1
    for column in columns:
        most = int(column.max(initial=0)) + 1
        if count * most >= 2**62:
            kept, code = np.unique(code, return_inverse=True)
            count = len(kept)
        code, count = code * most + column.ravel(), count * most
    return np.unique(code, return_index=True)[1]
