"""Metal that carries nothing: pieces on which no device and no label is, and wires that go on past their last use."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import klayout.db as kdb
import numpy as np

from hwlib.checks.connectivity import Extracted, wires
from hwlib.checks.long_wires import LongWires
from hwlib.checks.places import places
from hwlib.checks.wire_pieces import PlacedShapes, WirePieces
from hwlib.drawing.reader import Drawing

PITCHES = 2  # distances of neighbouring devices that a wire may go on; in drawn crossbars it is up to 1.5
MOST = 2000  # pieces; more are not looked for
WIDEST_END = 3  # minimum widths: what is wider is a plane, no wire that ends


@dataclass(frozen=True)
class Loose:
    """A loose piece or end: layer, box in µm in the top cell, and for an end how far it goes on in m."""

    layer: str
    box: kdb.DBox
    length: float = 0.0


def floating_pieces(
    extracted: Extracted, border: kdb.Edges, top: kdb.Cell, *,
    ends: dict[int, set[int]], upright: bool = False, limits: tuple[float, float] = (-math.inf, math.inf),
) -> list[Loose]:  # fmt: skip
    """Pieces of metal without device and label, each of a repeated cell for itself.

    A piece that reaches the border may be used from outside. The first ``MOST`` are found.

    Args:
        extracted: the layout's netlist.
        border: edges of the layout.
        top: the cell that the netlist is of.
        ends: nets of each circuit that lead to devices (``DeviceTable.ends``).
        upright: which coordinate of the pieces lies within the limits: x, otherwise y.
        limits: in µm; pieces that do not lie between them are left out.
    """
    lvs, layout = extracted.lvs, extracted.layout
    layers = {name: lvs.layer_index(extracted.layers[name]) for name in wires(extracted.process)}
    used: dict[int, set[int]] = {}  # nets that end at devices or labels, of each circuit met
    found: list[Loose] = []
    for circuit in lvs.netlist().each_circuit_bottom_up():
        own: set[int] = set()
        devices = ends.get(circuit.cell_index, set())
        used[circuit.cell_index] = own
        for net in circuit.each_net():
            if net.cluster_id in devices or net.name or any(_is_used(pin, used) for pin in net.each_subcircuit_pin()):
                own.add(net.cluster_id)
            elif not net.pin_count() and len(found) < MOST:
                cell = layout.cell(circuit.name)
                every = (_piece(extracted, layers, net, place, border) for place in places(layout, cell, under=top))
                inside = (p for p in every if p and _is_between(p.box, upright, limits))
                found += itertools.islice(inside, MOST - len(found))
    return found


def _is_between(box: kdb.DBox, upright: bool, limits: tuple[float, float]) -> bool:
    low, high = (box.left, box.right) if upright else (box.bottom, box.top)
    return limits[0] < low and high < limits[1]


def _is_used(pin: kdb.NetSubcircuitPinRef, used: dict[int, set[int]]) -> bool:
    inner = pin.subcircuit().circuit_ref()
    net = inner.net_for_pin(pin.pin().id())
    return net is not None and net.cluster_id in used[inner.cell_index]


def _piece(
    extracted: Extracted, layers: dict[str, int], net: kdb.Net, place: kdb.DCplxTrans, border: kdb.Edges
) -> Loose | None:  # fmt: skip
    """A net's metal, by the layer that has most of it; None when it reaches the border."""
    unit = extracted.layout.dbu
    here = place.to_itrans(unit)
    shapes = {name: extracted.lvs.polygons_of_net(net, index, True, here) for name, index in layers.items()}
    shapes = {name: region for name, region in shapes.items() if not region.is_empty()}
    if not shapes or any(not (region.edges() & border).is_empty() for region in shapes.values()):
        return None
    name = max(shapes, key=lambda name: shapes[name].area())
    return Loose(name, shapes[name].bbox().to_dtype(unit))


def dangling_ends(drawing: Drawing, pillars: np.ndarray, unused: int = 0) -> list[Loose]:
    """Wires whose straight end goes on past the last via, pillar or label for more than ``PITCHES`` and ``unused``.

    An end at the border may be used from outside, and one that lies within a wire of the next layer is where the two
    cross. Pieces that nothing joins are for ``floating_pieces``.

    Args:
        drawing: the layout.
        pillars: centres of the devices in µm, shape (devices, 2).
        unused: further distances that wires of the design go on, for they run through every tile of the crossbar.
    """
    reach = round((PITCHES + unused) * device_pitch(pillars) / drawing.layout.dbu)
    if not reach:
        return []
    found, border, wires_of = [], drawing.border(), LongWires(drawing)
    for name, layer in drawing.process.of_kind("conductor").items():
        long = wires_of.of(name, reach)
        ends = long.edges().with_length(None, WIDEST_END * round((layer.min_width or 0.0) / drawing.dbu) + 1, False)
        ends = ends.not_interacting(long.corners(1, 179, 1))  # a step of the width has metal at one of its corners
        if ends.is_empty():
            continue
        uses = _uses(drawing, name)
        free = [box for box in _free_ends(long, ends, reach, uses) if not _is_at(border, box)]
        free = _not_crossing(drawing, name, long, free)
        if not free:
            continue
        every = kdb.Region()
        for region in uses:
            every += region
        pieces, used = WirePieces(long), PlacedShapes(every)
        joined: dict[int, bool] = {}
        for box in free:
            number = pieces.wire_at(box)
            if number not in joined:
                joined[number] = pieces.is_joined(number, used.near(pieces.wires[number].bbox()))
            if joined[number]:
                length = _length(pieces, number, box, used) * drawing.dbu
                found.append(Loose(name, box.to_dtype(drawing.layout.dbu), length))
    return found


