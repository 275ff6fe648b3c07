"""One window of a layout: its polygons turned into a small resistor network with ports, pins and devices."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

import klayout.db as db
import numpy as np

from hwlib.connected_parts import connected_parts
from hwlib.drawing.touching_points import touching_points
from hwlib.errors import InputError
from hwlib.extraction.bridging_vias import refuse_bridging
from hwlib.extraction.device_shapes import DeviceShape, EqualDevices, Where
from hwlib.extraction.equal_wires import EqualWires
from hwlib.extraction.grid import Line
from hwlib.extraction.negative import without_negative
from hwlib.extraction.place import centre
from hwlib.extraction.polygon_resistors import Conductor, PolygonResistors
from hwlib.extraction.reduce import Resistors, reduce
from hwlib.extraction.sheet import Frame
from hwlib.extraction.straight import Pin, Port, Tap
from hwlib.extraction.window_shapes import WindowShapes
from hwlib.process import Process


class Touch(NamedTuple):
    """Two pieces of conductor (net numbers) that touch in a point: layer and place in dbu."""

    first: int
    second: int
    layer: str
    x: int
    y: int


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
        touches: pieces that touch in points alone, which carry no current.
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
    touches: list[Touch] = field(default_factory=list)
    conductors: list[tuple[str, db.Polygon, int]] = field(default_factory=list)

    @classmethod
    def empty(cls) -> WindowNet:
        """A window without anything."""
        none, real = np.zeros(0, np.int32), np.zeros(0)
        wires = Resistors(none, none, real, real, none)
        return cls(real, real, none, 0, wires, none, none, none, [], np.zeros((0, 4), np.int32))


class Joint(NamedTuple):
    """A resistor between a contact on a conductor and another one, or the node of a device.

    ``ohm`` is what neither contact's sheet accounts for.
    """

    layer: str
    node: int | None
    limit: float
    taps: list[Tap]
    ohm: float


class WindowExtractor:
    """Extracts windows of one process."""

    def __init__(self, process: Process, dbu_m: float):
        self.process = process
        self.dbu = dbu_m
        self.layers = tuple(n for n, layer in process.layers.items() if layer.kind in ("conductor", "via"))
        self.conductors = [name for name in self.layers if process.layers[name].kind == "conductor"]
        frame = Frame.of(dbu_m, process.grid)
        self.wires = EqualWires(frame)
        self.devices = EqualDevices(frame)

    def shapes(self, regions: dict[str, db.Region]) -> WindowShapes:
        """A window's merged region per layer name, to be extracted with any labels and contacts."""
        return WindowShapes(regions, self.conductors)

    def boundary(self, shapes: WindowShapes, box: db.Box) -> np.ndarray:
        """Edges of conductors on a window's box: layer index, vertical, at, low, high; shape (lines, 5)."""
        sides = {True: (box.left, box.right), False: (box.bottom, box.top)}
        rows = []
        for index, name in enumerate(self.layers):
            for number in range(len(shapes.finders[name].polygons) if name in shapes.finders else 0):
                rows += [(index, int(line.vertical), line.at, line.low, line.high)
                         for line in shapes.edges(name, number) if line.at in sides[line.vertical]]  # fmt: skip
        return np.array(rows, np.int64).reshape(-1, 5)

    def extract(self, shapes: WindowShapes, labels: list[tuple[str, int, int]], where: Where,
                contacts: list[tuple[str, Line]], window: WiredWindow | None = None) -> WindowNet:  # fmt: skip
        """Extract one window.

        Args:
            shapes: of the window.
            labels: pins as (layer, x, y).
            where: words for a place, for messages.
            contacts: segments on the boundary where its conductors go on in other windows.
            window: of these shapes, which is used up; default: a new one.

        Raises:
            InputError: a broken device, or metal of a shape that cannot be solved.
        """
        refuse_bridging(shapes, self.process, where)
        return (window or self.window(shapes, where)).build(labels, where, contacts)

    def window(self, shapes: WindowShapes, where: Where) -> WiredWindow:
        """A window with devices and vias on its conductors; arguments and errors as of ``extract``."""
        return WiredWindow(self, shapes, where)


