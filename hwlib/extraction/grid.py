"""Finite volumes on one rectilinear piece of a sheet: what lines and contacts on it answer, in squares."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.linalg import solveh_banded
from scipy.sparse.linalg import splu

from hwlib.extraction.sections import EdgeXY, slabs

# With these an L corner comes out 0.2 % high, a via on the read electrode, whose transfer length is a third of it, 1 %.
CELLS_ACROSS = 24  # of the narrowest port, at drawn edges
CELLS_PER_BOX = 5  # of a contact, at its edges
CELLS_PER_REACH = 2  # of a contact's transfer length
COARSER = 2.0  # largest cells, in those at the edges
GROWTH = 1.2  # from one cell to the next, away from the edges
MAX_CELLS = 60_000
WIDEST_BAND = 80  # cells; wider matrices are factored by SuperLU
SLACK = 1e-9  # relative; keeps the number of cells the same whatever the database unit

Box = tuple[float, float, float, float]


class Line(NamedTuple):
    """A port across the conductor: the segment at ``at`` (x if vertical) from ``low`` to ``high``, in dbu."""

    vertical: bool
    at: float
    low: float
    high: float

    @classmethod
    def of_row(cls, row: list[int]) -> Line:
        """Of a boundary line: layer index, vertical, at, low, high."""
        _, vertical, at, low, high = row
        return cls(bool(vertical), at, low, high)

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the segment in dbu."""
        middle = (self.low + self.high) / 2
        return (self.at, middle) if self.vertical else (middle, self.at)

    def beside(self, far: float = 0) -> tuple[int, int, int, int]:
        """Left, bottom, right and top of the segment, and of what is up to ``far`` beside it."""
        box = (self.at, self.low, self.at + far, self.high) if self.vertical else (
            self.low, self.at, self.high, self.at + far)  # fmt: skip
        x0, y0, x1, y1 = (round(v) for v in box)
        return x0, y0, x1, y1


class Contact(NamedTuple):
    """Where current leaves the sheet, over boxes in dbu.

    ``reach`` is the transfer length √(ρ/R) in dbu, of the contact resistance ρ to an equipotential plane over the sheet
    resistance R; the port is that plane. None: an even current; the port has the mean potential of the boxes.
    """

    boxes: tuple[Box, ...]
    reach: float | None

    @property
    def area(self) -> float:
        """Summed area of the boxes in dbu²."""
        return sum((b[2] - b[0]) * (b[3] - b[1]) for b in self.boxes)

    @property
    def squares(self) -> float:
        """Contact resistance in squares, 0 for an even current."""
        return 0.0 if self.reach is None else self.reach**2 / self.area


class Response(NamedTuple):
    """Fixed potentials F (lines and planes) and even currents E: ``I_F = G V_F − Aᵀ I_E``, ``V_E = A V_F + R I_E``.

    ``fixed`` and ``even`` number the ports, lines first. Without any fixed potential ``R`` has a common one added.
    """

    G: np.ndarray
    A: np.ndarray
    R: np.ndarray
    fixed: np.ndarray
    even: np.ndarray

    def conductances(self, series: float = 0.0) -> np.ndarray:
        """Conductance matrix of all ports in 1/squares, with ``series`` squares added at each even current."""
        matrix = np.zeros((len(self.fixed) + len(self.even),) * 2)
        if not len(self.even):
            return self.G
        inverse = np.linalg.inv(self.R + series * np.eye(len(self.R)))
        if not len(self.fixed):
            sums = inverse.sum(axis=1)
            return inverse - np.outer(sums, sums) / sums.sum()
        matrix[np.ix_(self.fixed, self.fixed)] = self.G + self.A.T @ inverse @ self.A
        matrix[np.ix_(self.fixed, self.even)] = -self.A.T @ inverse
        matrix[np.ix_(self.even, self.fixed)] = -inverse @ self.A
        matrix[np.ix_(self.even, self.even)] = inverse
        return matrix


def solve_piece(edges: list[EdgeXY], lines: list[Line], contacts: list[Contact]) -> Response:
    """The response of a rectilinear polygon, given by its edges, to its lines and contacts."""
    return _Grid(edges, lines, contacts).solve(lines, contacts)


