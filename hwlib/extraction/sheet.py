"""Resistance of one piece of a conducting sheet between its ports, in squares (Ω at 1 Ω per square).

Manhattan pieces are solved by finite volumes on a grid that follows their edges; other shapes go to KLayout's
tesselation. Equal pieces (up to translation) are solved once.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import klayout.db as db
import klayout.pex as pex
import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from hwlib.extraction.sections import slabs

CELLS_ACROSS = 24  # of the narrowest port; an L corner then comes out 1 % high
MAX_CELLS = 60_000
TRIANGLES = 6_000
STRIP = 4  # dbu
BISECTIONS = 40
NEGLIGIBLE = 1e-7  # of the largest conductance of a piece


class Line(NamedTuple):
    """A port across the conductor: the segment at ``at`` (x if vertical) from ``low`` to ``high``, in dbu."""

    vertical: bool
    at: int
    low: int
    high: int

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the segment in dbu."""
        middle = (self.low + self.high) / 2
        return (self.at, middle) if self.vertical else (middle, self.at)


Box = tuple[int, int, int, int]


class SheetSolver:
    """Solves pieces and remembers them."""

    def __init__(self, dbu: float):
        self._dbu = dbu
        self._known: dict[tuple, np.ndarray] = {}

    def conductances(self, piece: db.Polygon, lines: list[Line], taps: list[Box]) -> np.ndarray:
        """Conductance matrix between ports (lines, then taps) in 1/squares, shape (ports, ports).

        A line is an equipotential. A tap takes its current evenly over its box and has the box's mean potential, so
        that current passing under a contact is not shorted by it. Off-diagonal entries are ≤ 0, rows sum to zero.
        """
        x, y = piece.bbox().left, piece.bbox().bottom
        moved = piece.moved(-x, -y)
        near = [Line(p.vertical, p.at - (x if p.vertical else y), p.low - (y if p.vertical else x),
                     p.high - (y if p.vertical else x)) for p in lines]  # fmt: skip
        boxes = [(t[0] - x, t[1] - y, t[2] - x, t[3] - y) for t in taps]
        key = (moved.to_s(), tuple(near), tuple(boxes))
        if key not in self._known:
            solve = _grid if moved.is_rectilinear() else self._tesselation
            self._known[key] = _clean(solve(moved, near, boxes))
        return self._known[key]

    def _tesselation(self, piece: db.Polygon, lines: list[Line], taps: list[Box]) -> np.ndarray:
        whole = db.Region(piece)
        strips = [_outside(p, whole) for p in lines]  # a line becomes a thin strip just beyond the conductor's end
        for strip in strips:
            whole.insert(strip)
        within = whole.merged().sized(-1)  # a port on the outline breaks the triangulation
        ports = []
        for box in [*strips, *(db.Box(*t) for t in taps)]:
            inside = (db.Region(box) & within).merged()
            ports.append(max(inside.each(), key=lambda p: p.area()) if inside.count() else db.Polygon(box))
        piece = max(whole.merged().each(), key=lambda p: p.area())
        area = piece.area() * self._dbu**2 / TRIANGLES
        extractor = pex.RExtractor.tesselation_extractor(self._dbu, 0.4, area)  # type: ignore[attr-defined]
        network = extractor.extract(piece, [], ports)
        matrix = np.zeros((len(ports), len(ports)))
        for element in network.each_element():
            i, j = element.a().port_index(), element.b().port_index()
            matrix[i, j] = matrix[j, i] = matrix[i, j] - 1 / element.resistance()
        return matrix


def _outside(line: Line, piece: db.Region) -> db.Box:
    sides = [db.Box(line.at, line.low, line.at + d, line.high) if line.vertical
             else db.Box(line.low, line.at, line.high, line.at + d) for d in (STRIP, -STRIP)]  # fmt: skip
    return min(sides, key=lambda side: (db.Region(side) & piece).area())


def _clean(matrix: np.ndarray) -> np.ndarray:
    off = np.minimum((matrix + matrix.T) / 2, 0)
    np.fill_diagonal(off, 0)
    off[np.abs(off) < NEGLIGIBLE * np.abs(off).max(initial=0)] = 0
    return off - np.diag(off.sum(axis=1))


def _grid(piece: db.Polygon, lines: list[Line], taps: list[Box]) -> np.ndarray:
    grid = _Grid(piece, lines, taps)
    response = grid.solve(lines, taps)
    matrix = response.conductances(0.0)
    if _passive(matrix):
        return matrix
    # A wide tap's mean potential asks for a negative resistor at the tap. The least resistance in series with each tap
    # that makes the network passive leaves all paths past the taps exact.
    low, high = 0.0, 1e-3
    while not _passive(response.conductances(high)):
        low, high = high, 2 * high
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if _passive(response.conductances(middle)) else (middle, high)
    return response.conductances(high)


def _passive(matrix: np.ndarray) -> bool:
    off = matrix - np.diag(np.diag(matrix))
    return bool(off.max(initial=0) <= 1e-12 * np.abs(matrix).max(initial=0))


class _Response(NamedTuple):
    """Answer of a grid to its lines and taps: ``I_L = G V_L − Aᵀ I_T``, ``V_T = A V_L + R I_T``."""

    G: np.ndarray
    A: np.ndarray
    R: np.ndarray
    floating: bool

    def conductances(self, series: float) -> np.ndarray:
        """Conductance matrix of lines and taps, with ``series`` squares added at each tap."""
        if not len(self.R):
            return self.G
        inverse = np.linalg.inv(self.R + series * np.eye(len(self.R)))
        if self.floating:
            sums = inverse.sum(axis=1)
            return inverse - np.outer(sums, sums) / sums.sum()
        A = self.A
        return np.block([[self.G + A.T @ inverse @ A, -A.T @ inverse], [-inverse @ A, inverse]])


