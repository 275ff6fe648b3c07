"""Rows, columns and trunks that are cut while their net stays in one piece: fed from both sides, or under a strap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import klayout.db as kdb
import numpy as np

from hwlib.arrangement import block_of_neuron
from hwlib.checks.identify import Lattice
from hwlib.checks.layout_view import LayoutView
from hwlib.checks.source_labels import feeding_sides
from hwlib.checks.strap_check import CLASSES, on_nets
from hwlib.design import Design
from hwlib.drawing.reader import Drawing
from hwlib.nets import in_words
from hwlib.network import Network
from hwlib.sections.network_fields import NetworkFields
from hwlib.sections.wire_fields import ACROSS

FAR = 1 << 30  # dbu, beyond every layout


class BrokenWire(NamedTuple):
    """A wire of the array, or its trunk, that is not what the design asks for.

    Attributes:
        message: what is wrong.
        box: where, in µm.
    """

    message: str
    box: kdb.DBox


def broken_wires(
    view: LayoutView, design: Design, reference: Network, whole: dict[int, int], lattice: Lattice
) -> Iterator[BrokenWire]:
    """Gaps in rows and columns, ends of theirs that no via joins to their trunk, trunks that are cut or not there.

    Wires that are fed from one end and have no strap fall apart when they are cut: those are opens.

    Args:
        view: the layout.
        design: says which wires have trunks, and straps.
        reference: the design's nets.
        whole: number in the layout of each reference net that has one piece and no other name.
        lattice: places of the devices.
    """
    if not all(len(line) > 1 and np.isfinite(line).all() for line in (lattice.rows, lattice.columns)):
        return
    unit, beyond = view.drawing.layout.dbu, defaultdict[str, list[_Beyond]](list)
    for wire, words, mine, count, sides in _kinds(design.network, reference, whole):
        inside, turn = _frame(wire, lattice, unit)
        line, metal, other = ("column", "m2", "m3") if wire in ACROSS else ("row", "m3", "m2")
        own = on_nets(view, metal, mine).transformed(turn)
        rows = _rows(own, inside, count)
        found = [("a {line} of {words} is cut", gap) for row in rows for gap in _gaps(row, inside)]
        if sides and rows:
            flip = kdb.Trans.M90
            mirrored = [[box.transformed(flip) for box in row] for row in rows]
            if not beyond[line]:
                sides_of = (turn, inside), (flip * turn, flip * inside)
                beyond[line] = [_beyond(view.drawing, other, *side) for side in sides_of]
            left = _EndsLeft(beyond[line][0], own, inside, rows)
            right = _EndsLeft(beyond[line][1], own.transformed(flip), flip * inside, mirrored)
            # Trunks on one side may be on either: layouts are turned and mirrored.
            if sides == 2 or left.joined >= right.joined:
                found += left.faults()
            if sides == 2 or left.joined < right.joined:
                found += [(message, box.transformed(flip)) for message, box in right.faults()]
        for message, box in found:
            place = box.transformed(turn.inverted()).to_dtype(unit)
            yield BrokenWire(message.format(words=words, line=line), place)


def _kinds(
    network: NetworkFields, reference: Network, whole: dict[int, int]
) -> Iterator[tuple[str, str, list[int], int, int]]:
    """Wires to look at: kind, what they are called, their nets, how many there are, sides that they are fed from."""
    parsed, block = reference.parsed_nets(), block_of_neuron(network)
    for wire, net_class in CLASSES.items():
        nets = {k: parsed[k] for k in whole if parsed[k].net_class is net_class}
        for k, net in nets.items():
            if sides := feeding_sides(net, network):
                count = network.neurons if net.block < 0 else int((block == net.block).sum())
                yield wire, in_words(reference.net_names[k]), [whole[k]], count, sides
        if nets and wire in ("dendrite", "drive") and wire in network.straps.given():
            yield wire, net_class.title, [whole[k] for k in nets], len(nets), 0


def _frame(wire: str, lattice: Lattice, unit: float) -> tuple[kdb.Box, kdb.Trans]:
    """Wires as if they ran along x: the array in dbu, and what turns the layout so.

    It goes to the centres of the outermost devices along the wires, and a tile beyond them across.
    """
    along, across = lattice.columns, lattice.rows
    if wire in ACROSS:
        along, across = across, along
    beside = float(np.median(np.diff(np.sort(across))))
    box = kdb.DBox(along.min(), across.min() - beside, along.max(), across.max() + beside).to_itype(unit)
    return box, kdb.Trans(kdb.Trans.M45 if (wire in ACROSS) != lattice.turned else kdb.Trans.R0)


def _rows(own: kdb.Region, inside: kdb.Box, count: int) -> list[list[kdb.Box]]:
    """Pieces of each wire within the array: those of wires in one piece, or else of the longest that are in several.

    Other metal of a net, such as a chip's pad, is no wire.
    """
    rows: list[list[kdb.Box]] = []
    reach = -FAR
    for box in sorted((polygon.bbox() for polygon in (own & kdb.Region(inside)).each()), key=lambda box: box.bottom):
        if box.bottom >= reach:
            rows.append([])
        rows[-1].append(box)
        reach = max(reach, box.top) if len(rows[-1]) > 1 else box.top
    rows.sort(key=lambda row: (_is_whole(row, inside), sum(box.width() for box in row)), reverse=True)
    return rows[:count]


def _is_whole(row: list[kdb.Box], inside: kdb.Box) -> bool:
    return any(box.left <= inside.left and box.right >= inside.right for box in row)


def _gaps(row: list[kdb.Box], inside: kdb.Box) -> Iterator[kdb.Box]:
    """Where a wire that is in several pieces has no metal."""
    if _is_whole(row, inside):
        return
    low, high = min(box.bottom for box in row), max(box.top for box in row)
    at = inside.left
    for box in sorted(row, key=lambda box: box.left):
        if box.left > inside.left and box.right > at:
            yield kdb.Box(min(at, box.left), low, max(at, box.left), high)
        at = max(at, box.right)
    if at < inside.right:
        yield kdb.Box(at, low, inside.right, high)


class _Beyond(NamedTuple):
    """What is on the left of the array, once turned: sides of the vias, shape (vias, 4), metal on the trunks' layer."""

    cuts: np.ndarray
    metal: kdb.Region