class _Grid:
    """A piece cut into cells; one unknown potential per cell."""

    def __init__(self, edges: list[EdgeXY], lines: list[Line], contacts: list[Contact]):
        marks, width = _marks(edges, lines, contacts)
        scale = 1.0
        while True:
            self.x, self.y = (_graded(sizes, scale, width / CELLS_ACROSS) for sizes in marks)
            if len(self.x) * len(self.y) <= MAX_CELLS or scale > MAX_CELLS:
                break
            scale *= 1.5
        self.hx, self.hy = np.diff(self.x), np.diff(self.y)
        mid_x, mid_y = self.x[:-1] + self.hx / 2, self.y[:-1] + self.hy / 2
        self.inside = np.zeros((len(self.hx), len(self.hy)), bool)
        for x0, x1, intervals in slabs(edges):
            columns = slice(*np.searchsorted(mid_x, (x0, x1)))
            for low, high in intervals:
                self.inside[columns, slice(*np.searchsorted(mid_y, (low, high)))] = True
        order = self.inside if len(self.hx) >= len(self.hy) else self.inside.T  # the short side first: a narrow band
        number = np.where(order, np.cumsum(order).reshape(order.shape) - 1, -1)
        self.number = number if len(self.hx) >= len(self.hy) else number.T
        self.cells = int(self.inside.sum())

    def _links(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Neighbouring cells (lower number last) and the conductance between them."""
        along_x = self.hy[None, :] / ((self.hx[:-1] + self.hx[1:]) / 2)[:, None]
        along_y = self.hx[:, None] / ((self.hy[:-1] + self.hy[1:]) / 2)[None, :]
        found = []
        for first, second, g in ((self.number[:-1], self.number[1:], along_x),
                                 (self.number[:, :-1], self.number[:, 1:], along_y)):  # fmt: skip
            both = (first >= 0) & (second >= 0)
            found.append((first[both], second[both], g[both]))
        a, b, g = (np.concatenate(part) for part in zip(*found, strict=True))
        return np.maximum(a, b), np.minimum(a, b), g

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

    def _area(self, contact: Contact) -> np.ndarray:
        """Area of a contact in each cell, shape (cells,)."""
        out = np.zeros(self.cells)
        for box in contact.boxes:
            columns, rows = (slice(*np.searchsorted(g, ends)) for g, ends in ((self.x, box[::2]), (self.y, box[1::2])))
            area = np.outer(self.hx[columns], self.hy[rows])
            numbers = self.number[columns, rows]
            np.add.at(out, numbers[numbers >= 0], area[numbers >= 0])
        return out

    def solve(self, lines: list[Line], contacts: list[Contact]) -> Response:
        """Eliminate the cells."""
        areas = [self._area(c) for c in contacts]
        fixed = [self._line(p) for p in lines]
        fixed += [area / c.reach**2 for area, c in zip(areas, contacts, strict=True) if c.reach is not None]
        even = [area / area.sum() for area, c in zip(areas, contacts, strict=True) if c.reach is None]
        B, M = (np.array(rows).reshape(len(rows), self.cells).T for rows in (fixed, even))
        to_fixed = B.sum(axis=1)
        if not fixed:
            to_fixed[0] = 1.0  # any reference: it leaves with the common potential
        X = self._eliminate(to_fixed, np.concatenate([B, M], axis=1))
        XB, XM = X[:, : len(fixed)], X[:, len(fixed) :]
        kinds = np.array([c.reach is None for c in contacts], bool)
        number = len(lines) + np.arange(len(contacts))
        return Response(np.diag(B.sum(axis=0)) - B.T @ XB, M.T @ XB, M.T @ XM,
                        np.concatenate([np.arange(len(lines)), number[~kinds]]), number[kinds])  # fmt: skip

    def _eliminate(self, to_fixed: np.ndarray, right: np.ndarray) -> np.ndarray:
        a, b, g = self._links()
        diagonal = to_fixed + np.bincount(a, g, self.cells) + np.bincount(b, g, self.cells)
        band = int((a - b).max(initial=0))
        if band <= WIDEST_BAND:
            matrix = np.zeros((band + 1, self.cells))
            matrix[0] = diagonal
            matrix[a - b, b] = -g
            return solveh_banded(matrix, right, lower=True, overwrite_ab=True, check_finite=False)
        every = np.arange(self.cells)
        place = (np.concatenate([a, b, every]), np.concatenate([b, a, every]))
        whole = sp.csc_matrix((np.concatenate([-g, -g, diagonal]), place), (self.cells, self.cells))
        return splu(whole, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(right)


def _marks(edges: list[EdgeXY], lines: list[Line],
           contacts: list[Contact]) -> tuple[list[dict[float, float]], float]:  # fmt: skip
    """Coordinates along x and y that grid lines go through, with the size of the cells there; the narrowest width."""
    drawn = ([v for e in edges for v in (e[0], e[2])], [v for e in edges for v in (e[1], e[3])])
    width = min([p.high - p.low for p in lines] or [max(ends) - min(ends) for ends in drawn])
    marks = [dict.fromkeys(ends, width / CELLS_ACROSS) for ends in drawn]
    for axis, sizes in enumerate(marks):
        low, high = min(sizes), max(sizes)
        for p in lines:
            sizes |= dict.fromkeys((p.at,) if p.vertical == (axis == 0) else (p.low, p.high), width / CELLS_ACROSS)
        for contact in contacts:
            for box in contact.boxes:
                size = min(box[2] - box[0], box[3] - box[1]) / CELLS_PER_BOX
                size = min(size, contact.reach / CELLS_PER_REACH) if contact.reach else size
                for v in (box[axis], box[axis + 2]):
                    if low <= v <= high:
                        sizes[v] = min(size, sizes.get(v, size))
    return marks, width


def _graded(marks: dict[float, float], scale: float, coarse: float) -> np.ndarray:
    """Grid lines through ``marks``: cells of the given size (times ``scale``) at each, larger in between."""
    at = sorted(marks)
    parts = [np.array(at[:1])]
    for low, high in itertools.pairwise(at):
        ends = [min(scale * marks[low], high - low), min(scale * marks[high], high - low)]
        largest = max(COARSER * min(ends), scale * coarse)
        left: list[float] = []
        right: list[float] = []
        while sum(left) + sum(right) < (high - low) * (1 - SLACK):
            smaller = min(ends)
            for k, side in enumerate((left, right)):
                if ends[k] <= smaller * (1 + SLACK):
                    side.append(ends[k])
                    ends[k] = min(GROWTH * ends[k], largest)
        sizes = np.array(left + right[::-1])
        lines = low + np.cumsum(sizes * ((high - low) / sizes.sum()))
        lines[-1] = high
        parts.append(lines)
    return np.concatenate(parts).astype(float)
