"""Vias and pillars so large that they join wires beside one another: no current through them can be told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

import klayout.db as db
import numpy as np

from hwlib.connected_parts import connected_parts
from hwlib.errors import InputError
from hwlib.extraction.device_shapes import Where
from hwlib.extraction.place import centre
from hwlib.extraction.window_shapes import WindowShapes
from hwlib.process import Process


class BridgingVia(NamedTuple):
    """A via or pillar that joins wires beside one another: its layer, its place in dbu, the layers of the wires."""

    layer: str
    box: db.Box
    wires: tuple[str, ...]

    def __str__(self) -> str:
        return f"joins wires of {' and '.join(self.wires)} beside one another"


def refuse_bridging(shapes: WindowShapes, process: Process, where: Where) -> None:
    """Refuse a via or pillar that joins wires which do not lie over one another within it.

    Args:
        shapes: of a window.
        process: the process.
        where: turns window coordinates (dbu) into words for messages.

    Raises:
        InputError: the first such shape, with its layer and place.
    """
    for via in bridging_vias(shapes, joining(process)):
        raise InputError(f"a shape on {via.layer} at {where(*centre(via.box))} {via}")


def bridging_vias(shapes: WindowShapes, layers: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[BridgingVia]:
    """Vias and pillars that join wires which do not lie over one another within them.

    A contact is where a via lies between two wires. Metal of a via that reaches from one such place to another wire
    makes them one net, which no contact accounts for.

    Args:
        shapes: of a window.
        layers: layers that join wires, and those of the wires.
    """
    for name, wires in layers:
        for via in _suspects(shapes, name, wires).each():
            within = [part for wire in wires for part in _within(via, shapes, wire)]
            if _groups(within) > 1:
                yield BridgingVia(name, via.bbox(), wires)


def joining(process: Process) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Layers that join wires, and those of the wires; a track is none."""
    for name, via in process.of_kind("via").items():
        yield name, tuple(end for end in via.connects or () if end != "track")
    yield "pillar", ("m1",)
    yield "pillar", ("read",)


def _suspects(shapes: WindowShapes, name: str, wires: tuple[str, ...]) -> db.Region:
    """Vias that reach beyond a wire: one that lies within one of each layer joins no other."""
    vias, found = shapes.regions[name], db.Region()
    if vias.is_empty():
        return found
    if len(wires) == 2 and sum(landing.contact.area() for landing in shapes.landings(name, *wires)) == vias.area():
        return found
    for wire in wires:
        if not (vias - shapes.regions[wire]).is_empty():  # in half the time of the next
            found += vias.not_inside(shapes.regions[wire])
    return found.merged()  # one that is beyond both wires is there twice


def _within(via: db.Polygon, shapes: WindowShapes, wire: str) -> list[db.Region]:
    """What of each wire of a layer lies within a via."""
    finder = shapes.finders[wire]
    parts = (db.Region(via) & finder.region(number) for number in finder.near(via.bbox()))
    return [part for part in parts if not part.is_empty()]


def _groups(within: list[db.Region]) -> int:
    """Number of groups of wires that lie over one another."""
    pairs = [(a, b) for a, b in combinations(range(len(within)), 2) if not (within[a] & within[b]).is_empty()]
    first, second = np.array(pairs, int).reshape(-1, 2).T
    return connected_parts(len(within), first, second)[0]