class _Piece(NamedTuple):
    """Metal of a trunk's layer: its box and area, and the wires' ends that vias join to it, by their numbers."""

    box: kdb.Box
    area: int
    on: set[int]


class _EndsLeft:
    """The left ends of some wires and the trunk there.

    Attributes:
        joined: how many of them the trunk joins.
    """

    def __init__(self, beyond: _Beyond, own: kdb.Region, inside: kdb.Box, rows: list[list[kdb.Box]]):
        """Find them.

        Args:
            beyond: what is there besides the wires.
            own: the wires' metal, turned.
            inside: the array, turned.
            rows: pieces of the wires in it.
        """
        boxes = [box for row in rows for box in row]
        low, high = min(box.bottom for box in boxes), max(box.top for box in boxes)
        outer = kdb.Box(-FAR, low, inside.left, high)
        edges = kdb.Region([kdb.Polygon(box) for box in boxes if box.left <= inside.left])
        ends = (own & kdb.Region(outer)).interacting(edges)
        self._arms = [arm.bbox() for arm in ends.each()]
        self._pieces: list[_Piece] = []
        for polygon in (beyond.metal & kdb.Region(outer)).each():
            if polygon.bbox().right < inside.left:  # what goes on into the array joins one device to its wire
                on = self._joined(ends & kdb.Region(polygon), beyond.cuts)
                self._pieces += [_Piece(polygon.bbox(), polygon.area(), on)] * bool(on)
        longest = max((piece.box.height() for piece in self._pieces), default=0)
        trunks = [piece for piece in self._pieces if 2 * piece.box.height() >= longest]
        self._trunk = max(trunks, key=lambda piece: (len(piece.on), piece.area), default=None)
        self.joined = 0 if self._trunk is None else len(self._trunk.on)

    def _joined(self, crossings: kdb.Region, cuts: np.ndarray) -> set[int]:
        """Which ends have a via where they cross a trunk."""
        boxes = [crossing.bbox() for crossing in crossings.each()]
        left, bottom, right, top = _sides(boxes).T[..., None]
        over = (left < cuts[:, 2]) & (cuts[:, 0] < right) & (bottom < cuts[:, 3]) & (cuts[:, 1] < top)
        left, bottom, right, top = _sides(boxes)[over.any(axis=1)].T
        arms = _sides(self._arms).T[..., None]
        within = (arms[0] <= left) & (right <= arms[2]) & (arms[1] <= bottom) & (top <= arms[3])
        return set(within.argmax(axis=0).tolist()) if len(left) else set()

    def faults(self) -> Iterator[tuple[str, kdb.Box]]:
        """What is wrong, and where."""
        if not self._arms:
            return
        if self._trunk is None:
            whole = kdb.Box()
            for arm in self._arms:
                whole += arm
            yield "{words} has no trunk on this side (network.feeds)", whole
            return
        trunk, loose = self._trunk.box, set(range(len(self._arms))) - self._trunk.on
        for piece in self._pieces:
            if piece.on & loose and min(piece.box.right, trunk.right) > max(piece.box.left, trunk.left):
                loose -= piece.on
                low, high = sorted((piece.box, trunk), key=lambda box: box.bottom)
                ends = sorted((low.top, high.bottom))
                yield "a trunk of {words} is cut", kdb.Box(trunk.left, ends[0], trunk.right, ends[1])
        for k in sorted(loose):
            place = kdb.Box(trunk.left, self._arms[k].bottom, trunk.right, self._arms[k].top)
            yield "a {line} of {words} is not joined to its trunk", place


def _beyond(drawing: Drawing, metal: str, turn: kdb.Trans, inside: kdb.Box) -> _Beyond:
    there = kdb.Box(-FAR, inside.bottom, inside.left, inside.top).transformed(turn.inverted())
    cuts, metals = (drawing.near(layer, there).transformed(turn) for layer in ("v2", metal))
    return _Beyond(_sides(cut.bbox() for cut in cuts.each()), metals.merged())


def _sides(boxes: Iterable[kdb.Box]) -> np.ndarray:
    return np.array([(box.left, box.bottom, box.right, box.top) for box in boxes], int).reshape(-1, 4)
