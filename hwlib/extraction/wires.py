"""The resistor network of one conductor polygon between its taps and boundary ports.

Straight sections are counted in squares with their taps in order; what lies between them (corners, junctions, steps)
is cut out one width away, where the current is uniform again, and solved as a sheet.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import NamedTuple

import klayout.db as db
import numpy as np

from hwlib.extraction.sections import Section, sections
from hwlib.extraction.sheet import Box, Line, SheetSolver

MARGIN = 1.0  # widths from a disturbance to uniform current: what is left decays as exp(−π) in potential
SHORTEST = 0.25  # widths: a straight stretch shorter than this is left to the sheet
SAME_PLACE = 0.25  # of a box's size: contacts stacked on each other are one tap


class Tap(NamedTuple):
    """A contact on a conductor: its node and its box in dbu."""

    node: int
    box: Box

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the box in dbu."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


class Port(NamedTuple):
    """A place where the conductor goes on beyond the window: its node and its segment."""

    node: int
    line: Line


@dataclass
class Wiring:
    """Collects nodes and resistors; resistances in squares, lengths in dbu."""

    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    resistors: list[tuple[int, int, float, float]] = field(default_factory=list)  # node, node, squares, width
    same: list[tuple[int, int]] = field(default_factory=list)

    def node(self, x: float, y: float) -> int:
        """A new node at a place."""
        self.x.append(x)
        self.y.append(y)
        return len(self.x) - 1


def wire(polygon: db.Polygon, taps: list[Tap], ports: list[Port], solver: SheetSolver, out: Wiring) -> None:
    """Add the network of ``polygon`` between ``taps`` and ``ports`` to ``out``."""
    if len(taps) + len(ports) < 2:
        return
    if not polygon.is_rectilinear():
        _sheet(polygon, [], taps, ports, solver, out)
        return
    if polygon.is_box():
        box = polygon.bbox()
        found = [Section(True, box.left, box.right, box.bottom, box.top, False, False),
                 Section(False, box.bottom, box.top, box.left, box.right, False, False)]  # fmt: skip
        straight = _rectangle(found, taps, ports)
        if straight is None:
            _sheet(polygon, [], taps, ports, solver, out)
        else:
            _straight(straight, straight.start, straight.end, taps, ports, out)
        return
    _general(polygon, taps, ports, solver, out)


def _rectangle(found: list[Section], taps: list[Tap], ports: list[Port]) -> Section | None:
    """The axis along which a whole rectangle carries its current, or None when it carries both ways."""
    ended = [s for s in found if any(_is_end(s, p.line) for p in ports)]
    if ended:
        return ended[0] if len(ended) == 1 else None
    long = max(found, key=lambda s: s.length)
    across = [t.centre[1 if long.horizontal else 0] for t in taps]
    spread = max(across, default=0) - min(across, default=0)
    return long if long.length >= 2 * long.width or spread <= SAME_PLACE * long.width else None


def _is_end(section: Section, line: Line) -> bool:
    return (line.vertical == section.horizontal and line.at in (section.start, section.end)
            and (line.low, line.high) == (section.low, section.high))  # fmt: skip


def _straight(section: Section, start: float, end: float, taps: list[Tap], ports: list[Port], out: Wiring,
              extra: tuple[tuple[float, int], ...] = ()) -> None:  # fmt: skip
    axis = 0 if section.horizontal else 1
    stops = [(min(max(t.centre[axis], start), end), t.node) for t in taps]
    stops += [(p.line.centre[axis], p.node) for p in ports]
    stops = sorted([*stops, *extra])
    for (u, first), (v, second) in itertools.pairwise(stops):
        if v - u <= 1e-9:
            out.same.append((first, second))
        else:
            out.resistors.append((first, second, (v - u) / section.width, section.width))


def _general(polygon: db.Polygon, taps: list[Tap], ports: list[Port], solver: SheetSolver, out: Wiring) -> None:
    edges = [(e.x1, e.y1, e.x2, e.y2) for e in polygon.each_edge()]
    left_taps, left_ports, cuts = list(taps), list(ports), []
    rest = db.Region(polygon)
    for section in sections(edges):
        start = section.start + (round(MARGIN * section.width) if section.joins_start else 0)
        end = section.end - (round(MARGIN * section.width) if section.joins_end else 0)
        if section.length < section.width or end - start < SHORTEST * section.width:
            continue
        axis = 0 if section.horizontal else 1
        mine = [t for t in left_taps if start <= t.centre[axis] <= end
                and section.low <= t.centre[1 - axis] <= section.high]  # fmt: skip
        own = [p for p in left_ports if start <= p.line.centre[axis] <= end
               and section.low <= p.line.centre[1 - axis] <= section.high]  # fmt: skip
        left_taps = [t for t in left_taps if t not in mine]
        left_ports = [p for p in left_ports if p not in own]
        joints = []
        for at, joined in ((start, section.joins_start), (end, section.joins_end)):
            if joined:
                line = Line(section.horizontal, at, section.low, section.high)
                joints.append((float(at), out.node(*line.centre)))
                cuts.append(Port(joints[-1][1], line))
        _straight(section, start, end, mine, own, out, tuple(joints))
        low, high = (start, section.low), (end, section.high)
        rest -= db.Region(db.Box(*low, *high) if section.horizontal else db.Box(*low[::-1], *high[::-1]))
    rest.min_coherence = True
    for piece in rest.merged().each():
        _sheet(piece, [c for c in cuts if _on_edge(piece, c.line)], [t for t in left_taps if _holds(piece, t)],
               [p for p in left_ports if _on_edge(piece, p.line)], solver, out)  # fmt: skip


def _on_edge(piece: db.Polygon, line: Line) -> bool:
    x, y = line.centre
    box = piece.bbox()
    if not (box.left <= x <= box.right and box.bottom <= y <= box.top):
        return False
    ends = (line.at, line.low, line.at, line.high) if line.vertical else (line.low, line.at, line.high, line.at)
    cut = db.Edge(*ends)
    return any(e.is_parallel(cut) and e.coincident(cut) for e in piece.each_edge())


def _holds(piece: db.Polygon, tap: Tap) -> bool:
    return bool(piece.inside(db.Point(round(tap.centre[0]), round(tap.centre[1]))))


def _sheet(piece: db.Polygon, cuts: list[Port], taps: list[Tap], ports: list[Port], solver: SheetSolver,
           out: Wiring) -> None:  # fmt: skip
    taps = _distinct(taps, out)
    lines = [*cuts, *ports]
    nodes = [p.node for p in lines] + [t.node for t in taps]
    if len(nodes) < 2:
        return
    box = piece.bbox()
    width = float(min([p.line.high - p.line.low for p in lines] or [min(box.width(), box.height())]))
    matrix = solver.conductances(piece, [p.line for p in lines], [_clipped(t.box, box) for t in taps])
    if len(nodes) == 3 and np.count_nonzero(matrix) == 9:
        # Three ports: the star is exact, and keeps one node per junction.
        g = -matrix[[1, 0, 0], [2, 2, 1]]
        total = g[0] * g[1] + g[1] * g[2] + g[2] * g[0]
        centre = out.node(*np.mean([(out.x[n], out.y[n]) for n in nodes], axis=0))
        out.resistors += [(n, centre, float(g[k] / total), width) for k, n in enumerate(nodes)]
        return
    for i, j in zip(*np.nonzero(np.triu(matrix, 1)), strict=True):
        out.resistors.append((nodes[i], nodes[j], float(-1 / matrix[i, j]), width))


def _distinct(taps: list[Tap], out: Wiring) -> list[Tap]:
    """Taps at distinct places; those stacked on one become its node."""
    kept: list[Tap] = []
    for tap in taps:
        reach = max(SAME_PLACE * min(tap.box[2] - tap.box[0], tap.box[3] - tap.box[1]), 1)
        for other in kept:
            if max(abs(a - b) for a, b in zip(tap.centre, other.centre, strict=True)) <= reach:
                out.same.append((other.node, tap.node))
                break
        else:
            kept.append(tap)
    return kept


def _clipped(tap: Box, box: db.Box) -> Box:
    """A tap's box inside the piece's bounding box, never thinner than one dbu."""
    x0, x1 = max(tap[0], box.left), min(tap[2], box.right)
    y0, y1 = max(tap[1], box.bottom), min(tap[3], box.top)
    if x1 <= x0:
        x0 = min(max(x0, box.left), box.right - 1)
        x1 = x0 + 1
    if y1 <= y0:
        y0 = min(max(y0, box.bottom), box.top - 1)
        y1 = y0 + 1
    return x0, y0, x1, y1
