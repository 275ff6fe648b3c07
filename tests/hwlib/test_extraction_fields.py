"""Extracted wires against finite differences of the whole drawing (``sheet_fields``), to 1 %."""

import os

import klayout.db as db
import numpy as np
import pytest

from hwlib.design import Design
from hwlib.extraction import extract
from hwlib.extraction.window_network import WindowExtractor
from hwlib.process import load_process
from tests.support.fitting import OPEN, fitting_device
from tests.support.hand_drawn import Sheet, design, draw_network, hebbian_levels
from tests.support.sheet_fields import SheetFields, Terminals, network_resistances, refined, two_terminal

FULL = bool(os.environ.get("SPINHOP_FULL"))
PRESETS = ("ebeam", "copper", "copper_thick")
End = tuple[str, tuple[int, int, int, int]]


def by_fields(sheet: Sheet, ends: list[End], step: float) -> np.ndarray:
    """Resistance between every two wire ends."""
    answers = []
    for size in (step, step / 2):
        fields = SheetFields(sheet.layout, sheet.process, size)
        found = [fields.wire_end(*end) for end in ends]
        series = np.array([ohm for _, ohm in found])
        between = fields.resistances([cells for cells, _ in found])
        answers.append(between + (series[:, None] + series[None, :]) * (1 - np.eye(len(ends))))
    return refined(*answers)


def by_extraction(sheet: Sheet, ends: list[End]) -> np.ndarray:
    """The same, with a label in the middle of every end."""
    top = sheet.layout.top_cell()
    shapes = {n: db.Region(top.begin_shapes_rec(sheet.layer(n))).merged() for n in sheet.process.layers}
    pins = [(metal, (x0 + x1) / 2, (y0 + y1) / 2) for metal, (x0, y0, x1, y1) in ends]
    extractor = WindowExtractor(sheet.process, sheet.layout.dbu * 1e-6)
    net = extractor.extract(extractor.shapes(shapes), pins, lambda x, y: "", [])
    laplacian, r = np.zeros((len(net.x),) * 2), net.resistors
    for a, b, ohm in zip(r.a, r.b, r.ohm, strict=True):
        laplacian[[a, b, a, b], [a, b, b, a]] += np.array([1, 1, -1, -1]) / ohm
    return two_terminal(np.linalg.pinv(laplacian)[np.ix_(net.pin_node, net.pin_node)])


def agree(sheet: Sheet, ends: list[End], step: float, within: float = 0.01) -> None:
    expected = by_fields(sheet, ends, step)
    off = np.triu_indices(len(ends), 1)
    np.testing.assert_allclose(by_extraction(sheet, ends)[off], expected[off], rtol=within)


def boxes(sheet: Sheet, metal: str, *drawn: tuple[int, int, int, int]) -> None:
    for box in drawn:
        sheet.box(sheet.layout.top_cell(), metal, *box)


@pytest.fixture(params=PRESETS)
def wires(request) -> tuple[Sheet, int]:
    """An empty layout of each process, and the smallest width of its m2 and m3."""
    sheet = Sheet(request.param)
    sheet.cell("top")
    return sheet, round(sheet.process.layers["m3"].min_width * 1e9)


def test_corners(wires):
    """An L with short arms, and a bend whose two corners lie one width apart."""
    sheet, w = wires
    boxes(sheet, "m3", (0, 0, 3 * w, w), (0, 0, w, 2 * w))
    boxes(sheet, "m2", (0, 0, 3 * w, w), (2 * w, 0, 3 * w, 3 * w), (2 * w, 2 * w, 6 * w, 3 * w))
    agree(sheet, [("m3", (3 * w, 0, 3 * w, w)), ("m3", (0, 2 * w, w, 2 * w))], w / 12)
    agree(sheet, [("m2", (0, 0, 0, w)), ("m2", (6 * w, 2 * w, 6 * w, 3 * w))], w / 12)


