"""A flat look at a clean layout: where a fault can be planted, and what it must break.

Connections come from touching rectangles here, not from the extraction that the faults are to try.
"""

from __future__ import annotations

from dataclasses import dataclass

import klayout.db as kdb
import numpy as np

from hwlib.checks.connectivity import wires
from hwlib.checks.rectangles import linked_layers, rectangles, touching
from hwlib.connected_parts import connected_parts
from hwlib.drawing.reader import Drawing


@dataclass(frozen=True)
class DrawnDevice:
    """Boxes of one device in dbu; ``source`` is the contact under the pin marker."""

    track: kdb.Box
    pillar: kdb.Box
    source: kdb.Box
    drain: kdb.Box
    pin: kdb.Box


class FlatView:
    """Flat merged polygons of a layout, their rectangles and nets.

    Attributes:
        regions: merged polygons by layer name.
        shapes: rectangles of the wires.
        net: net of each rectangle.
        names: labels on each net.
        devices: the devices, by place.
    """

    def __init__(self, drawing: Drawing):
        process = drawing.process
        self.drawing, self.layout, self.process = drawing, drawing.layout, process
        names = [*wires(process), "track", "pin"]
        self.regions = {name: drawing.region(name).merged() for name in names}
        self.shapes = rectangles({name: self.regions[name] for name in wires(process)})
        self.edges = touching(self.shapes, linked_layers(process, self.shapes.layers))
        _, self.net = connected_parts(len(self.shapes), self.edges[:, 0], self.edges[:, 1])
        self.devices = self._devices()
        self.points: dict[int, list[tuple[float, float]]] = {}  # labels and device ends on each rectangle
        self.names: dict[int, set[str]] = {}
        self._mark_labels()
        for device in self.devices:
            for name, box in (
                ("pillar", device.pillar), ("read", device.pillar), ("vt", device.source), ("vt", device.drain),
            ):  # fmt: skip
                self._mark(name, box.center().x, box.center().y)

    def box(self, index: int) -> kdb.Box:
        """A rectangle as a box."""
        return kdb.Box(*self.shapes.boxes[index].tolist())

    def layer(self, index: int) -> str:
        """Layer name of a rectangle."""
        return self.shapes.layers[self.shapes.layer[index]]

    def hit(self, name: str, box: kdb.Box) -> np.ndarray:
        """Rectangles of a layer that overlap or touch a box."""
        left, bottom, right, top = self.shapes.boxes.T
        inside = (left <= box.right) & (box.left <= right) & (bottom <= box.top) & (box.bottom <= top)
        return np.flatnonzero(inside & (self.shapes.layer == self.shapes.layers.index(name)))

    def name(self, net: int) -> str:
        """The label of a net; empty for nets with none or several."""
        names = self.names.get(net, set())
        return next(iter(names)) if len(names) == 1 else ""

    def separates(self, index: int, gap: kdb.Box | None = None) -> bool:
        """Whether taking a rectangle away, or cutting it in two at ``gap``, parts terminals or labels of its net."""
        members = np.flatnonzero(self.net == self.net[index])
        order = {int(k): position for position, k in enumerate(members)}
        inside = self.edges[self.net[self.edges[:, 0]] == self.net[index]]
        own = (inside == index).any(axis=1)
        edges = [[order[int(a)], order[int(b)]] for a, b in inside[~own]]
        far, terminals = len(members), {order[k] for k in self.points if k in order and k != index}
        if gap is not None:
            touching = [self.box(int(k)) for k in inside[own].sum(axis=1) - index]
            ends = [kdb.Box(round(x), round(y), round(x), round(y)) for x, y in self.points.get(index, [])]
            sides = [self._side(box, self.box(index), gap) for box in touching + ends]
            if None in sides:
                return False
            nodes = [far if side else order[index] for side in sides]
            edges += [[order[int(k)], node] for k, node in zip(inside[own].sum(axis=1) - index, nodes, strict=False)]
            terminals.update(nodes[len(touching) :])
        _, parts = connected_parts(len(members) + 1, *np.array(edges, int).reshape(-1, 2).T)
        return len({int(parts[k]) for k in terminals}) > 1

    @staticmethod
    def _side(neighbour: kdb.Box, box: kdb.Box, gap: kdb.Box) -> bool | None:
        """On which side of a gap a neighbour lies (True: right or above); None when it bridges the gap."""
        across = gap.height() >= box.height()
        low, high = (neighbour.left, neighbour.right) if across else (neighbour.bottom, neighbour.top)
        start, stop = (gap.left, gap.right) if across else (gap.bottom, gap.top)
        if high <= start:
            return False
        return True if low >= stop else None

    def _mark(self, name: str, x: float, y: float) -> list[int]:
        found: list[int] = self.shapes.at([(name, x, y)]).tolist()
        for index in found:
            self.points.setdefault(index, []).append((x, y))
        return found

    def _mark_labels(self) -> None:
        for label in self.drawing.labels:
            for index in self._mark(label.layer, label.x, label.y):
                self.names.setdefault(int(self.net[index]), set()).add(label.name)

    def _devices(self) -> list[DrawnDevice]:
        tracks = [polygon.bbox() for polygon in self.regions["track"].each()]
        found = []
        for track in sorted(tracks, key=lambda box: (box.bottom, box.left)):
            here = kdb.Region(track)
            pillars = [p.bbox() for p in self.regions["pillar"].interacting(here).each()]
            contacts = [p.bbox() for p in self.regions["vt"].interacting(here).each()]
            pins = [p.bbox() for p in self.regions["pin"].interacting(here).each()]
            if len(pillars) == 1 and len(contacts) == 2 and len(pins) == 1:
                source, drain = contacts if pins[0].touches(contacts[0]) else contacts[::-1]
                found.append(DrawnDevice(track, pillars[0], source, drain, pins[0]))
        return found
