"""Windows that ports cannot join as drawn: metal that meets in a point, wires cut along their length, cut vias.

A port is one node for a segment of a boundary. That is right where a wire crosses it, wrong where a wire runs along
it; and shapes that touch in a point, or with a contact's edge alone, have no segment in common. Such windows are taken
out of the hierarchy and extracted with the rest, as drawn.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import klayout.db as db
import numpy as np

from hwlib.connected_parts import connected_parts
from hwlib.extraction.grid import Line
from hwlib.extraction.parts import Part
from hwlib.extraction.place import Finder, holds
from hwlib.extraction.ports import PortTable
from hwlib.extraction.window_shapes import WindowShapes
from hwlib.extraction.windows import BoxIndex

REST = -1  # in place of a placement: what lies outside all windows


class Seam(NamedTuple):
    """What one window has on its box, relative to its origin.

    Attributes:
        along: which of its boundary lines are longer than the metal beside them is deep, shape (lines,): a wire runs
            along them, unless it leaves by the line opposite.
        opposite: the line on the other side that the same metal could leave by, as long; -1 for none, shape (lines,).
        aside: for each of those that have one, the lines across it that the same metal could leave by.
        points: layer index, x and y of corners of conductors on the box where no boundary line may meet another
            window's, shape (points, 3).
        cut: whether a via reaches the box.
        finders: its conductors by layer, to look points up in.
    """

    along: np.ndarray
    opposite: np.ndarray
    aside: dict[int, list[int]]
    points: np.ndarray
    cut: bool
    finders: dict[str, Finder]


def seam(shapes: WindowShapes, layers: tuple[str, ...], box: db.Box, lines: np.ndarray) -> Seam:
    """Look at a window's edge.

    Args:
        shapes: of the window.
        layers: conductors and vias by index.
        box: of the window.
        lines: its boundary lines: layer index, vertical, at, low, high; shape (lines, 5).
    """
    left, bottom, right, top = box.left, box.bottom, box.right, box.top
    corners = {(left, bottom), (right, top), (left, top), (right, bottom)}
    ends = {(index, at, v) if upright else (index, v, at) for index, upright, at, *span in lines.tolist() for v in span}
    points, cut = [], False
    for index, name in enumerate(layers):
        if name in shapes.finders:
            for polygon in shapes.finders[name].polygons:
                for x, y in _corners_on(polygon, left, bottom, right, top):
                    if (index, x, y) not in ends or (x, y) in corners:
                        points.append((index, x, y))
        else:
            boxes = (polygon.bbox() for polygon in shapes.regions[name].each())
            cut = cut or any(_on_edge(corner, box) for own in boxes for corner in (own.p1, own.p2))
    along, opposite, aside = np.zeros(len(lines), bool), np.full(len(lines), -1), {}
    for k, row in enumerate(lines.tolist()):
        along[k], opposite[k], others = _beside(row, lines, shapes.finders[layers[row[0]]])
        if opposite[k] >= 0:
            aside[k] = others
    return Seam(along, opposite, aside, np.array(points, np.int64).reshape(-1, 3), cut, shapes.finders)


def _corners_on(polygon: db.Polygon, left: int, bottom: int, right: int, top: int) -> list[tuple[int, int]]:
    """Corners of a polygon's hull that lie on the edge of a box around it."""
    own = polygon.bbox()
    if left < own.left and own.right < right and bottom < own.bottom and own.top < top:
        return []
    corners = [(point.x, point.y) for point in polygon.each_point_hull()]
    return [(x, y) for x, y in corners if x in (left, right) or y in (bottom, top)]


def _on_edge(point: db.Point, box: db.Box) -> bool:
    return box.contains(point) and not (box.left < point.x < box.right and box.bottom < point.y < box.top)


def _beside(row: list[int], lines: np.ndarray, finder: Finder) -> tuple[bool, int, list[int]]:
    """Whether a boundary line is longer than its metal is deep, its like opposite (or -1), the metal's lines across."""
    _, upright, at, low, high = row
    line = Line.of_row(row)
    polygon = next(p for p in (finder.polygons[k] for k in finder.near(db.Box(*line.beside()))) if _ends_at(p, line))
    box = polygon.bbox()
    if high - low <= (box.width() if upright else box.height()):
        return False, -1, []
    own = [k for k, other in enumerate(lines.tolist()) if other[0] == row[0] and _ends_at(polygon, Line.of_row(other))]
    alike = [k for k in own if lines[k, 1] == upright and lines[k, 2] != at and lines[k, 3:].tolist() == [low, high]]
    return True, alike[0] if alike else -1, [k for k in own if lines[k, 1] != upright]


def _ends_at(polygon: db.Polygon, line: Line) -> bool:
    return holds(polygon, db.Point(*(round(v) for v in line.centre)))


