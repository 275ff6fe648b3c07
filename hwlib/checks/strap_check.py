"""Straps against the design: one that is cut or lacks vias leaves its net whole, so nothing else misses them."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import klayout.db as kdb
import numpy as np

from hwlib.arrangement import block_of_neuron, by_neuron, strap_landings
from hwlib.checks.identify import Lattice
from hwlib.checks.layout_view import LayoutView
from hwlib.design import Design
from hwlib.nets import DENDRITE, DRIVE, GROUND, RAIL, V_DW, NetClass
from hwlib.network import Network
from hwlib.wire_fields import ACROSS, Strap

CLASSES: dict[str, NetClass] = {"drive": DRIVE, "ground": GROUND, "dendrite": DENDRITE, "vdw": V_DW, "weight": RAIL}


class BareLanding(NamedTuple):
    """A tile in which a strap has fewer vias than the design asks for.

    Attributes:
        wire: the strapped wire.
        cut: the layer of the vias.
        found, wanted: how many there are and should be.
        x, y: of the tile's device in µm.
    """

    wire: str
    cut: str
    found: int
    wanted: int
    x: float
    y: float


def bare_landings(
    view: LayoutView, design: Design, reference: Network, numbers: dict[int, list[int]], lattice: Lattice
) -> Iterator[BareLanding]:
    """Tiles in which straps lack vias.

    Vias are told to tiles by the lattice of the devices; where in its tile a landing lies is taken from the layout.

    Args:
        view: the layout.
        design: says where straps have vias.
        reference: the design's nets.
        numbers: nets of the layout that carry the name of each reference net.
        lattice: places of the devices.
    """
    lines = lattice.rows, lattice.columns
    if not all(np.isfinite(line).all() for line in lines):
        return
    parsed = reference.parsed_nets()
    for wire, strap in design.network.straps.given().items():
        mine = [k for k, net in enumerate(parsed) if net.net_class is CLASSES[wire]]
        sites = by_neuron(design.network, strap_landings(design.network, wire))
        wanted = np.full((design.network.neurons, 1), strap.vias)
        if wire == "weight":  # every rail of a row has its own
            block = block_of_neuron(design.network)[:, None]
            wanted *= sum((block == parsed[k].block) | (parsed[k].block < 0) for k in mine)
        for cut in cuts_of(wire, strap):
            points = _cuts(view, cut, [number for k in mine for number in numbers.get(k, ())])
            found = _by_tile(points[:, ::-1] if lattice.turned else points, lines, sites, wanted)
            for i, j in np.argwhere(sites & (found < wanted)).tolist():
                x, y = lattice.places(np.array([i]), np.array([j]))[0]
                yield BareLanding(wire, cut, int(found[i, j]), int(wanted[i, 0]), float(x), float(y))


def broken_straps(
    view: LayoutView, design: Design, reference: Network, numbers: dict[int, list[int]], lattice: Lattice
) -> Iterator[tuple[str, kdb.DBox]]:
    """Wires whose strap has a gap, and where; arguments as ``bare_landings``."""
    parsed, macro = reference.parsed_nets(), kdb.Region(_macro(view, lattice))
    for wire, strap in design.network.straps.given().items():
        mine = [x for k, net in enumerate(parsed) if net.net_class is CLASSES[wire] for x in numbers.get(k, ())]
        upright = (wire in ACROSS) != lattice.turned
        lines: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        for box in (polygon.bbox() for polygon in (_on_nets(view, strap.metal, mine) & macro).each()):
            across, along = (box.left, box.right), (box.bottom, box.top)
            line, piece = (across, along) if upright else (along, across)
            lines[line].append(piece)
        for (low, high), pieces in lines.items():
            for (_, start), (stop, _) in itertools.pairwise(sorted(pieces)):
                gap = kdb.Box(low, start, high, stop) if upright else kdb.Box(start, low, stop, high)
                yield wire, gap.to_dtype(view.drawing.layout.dbu)


def _macro(view: LayoutView, lattice: Lattice) -> kdb.Box:
    """The least outline around all devices, or about as far as edges of a macro go, in dbu.

    Beyond it wires of the chip may run on the metal of a strap, in its line too.
    """
    lines = (lattice.columns, lattice.rows)[:: -1 if lattice.turned else 1]
    (left, right), (bottom, top) = (_ends(line) for line in lines)
    if not np.isfinite([left, right, bottom, top]).all():
        return view.drawing.top.bbox()
    array = kdb.DBox(left, bottom, right, top).to_itype(view.drawing.layout.dbu)
    outlines = view.drawing.region("outline")
    outlines.merged_semantics = False
    around = [box for box in (outline.bbox() for outline in outlines.each()) if array.inside(box)]
    if around:
        return min(around, key=lambda box: box.area())
    # Edges are less wide than the array, since trunks are as wide as the wires they feed.
    beyond = [(high - low) * (1 + 2 / max(len(line) - 1, 1)) for (low, high), line in zip(
        ((left, right), (bottom, top)), lines, strict=True)]  # fmt: skip
    return array.enlarged(*(round(far / view.drawing.layout.dbu) for far in beyond))


def _ends(line: np.ndarray) -> tuple[float, float]:
    return (float(line.min()), float(line.max())) if len(line) else (np.nan, np.nan)


def cuts_of(wire: str, strap: Strap) -> list[str]:
    """Layers of the vias between a wire and its strap."""
    return [f"v{k}" for k in range(2 if wire in ACROSS else 3, int(strap.metal[1:]))]


def _cuts(view: LayoutView, cut: str, numbers: list[int]) -> np.ndarray:
    """Centres of a layer's vias on some nets in µm, shape (vias, 2)."""
    boxes = (polygon.bbox() for polygon in _on_nets(view, cut, numbers).each())
    places = [(box.left + box.right, box.bottom + box.top) for box in boxes]
    return np.array(places, float).reshape(-1, 2) * view.drawing.layout.dbu / 2


