"""The resistor network of one conductor polygon between its contacts, pins and boundary ports.

Straight stretches are counted in squares with their stops in order; what lies between them (corners, junctions, steps,
crowded contacts) is cut out where the current is uniform again, and solved as a sheet.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import klayout.db as db
import numpy as np

from hwlib.connected_parts import connected_parts
from hwlib.extraction.grid import Contact, Line
from hwlib.extraction.sections import EdgeXY, Section, sections
from hwlib.extraction.sheet import Frame, solve
from hwlib.extraction.straight import Group, Pin, Port, Stop, Tap, lay_out, whole_end

SAME_PLACE = 0.25  # of a box's size: contacts stacked on each other are one


@dataclass
class PolygonResistors:
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

    def join(self, first: int, second: int, squares: float, width: float) -> None:
        """A resistor, or one node when there is nothing between the two."""
        if squares > 1e-9:
            self.resistors.append((first, second, squares, width))
        else:
            self.same.append((first, second))


@dataclass
class Conductor:
    """A polygon with what joins it."""

    polygon: db.Polygon
    taps: list[Tap] = field(default_factory=list)
    pins: list[Pin] = field(default_factory=list)
    ports: list[Port] = field(default_factory=list)


def wire(conductor: Conductor, frame: Frame, out: PolygonResistors) -> None:
    """Add the network of a conductor to ``out``, and set what lies between its nodes and its contacts."""
    c = conductor
    if len(c.taps) + len(c.pins) + len(c.ports) < 2:
        return
    left = Conductor(c.polygon, list(c.taps), list(c.pins), list(c.ports))
    cuts: list[Port] = []
    straight = db.Region()
    for section in _straight_parts(c):
        for start, end in _section(section, c, left, cuts, frame, out):
            straight.insert(db.Box(start, section.low, end, section.high) if section.horizontal
                            else db.Box(section.low, start, section.high, end))  # fmt: skip
    rest = db.Region(c.polygon) - straight
    rest.min_coherence = True
    for piece in rest.merged().each():
        own = Conductor(piece, [t for t in left.taps if _on(piece, t)],
                        [p for p in left.pins if piece.inside(db.Point(round(p.x), round(p.y)))],
                        [p for p in left.ports if _on_edge(piece, p.line)])  # fmt: skip
        left.pins = [p for p in left.pins if p not in own.pins]
        _sheet(own, [cut for cut in cuts if _on_edge(piece, cut.line)], frame, out)


def _straight_parts(c: Conductor) -> list[Section]:
    """The sections along which current flows: long ones, and those that go on beyond the window."""
    if not c.polygon.is_box():
        edges: tuple[EdgeXY, ...] = tuple((e.x1, e.y1, e.x2, e.y2) for e in c.polygon.each_edge())
        return [s for s in sections(edges) if s.length >= s.width or any(whole_end(s, p.line) for p in c.ports)]
    box = c.polygon.bbox()
    both = [Section(True, box.left, box.right, box.bottom, box.top, False, False),
            Section(False, box.bottom, box.top, box.left, box.right, False, False)]  # fmt: skip
    ended = [s for s in both if any(whole_end(s, p.line) for p in c.ports)]
    return ended if len(ended) == 1 else [s for s in both if s.length > s.width and not ended]


def _section(section: Section, c: Conductor, left: Conductor, cuts: list[Port], frame: Frame,
             out: PolygonResistors) -> list[tuple[int, int]]:  # fmt: skip
    """Wire the straight stretches of a section; take what lies on them out of ``left``, and note the cuts."""
    layout = lay_out(section, c.taps, c.ports, frame.grid)
    axis = 0 if section.horizontal else 1
    for start, end in layout.free:
        groups = [g for g in layout.groups if start <= g.low and g.high <= end]
        stops = [Stop(g.low + g.spread.centre, g.taps[0].node, g.spread.cut / 2) for g in groups]
        left.taps = [t for t in left.taps if not any(t in g.taps for g in groups)]
        for port in [p for p in left.ports if whole_end(section, p.line) and start <= p.line.at <= end]:
            stops.append(Stop(port.line.at, port.node))
            left.ports.remove(port)
        for pin in [p for p in left.pins if start <= p[1 + axis] <= end and section.low <= p[2 - axis] <= section.high]:
            stops.append(Stop(pin[1 + axis], pin.node))
            left.pins.remove(pin)
        for at, goes_on in ((start, start > section.start or section.joins_start),
                            (end, end < section.end or section.joins_end)):  # fmt: skip
            if goes_on:
                line = Line(section.horizontal, at, section.low, section.high)
                cuts.append(Port(out.node(*line.centre), line))
                stops.append(Stop(at, cuts[-1].node))
        _chain(sorted(stops), groups, section.width, out)
    return layout.free


def _chain(stops: list[Stop], groups: list[Group], width: int, out: PolygonResistors) -> None:
    """Squares between neighbouring stops, and from the groups' nodes to their contacts."""
    for group in groups:
        area = sum(tap.area for tap in group.taps)
        for tap in group.taps:
            tap.squares = group.spread.leg * area / tap.area
            out.same.append((group.taps[0].node, tap.node))
    for a, b in itertools.pairwise(stops):
        out.join(a.node, b.node, (b.at - a.at) / width - a.saved - b.saved, width)