def unjoinable(parts: list[Part], ports: PortTable, seams: Callable[[Part], Seam], index: BoxIndex, kept: np.ndarray,
               rest: dict[str, db.Region], layers: tuple[str, ...]) -> np.ndarray:  # fmt: skip
    """Placements that ports do not join rightly with others, or with the rest.

    Args:
        parts: the windows.
        ports: their boundary lines, matched.
        seams: what a part has on its box.
        index: boxes of the kept placements.
        kept: their numbers.
        rest: merged shapes outside all windows.
        layers: names by layer index.
    """
    found = [part.rows for part in parts if seams(part).cut]
    found.append(_run_along(parts, ports, seams, rest, layers))
    found.append(_Touches(parts, ports, seams, index, kept, rest, layers).placements())
    return np.unique(np.concatenate(found).astype(np.int64))


def _run_along(parts: list[Part], ports: PortTable, seams: Callable[[Part], Seam], rest: dict[str, db.Region],
               layers: tuple[str, ...]) -> np.ndarray:  # fmt: skip
    """Placements with a wire along a line that joins something, and their partners.

    A wide wire of which a window has a short piece, or the end, runs across its lines: it goes on opposite, or nowhere.
    """
    if not any(seams(part).along.any() for part in parts):
        return np.zeros(0, np.int64)
    joined, owner = _Joined(ports, rest, layers), ports.placements(parts)
    bad = np.zeros(len(owner), bool)
    for port, opposite, aside in _beside_ports(parts, seams):
        bad[port] = joined(port) and (opposite < 0 or (not joined(opposite) and any(map(joined, aside))))
    partners = ports.pairs[bad[ports.pairs].any(axis=1)].ravel()
    return owner[np.concatenate([np.flatnonzero(bad), partners])]


def _beside_ports(parts: list[Part], seams: Callable[[Part], Seam]) -> Iterator[tuple[int, int, list[int]]]:
    """Every port along metal that is less deep, the one opposite (or -1), and those across it, by number."""
    first = 0
    for part in parts:
        own = seams(part)
        deep = [(k, int(own.opposite[k]), own.aside.get(k, [])) for k in np.flatnonzero(own.along).tolist()]
        for start in range(first, first + len(part.rows) * len(part.lines), max(len(part.lines), 1)) if deep else ():
            for k, far, aside in deep:
                yield start + k, start + far if far >= 0 else -1, [start + other for other in aside]
        first += len(part.rows) * len(part.lines)


class _Joined:
    """Whether a port joins another window's, or the rest; each is looked up once."""

    def __init__(self, ports: PortTable, rest: dict[str, db.Region], layers: tuple[str, ...]):
        self.rest, self.layers = rest, layers
        self.free = dict(zip(ports.free.tolist(), ports.free_lines().tolist(), strict=True))
        self.known: dict[int, bool] = {}

    def __call__(self, port: int) -> bool:
        if port not in self.free:
            return True
        if port not in self.known:
            layer, upright, at, low, high = self.free[port]
            edge = db.Edge(at, low, at, high) if upright else db.Edge(low, at, high, at)
            near = self.rest[self.layers[layer]].interacting(db.Edges([edge]))
            self.known[port] = not (near.edges() & db.Edges([edge])).is_empty()
        return self.known[port]


