"""Conductors that are alike, solved once: repeated tiles, and the windows at the ends of rows, hold the same wires."""

from __future__ import annotations

from typing import Any, NamedTuple

from hwlib.extraction.grid import Line
from hwlib.extraction.polygon_resistors import Conductor, PolygonResistors, wire
from hwlib.extraction.sheet import Frame
from hwlib.extraction.straight import Pin, Port, Tap


class _Wired(NamedTuple):
    """A conductor's network at the origin: nodes of its taps, pins and ports come first, then its own."""

    places: list[tuple[float, float]]
    resistors: list[tuple[int, int, float, float]]
    same: list[tuple[int, int]]
    squares: list[float]


class EqualWires:
    """Wires conductors of one layout, each shape with its contacts, pins and ports once."""

    def __init__(self, frame: Frame):
        self.frame = frame
        self._known: dict[tuple[Any, ...], _Wired] = {}

    def wire(self, conductor: Conductor, out: PolygonResistors) -> None:
        """Add the network of a conductor to ``out``, and set what lies between its nodes and its contacts."""
        c = conductor
        if len(c.taps) + len(c.pins) + len(c.ports) < 2:
            return
        box = c.polygon.bbox()
        x, y = box.left, box.bottom
        taps, pins, ports = _taps(c.taps, x, y), [(p.x - x, p.y - y) for p in c.pins], _lines(c.ports, x, y)
        given = [tap.node for tap in c.taps] + [pin.node for pin in c.pins] + [port.node for port in c.ports]
        places = [(out.x[node] - x, out.y[node] - y) for node in given]
        key = (c.polygon.moved(-x, -y), tuple(taps), tuple(pins), tuple(ports), tuple(places))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._solved(Conductor(
                key[0], [Tap(k, *tap) for k, tap in enumerate(taps)],
                [Pin(len(taps) + k, *pin) for k, pin in enumerate(pins)],
                [Port(len(taps) + len(pins) + k, line) for k, line in enumerate(ports)],
            ), places)  # fmt: skip
        nodes = given + [out.node(u + x, v + y) for u, v in known.places]
        out.resistors += [(nodes[a], nodes[b], squares, width) for a, b, squares, width in known.resistors]
        out.same += [(nodes[a], nodes[b]) for a, b in known.same]
        for tap, squares in zip(c.taps, known.squares, strict=True):
            tap.squares = squares

    def _solved(self, c: Conductor, given: list[tuple[float, float]]) -> _Wired:
        out = PolygonResistors([x for x, _ in given], [y for _, y in given])
        wire(c, self.frame, out)
        own = slice(len(given), None)
        return _Wired(list(zip(out.x[own], out.y[own], strict=True)), out.resistors, out.same,
                      [tap.squares for tap in c.taps])  # fmt: skip


def _taps(taps: list[Tap], x: int, y: int) -> list[tuple]:
    """Boxes, reach, share and what each leads to, by rank: what matters is which lead to the same, in which order."""
    ranks = {name: f"{k:09}" for k, name in enumerate(sorted({str(tap.other) for tap in taps}))}
    return [(tuple((b[0] - x, b[1] - y, b[2] - x, b[3] - y) for b in tap.boxes), tap.reach, tap.share,
             ranks[str(tap.other)]) for tap in taps]  # fmt: skip


def _lines(ports: list[Port], x: int, y: int) -> list[Line]:
    return [Line(True, p.at - x, p.low - y, p.high - y) if p.vertical else Line(False, p.at - y, p.low - x, p.high - x)
            for p in (port.line for port in ports)]  # fmt: skip
