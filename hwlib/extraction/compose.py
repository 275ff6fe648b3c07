"""Putting the windows of a layout together into one network of named polygons' resistors."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass
from functools import partial

import klayout.db as db
import numpy as np

from hwlib.connected_parts import connected_parts, first_of_part
from hwlib.drawing.hierarchy import turn_of
from hwlib.drawing.net_labels import NetLabel
from hwlib.drawing.reader import Drawing
from hwlib.errors import InputError
from hwlib.extraction.boundaries import Seam, seam, unjoinable
from hwlib.extraction.crowded_borders import crowded, reaches
from hwlib.extraction.device_shapes import Where
from hwlib.extraction.parts import Part, number
from hwlib.extraction.point_touches import PointTouch, join_points
from hwlib.extraction.ports import PortTable
from hwlib.extraction.sheet import Line
from hwlib.extraction.window_network import WindowExtractor, WiredWindow
from hwlib.extraction.window_shapes import WindowShapes
from hwlib.extraction.windows import BoxIndex, Placements, drawn_above, is_wiring, leaf_cells, place_leaves

FEW = 1000  # polygons of a conductor: beyond, those that nothing joins are left out before they are looked at


@dataclass
class Assembly:
    """A composed layout before nets are named.

    Attributes:
        parts: the windows and their placements.
        nodes: number of nodes before joining.
        joined: the node that stands for each node, shape (nodes,).
        piece: connected piece of conductor of each window net, shape (window nets,); ``pieces`` of them. Shapes that
            touch in a point are one piece, as they are one net for KLayout.
        points: such touches between pieces that nothing else connects.
    """

    drawing: Drawing
    layers: tuple[str, ...]
    parts: list[Part]
    nodes: int
    joined: np.ndarray
    piece: np.ndarray
    pieces: int
    points: list[PointTouch]


def assemble(drawing: Drawing) -> Assembly:
    """Extract every distinct window once and join all placements where their conductors meet.

    Raises:
        InputError: a broken device, or no net labels.
    """
    labels = _labels(drawing)
    leaves = leaf_cells(drawing)
    placements = place_leaves(drawing, leaves)
    if placements is None:  # a scaled or tilted instance: no windows
        leaves, placements = set(), _none()
    above = drawn_above(drawing, leaves)
    placements = placements.select(~_idle(drawing, placements, above, labels))
    loose = _overlapped(drawing, placements, above)
    windows = _Windows(drawing)
    while True:
        kept = np.flatnonzero(~loose)
        index = BoxIndex(placements.boxes[kept])
        inside, outside = windows.share_labels(labels, placements, index, kept)
        parts = windows.parts(placements, kept, inside)
        ports = PortTable(parts)
        unfit = ports.placements(parts)[ports.mismatched()]
        if not len(unfit):
            rest = _rest(drawing, placements, np.flatnonzero(loose), above)
            rest = _in_use(drawing, rest, outside, placements.select(~loose))
            unfit = unjoinable(parts, ports, windows.seam, index, kept, rest, windows.extractor.layers)
        if not len(unfit):
            unfit = crowded(parts, ports, windows.reach, partial(windows.rest_reach, rest))
        if not len(unfit):
            break
        loose[unfit] = True
    rest_part = None
    if outside or any(not region.is_empty() for region in rest.values()):
        rest_part = windows.rest(rest, outside, ports)
        ports.meets_rest(rest_part.net.port_contact)
    for part, used in zip(parts, ports.used(parts), strict=True):
        windows.fill(part, used)
    return _joined(windows, parts, ports, rest_part)


def _joined(windows: _Windows, parts: list[Part], ports: PortTable, rest: Part | None) -> Assembly:
    nodes, nets = number([*parts, *([rest] if rest else [])])
    port_node, port_net = ports.nodes(parts), ports.nets(parts)
    node_pairs, net_pairs = port_node[ports.pairs], port_net[ports.pairs]
    if rest:
        at = ports.free[rest.net.port_contact]
        own = rest.net.port_node
        node_pairs = np.concatenate([node_pairs, _columns(port_node[at], rest.nodes(own)[0])])
        net_pairs = np.concatenate([net_pairs, _columns(port_net[at], rest.nets(rest.net.net[own])[0])])
        parts = [*parts, rest]
    pieces, piece = connected_parts(nets, net_pairs[:, 0], net_pairs[:, 1])
    pieces, piece, points = join_points(parts, pieces, piece)
    same = _same_node(nodes, node_pairs)
    return Assembly(windows.drawing, windows.extractor.layers, parts, nodes, same, piece, pieces, points)


def _columns(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.stack([first, second], axis=1)


def _same_node(nodes: int, pairs: np.ndarray) -> np.ndarray:
    """For each node the one that stands for it, after joining pairs."""
    stands = np.arange(nodes, dtype=np.int32)
    if not len(pairs):
        return stands
    paired = np.zeros(nodes, bool)
    paired[pairs.ravel()] = True
    if np.count_nonzero(paired) == pairs.size:  # the rule: a node lies on one boundary
        stands[pairs[:, 1]] = pairs[:, 0]
        return stands
    return first_of_part(nodes, pairs[:, 0], pairs[:, 1])


def _none() -> Placements:
    zero = np.zeros(0, np.int64)
    return Placements([], zero, zero, zero, np.zeros((0, 4), np.int64))


def _labels(drawing: Drawing) -> list[NetLabel]:
    """Its net names; other texts are remarks."""
    if drawing.unknown:
        layer, datatype = drawing.unknown[0]
        name = drawing.process.name
        raise InputError(f"layer {layer}/{datatype} is not in process {name}; is this another process's layout?")
    if not drawing.labels:
        raise InputError("no net labels (dend_0, drive_0, gnd … on the label layers)")
    return drawing.labels


def _idle(
    drawing: Drawing, placements: Placements, above: dict[str, db.Region], labels: list[NetLabel]
) -> np.ndarray:  # fmt: skip
    """Windows of metal alone that lie by themselves: as of ``_in_use``, where a cell of it is placed very often."""
    idle = ~_holding(drawing, placements)
    if np.count_nonzero(idle) <= FEW:
        return np.zeros_like(idle)
    near = placements.boxes + np.array([-1, -1, 1, 1])  # touched or overlapped
    index = BoxIndex(near)
    idle &= ~index.overlapping()
    boxes = [db.Box(label.x, label.y, label.x, label.y) for label in labels]
    boxes += [shape.bbox() for region in above.values() for shape in _within(region, near)]
    if not idle.all():
        boxes.append(_around(placements.boxes[~idle]))
    for box in boxes:
        idle[index.hits((box.left, box.bottom, box.right, box.top), touching=True)] = False
    return idle if np.count_nonzero(idle) > FEW else np.zeros_like(idle)


def _overlapped(drawing: Drawing, placements: Placements, above: dict[str, db.Region]) -> np.ndarray:
    """Placements that overlap others or shapes drawn above them."""
    index = BoxIndex(placements.boxes)
    loose = index.overlapping() if len(placements.boxes) else np.zeros(0, bool)
    for name, region in above.items():
        if is_wiring(drawing, name) or name == "pin":
            for shape in _within(region, placements.boxes):
                box = shape.bbox()
                hits = index.hits((box.left, box.bottom, box.right, box.top))
                if len(hits) and not shape.is_box():
                    hits = np.array([k for k in hits if not (db.Region(shape) & db.Region(
                        db.Box(*placements.boxes[k].tolist()))).is_empty()], np.int64)  # fmt: skip
                loose[hits] = True
    return loose


def _within(region: db.Region, boxes: np.ndarray) -> list[db.Polygon]:
    """The shapes of a flat region that touch the box around all boxes: on a chip most lie beside the macro."""
    if not len(boxes):
        return []
    shapes = db.Shapes()
    shapes.insert(region)
    return [shape.polygon for shape in shapes.each_touching(_around(boxes))]


def _around(boxes: np.ndarray) -> db.Box:
    return db.Box(*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())


def _rest(drawing: Drawing, placements: Placements, loose: np.ndarray,
          above: dict[str, db.Region]) -> dict[str, db.Region]:  # fmt: skip
    """Everything outside the windows, flat and merged."""
    out = {name: above.get(name, db.Region()).dup() for name in drawing.process.layers}
    for k in loose:
        cell, rot = placements.variants[placements.variant[k]]
        move = turn_of(rot, int(placements.dx[k]), int(placements.dy[k]))
        for name, index in drawing.layers.items():
            out[name] += db.Region(drawing.layout.cell(cell).begin_shapes_rec(index)).transformed(move)
    return {name: region.merged() for name, region in out.items()}


def _in_use(drawing: Drawing, shapes: dict[str, db.Region], labels: list[NetLabel],
            windows: Placements) -> dict[str, db.Region]:  # fmt: skip
    """Without conductors that nothing joins, no via, device, label or window: on a chip they may be very many."""
    out = dict(shapes)
    for name in drawing.process.of_kind("conductor"):
        if shapes[name].count() > FEW:
            joining = [via for via, layer in drawing.process.of_kind("via").items() if name in (layer.connects or ())]
            uses = _reach(drawing, windows)
            for other in (*joining, "pillar"):
                uses += shapes[other]
            for label in labels:
                if label.layer == name:
                    uses.insert(db.Box(label.x - 1, label.y - 1, label.x + 1, label.y + 1))
            out[name] = shapes[name].interacting(uses)
    return out


def _reach(drawing: Drawing, windows: Placements) -> db.Region:
    """The box around all windows with vias or devices, and each of metal alone, such as a chip's fill."""
    holds = _holding(drawing, windows)
    reach = db.Region([db.Polygon(_around(windows.boxes[holds]))] if holds.any() else [])
    for box in windows.boxes[~holds].tolist():
        reach.insert(db.Box(*box))
    return reach