def test_stubs(wires):
    """A wire with a short stub, with a long wide one, and a crossing."""
    sheet, w = wires
    boxes(sheet, "m3", (0, 0, 5 * w, w), (2 * w, w, 3 * w, 3 * w // 2))
    boxes(sheet, "m2", (0, 0, 8 * w, w), (3 * w, w, 5 * w, 4 * w))
    boxes(sheet, "m4", (0, 0, 6 * w, w), (2 * w, -3 * w, 3 * w, 3 * w))
    agree(sheet, [("m3", (0, 0, 0, w)), ("m3", (5 * w, 0, 5 * w, w))], w / 12)
    agree(sheet, [("m2", (0, 0, 0, w)), ("m2", (8 * w, 0, 8 * w, w)), ("m2", (3 * w, 4 * w, 5 * w, 4 * w))], w / 12)
    ends = [(0, 0, 0, w), (6 * w, 0, 6 * w, w), (2 * w, -3 * w, 3 * w, -3 * w), (2 * w, 3 * w, 3 * w, 3 * w)]
    agree(sheet, [("m4", end) for end in ends], w / 12)


def test_steps_and_notches(wires):
    sheet, w = wires
    boxes(sheet, "m3", (0, 0, 3 * w, w), (3 * w, -w, 7 * w, 2 * w), (7 * w, w, 9 * w, 2 * w))
    boxes(sheet, "m2", (0, 0, 3 * w, 2 * w), (3 * w, 0, 4 * w, w), (4 * w, 0, 7 * w, 2 * w))
    agree(sheet, [("m3", (0, 0, 0, w)), ("m3", (9 * w, w, 9 * w, 2 * w))], w / 12)
    agree(sheet, [("m2", (0, 0, 0, 2 * w)), ("m2", (7 * w, 0, 7 * w, 2 * w))], w / 12)


def trunk_with_taps(sheet: Sheet, w: int, width: int, vias: int) -> list[End]:
    """A trunk of m2 upwards and three wires of m3 that end on it, each by a row of vias, 6 w apart."""
    size = round(sheet.process.layers["v2"].size * 1e9)
    inset = (w - size) // 2
    boxes(sheet, "m2", (0, 0, width, 18 * w))
    ends: list[End] = [("m2", (0, 0, width, 0))]
    for k in range(3):
        y = (6 * k + 3) * w
        boxes(sheet, "m3", (0, y, width + 3 * w, y + w))
        ends.append(("m3", (width + 3 * w, y, width + 3 * w, y + w)))
        for n in range(vias):
            x = inset + (width - size - 2 * inset) * n // max(vias - 1, 1)
            boxes(sheet, "v2", (x, y + inset, x + size, y + inset + size))
    return ends


@pytest.mark.parametrize(("width", "vias"), [(1, 1), (3, 2), (3, 1)])
def test_trunks_with_taps(wires, width, vias):
    sheet, w = wires
    agree(sheet, trunk_with_taps(sheet, w, width * w, vias), w / 10)


def test_trunk_with_branches_of_its_own_metal(wires):
    sheet, w = wires
    boxes(sheet, "m2", (0, 0, 4 * w, 16 * w), *((4 * w, y * w, 9 * w, y * w + w) for y in (3, 7, 12)))
    ends: list[End] = [("m2", (0, 0, 4 * w, 0))]
    agree(sheet, ends + [("m2", (9 * w, y * w, 9 * w, y * w + w)) for y in (3, 7, 12)], w / 6)


def network_of(sheet: Sheet, folder, drawn: Design):
    path = folder / "drawn.gds"
    sheet.layout.write(str(path))
    return extract(path, sheet.process, drawn)


def worst(layout: db.Layout, process, network, step: float, nets: tuple[str, ...] = ()) -> float:
    """Largest relative difference of the resistance between two terminals of one net."""
    apart = [0.0]
    coarse, fine = (Terminals(network, SheetFields(layout, process, size)) for size in (step, step / 2))
    for k, name in enumerate(network.net_names):
        if nets and name not in nets:
            continue
        found, first = coarse.resistances(k)
        if len(found) > 1:
            expected = refined(first, fine.resistances(k)[1])[np.triu_indices(len(found), 1)]
            got = network_resistances(network, found)[np.triu_indices(len(found), 1)]
            apart.append(float(abs(got / expected - 1).max()))
    return max(apart)


STYLES = [(process, style) for process in (*PRESETS, *OPEN) for style in ("rails", "lines")]


@pytest.mark.parametrize(("process", "style"), STYLES if FULL else [STYLES[0], STYLES[3], STYLES[4], STYLES[7]])
def test_every_terminal_of_the_presets(tmp_path, process, style):
    """From each device to each other on its net: pillars, contacts, corners, trunks."""
    layouts = pytest.importorskip("layouts")
    soma = "centred" if style == "lines" else "diagonal"
    coarse = process in OPEN  # their read electrodes are as narrow, all else is a hundred times as large
    network = {"neurons": 2 if coarse else 3, "weight_style": style, "soma_placement": soma}
    drawn = Design(name="three", process=process, device=fitting_device(process), network=network)
    path = layouts.write_layout(layouts.hopfield(drawn, drawn.load_process()), tmp_path / "three.gds")
    layout = db.Layout()
    layout.read(str(path))
    extracted = extract(path, drawn.load_process(), drawn)
    assert worst(layout, drawn.load_process(), extracted, 20.0 if coarse else 5.0) < 0.005


STRAPS = {
    "ebeam": ({"drive": "m4", "dendrite": "m5"}, 2, 1),
    "copper": ({"drive": "m5", "ground": "m5", "dendrite": "m4", "weight": "m4"}, 1, 1),
    "copper_thick": ({"ground": "m4", "weight": "m5", "vdw": "m5"}, 1, 2),
}


@pytest.mark.parametrize("process", PRESETS)
def test_every_terminal_of_strapped_wires(tmp_path, process):
    """Straps, their vias and the pads between, in each metal."""
    layouts = pytest.importorskip("layouts")
    metals, pitch, vias = STRAPS[process]
    straps = {wire: {"metal": metal, "pitch": pitch, "vias": vias} for wire, metal in metals.items()}
    drawn = Design(name="three", process=process, network={"neurons": 3, "straps": straps})
    path = layouts.write_layout(layouts.hopfield(drawn, drawn.load_process()), tmp_path / "three.gds")
    layout = db.Layout()
    layout.read(str(path))
    extracted = extract(path, drawn.load_process(), drawn)
    nets = {"drive": "drive_1", "dendrite": "dend_1", "ground": "gnd", "weight": "w_p1", "vdw": "vdw"}
    names = tuple(nets[wire] for wire in metals if nets[wire] in extracted.net_names)
    assert worst(layout, drawn.load_process(), extracted, 6.0, names) < 0.01


def test_every_terminal_of_tapered_wires(tmp_path):
    """Steps of the width, and several vias side by side at every joint."""
    layouts = pytest.importorskip("layouts")
    wires = ("dendrite", "weight", "drive")
    network = {f"{wire}_width": 120e-9 for wire in wires} | {
        "tapers": {wire: {"narrow": 48e-9, "steps": 2 + k} for k, wire in enumerate(wires)},
        "tile_vias": {"size": "currents"},
    }
    drawn = Design(name="three", process="copper", network={"neurons": 3, **network})
    path = layouts.write_layout(layouts.hopfield(drawn, drawn.load_process()), tmp_path / "three.gds")
    layout = db.Layout()
    layout.read(str(path))
    extracted = extract(path, drawn.load_process(), drawn)
    names = tuple(x for x in ("drive_1", "dend_1", "w_p1") if x in extracted.net_names)
    assert worst(layout, drawn.load_process(), extracted, 6.0, names) < 0.01


def _beyond(s: Sheet, cell: db.Cell) -> None:
    """The electrode goes on beyond the pillar."""
    s.box(cell, "read", 100, 255, 140, 330)


def _wide(s: Sheet, cell: db.Cell) -> None:
    s.box(cell, "read", 70, 190, 170, 270)


def _round_a_corner(s: Sheet, cell: db.Cell) -> None:
    """From the via to one side, and from there to the pillar."""
    cell.shapes(s.layer("read")).clear()
    for box in ((60, 135, 140, 175), (60, 135, 90, 240), (60, 200, 135, 250)):
        s.box(cell, "read", *box)


def _joined_at_both_sides(s: Sheet, cell: db.Cell) -> None:
    """A ring: the pillar's current leaves both ways."""
    for box in ((100, 250, 190, 280), (160, 135, 190, 280), (100, 135, 190, 175)):
        s.box(cell, "read", *box)


@pytest.mark.parametrize("change", [None, _beyond, _wide, _round_a_corner, _joined_at_both_sides])
def test_pillars_on_electrodes_of_any_shape(tmp_path, change):
    s = draw_network(hebbian_levels(3))
    if change:
        for name in ("axon_w_m1", "axon_w_p1"):
            change(s, s.layout.cell(name))
    network = network_of(s, tmp_path, design(3))
    assert worst(s.layout, s.process, network, 5.0, ("dend_0", "dend_1")) < 0.01


def test_a_pillar_comes_a_third_of_its_length_nearer(tmp_path):
    """Lumped at its centre it would add L/2 from its end to where the strip goes on; fed evenly it is L/3."""
    plain = draw_network(hebbian_levels(3))
    long = draw_network(hebbian_levels(3))
    for sheet, length in ((plain, 50), (long, 20)):
        for name in ("axon_w_m1", "axon_w_p1", "soma"):
            cell = sheet.layout.cell(name)
            cell.shapes(sheet.layer("pillar")).clear()
            sheet.box(cell, "pillar", 100, 225 - length // 2, 140, 225 + length // 2)  # the electrode's whole width
    found = [network_of(sheet, tmp_path, design(3)) for sheet in (plain, long)]
    ohm = [network_resistances(n, [(1, 3), (2, 3)])[0, 1] for n in found]
    read = load_process("ebeam").layers["read"].sheet_resistance
    # The mean over cells of a fifth of the pillar's lesser side is up to 1/25 off.
    assert ohm[1] - ohm[0] == pytest.approx(2 * read * (50 - 20) / 6 / 40, rel=0.04, abs=0)
