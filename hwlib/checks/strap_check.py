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
from hwlib.sections.wire_fields import ACROSS, Strap

CLASSES: dict[str, NetClass] = {"drive": DRIVE, "ground": GROUND, "dendrite": DENDRITE, "vdw": V_DW, "weight": RAIL}
STRAP_VIAS = frozenset(f"v{k}" for k in range(3, 9))  # that lead up to straps alone


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
    block = block_of_neuron(design.network)
    for wire, strap in design.network.straps.given().items():
        mine = [k for k, net in enumerate(parsed) if net.net_class is CLASSES[wire]]
        sites = by_neuron(design.network, strap_landings(design.network, wire))
        wanted, alike = np.full((design.network.neurons, 1), strap.vias), np.zeros(design.network.neurons, int)
        if wire == "weight":  # every rail of a row has its own, and rows of a block end on one trunk
            wanted *= sum((block[:, None] == parsed[k].block) | (parsed[k].block < 0) for k in mine)
            alike = block
        upright = wire in ACROSS
        tiles, flipped = (lines[::-1] if upright else lines), upright != lattice.turned
        bare: dict[tuple[int, int], tuple[int, str]] = {}
        for cut in reversed(cuts_of(wire, strap)):  # without its upper vias a pad is told from others no more
            points = _cuts(view, cut, [number for k in mine for number in numbers.get(k, ())])
            found = _by_tile(
                points[:, ::-1] if flipped else points, tiles, sites.T if upright else sites, wanted, alike
            )
            found = found.T if upright else found
            for i, j in np.argwhere(sites & (found < wanted)).tolist():
                bare[i, j] = min(bare.get((i, j), (1 << 20, "")), (int(found[i, j]), cut), key=lambda few: few[0])
        for (i, j), (few, cut) in bare.items():
            x, y = lattice.places(np.array([i]), np.array([j]))[0]
            yield BareLanding(wire, cut, few, int(wanted[i, 0]), float(x), float(y))


def broken_straps(
    view: LayoutView, design: Design, reference: Network, numbers: dict[int, list[int]], lattice: Lattice
) -> Iterator[tuple[str, kdb.DBox]]:
    """Wires whose strap has a gap, and where; arguments as ``bare_landings``."""
    parsed, macro = reference.parsed_nets(), kdb.Region(macro_box(view, lattice))
    for wire, strap in design.network.straps.given().items():
        mine = [x for k, net in enumerate(parsed) if net.net_class is CLASSES[wire] for x in numbers.get(k, ())]
        upright = (wire in ACROSS) != lattice.turned
        lines: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        for box in (polygon.bbox() for polygon in (on_nets(view, strap.metal, mine) & macro).each()):
            across, along = (box.left, box.right), (box.bottom, box.top)
            line, piece = (across, along) if upright else (along, across)
            lines[line].append(piece)
        for (low, high), pieces in lines.items():
            for (_, start), (stop, _) in itertools.pairwise(sorted(pieces)):
                gap = kdb.Box(low, start, high, stop) if upright else kdb.Box(start, low, stop, high)
                yield wire, gap.to_dtype(view.drawing.layout.dbu)


def macro_box(view: LayoutView, lattice: Lattice) -> kdb.Box:
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
    """Centres of a layer's vias on some nets in µm, shape (vias, 2); of those below m3, the ones that lead above it."""
    vias = on_nets(view, cut, numbers)
    if cut == "v2":
        vias = vias.interacting(on_nets(view, "m3", numbers).interacting(on_nets(view, "v3", numbers)))
    boxes = (polygon.bbox() for polygon in vias.each())
    places = [(box.left + box.right, box.bottom + box.top) for box in boxes]
    return np.array(places, float).reshape(-1, 2) * view.drawing.layout.dbu / 2


def on_nets(view: LayoutView, name: str, numbers: list[int]) -> kdb.Region:
    """A layer's merged polygons on some nets, by their numbers in the layout."""
    extracted, found = view.extracted, kdb.Region()
    if extracted is None or name not in extracted.layers:
        return found
    index = extracted.lvs.layer_index(extracted.layers[name])
    for piece in (view.table.pieces[number] for number in numbers if number in view.table.pieces):
        place = piece.place.to_itrans(extracted.layout.dbu)
        found += extracted.lvs.polygons_of_net(piece.net, index, True, place)
    return found.merged()


def _by_tile(
    points: np.ndarray, lines: tuple[np.ndarray, np.ndarray], sites: np.ndarray, wanted: np.ndarray, alike: np.ndarray
) -> np.ndarray:
    """How many points lie in each tile, lines of the wire first, shape (N, N).

    All landings lie at one place in their tile. Which of the places that differ by whole tiles is theirs, the vias of
    trunks and pins beyond the array may hide: that one counts by which fewest vias lack or are odd, and of two alike
    the one by which more lack.

    Args:
        points: along the wire and across it, shape (points, 2).
        lines: places of the wires, and of the tiles along them.
        sites: where landings should be, shape (N, N).
        wanted: points of each, by wire, shape (N, 1).
        alike: the group of each wire; those of one group end alike, shape (N,).
    """
    across, along = (np.sort(line) for line in lines)
    ranks = [np.argsort(np.argsort(line)) for line in lines]
    points = points[_as_inside(points[:, 0], along)]
    best, least = np.zeros(sites.shape, int), (np.inf, 0)
    if not len(points):
        return best
    n, beyond = len(along), 2 * np.ones(2, int)  # tiles counted beyond each end
    for place, line in itertools.product(_steps(points[:, 1], across), _steps(points[:, 0], along)):
        count = np.zeros((n + 4, n + 4), int)
        np.add.at(count, tuple(np.clip(np.stack([place, line]) + beyond[:, None], 0, n + 3)), 1)
        found = count[np.ix_(ranks[0] + 2, ranks[1] + 2)]
        lack = int(np.maximum(wanted - found, 0)[sites].sum())
        odd = _odd(found * ~sites, alike) + _odd(np.delete(count[ranks[0] + 2], ranks[1] + 2, axis=1), alike)
        if (lack + odd, -lack) < least:
            best, least = found, (lack + odd, -lack)
    return best


def _as_inside(at: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Which coordinates lie between the first and the last of a regular line, or whole periods from one that does."""
    place = (at - line[0]) / float(np.median(np.diff(line)))
    inside = (place > -1e-3) & (place < len(line) - 1 + 1e-3)
    if not inside.any():
        return np.ones(len(at), bool)
    phase, seen = place % 1, np.unique(place[inside] % 1)
    near = np.searchsorted(seen, phase)
    before, after = seen[near - 1], seen[near % len(seen)]
    apart = np.minimum((phase - before) % 1, (after - phase) % 1)
    return inside | (np.minimum(apart, 1 - apart) < 1e-3)


def _odd(count: np.ndarray, alike: np.ndarray) -> float:
    """By how much rows of one group differ from their median."""
    groups = (count[alike == group] for group in np.unique(alike))
    return float(sum(abs(rows - np.median(rows, axis=0)).sum() for rows in groups))


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