def _on_nets(view: LayoutView, name: str, numbers: list[int]) -> kdb.Region:
    """A layer's merged polygons on some nets."""
    extracted, found = view.extracted, kdb.Region()
    if extracted is None or name not in extracted.layers:
        return found
    index = extracted.lvs.layer_index(extracted.layers[name])
    for piece in (view.table.pieces[number] for number in numbers if number in view.table.pieces):
        place = piece.place.to_itrans(extracted.layout.dbu)
        found += extracted.lvs.polygons_of_net(piece.net, index, True, place)
    return found.merged()


def _by_tile(
    points: np.ndarray, lines: tuple[np.ndarray, np.ndarray], sites: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """How many points lie in each tile, rows postsynaptic, shape (N, N).

    All landings lie at one place in their tile; of the places that differ by whole tiles the best one counts.
    """
    best = np.zeros(sites.shape, int)
    if not len(points):
        return best
    orders = [np.argsort(line) for line in lines]
    rows, columns = (_steps(at, line[order]) for order, line, at in zip(orders, lines, points[:, ::-1].T, strict=True))
    n = len(lines[0])
    for row, column in itertools.product(rows, columns):
        inside = (row >= 0) & (row < n) & (column >= 0) & (column < n)
        found = np.zeros(sites.shape, int)
        np.add.at(found, (orders[0][row[inside]], orders[1][column[inside]]), 1)
        if (sites & (found >= wanted)).sum() > (sites & (best >= wanted)).sum():
            best = found
    return best


def _steps(at: np.ndarray, line: np.ndarray) -> list[np.ndarray]:
    """In which period of a regular line coordinates lie, all ways that it may be counted.

    Periods begin where the largest gap is empty in all of them, within one period to either side.
    """
    place = (at - line[0]) / float(np.median(np.diff(line)))
    inside = place[(place > -1e-3) & (place < len(line) - 1 + 1e-3)]  # not the vias over trunks
    phase = np.unique(np.round((inside if len(inside) else place) % 1, 6))
    gaps = np.diff(np.append(phase, phase[0] + 1))
    begin = (phase + gaps / 2)[gaps > gaps.max() - 1e-3]
    return [np.floor(place - start).astype(int) + k for start in begin for k in (0, 1, 2)]