class WiredWindow:
    """A window whose network is to be built.

    Attributes:
        wired: its conductors with their contacts, by layer.
    """

    def __init__(self, owner: WindowExtractor, shapes: WindowShapes, where: Where):
        self.owner = owner
        self.process = owner.process
        self.shapes = shapes
        self.finders = shapes.finders
        self.wired = {name: [Conductor(p) for p in finder.polygons] for name, finder in self.finders.items()}
        self.joints: list[Joint] = []
        self.port_rows: list[tuple[int, int]] = []  # node, contact
        self.wiring = PolygonResistors()
        self.rows: list[tuple[int, int, float, float, int]] = []  # node, node, ohm, limit, layer
        self.devices = owner.devices.find(shapes.regions, where)
        self.terminals = np.array([self._terminals(d) for d in self.devices], np.int32).reshape(-1, 4)
        for name in owner.layers:
            layer = self.process.layers[name]
            if layer.kind == "via" and layer.connects and "track" not in layer.connects:
                self._vias(name, *layer.connects)

    def build(self, labels: list[tuple[str, int, int]], where: Where,
              contacts: list[tuple[str, Line]]) -> WindowNet:  # fmt: skip
        """The network with labels and contacts, once; arguments and errors as of ``WindowExtractor.extract``."""
        pins = [self._pin(*label) for label in labels]
        self._contacts(contacts)
        self._wires(where)
        return self._network(np.array(pins, np.int32))

    def _terminals(self, device: DeviceShape) -> list[int]:
        """Nodes DW_IN, DW_OUT, MTJ_IN, MTJ_OUT. A device's current is spread evenly over what it stands on."""
        nodes = []
        for end in (device.contacts_in, device.contacts_out):
            node = self.wiring.node(*_mean([centre(c.bbox()) for c in end]))
            nodes.append(node)
            for contact in end:
                resistance, limit = self._contact("vt", contact.area2() / 2)
                self.joints.append(Joint("vt", node, limit, [self._tap_under("m1", contact, node)], resistance))
        for layer in ("m1", "read"):
            node = self.wiring.node(*centre(device.pillar))
            nodes.append(node)
            tap = self._tap_under(layer, db.Polygon(device.pillar), node)
            self.joints.append(Joint(layer, node, np.inf, [tap], 0.0))
        return nodes

    def _vias(self, name: str, lower: str, upper: str) -> None:
        """Contacts between two sheets.

        Where both carry the current away on one side, one surface within the contact is equipotential: it divides the
        contact's resistance as the sheet resistances are. Each sheet is solved against this surface.
        """
        below, above = (self._sheet_resistance(layer) for layer in (lower, upper))
        resistance = self.process.layers[name].contact_resistance
        assert resistance is not None  # validated on reading
        reach = (resistance / (below + above)) ** 0.5 / self.owner.dbu
        for contact, on_lower, on_upper in self.shapes.landings(name, lower, upper):
            sides = [(lower, on_lower, below), (upper, on_upper, above)]
            taps = [self._tap(layer, number, contact, reach, sheet / (below + above), sides[1 - k][:2])
                    for k, (layer, number, sheet) in enumerate(sides)]  # fmt: skip
            self.joints.append(Joint(name, None, self._contact(name, contact.area2() / 2)[1], taps, 0.0))

    def _contact(self, name: str, area_dbu: float) -> tuple[float, float]:
        """Resistance in Ω and largest current in A of a contact by its area."""
        layer = self.process.layers[name]
        area = area_dbu * self.owner.dbu**2
        assert layer.contact_resistance is not None  # validated on reading
        limit = layer.max_current_density * area if layer.max_current_density else np.inf
        return layer.contact_resistance / area, limit

    def _sheet_resistance(self, name: str) -> float:
        sheet = self.process.layers[name].sheet_resistance
        assert sheet is not None  # validated on reading
        return sheet

    def _tap_under(self, layer: str, contact: db.Polygon, node: int) -> Tap:
        """Put an even current that leads to a node on the conductor under or over it."""
        return self._tap(layer, self.shapes.under(layer, contact), contact, None, 0.0, node)

    def _tap(self, layer: str, number: int, contact: db.Polygon, reach: float | None, share: float,
             other: Hashable) -> Tap:  # fmt: skip
        """Put a contact on a conductor."""
        on = self.wired[layer][number]
        box, limits = contact.bbox(), on.polygon.bbox()
        edges = (max(box.left, limits.left), max(box.bottom, limits.bottom),
                 min(box.right, limits.right), min(box.top, limits.top))  # fmt: skip
        tap = Tap(self.wiring.node(*centre(box)), (edges,), reach, share, other)
        on.taps.append(tap)
        return tap

    def _pin(self, layer: str, x: float, y: float) -> int:
        number = self.finders[layer].at(x, y)
        if number is None:
            return -1
        node = self.wiring.node(x, y)
        self.wired[layer][number].pins.append(Pin(node, x, y))
        return node

    def _contacts(self, contacts: list[tuple[str, Line]]) -> None:
        for contact, (layer, line) in enumerate(contacts):
            finder = self.finders[layer]
            for number in finder.near(db.Box(*line.beside())):
                for mine in self.shapes.edges(layer, number):
                    low, high = max(mine.low, line.low), min(mine.high, line.high)
                    if (mine.vertical, mine.at) == (line.vertical, line.at) and high > low:
                        port = Line(line.vertical, line.at, low, high)
                        node = self.wiring.node(*port.centre)
                        self.wired[layer][number].ports.append(Port(node, port))
                        self.port_rows.append((node, contact))

    def _wires(self, where: Where) -> None:
        for name in self.owner.conductors:
            layer, index = self.process.layers[name], self.owner.layers.index(name)
            sheet = self._sheet_resistance(name)
            per_width = layer.max_current_density * layer.thickness if layer.max_current_density else np.inf
            for conductor in self.wired[name]:
                self.wiring.resistors = []
                try:
                    self.owner.wires.wire(conductor, self.wiring)
                except InputError as error:  # of a shape; it is solved by itself, away from its place
                    place = where(*centre(conductor.polygon.bbox()))
                    raise InputError(f"{error}: the piece of {name} around {place}") from None
                self.rows += [(a, b, squares * sheet, per_width * width * self.owner.dbu, index)
                              for a, b, squares, width in self.wiring.resistors]  # fmt: skip
                for tap in conductor.taps:
                    tap.ohm = tap.squares * sheet
        for joint in self.joints:
            first, second = joint.taps[0].node, joint.taps[-1].node if joint.node is None else joint.node
            ohm = joint.ohm + sum(tap.ohm for tap in joint.taps)
            if ohm:
                self.rows.append((first, second, ohm, joint.limit, self.owner.layers.index(joint.layer)))
            else:
                self.wiring.same.append((first, second))

    def _network(self, pins: np.ndarray) -> WindowNet:
        nodes = len(self.wiring.x)
        same = np.array(self.wiring.same, np.int64).reshape(-1, 2)
        _, merged = connected_parts(nodes, same[:, 0], same[:, 1])
        _, first = np.unique(merged, return_index=True)
        x, y = np.array(self.wiring.x)[first], np.array(self.wiring.y)[first]
        rows = np.array(self.rows, float).reshape(-1, 5)
        full = Resistors(merged[rows[:, 0].astype(int)], merged[rows[:, 1].astype(int)], rows[:, 2], rows[:, 3],
                         rows[:, 4].astype(np.int32))  # fmt: skip
        nets, net = connected_parts(len(x), full.a, full.b)
        ports = np.array(self.port_rows, np.int64).reshape(-1, 2)
        port_node = merged[ports[:, 0]]
        pin_node = np.append(merged, -1)[pins]  # −1, on no conductor, hits the appended entry
        terminals = merged[self.terminals]
        keep = np.zeros(len(x), bool)
        keep[port_node] = keep[terminals] = True
        keep[pin_node[pin_node >= 0]] = True
        reduced = without_negative(reduce(full, keep), keep)
        keep[reduced.a] = keep[reduced.b] = True
        new = np.cumsum(keep) - 1
        reduced.a, reduced.b = new[reduced.a], new[reduced.b]
        conductors = [(name, p, self._net_of(name, k, merged, net)) for name in self.owner.conductors
                      for k, p in enumerate(self.finders[name].polygons)]  # fmt: skip
        return WindowNet(x[keep], y[keep], net[keep], nets, reduced, new[port_node], ports[:, 1],
                         np.append(new, -1)[pin_node], self.devices, new[terminals],
                         self._touches(merged, net), conductors)  # fmt: skip

    def _net_of(self, layer: str, number: int, merged: np.ndarray, net: np.ndarray) -> int:
        held = _held(self.wired[layer][number])
        return int(net[merged[held[0]]]) if held else -1

    def _touches(self, merged: np.ndarray, net: np.ndarray) -> list[Touch]:
        """Where nets are on one polygon, merged with parts that it touches in a point."""
        found = []
        for name in self.owner.conductors:
            for on in self.wired[name]:
                nets = sorted({int(net[merged[node]]) for node in _held(on)})
                if len(nets) > 1:
                    place = next(iter(touching_points(db.Region(on.polygon))), on.polygon.bbox().center())
                    found += [Touch(nets[0], other, name, place.x, place.y) for other in nets[1:]]
        return found


def _held(on: Conductor) -> list[int]:
    """Nodes on a conductor."""
    return [k.node for k in on.taps] + [k.node for k in on.pins] + [k.node for k in on.ports]


def _mean(places: list[tuple[float, float]]) -> tuple[float, float]:
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)
