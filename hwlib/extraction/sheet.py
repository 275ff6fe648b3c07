"""Resistance of one piece of a conducting sheet between its ports, in squares (Ω at 1 Ω per square).

Rectilinear pieces are solved by finite volumes; other shapes go to KLayout's tesselation. A piece is first turned to a
standard orientation, so that how it lies on the layout changes nothing, and equal pieces are solved once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import klayout.db as db
import numpy as np

from hwlib.drawing.hierarchy import turn_of
from hwlib.extraction.grid import Box, Contact, Line, Response, solve_piece
from hwlib.extraction.sections import EdgeXY
from hwlib.extraction.tesselation import tesselate

BISECTIONS = 40
NEGLIGIBLE = 1e-7  # of the largest conductance of a piece
ARM = 0.75  # widths of straight wire on either side of a contact, when its spreading is solved for
KEPT = (1.0, 0.75, 0.5, 0.25)  # shares of the contact resistances that may stay outside a piece's network
KNOWN = 4096  # solved pieces that are remembered

Piece = tuple[str, tuple[Line, ...], tuple[Contact, ...]]


class Spread(NamedTuple):
    """What a contact on a straight wire amounts to.

    Attributes:
        centre: place of its node along the wire, in dbu from where its boxes are measured.
        leg: squares from the node to the contact, its own resistance included; negative for an even current over a
            long part of the wire.
        cut: squares that are saved by current passing by, which goes through the contact in part.
    """

    centre: float
    leg: float
    cut: float


class Frame(NamedTuple):
    """Lengths of a layout: µm per dbu, and dbu per step of the process's grid."""

    micron: float
    grid: int

    @classmethod
    def of(cls, dbu: float, grid: float) -> Frame:
        """By the database unit and the process's grid, both in m."""
        return cls(dbu * 1e6, max(round(grid / dbu), 1))


class Solved(NamedTuple):
    """A piece between its ports.

    Attributes:
        matrix: conductances between lines, then contacts, in 1/squares; off-diagonal entries ≤ 0, rows sum to zero.
        share: of each contact's own resistance that lies in series with its port, outside the matrix.
        even: squares in series with each even current, ≤ 0: its mean potential may ask for a negative resistor, where
            other current passes under it.
    """

    matrix: np.ndarray
    share: float
    even: float


def solve(polygon: db.Polygon, lines: list[Line], contacts: list[Contact], frame: Frame) -> Solved:
    """The network of a piece of sheet between its ports.

    Args:
        polygon: the piece.
        lines: equipotential ports, in its frame.
        contacts: on it.
        frame: lengths of its layout, for shapes that are not rectilinear.
    """
    box = polygon.bbox()
    moved = _moved(lines, contacts, box.left, box.bottom)
    return _known(polygon.moved(-box.left, -box.bottom).to_s(), *moved, frame)


def _moved(lines: list[Line], contacts: list[Contact], x: int, y: int) -> tuple[tuple, tuple]:
    near = tuple(Line(p.vertical, p.at - (x if p.vertical else y), p.low - (y if p.vertical else x),
                      p.high - (y if p.vertical else x)) for p in lines)  # fmt: skip
    return near, tuple(Contact(tuple((b[0] - x, b[1] - y, b[2] - x, b[3] - y) for b in c.boxes), c.reach)
                       for c in contacts)  # fmt: skip


@lru_cache(maxsize=KNOWN)
def _known(polygon: str, lines: tuple[Line, ...], contacts: tuple[Contact, ...], frame: Frame) -> Solved:
    """As ``solve``, whatever the orientation of the piece."""
    piece = db.Polygon.from_s(polygon)
    return _standard(*min(_turned(piece, lines, contacts, code) for code in range(8)), frame)


def _turned(polygon: db.Polygon, lines: tuple[Line, ...], contacts: tuple[Contact, ...], code: int) -> Piece:
    """The piece in one of eight orientations, back in the corner of the first quadrant."""
    turn = turn_of(code)
    turned = polygon.transformed(turn)
    corner = turned.bbox().p1
    (a, b), (c, d) = ((v.x, v.y) for v in (turn * db.Vector(1, 0), turn * db.Vector(0, 1)))

    def place(x: float, y: float) -> tuple[float, float]:
        return a * x + c * y - corner.x, b * x + d * y - corner.y

    def line(p: Line) -> Line:
        ends = [place(p.at, v) if p.vertical else place(v, p.at) for v in (p.low, p.high)]
        vertical = p.vertical == (a != 0)
        across = sorted(end[1 if vertical else 0] for end in ends)
        return Line(vertical, ends[0][0 if vertical else 1], *across)

    def box(edges: Box) -> Box:
        (x0, y0), (x1, y1) = place(*edges[:2]), place(*edges[2:])
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)

    return (turned.moved(-corner.x, -corner.y).to_s(), tuple(map(line, lines)),
            tuple(Contact(tuple(sorted(map(box, k.boxes))), k.reach) for k in contacts))  # fmt: skip