def _holding(drawing: Drawing, windows: Placements) -> np.ndarray:
    """Which windows hold vias or devices, boolean, shape (placements,)."""
    joins = [k for name, k in drawing.layers.items() if drawing.process.layers[name].kind in ("via", "device")]
    cells = [drawing.layout.cell(cell) for cell, _ in windows.variants]
    return np.array([any(not cell.bbox(k).empty() for k in joins) for cell in cells], bool)[windows.variant]


class _Windows:
    """Extracts distinct windows, each once."""

    def __init__(self, drawing: Drawing):
        self.drawing = drawing
        self.extractor = WindowExtractor(drawing.process, drawing.dbu)
        self._known: dict[int, tuple[WindowShapes, np.ndarray, Seam]] = {}
        self._reach: dict[tuple[int, bytes], np.ndarray] = {}
        self._begun: dict[int, WiredWindow] = {}  # of a variant, until one of its parts is extracted

    def share_labels(self, labels: list[NetLabel], placements: Placements, index: BoxIndex,
                     kept: np.ndarray) -> tuple[dict[int, list[NetLabel]], list[NetLabel]]:  # fmt: skip
        """Labels by the placement that holds them, and those outside all windows.

        One on a boundary belongs to the window whose metal is there, or to what lies outside.
        """
        inside: dict[int, list[NetLabel]] = defaultdict(list)
        outside = []
        at = np.array([(label.x, label.y) for label in labels], np.int64).reshape(-1, 2)
        around = index.around(at)
        rows, place = kept[around.found], np.repeat(at, around.counts, axis=0)
        low, high = placements.boxes[rows, :2], placements.boxes[rows, 2:]
        within: np.ndarray = np.all((low < place) & (place < high), axis=1)
        for k, label in enumerate(labels):
            own = around.of(k)
            hits = rows[own].tolist()
            if not within[own].any():
                hits = [k for k in hits if self._holds(placements, k, label)]
            if hits:
                inside[hits[0]].append(label)
            else:
                outside.append(label)
        return inside, outside

    def _holds(self, placements: Placements, row: int, label: NetLabel) -> bool:
        finders = self._window(placements, int(placements.variant[row]), row)[2].finders
        place = label.x - int(placements.dx[row]), label.y - int(placements.dy[row])
        return label.layer in finders and finders[label.layer].at(*place) is not None

    def seam(self, part: Part) -> Seam:
        """What a part has on its box."""
        return self._known[part.variant][2]

    def parts(self, placements: Placements, kept: np.ndarray, labels: dict[int, list[NetLabel]]) -> list[Part]:
        """Kept placements grouped by equal windows: same cell and rotation, pins at the same places."""
        plain = np.zeros(len(placements.variant), bool)
        plain[kept] = True
        marked: dict[tuple, list[int]] = defaultdict(list)
        for k, own in labels.items():
            plain[k] = False
            spots = tuple((x.layer, x.x - int(placements.dx[k]), x.y - int(placements.dy[k])) for x in own)
            marked[int(placements.variant[k]), spots].append(k)
        rows = np.flatnonzero(plain)
        rows = rows[np.argsort(placements.variant[rows], kind="stable")]
        cuts = np.searchsorted(placements.variant[rows], np.arange(len(placements.variants) + 1))
        groups: list[tuple[int, tuple, np.ndarray]] = [
            (v, (), rows[a:b]) for v, (a, b) in enumerate(itertools.pairwise(cuts)) if b > a
        ]
        groups += [(v, spots, np.array(members)) for (v, spots), members in marked.items()]
        known = [self._window(placements, v, int(members[0]))[1] for v, _, members in groups]
        return [Part(v, spots, placements.dx[members], placements.dy[members], members,
                     [labels[int(k)] for k in members] if spots else [], lines)
                for (v, spots, members), lines in zip(groups, known, strict=True)]  # fmt: skip

    def _window(self, placements: Placements, variant: int, row: int) -> tuple[WindowShapes, np.ndarray, Seam]:
        """Shapes of a variant; where its conductors meet its box: layer index, vertical, at, low, high; its seam."""
        if variant not in self._known:
            cell, rot = placements.variants[variant]
            turn = turn_of(rot) if rot else None
            shapes = self.extractor.shapes(self.drawing.shapes(self.drawing.layout.cell(cell), turn))
            left, bottom, right, top = placements.boxes[row].tolist()
            dx, dy = int(placements.dx[row]), int(placements.dy[row])
            box = db.Box(left - dx, bottom - dy, right - dx, top - dy)
            lines = self.extractor.boundary(shapes, box)
            self._known[variant] = shapes, lines, seam(shapes, self.extractor.layers, box, lines)
        return self._known[variant]

    def reach(self, part: Part, joined: np.ndarray) -> np.ndarray:
        """How far what disturbs the current in a part reaches past its lines, some joined; as ``reaches``."""
        key = part.variant, joined.tobytes()
        if key not in self._reach:
            shapes, lines, _ = self._known[part.variant]
            if part.variant not in self._begun:
                self._begun[part.variant] = self.extractor.window(shapes, self._where(part))
            wired = self._begun[part.variant].wired
            self._reach[key] = reaches(wired, self.extractor.layers, lines, joined, self.extractor.wires.frame.grid)
        return self._reach[key]

    def rest_reach(self, shapes: dict[str, db.Region], lines: np.ndarray) -> np.ndarray:
        """The same of what lies outside all windows, past lines of theirs; nothing where it does not touch them."""
        out = np.full((len(lines), 2), -np.inf)
        touched = np.zeros(len(lines), bool)
        for k in self._reached(lines, shapes):
            row = lines[k].tolist()
            box = db.Box(*Line.of_row(row).beside()).enlarged(1, 1)
            touched[k] = not (shapes[self.extractor.layers[row[0]]] & db.Region(box)).is_empty()
        if touched.any():
            wired = self.extractor.window(self.extractor.shapes(shapes), self.drawing.where).wired
            grid, none = self.extractor.wires.frame.grid, np.zeros(int(touched.sum()), bool)
            out[touched] = reaches(wired, self.extractor.layers, lines[touched], none, grid)
        return out

    def _where(self, part: Part) -> Where:
        x, y = int(part.dx[0]), int(part.dy[0])
        return lambda u, v: self.drawing.where(u + x, v + y)

    def fill(self, part: Part, used: np.ndarray) -> None:
        """Extract a part's window with the boundary ports that any of its placements uses."""
        lines = part.lines[used]
        part.net = self.extractor.extract(
            self._known[part.variant][0], list(part.spots), self._where(part), self._contacts(lines),
            self._begun.pop(part.variant, None),
        )  # fmt: skip
        part.port_node = np.full(len(part.lines), -1, np.int32)
        part.port_node[np.flatnonzero(used)[part.net.port_contact]] = part.net.port_node

    def _contacts(self, lines: np.ndarray) -> list[tuple[str, Line]]:
        return [(self.extractor.layers[row[0]], Line.of_row(row)) for row in lines.tolist()]

    def rest(self, shapes: dict[str, db.Region], labels: list[NetLabel], ports: PortTable) -> Part:
        """What lies outside all windows, joined to their free ports."""
        lines = ports.free_lines()
        near = self._reached(lines, shapes)
        net = self.extractor.extract(self.extractor.shapes(shapes), [(x.layer, x.x, x.y) for x in labels],
                                     self.drawing.where, self._contacts(lines[near]))  # fmt: skip
        net.port_contact = near[net.port_contact]
        zero = np.zeros(1, np.int64)
        return Part(-1, (), zero, zero, zero - 1, [labels], np.zeros((0, 5), np.int64), net)

    def _reached(self, lines: np.ndarray, shapes: dict[str, db.Region]) -> np.ndarray:
        """Which lines the box around all shapes of their layer touches."""
        touched = np.zeros(len(lines), bool)
        for index, name in enumerate(self.extractor.layers):
            box = shapes[name].bbox()
            if not box.empty():
                upright = lines[:, 1] == 1
                low, high = (np.where(upright, *sides) for sides in ((box.left, box.bottom), (box.right, box.top)))
                touched |= (lines[:, 0] == index) & (lines[:, 2] >= low) & (lines[:, 2] <= high)
        return np.flatnonzero(touched)