def device_pitch(pillars: np.ndarray) -> float:
    """Distance of neighbouring devices, the larger of the two directions; 0 for fewer than two."""
    steps = [np.diff(np.unique(np.round(line, 4))) for line in pillars.T]
    return max((float(step.max()) for step in steps if len(step)), default=0.0)


def _uses(drawing: Drawing, name: str) -> list[kdb.Region]:
    """Where something joins a wire of a layer: vias, pillars and labels."""
    joining = [via for via, layer in drawing.process.of_kind("via").items() if name in (layer.connects or ())]
    joining += ["pillar"] if name in ("m1", "read") else []
    named = kdb.Region()
    for label in drawing.labels:
        if label.layer == name:
            named.insert(kdb.Box(label.x - 1, label.y - 1, label.x + 1, label.y + 1))
    return [*(drawing.region(via) for via in joining), named]


def _free_ends(wires: kdb.Region, ends: kdb.Edges, reach: int, uses: list[kdb.Region]) -> list[kdb.Box]:
    """Boxes, ``reach`` long, of straight ends of wires with metal on neither side and nothing that joins them."""
    found = []
    for angle, sideways in ((0, (1, 0)), (90, (0, 1))):
        last = _each(ends.with_angle(angle, False).extended_in(reach))
        for joining in uses:
            last = _each(last.not_interacting(joining))
        last = _within(last, wires)
        if not last.is_empty():
            beside = (last.sized(*sideways, 2) - last) & wires
            found += [polygon.bbox() for polygon in _each(last.not_interacting(beside)).each()]
    return found


def _is_at(border: kdb.Edges, box: kdb.Box) -> bool:
    """Whether a short side of a box lies on the border."""
    sides = kdb.Region(box).edges().with_length(None, max(box.width(), box.height()), False)
    return not (sides & border).is_empty()


def _not_crossing(drawing: Drawing, name: str, wires: kdb.Region, boxes: list[kdb.Box]) -> list[kdb.Box]:
    """Ends but those that lie within a wire of another layer that a via joins their own to where the two overlap."""
    for via, layer in drawing.process.of_kind("via").items():
        if name not in (layer.connects or ()) or not boxes:
            continue
        (other,) = {*(layer.connects or ())} - {name}
        ends = _each(kdb.Region([kdb.Polygon(box) for box in boxes]))
        over = drawing.near(other, ends.merged()).merged()
        within = _within(ends, over)
        if within.is_empty():
            continue
        overlap, joined, crossing = WirePieces(wires & over), dict[int, bool](), set[kdb.Box]()
        for box in (polygon.bbox() for polygon in within.each()):
            number = overlap.wire_at(box)
            if number not in joined:
                joined[number] = overlap.is_joined(number, drawing.near(via, overlap.wires[number].bbox()))
            if joined[number]:
                crossing.add(box)
        boxes = [box for box in boxes if box not in crossing]
    return boxes


def _length(pieces: WirePieces, number: int, box: kdb.Box, uses: PlacedShapes) -> int:
    """How far a wire runs straight from its end to its last use, or to where it turns, in dbu."""
    turns = (kdb.Trans(k, False, 0, 0) for k in range(4))
    turn = next((turn for turn in turns if _ends_right(pieces, number, box, turn)), kdb.Trans())
    last, whole = box.transformed(turn), pieces.wires[number].bbox().transformed(turn)
    corridor = kdb.Box(whole.left, last.bottom, last.right, last.top)
    along, back = kdb.Region(corridor), turn.inverted()
    used = uses.near(corridor.transformed(back)).transformed(turn) & along
    if used.is_empty():
        wire = pieces.near(number, corridor.transformed(back)).transformed(turn)
        used = (wire & along).merged().interacting(kdb.Region(last))
        return int(last.right - used.bbox().left)
    return int(last.right - used.bbox().right)


def _ends_right(pieces: WirePieces, number: int, box: kdb.Box, turn: kdb.Trans) -> bool:
    """Whether a wire that ends with a box ends on the right, once turned."""
    last = box.transformed(turn)
    beyond = kdb.Box(last.right, last.bottom, last.right + 1, last.top).transformed(turn.inverted())
    return last.width() > last.height() and (pieces.near(number, beyond) & kdb.Region(beyond)).is_empty()


def _within(boxes: kdb.Region, metal: kdb.Region) -> kdb.Region:
    """Those that lie in metal altogether; ``inside`` takes metal of many corners anew for each."""
    return _each(boxes.not_overlapping(boxes.merged() - metal))


def _each(boxes: kdb.Region) -> kdb.Region:
    """The same, each box for itself where they overlap."""
    boxes.merged_semantics = False
    return boxes
