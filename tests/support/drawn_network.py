"""A small network drawn by hand for the ``ebeam`` process: what the checks are tried on besides the generator's own.

Its floorplan shares nothing with the generator: tiles of 520 × 760 nm, up to three rails, coordinates written in nm.
"""

import klayout.db as kdb

from hwlib.design import Design
from hwlib.findings import Finding
from hwlib.nets import RAIL
from hwlib.process import Process, load_process
from hwlib.weight_styles import rail_levels
from hwlib.weights import weight_levels

PX, PY = 520, 760
ONE_SIDE = {"vdw": "west", "weight": "west", "ground": "south"}  # where it has trunks
RAILS = [(400, 440), (480, 520), (560, 600), (640, 680)]  # vdw, then the weights


class Drawing:
    """Boxes and texts on the layers of a process."""

    def __init__(self, process: Process, layout: kdb.Layout | None = None):
        self.process, self.layout = process, layout or kdb.Layout()

    def box(self, cell: kdb.Cell, layer: str, *edges: int) -> None:
        cell.shapes(self.layout.layer(*self.process.layers[layer].gds)).insert(kdb.Box(*edges))

    def text(self, cell: kdb.Cell, layer: str, name: str, x: int, y: int) -> None:
        cell.shapes(self.layout.layer(*self.process.layers[layer].label)).insert(kdb.Text(name, kdb.Trans(x, y)))

    def clear(self, cell: kdb.Cell, layer: str) -> None:
        cell.shapes(self.layout.layer(*self.process.layers[layer].gds)).clear()


def place_nm(finding: Finding) -> tuple[int, int]:
    """Where a finding is, in nm."""
    assert finding.x is not None and finding.y is not None
    return round(finding.x * 1e9), round(finding.y * 1e9)


def draw_network(design: Design) -> Drawing:
    """The network of a design with up to three rails, Table I devices and diagonal somas."""
    draw = Drawing(load_process("ebeam"))
    n, levels = design.network.neurons, weight_levels(design)
    rails = rail_levels(levels)
    top = draw.layout.create_cell("hand")
    axons = [_tile(draw, f"axon_{k}", rail=k + 1) for k in range(len(rails))]
    soma = _tile(draw, "soma", rail=0)
    for i in range(n):
        row = draw.layout.create_cell(f"line_{i}")
        for j in range(n):
            tile = soma if i == j else axons[rails.index(round(levels[i, j], 6))]
            row.insert(kdb.CellInstArray(tile.cell_index(), kdb.Trans(j * PX, 0)))
        top.insert(kdb.CellInstArray(row.cell_index(), kdb.Trans(0, i * PY)))
        draw.text(top, "m3", f"dend_{i}", 5, i * PY + 210)
        for k, (low, high) in enumerate(RAILS[: len(rails) + 1]):
            draw.box(top, "m3", -120 * (k + 1), i * PY + low, 0, i * PY + high)
            draw.box(top, "v2", -120 * (k + 1) + 5, i * PY + low + 5, -120 * (k + 1) + 35, i * PY + low + 35)
    for k, name in enumerate(["vdw", *(RAIL.net_name(level=rail) for rail in rails)]):
        draw.box(top, "m2", -120 * (k + 1), 0, -120 * (k + 1) + 40, n * PY)
        draw.text(top, "m2", name, -120 * (k + 1) + 20, 10)
    draw.box(top, "m3", 0, -105, n * PX, -60)
    draw.text(top, "m3", "gnd", 5, -80)
    for j in range(n):
        draw.text(top, "m2", f"drive_{j}", j * PX + 65, n * PY - 5)
        draw.box(top, "m2", j * PX + 430, -105, j * PX + 480, 0)
        draw.box(top, "v2", j * PX + 440, -97, j * PX + 470, -67)
    return draw


def _tile(draw: Drawing, name: str, rail: int) -> kdb.Cell:
    cell, soma = draw.layout.create_cell(name), rail == 0

    def box(layer: str, *edges: int) -> None:
        draw.box(cell, layer, *edges)

    box("track", 250, 300, 420, 350)
    box("pin", 250, 300, 290, 350)
    box("vt", 255, 310, 285, 340)
    box("vt", 385, 310, 415, 340)
    box("pillar", 325, 300, 345, 350)
    box("m2", 40, 0, 90, PY)  # drive
    box("m2", 430, 0, 480, PY)  # ground
    box("m1", 375, 300, 480, 350)
    box("v1", 440, 310, 470, 340)
    box("m1", 315, 295, 355, 355)  # pillar top
    box("v1", 320, 310, 350, 340)
    box("m2", 315, 300, 355, RAILS[rail][1])
    box("v2", 320, RAILS[rail][0] + 5, 350, RAILS[rail][0] + 35)
    box("m3", 0, 185, PX, 235)  # dendrite
    for low, high in RAILS:
        box("m3", 0, low, PX, high)
    if soma:
        box("m1", 190, 300, 295, 350)
        box("m1", 190, 185, 240, 350)
        box("m2", 190, 185, 240, 235)
        box("v1", 200, 195, 230, 225)
        box("v2", 200, 195, 230, 225)
        box("read", 315, 295, 355, 465)
        box("vr", 320, 425, 350, 455)
        box("m1", 40, 420, 360, 460)
        box("v1", 50, 425, 80, 455)
    else:
        box("m1", 40, 300, 295, 350)
        box("v1", 50, 310, 80, 340)
        box("read", 315, 190, 355, 355)
        box("vr", 320, 195, 350, 225)
        for layer in ("m1", "m2"):
            box(layer, 315, 185, 355, 235)
        box("v1", 320, 195, 350, 225)
        box("v2", 320, 195, 350, 225)
    return cell