def _on_edge(piece: db.Polygon, line: Line) -> bool:
    x, y = line.centre
    box = piece.bbox()
    if not (box.left <= x <= box.right and box.bottom <= y <= box.top):
        return False
    cut = db.Edge(*line.beside())
    return any(e.is_parallel(cut) and e.coincident(cut) for e in piece.each_edge())


def _on(piece: db.Polygon, tap: Tap) -> bool:
    """Whether a piece holds a contact; its boxes lie inside the conductor, and no cut goes through them."""
    if not any(piece.bbox().overlaps(db.Box(*(round(v) for v in b))) for b in tap.boxes):
        return False
    return any(not (db.Region(db.Box(*(round(v) for v in b))) & db.Region(piece)).is_empty() for b in tap.boxes)


def _sheet(piece: Conductor, cuts: list[Port], frame: Frame, out: PolygonResistors) -> None:
    """Solve a piece and add resistors between its cuts, ports and contacts."""
    groups = _distinct(piece, frame, out)
    lines = [*cuts, *piece.ports]
    nodes = [p.node for p in lines] + [g[0].node for g in groups]
    if len(nodes) < 2:
        return
    box = piece.polygon.bbox()
    width = float(min([p.line.high - p.line.low for p in lines] or [min(box.width(), box.height())]))
    contacts = [Contact(tuple(b for t in g for b in t.boxes), g[0].reach) for g in groups]
    matrix, share, even = solve(piece.polygon, [p.line for p in lines], contacts, frame)
    for group, contact in zip(groups, contacts, strict=True):
        for tap in group:
            tap.squares = (even if tap.reach is None else share * contact.squares) * contact.area / tap.area
    if len(nodes) == 3 and np.count_nonzero(matrix) == 9:
        # Three ports: the star is exact, and keeps one node per junction.
        g = -matrix[[1, 0, 0], [2, 2, 1]]
        total = g[0] * g[1] + g[1] * g[2] + g[2] * g[0]
        centre = out.node(*np.mean([(out.x[n], out.y[n]) for n in nodes], axis=0))
        for k, n in enumerate(nodes):
            out.join(n, centre, float(g[k] / total), width)
        return
    for i, j in zip(*np.nonzero(np.triu(matrix, 1)), strict=True):
        out.join(nodes[i], nodes[j], float(-1 / matrix[i, j]), width)


def _distinct(piece: Conductor, frame: Frame, out: PolygonResistors) -> list[list[Tap]]:
    """Contacts and pins of a piece as ports: side by side and leading to the same, as one; stacked, on one node.

    Whatever their order: it is that of the file.
    """
    taps = [*piece.taps, *(_box_of(pin, piece.polygon, frame) for pin in piece.pins)]
    pairs = [
        (i, j) for (i, one), (j, other) in itertools.combinations(enumerate(taps), 2)
        if _one_place(one, other) or _neighbours(one, other)
    ]  # fmt: skip
    first, second = np.array(pairs, int).reshape(-1, 2).T
    count, part = connected_parts(len(taps), first, second)
    ports = [_port([tap for tap, of in zip(taps, part, strict=True) if of == k]) for k in range(count)]
    for head, *others in ports:
        out.same += [(head.node, tap.node) for tap in others]
    return [[tap for tap in port if _alike(tap, port[0])] for port in ports]


def _port(taps: list[Tap]) -> list[Tap]:
    """Contacts of one port, first those through which its current passes: the largest of those that are stacked."""
    kinds = [[tap for tap in taps if _alike(tap, one)] for one in taps]
    most = max(kinds, key=lambda k: (not isinstance(k[0].other, Pin), sum(t.area for t in k), k[0].reach or 0.0))
    return most + [tap for tap in taps if not _alike(tap, most[0])]


def _box_of(pin: Pin, polygon: db.Polygon, frame: Frame) -> Tap:
    """A pin where no cross-section is known: a box of half a wire's width."""
    half = max(int(polygon.area() / polygon.perimeter() / 2 / frame.grid), 1) * frame.grid
    box = polygon.bbox()
    edges = (max(pin.x - half, box.left), max(pin.y - half, box.bottom),
             min(pin.x + half, box.right), min(pin.y + half, box.top))  # fmt: skip
    return Tap(pin.node, (edges,), None, 0.0, pin)


def _alike(first: Tap, second: Tap) -> bool:
    return (first.other, first.reach) == (second.other, second.reach)


def _one_place(first: Tap, second: Tap) -> bool:
    """Whether two contacts are stacked on each other, or a pin lies on a contact."""
    if isinstance(second.other, Pin):
        pin = second.other
        return any(b[0] <= pin.x <= b[2] and b[1] <= pin.y <= b[3] for b in first.boxes)
    if first.reach is None or second.reach is None:
        return False
    a, b = first.boxes[0], second.boxes[0]
    return max(abs(v - w) for v, w in zip(a, b, strict=True)) <= SAME_PLACE * min(a[2] - a[0], a[3] - a[1])


def _neighbours(first: Tap, second: Tap) -> bool:
    """Whether two contacts that lead to the same lie as near as they are large."""
    if not _alike(first, second):
        return False
    return any(max(b[0] - a[2], a[0] - b[2], b[1] - a[3], a[1] - b[3]) <= max(a[2] - a[0], a[3] - a[1])
               for a in first.boxes for b in second.boxes)  # fmt: skip
