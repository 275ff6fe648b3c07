"""Conductors and devices that are alike share one solution: the one that each has by itself."""

import klayout.db as db
import numpy as np

from hwlib.extraction import equal_wires
from hwlib.extraction.device_shapes import EqualDevices, find_devices
from hwlib.extraction.equal_wires import EqualWires
from hwlib.extraction.grid import Line
from hwlib.extraction.polygon_resistors import Conductor, PolygonResistors, wire
from hwlib.extraction.sheet import Frame
from hwlib.extraction.straight import Pin, Port, Tap

FRAME = Frame(1e-3, 1)


def bent(out, x, y, swapped, pin):
    """An L with three contacts, a pin and a port, drawn with its corner at a place."""
    corners = [(0, 0), (0, 900), (100, 900), (100, 120), (700, 120), (700, 0)]
    polygon = db.Polygon([db.Point(x + u, y + v) for u, v in corners])
    others = [("m1", 9), ("m1", 12)] if swapped else [("m1", 12), ("m1", 9)]
    taps = [Tap(out.node(x + u + 20, y + v + 20), ((x + u, y + v, x + u + 40, y + v + 40),), 30.0, 0.5, other)
            for u, v, other in [(30, 700, others[0]), (300, 40, others[1]), (360, 40, others[1])]]  # fmt: skip
    pins = [Pin(out.node(x + 500.0, y + 60.0), x + 500.0, y + 60.0)] if pin else []
    line = Line(True, x + 700, y, y + 120)
    return Conductor(polygon, taps, pins, [Port(out.node(*line.centre), line)])


def test_each_has_the_network_that_it_has_alone(monkeypatch):
    solved = []
    monkeypatch.setattr(equal_wires, "wire", lambda *args: solved.append(1) or wire(*args))
    known, rng = EqualWires(FRAME), np.random.default_rng(1)
    drawn = [(*rng.integers(-5000, 5000, 2).tolist(), *kind) for kind in [(False, True)] * 3 + [(True, True)] * 2]
    drawn += [(*rng.integers(-5000, 5000, 2).tolist(), False, False)]
    together = PolygonResistors()
    for case in drawn:
        alone = PolygonResistors()
        own, first = bent(alone, *case), len(together.x)
        equal = bent(together, *case)
        wire(own, FRAME, alone)
        before = len(together.resistors), len(together.same)
        known.wire(equal, together)
        assert np.allclose(together.x[first:], alone.x) and np.allclose(together.y[first:], alone.y)
        rows = np.array(together.resistors[before[0] :]) - [first, first, 0, 0]
        assert np.allclose(rows, alone.resistors, rtol=1e-12)
        assert [(a - first, b - first) for a, b in together.same[before[1] :]] == alone.same
        assert np.allclose([tap.squares for tap in equal.taps], [tap.squares for tap in own.taps], rtol=1e-12)
    assert len(solved) == 3  # one of each kind


def test_what_hangs_by_nothing_has_no_network():
    out = PolygonResistors()
    polygon = db.Polygon(db.Box(0, 0, 900, 100))
    EqualWires(FRAME).wire(Conductor(polygon, [], [Pin(out.node(50.0, 50.0), 50.0, 50.0)]), out)
    assert out.resistors == [] and len(out.x) == 1


def test_devices_among_many_shapes_are_told_apart_by_all_of_them():
    """One contact differs, and thirty pieces of metal stand before it in every order."""

    def window(contact: int) -> dict[str, db.Region]:
        beside = [db.Box(400 * k, y, 400 * k + 50, y + 50) for y in (-900, 900) for k in range(-15, 15)]
        own = [db.Box(-100, -20, 20, 60), db.Box(50, 0, 90, 50), db.Box(contact, -20, 240, 60)]
        boxes = {"track": [db.Box(0, 0, 140, 40)], "pillar": [db.Box(60, 10, 80, 30)], "read": [db.Box(50, 0, 90, 50)],
                 "vt": [db.Box(0, 0, 20, 40), db.Box(120, 0, 140, 40)], "pin": [db.Box(0, 0, 20, 40)],
                 "m1": own + beside}  # fmt: skip
        return {name: db.Region(drawn).merged() for name, drawn in boxes.items()}

    equal, where = EqualDevices(FRAME), lambda x, y: f"{x}, {y}"
    for contact in (110, 125, 110):
        found = equal.find(window(contact), where)
        assert found == find_devices(window(contact), where, FRAME)
        assert found[0].length == max(contact, 120) - 20
