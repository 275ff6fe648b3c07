"""One window of a layout: its polygons turned into a small resistor network with ports, pins and devices."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import klayout.db as db
import numpy as np

from hwlib.extraction.devices import DeviceShape, Where, find_devices
from hwlib.extraction.place import Finder
from hwlib.extraction.reduce import Resistors, components, reduce
from hwlib.extraction.sheet import Line, SheetSolver
from hwlib.extraction.wires import Port, Tap, Wiring, wire
from hwlib.process import Process


@dataclass
class WindowNet:
    """The network of one window; coordinates in dbu, relative to the window's own origin.

    Attributes:
        x, y: node places, shape (nodes,).
        net: piece of connected conductor each node belongs to, shape (nodes,).
        resistors: between nodes.
        port_node, port_contact: node of each boundary port and number of the contact it was made for.
        pin_node: node of each label of the window, −1 where a label touches no conductor.
        devices: their shapes; terminals: their nodes DW_IN, DW_OUT, MTJ_IN, MTJ_OUT, shape (devices, 4).
        conductors: every polygon with its layer and its ``net`` (−1: touches nothing), for capacitance and pictures.
    """

    x: np.ndarray
    y: np.ndarray
    net: np.ndarray
    nets: int
    resistors: Resistors
    port_node: np.ndarray
    port_contact: np.ndarray
    pin_node: np.ndarray
    devices: list[DeviceShape]
    terminals: np.ndarray
    conductors: list[tuple[str, db.Polygon, int]] = field(default_factory=list)

    @classmethod
    def empty(cls) -> WindowNet:
        """A window without anything."""
        none, real = np.zeros(0, np.int32), np.zeros(0)
        wires = Resistors(none, none, real, real, none)
        return cls(real, real, none, 0, wires, none, none, none, [], np.zeros((0, 4), np.int32))


class WindowExtractor:
    """Extracts windows of one process."""

    def __init__(self, process: Process, dbu_m: float):
        self.process = process
        self.dbu = dbu_m
        self.layers = tuple(n for n, layer in process.layers.items() if layer.kind in ("conductor", "via"))
        self.solver = SheetSolver(dbu_m * 1e6)

    def boundary(self, shapes: dict[str, db.Region], box: db.Box) -> np.ndarray:
        """Edges of conductors on a window's box: layer index, vertical, at, low, high; shape (lines, 5)."""
        rows = []
        for index, name in enumerate(self.layers):
            if self.process.layers[name].kind != "conductor":
                continue
            for polygon in shapes[name].each():
                rows += [(index, int(line.vertical), line.at, line.low, line.high) for line in _lines(polygon)
                         if line.at in ((box.left, box.right) if line.vertical else (box.bottom, box.top))]  # fmt: skip
        return np.array(rows, np.int64).reshape(-1, 5)

    def extract(self, shapes: dict[str, db.Region], labels: list[tuple[str, int, int]], where: Where,
                contacts: list[tuple[str, Line]]) -> WindowNet:  # fmt: skip
        """Extract one window.

        Args:
            shapes: merged region per layer name.
            labels: pins as (layer, x, y).
            where: words for a place, for messages.
            contacts: segments on the boundary where its conductors go on in other windows.

        Raises:
            InputError: a broken device.
        """
        return _Window(self, shapes).build(labels, where, contacts)