class _Touches:
    """Finds corners of conductors on a boundary that other metal holds, and no line joins with it."""

    def __init__(self, parts: list[Part], ports: PortTable, seams: Callable[[Part], Seam], index: BoxIndex,
                 kept: np.ndarray, rest: dict[str, db.Region], layers: tuple[str, ...]):  # fmt: skip
        self.parts, self.ports, self.seams, self.index, self.kept = parts, ports, seams, index, kept
        self.layers = layers
        self.part_of, self.dx, self.dy = np.zeros((3, int(kept.max(initial=-1)) + 1), np.int64)
        for k, part in enumerate(parts):
            self.part_of[part.rows], self.dx[part.rows], self.dy[part.rows] = k, part.dx, part.dy
        self.points = self._points()
        self.rest = self._near(rest)

    def _points(self) -> np.ndarray:
        """Layer index, x and y of all corners to look at."""
        rows = [np.zeros((0, 3), np.int64)]
        for part in self.parts:
            own = self.seams(part).points
            moves = np.stack([np.zeros(len(part.dx), np.int64), part.dx, part.dy], axis=1)
            rows.append((own[None] + moves[:, None]).reshape(-1, 3))
        free = self.ports.free_lines()
        for end in (3, 4):
            x, y = (np.where(free[:, 1] == upright, free[:, 2], free[:, end]) for upright in (1, 0))
            rows.append(np.stack([free[:, 0], x, y], axis=1))
        return np.unique(np.concatenate(rows), axis=0)

    def _near(self, rest: dict[str, db.Region]) -> dict[str, Finder]:
        """The rest's polygons at boundaries of windows, and their corners there among the points."""
        found, corners, free = {}, [self.points], self.ports.free_lines()
        for number, name in enumerate(self.layers):
            if name not in rest or rest[name].is_empty():
                continue
            marks = db.Region()
            for x, y in self.points[self.points[:, 0] == number, 1:].tolist():
                marks.insert(db.Box(x - 1, y - 1, x + 1, y + 1))
            for row in free[free[:, 0] == number].tolist():
                marks.insert(db.Box(*Line.of_row(row).beside()).enlarged(1, 1))
            near = rest[name].interacting(marks)
            found[name] = Finder(near)
            at = [(number, p.x, p.y) for polygon in near.each() for p in polygon.each_point_hull()]
            corners.append(np.array(at, np.int64).reshape(-1, 3))
        self.points = np.unique(np.concatenate(corners), axis=0)
        return found

    def placements(self) -> np.ndarray:
        """Placements that touch others, or the rest, in a point."""
        bad: set[int] = set()
        known: dict[tuple, list[int]] = {}  # by what meets at a point: in an array it is the same many times
        for (number, x, y), hits in self._met():
            finder = self.rest.get(self.layers[number])
            alone = finder is None or finder.at(x, y) is None
            if len(hits) < 1 + alone:
                continue
            spots = [(self._part(k).variant, x - self._move(k)[0], y - self._move(k)[1]) for k in hits]
            key = (number, *spots) if alone else (number, x, y)
            if key not in known:
                known[key] = self._apart(hits if alone else [*hits, REST], number, x, y)
            bad.update(hits[k] for k in known[key] if k < len(hits))
        return np.array(sorted(bad), np.int64)

    def _met(self) -> Iterator[tuple[list[int], list[int]]]:
        """Points where placements may meet others or the rest, and these placements."""
        around = self.index.around(self.points[:, 1:])
        hits = self.kept[around.found].tolist()
        least = np.array([1 if name in self.rest else 2 for name in self.layers])[self.points[:, 0]]
        for k in np.flatnonzero(around.counts >= least).tolist():
            yield self.points[k].tolist(), hits[around.of(k)]

    def _part(self, placement: int) -> Part:
        return self.parts[self.part_of[placement]]

    def _move(self, placement: int) -> tuple[int, int]:
        return int(self.dx[placement]), int(self.dy[placement])

    def _apart(self, hits: list[int], number: int, x: int, y: int) -> list[int]:
        """Which of some placements hold a point of a layer, if no lines through it join them all."""
        holders = [k for k, hit in enumerate(hits) if hit == REST or self._holds(hit, self.layers[number], x, y)]
        segments = [self._segments(hits[k], number, x, y) for k in holders]
        pairs = [
            (a, b) for a, b in itertools.combinations(range(len(holders)), 2) if _overlap(segments[a], segments[b])
        ]
        groups, _ = connected_parts(len(holders), *np.array(pairs, np.int64).reshape(-1, 2).T)
        return holders if groups > 1 else []

    def _holds(self, placement: int, name: str, x: int, y: int) -> bool:
        dx, dy = self._move(placement)
        return self.seams(self._part(placement)).finders[name].at(x - dx, y - dy) is not None

    def _segments(self, placement: int, number: int, x: int, y: int) -> list[tuple[int, int, int, int]]:
        """Boundary lines (of the rest: all edges) through a point: vertical, at, low, high."""
        if placement == REST:
            finder = self.rest[self.layers[number]]
            edges = [e for k in finder.near(db.Box(x, y, x, y)) for e in finder.polygons[k].each_edge()]
            rows = [(1, e.x1, *sorted((e.y1, e.y2))) for e in edges if e.x1 == e.x2]
            rows += [(0, e.y1, *sorted((e.x1, e.x2))) for e in edges if e.y1 == e.y2]
        else:
            part, (dx, dy) = self._part(placement), self._move(placement)
            own = part.lines[part.lines[:, 0] == number, 1:].tolist()
            rows = [(v, at + (dx if v else dy), low + (dy if v else dx), high + (dy if v else dx))
                    for v, at, low, high in own]  # fmt: skip
        return [(v, at, low, high) for v, at, low, high in rows
                if (at, True) == ((x, low <= y <= high) if v else (y, low <= x <= high))]  # fmt: skip


def _overlap(first: list[tuple[int, int, int, int]], second: list[tuple[int, int, int, int]]) -> bool:
    """Whether two lists of segments have a piece in common."""
    return any(a[:2] == b[:2] and max(a[2], b[2]) < min(a[3], b[3]) for a in first for b in second)
