"""A small crossbar of rails drawn by hand with klayout.db, in nm, for tests of what reads layouts.

Tiles abut: drive and ground columns on m2, dendrite row and rails on m3; it shares nothing with the generator.
"""

from __future__ import annotations

from pathlib import Path

import klayout.db as db
import numpy as np

from hwlib.design import Design
from hwlib.extraction import extract
from hwlib.extraction.window_network import WindowExtractor
from hwlib.network import Network
from hwlib.process import load_process

PX, PY, EDGE = 240, 520, 400
RAIL_Y = {"vdw": 310, -1.0: 390, 1.0: 470}
RAIL_NAME = {"vdw": "vdw", -1.0: "w_m1", 1.0: "w_p1"}
TRUNK_X = {"vdw": -360, -1.0: -280, 1.0: -200}


class Sheet:
    """A layout whose cells are drawn in nm by layer name."""

    def __init__(self, process: str = "ebeam"):
        self.process = load_process(process)
        self.layout = db.Layout()
        self.layout.dbu = 0.001

    def layer(self, name: str) -> int:
        number = self.process.layers[name].gds
        return self.layout.layer(*number)

    def cell(self, name: str) -> db.Cell:
        return self.layout.create_cell(name)

    def box(self, cell: db.Cell, layer: str, x0: int, y0: int, x1: int, y1: int) -> None:
        cell.shapes(self.layer(layer)).insert(db.Box(x0, y0, x1, y1))

    def square(self, cell: db.Cell, layer: str, x: int, y: int, size: int = 30) -> None:
        self.box(cell, layer, x - size // 2, y - size // 2, x + size // 2, y + size // 2)

    def label(self, cell: db.Cell, layer: str, name: str, x: int, y: int) -> None:
        number = self.process.layers[layer].label
        cell.shapes(self.layout.layer(*number)).insert(db.Text(name, x, y))


def pin_resistance(sheet: Sheet, cell: db.Cell, *pins: tuple[str, int, int]) -> np.ndarray:
    """Resistance between the first pin and each other one, by a dense Laplacian."""
    shapes = {name: db.Region() for name in sheet.process.layers}
    for name in shapes:
        shapes[name] = db.Region(cell.begin_shapes_rec(sheet.layer(name))).merged()
    extractor = WindowExtractor(sheet.process, 1e-9)
    net = extractor.extract(extractor.shapes(shapes), list(pins), lambda x, y: f"({x}, {y})", [])
    r = net.resistors
    laplacian = np.zeros((len(net.x), len(net.x)))
    for a, b, ohm in zip(r.a, r.b, r.ohm, strict=True):
        laplacian[[a, b, a, b], [a, b, b, a]] += np.array([1, 1, -1, -1]) / ohm
    assert (net.pin_node >= 0).all()
    keep = np.delete(np.arange(len(net.x)), net.pin_node[0])
    inverse = np.zeros_like(laplacian)
    inverse[np.ix_(keep, keep)] = np.linalg.pinv(laplacian[np.ix_(keep, keep)])
    return np.diag(inverse)[net.pin_node[1:]]


def draw_device(s: Sheet, cell: db.Cell, x: int = 120, y: int = 225, *, pillar: int = 20, width: int = 50) -> None:
    """Track along x with its pillar at (x, y), contacts 100 nm apart, DW_IN on the left; m1 pads on all four."""
    s.box(cell, "track", x - 85, y - width // 2, x + 85, y + width // 2)
    s.box(cell, "pin", x - 85, y - 25, x - 45, y + 25)
    s.box(cell, "pillar", x - pillar // 2, y - 25, x + pillar // 2, y + 25)
    for dx in (-65, 65):
        s.square(cell, "vt", x + dx, y)
        s.square(cell, "m1", x + dx, y, 40)
    s.box(cell, "m1", x - 20, y - 30, x + 20, y + 30)
    s.square(cell, "v1", x, y)


def _columns(s: Sheet, cell: db.Cell) -> None:
    for x in (55, 185):
        s.box(cell, "m2", x - 20, 0, x + 20, PY)
    s.box(cell, "m3", 0, 135, PX, 175)
    for y in RAIL_Y.values():
        s.box(cell, "m3", 0, y - 20, PX, y + 20)


def _down(s: Sheet, cell: db.Cell) -> None:
    """m1 to the dendrite row at (120, 155)."""
    for layer in ("m1", "m2"):
        s.square(cell, layer, 120, 155, 40)
    for layer in ("v1", "v2"):
        s.square(cell, layer, 120, 155)


def _strap(s: Sheet, cell: db.Cell, rail: object) -> None:
    s.box(cell, "m2", 100, 205, 140, RAIL_Y[rail] + 20)
    s.square(cell, "v2", 120, RAIL_Y[rail])


def draw_axon(s: Sheet, level: float, name: str) -> db.Cell:
    cell = s.cell(name)
    _columns(s, cell)
    draw_device(s, cell)
    s.square(cell, "v1", 55, 225)
    s.square(cell, "v1", 185, 225)
    s.box(cell, "read", 100, 135, 140, 255)
    s.square(cell, "vr", 120, 155)
    _down(s, cell)
    _strap(s, cell, level)
    return cell


def draw_soma(s: Sheet, name: str) -> db.Cell:
    cell = s.cell(name)
    _columns(s, cell)
    draw_device(s, cell)
    s.square(cell, "v1", 185, 225)
    s.box(cell, "m1", 35, 135, 75, 245)
    s.box(cell, "m1", 35, 135, 140, 175)
    _down(s, cell)
    s.box(cell, "read", 100, 195, 140, 325)
    s.square(cell, "vr", 120, 305)
    s.box(cell, "m1", 35, 285, 140, 325)
    s.square(cell, "v1", 55, 305)
    _strap(s, cell, "vdw")
    return cell


def _west(s: Sheet) -> db.Cell:
    cell = s.cell("west")
    s.box(cell, "m3", -EDGE, 135, 0, 175)
    for rail, x in TRUNK_X.items():
        s.box(cell, "m2", x - 20, 0, x + 20, PY)
        s.box(cell, "m3", x - 20, RAIL_Y[rail] - 20, 0, RAIL_Y[rail] + 20)
        s.square(cell, "v2", x, RAIL_Y[rail])
    return cell


def _north(s: Sheet) -> db.Cell:
    cell = s.cell("north")
    s.box(cell, "m3", 0, 80, PX, 160)
    s.box(cell, "m2", 165, 0, 205, 160)
    s.square(cell, "v2", 185, 120)
    return cell


def draw_network(levels: np.ndarray) -> Sheet:
    """A network of ``levels`` (N, N): +1 or −1 off the diagonal. Rows count upwards from the bottom."""
    s, n = Sheet(), len(levels)
    tiles = {level: draw_axon(s, level, f"axon_{RAIL_NAME[level]}") for level in (-1.0, 1.0)}
    soma, west, north = draw_soma(s, "soma"), _west(s), _north(s)
    top = s.cell("top")
    for i in range(n):
        row = s.cell(f"row_{i}")
        row.insert(db.CellInstArray(west.cell_index(), db.Trans()))
        start = 0
        while start < n:
            tile = soma if start == i else tiles[levels[i, start]]
            run = 1
            while start != i and start + run < n and start + run != i and levels[i, start + run] == levels[i, start]:
                run += 1
            move = db.Trans(start * PX, 0)
            row.insert(db.CellInstArray(tile.cell_index(), move, db.Vector(PX, 0), db.Vector(0, 0), run, 1))
            start += run
        top.insert(db.CellInstArray(row.cell_index(), db.Trans(0, i * PY)))
        s.label(top, "m3", f"dend_{i}", -EDGE + 10, i * PY + 155)
        s.label(top, "m2", f"drive_{i}", i * PX + 55, 10)
    top.insert(db.CellInstArray(north.cell_index(), db.Trans(0, n * PY), db.Vector(PX, 0), db.Vector(0, 0), n, 1))
    s.label(top, "m3", "gnd", 40, n * PY + 120)
    for rail, x in TRUNK_X.items():
        s.label(top, "m2", RAIL_NAME[rail], x, 10)
    return s


def hebbian_levels(n: int, seed: int = 1) -> np.ndarray:
    """±1 weights of one random pattern (the diagonal is not used)."""
    spins = np.random.default_rng(seed).choice([-1.0, 1.0], n)
    return np.outer(spins, spins)


def design(neurons: int) -> Design:
    return Design(name="drawn", network={"neurons": neurons})


def resistances(network: Network) -> dict[tuple[str, int, int], float]:
    """Resistance from each net's first pin to every terminal on it, by dense Laplacians."""
    out = {}
    for k, name in enumerate(network.net_names):
        nodes = np.flatnonzero(network.node_net == k)
        local = np.full(network.nodes, -1)
        local[nodes] = np.arange(len(nodes))
        mine = network.node_net[network.resistor_nodes[:, 0]] == k
        (a, b), g = local[network.resistor_nodes[mine]].T, 1 / network.resistor_ohm[mine]
        laplacian = np.zeros((len(nodes), len(nodes)))
        for i, j, sign in ((a, a, 1), (b, b, 1), (a, b, -1), (b, a, -1)):
            np.add.at(laplacian, (i, j), sign * g)
        pins = network.pin_node[network.node_net[network.pin_node] == k]
        first = pins[np.lexsort((network.node_y[pins], network.node_x[pins]))[0]]
        others = np.delete(np.arange(len(nodes)), local[first])
        to_pin = np.zeros(len(nodes))
        to_pin[others] = np.diag(np.linalg.inv(laplacian[np.ix_(others, others)]))
        for device, terminal in np.argwhere(network.node_net[network.terminals] == k):
            out[name, int(device), int(terminal)] = to_pin[local[network.terminals[device, terminal]]]
    return out


def flattened(sheet: Sheet) -> Sheet:
    sheet.layout.flatten(sheet.layout.top_cell().cell_index(), -1, True)
    return sheet


def erase(sheet: Sheet, layer: str, x0: int, y0: int, x1: int, y1: int) -> None:
    """Cut a box out of a flat layout."""
    top = sheet.layout.top_cell()
    shapes = top.shapes(sheet.layer(layer))
    rest = db.Region(top.begin_shapes_rec(sheet.layer(layer))) - db.Region(db.Box(x0, y0, x1, y1))
    shapes.clear()
    shapes.insert(rest)


def extracted(folder: Path, sheet: Sheet, neurons: int = 3, suffix: str = "gds") -> Network:
    """The network of a sheet that is written to a folder and read from there."""
    path = folder / f"drawn.{suffix}"
    sheet.layout.write(str(path))
    return extract(path, sheet.process, design(neurons))