@lru_cache(maxsize=KNOWN)
def _standard(polygon: str, lines: tuple[Line, ...], contacts: tuple[Contact, ...], frame: Frame) -> Solved:
    """As ``solve``, for a piece in its standard orientation."""
    piece = db.Polygon.from_s(polygon)
    if not piece.is_rectilinear():
        return Solved(
            _clean(tesselate(piece, list(lines), [c.boxes for c in contacts], frame.micron, frame.grid)), 1.0, 0.0
        )
    edges: list[EdgeXY] = [(e.x1, e.y1, e.x2, e.y2) for e in piece.each_edge()]
    matrix, even = _passive_form(solve_piece(edges, list(lines), list(contacts)))
    own = np.array([0.0] * len(lines) + [c.squares for c in contacts])
    for share in KEPT:
        rest = np.eye(len(own)) - share * own[:, None] * matrix
        if np.linalg.cond(rest) < 1 / NEGLIGIBLE:
            outside = np.linalg.solve(rest.T, matrix.T).T  # Y (1 − D Y)⁻¹: D squares taken out of every port
            if _passive(outside):
                return Solved(_clean(outside), share, even)
    return Solved(_clean(matrix), 0.0, even)


def _passive_form(response: Response) -> tuple[np.ndarray, float]:
    """The conductance matrix without negative resistors, and what must be added in series with every even current."""
    matrix = response.conductances()
    if not len(response.even) or _passive(matrix):
        return matrix, 0.0
    low, high = 0.0, 1e-3
    while not _passive(response.conductances(high)):
        low, high = high, 2 * high
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if _passive(response.conductances(middle)) else (middle, high)
    return response.conductances(high), -high


def _passive(matrix: np.ndarray) -> bool:
    off = matrix - np.diag(np.diag(matrix))
    return bool(off.max(initial=0) <= 1e-12 * np.abs(matrix).max(initial=0))


def _clean(matrix: np.ndarray) -> np.ndarray:
    off = np.minimum((matrix + matrix.T) / 2, 0)
    np.fill_diagonal(off, 0)
    off[np.abs(off) < NEGLIGIBLE * np.abs(off).max(initial=0)] = 0
    return off - np.diag(off.sum(axis=1))


def spread(width: float, contact: Contact, share: float) -> Spread:
    """A contact on a straight wire that goes on on both sides, in squares.

    Args:
        width: of the wire, from 0 across it.
        contact: its boxes, along the wire first.
        share: of the wire's sheet resistance in that of the wire and what the contact leads to. Beside it, that much of
            what a perfect conductor over the contact would save to current passing by is saved.
    """
    flipped = tuple(sorted((b[0], width - b[3], b[2], width - b[1]) for b in contact.boxes))
    return _spread(width, min(contact, Contact(flipped, contact.reach)), share)


@lru_cache(maxsize=KNOWN)
def _spread(width: float, contact: Contact, share: float) -> Spread:
    start, end = min(b[0] for b in contact.boxes), max(b[2] for b in contact.boxes)
    arm = ARM * width
    x0, x1 = start - arm, end + arm
    edges: list[EdgeXY] = [(x0, 0.0, x1, 0.0), (x1, 0.0, x1, width), (x1, width, x0, width), (x0, width, x0, 0.0)]
    answer = solve_piece(edges, [Line(True, x0, 0, width), Line(True, x1, 0, width)], [contact])
    through, to_contact, shared = _star(answer)
    saved = (x1 - x0) / width - through
    kept = (1 - share) * saved / 2
    return Spread(x0 + (through - shared + saved / 2) * width, to_contact - shared - kept, share * saved)


def _star(answer: Response) -> tuple[float, float, float]:
    """With the second line at zero: resistance of the first line and of the contact to it, and what both share."""
    if len(answer.even):  # unit current at the contact, none through the first line, and the other way round
        g = answer.G[0, 0]
        through, back = 1 / g, answer.A[0, 0]
        return through, float(answer.R[0, 0] + back**2 / g), float(back / g)
    inverse = np.linalg.inv(answer.G[np.ix_([0, 2], [0, 2])])
    return float(inverse[0, 0]), float(inverse[1, 1]), float(inverse[0, 1])


def uncovered(width: float, spans: list[tuple[float, float]]) -> float:
    """The largest part of a wire's width that no span covers; beside an edge it counts twice."""
    gaps, reached = [], 0.0
    for low, high in sorted(spans):
        gaps.append((low - reached) * (1 if reached else 2))
        reached = max(reached, high)
    return max([0.0, *gaps, 2 * (width - reached)])