class _Grid:
    """A rectilinear piece cut into cells; one unknown potential per cell."""

    def __init__(self, piece: db.Polygon, lines: list[Line], taps: list[Box]):
        edges = [(e.x1, e.y1, e.x2, e.y2) for e in piece.each_edge()]
        xs = {v for e in edges for v in (e[0], e[2])} | {v for t in taps for v in (t[0], t[2])}
        ys = {v for e in edges for v in (e[1], e[3])} | {v for t in taps for v in (t[1], t[3])}
        xs |= {v for p in lines for v in ((p.at,) if p.vertical else (p.low, p.high))}
        ys |= {v for p in lines for v in ((p.low, p.high) if p.vertical else (p.at,))}
        box = piece.bbox()
        across = min([p.high - p.low for p in lines] or [min(box.width(), box.height())])
        step = max(across / CELLS_ACROSS, (box.area() / MAX_CELLS) ** 0.5)
        self.x = _refined(xs, box.left, box.right, step)
        self.y = _refined(ys, box.bottom, box.top, step)
        self.hx, self.hy = np.diff(self.x), np.diff(self.y)
        mid_x, mid_y = self.x[:-1] + self.hx / 2, self.y[:-1] + self.hy / 2
        self.inside = np.zeros((len(self.hx), len(self.hy)), bool)
        for x0, x1, intervals in slabs(edges):
            columns = slice(*np.searchsorted(mid_x, (x0, x1)))
            for low, high in intervals:
                self.inside[columns, slice(*np.searchsorted(mid_y, (low, high)))] = True
        self.number = np.where(self.inside, np.cumsum(self.inside).reshape(self.inside.shape) - 1, -1)
        self.cells = int(self.inside.sum())

    def _laplacian(self) -> sp.csc_matrix:
        along_x = np.broadcast_to(self.hy[None, :] / ((self.hx[:-1] + self.hx[1:]) / 2)[:, None],
                                  (len(self.hx) - 1, len(self.hy)))  # fmt: skip
        along_y = np.broadcast_to(self.hx[:, None] / ((self.hy[:-1] + self.hy[1:]) / 2)[None, :],
                                  (len(self.hx), len(self.hy) - 1))  # fmt: skip
        rows, columns, values = [], [], []
        for first, second, g in ((self.number[:-1], self.number[1:], along_x),
                                 (self.number[:, :-1], self.number[:, 1:], along_y)):  # fmt: skip
            both = (first >= 0) & (second >= 0)
            i, j, w = first[both], second[both], g[both]
            rows += [i, j, i, j]
            columns += [j, i, i, j]
            values += [-w, -w, w, w]
        shape = (self.cells, self.cells)
        return sp.csc_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape)

    def _line(self, line: Line) -> np.ndarray:
        """Half-cell conductances from a line to the cells along it, shape (cells,)."""
        out = np.zeros(self.cells)
        grid, h, across, number = (self.x, self.hx, self.y, self.number) if line.vertical else (
            self.y, self.hy, self.x, self.number.T)  # fmt: skip
        k = int(np.searchsorted(grid, line.at))
        span = slice(*np.searchsorted(across, (line.low, line.high)))
        for layer in (k - 1, k):
            if 0 <= layer < len(h):
                cells = number[layer, span]
                width = np.diff(across)[span]
                np.add.at(out, cells[cells >= 0], (2 * width / h[layer])[cells >= 0])
        return out

    def _box(self, box: Box) -> np.ndarray:
        """Share of a tap's area in each cell, shape (cells,)."""
        columns, rows = (slice(*np.searchsorted(g, ends)) for g, ends in ((self.x, box[::2]), (self.y, box[1::2])))
        area = np.outer(self.hx[columns], self.hy[rows]) * self.inside[columns, rows]
        out = np.zeros(self.cells)
        numbers = self.number[columns, rows]
        out[numbers[numbers >= 0]] = area[numbers >= 0] / area.sum()
        return out

    def solve(self, lines: list[Line], taps: list[Box]) -> _Response:
        """Eliminate the cells."""
        B = np.array([self._line(p) for p in lines]).reshape(len(lines), self.cells).T
        M = np.array([self._box(t) for t in taps]).reshape(len(taps), self.cells).T
        K = self._laplacian() + sp.diags(B.sum(axis=1))
        if not lines:
            K = K + sp.csc_matrix(([1.0], ([0], [0])), K.shape)  # any reference: it leaves with the common mode
        lu = splu(K.tocsc())
        XB, XM = (lu.solve(side) if side.shape[1] else side for side in (B, M))
        return _Response(np.diag(B.sum(axis=0)) - B.T @ XB, M.T @ XB, M.T @ XM, not lines)


def _refined(values: set, low: int, high: int, step: float) -> np.ndarray:
    marks = np.array(sorted(v for v in values if low <= v <= high), float)
    parts = [np.linspace(a, b, max(2, int(np.ceil((b - a) / step))), endpoint=False)
             for a, b in itertools.pairwise(marks)]  # fmt: skip
    return np.concatenate([*parts, marks[-1:]])