class _Window:
    def __init__(self, owner: WindowExtractor, shapes: dict[str, db.Region]):
        self.owner = owner
        self.process = owner.process
        self.shapes = shapes
        self.conductors = tuple(n for n in owner.layers if self.process.layers[n].kind == "conductor")
        self.finders = {name: Finder(shapes[name]) for name in self.conductors}
        self.taps: dict[tuple[str, int], list[Tap]] = defaultdict(list)
        self.ports: dict[tuple[str, int], list[Port]] = defaultdict(list)
        self.port_rows: list[tuple[int, int]] = []  # node, contact
        self.wiring = Wiring()
        self.rows: list[tuple[int, int, float, float, int]] = []  # node, node, ohm, limit, layer

    def build(self, labels: list[tuple[str, int, int]], where: Where,
              contacts: list[tuple[str, Line]]) -> WindowNet:  # fmt: skip
        devices = find_devices(self.shapes, where)
        terminals = np.array([self._terminals(d) for d in devices], np.int32).reshape(-1, 4)
        for name in self.owner.layers:
            layer = self.process.layers[name]
            if layer.kind == "via" and layer.connects and "track" not in layer.connects:
                self._vias(name, *layer.connects)
        pins = [self._pin(*label) for label in labels]
        self._contacts(contacts)
        self._wires()
        return self._network(devices, terminals, np.array(pins, np.int32))

    def _tap(self, layer: str, box: db.Box) -> int | None:
        number = self.finders[layer].at((box.left + box.right) / 2, (box.bottom + box.top) / 2)
        if number is None:
            number = next(iter(self.finders[layer].near(box)), None)
            if number is None:
                return None
        tap = Tap(-1, (box.left, box.bottom, box.right, box.top))
        tap = tap._replace(node=self.wiring.node(*tap.centre))
        self.taps[layer, number].append(tap)
        return tap.node

    def _terminals(self, device: DeviceShape) -> list[int]:
        nodes = []
        for end in (device.contacts_in, device.contacts_out):
            boxes = [c.bbox() for c in end]
            nodes.append(self.wiring.node(*np.mean([((b.left + b.right) / 2, (b.bottom + b.top) / 2)
                                                    for b in boxes], axis=0)))  # fmt: skip
            for contact, box in zip(end, boxes, strict=True):
                top = self._tap("m1", box)
                assert top is not None  # contacts lie under m1
                self._via_resistor("vt", nodes[-1], top, contact.area())
        for layer in ("m1", "read"):
            node = self._tap(layer, device.pillar)
            assert node is not None  # find_devices saw both
            nodes.append(node)
        return nodes

    def _via_resistor(self, name: str, first: int, second: int, area_dbu: float) -> None:
        layer = self.process.layers[name]
        area = area_dbu * self.owner.dbu**2
        assert layer.contact_resistance is not None  # validated on reading
        limit = layer.max_current_density * area if layer.max_current_density else np.inf
        self.rows.append((first, second, layer.contact_resistance / area, limit, self.owner.layers.index(name)))

    def _vias(self, name: str, lower: str, upper: str) -> None:
        for piece in (self.shapes[name] & self.shapes[lower] & self.shapes[upper]).merged().each():
            ends = [self._tap(layer, piece.bbox()) for layer in (lower, upper)]
            if ends[0] is not None and ends[1] is not None:
                self._via_resistor(name, ends[0], ends[1], piece.area())

    def _pin(self, layer: str, x: float, y: float) -> int:
        number = self.finders[layer].at(x, y)
        if number is None:
            return -1
        polygon = self.finders[layer].polygons[number]
        half = max(int(polygon.area() / polygon.perimeter() / 2), 1)  # a quarter of a wire's width
        node = self.wiring.node(x, y)
        self.taps[layer, number].append(Tap(node, (round(x) - half, round(y) - half, round(x) + half, round(y) + half)))
        return node

    def _port(self, layer: str, number: int, line: Line, contact: int) -> None:
        node = self.wiring.node(*line.centre)
        self.ports[layer, number].append(Port(node, line))
        self.port_rows.append((node, contact))

    def _contacts(self, contacts: list[tuple[str, Line]]) -> None:
        for contact, (layer, line) in enumerate(contacts):
            finder = self.finders[layer]
            ends = (line.at, line.low, line.at, line.high) if line.vertical else (line.low, line.at, line.high, line.at)
            for number in finder.near(db.Box(*ends)):
                for mine in _lines(finder.polygons[number]):
                    low, high = max(mine.low, line.low), min(mine.high, line.high)
                    if (mine.vertical, mine.at) == (line.vertical, line.at) and high > low:
                        self._port(layer, number, Line(line.vertical, line.at, low, high), contact)

    def _wires(self) -> None:
        for name in self.conductors:
            layer, index = self.process.layers[name], self.owner.layers.index(name)
            sheet = layer.sheet_resistance
            assert sheet is not None  # validated on reading
            per_width = layer.max_current_density * layer.thickness if layer.max_current_density else np.inf
            for number, polygon in enumerate(self.finders[name].polygons):
                self.wiring.resistors = []
                wire(polygon, self.taps[name, number], self.ports[name, number], self.owner.solver, self.wiring)
                self.rows += [(a, b, squares * sheet, per_width * width * self.owner.dbu, index)
                              for a, b, squares, width in self.wiring.resistors]  # fmt: skip

    def _network(self, devices: list[DeviceShape], terminals: np.ndarray, pins: np.ndarray) -> WindowNet:
        nodes = len(self.wiring.x)
        same = np.array(self.wiring.same, np.int64).reshape(-1, 2)
        _, merged = components(nodes, same[:, 0], same[:, 1])
        _, first = np.unique(merged, return_index=True)
        x, y = np.array(self.wiring.x)[first], np.array(self.wiring.y)[first]
        rows = np.array(self.rows, float).reshape(-1, 5)
        full = Resistors(merged[rows[:, 0].astype(int)], merged[rows[:, 1].astype(int)], rows[:, 2], rows[:, 3],
                         rows[:, 4].astype(np.int32))  # fmt: skip
        nets, net = components(len(x), full.a, full.b)
        ports = np.array(self.port_rows, np.int64).reshape(-1, 2)
        port_node = merged[ports[:, 0]]
        pin_node = np.append(merged, -1)[pins]  # −1, on no conductor, hits the appended entry
        terminals = merged[terminals]
        keep = np.zeros(len(x), bool)
        keep[port_node] = keep[terminals] = True
        keep[pin_node[pin_node >= 0]] = True
        reduced = reduce(full, keep)
        keep[reduced.a] = keep[reduced.b] = True
        new = np.cumsum(keep) - 1
        reduced.a, reduced.b = new[reduced.a], new[reduced.b]
        conductors = [(name, p, self._net_of(name, k, merged, net)) for name in self.conductors
                      for k, p in enumerate(self.finders[name].polygons)]  # fmt: skip
        return WindowNet(x[keep], y[keep], net[keep], nets, reduced, new[port_node], ports[:, 1],
                         np.append(new, -1)[pin_node], devices, new[terminals],
                         conductors)  # fmt: skip

    def _net_of(self, layer: str, number: int, merged: np.ndarray, net: np.ndarray) -> int:
        held = [*self.taps.get((layer, number), ()), *self.ports.get((layer, number), ())]
        return int(net[merged[held[0].node]]) if held else -1


def _lines(polygon: db.Polygon) -> list[Line]:
    """The axis-parallel edges of a polygon."""
    out = []
    for e in polygon.each_edge():
        if e.x1 == e.x2:
            out.append(Line(True, e.x1, min(e.y1, e.y2), max(e.y1, e.y2)))
        elif e.y1 == e.y2:
            out.append(Line(False, e.y1, min(e.x1, e.x2), max(e.x1, e.x2)))
    return out
