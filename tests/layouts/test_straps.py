"""Straps on upper metals: clean in every combination, landings where the design says, and less resistance."""

import os
from importlib import resources
from itertools import product

import klayout.db as kdb
import numpy as np
import pytest

import layouts
from hwlib.checks import drc, lvs
from hwlib.design import Design
from hwlib.errors import LONGEST_LINE, InputError
from hwlib.extraction import extract
from hwlib.process import load_process, preset_names
from tests.layouts.test_crossbar_geometry import flat_regions, violations
from tests.support.fitting import ESTIMATES, fitting_device
from tests.support.refused_designs import assert_network_refused
from tests.support.resistances import between, to_pins

FULL = bool(os.environ.get("SPINHOP_FULL"))
COLUMNS, ROWS = ("drive", "ground"), ("dendrite", "weight", "vdw")


def design(straps, process="ebeam", neurons=4, style="rails", placement="diagonal", **network):
    return Design(
        name="strapped", process=process, device=fitting_device(process),
        network={"neurons": neurons, "weight_style": style, "soma_placement": placement, "straps": straps, **network},
    )  # fmt: skip


def combination(columns, rows, wires, k, width=150e-9):
    """Straps of some wires on two metals; pitch, vias and width turn with ``k``."""
    chosen = {wire: columns if wire in COLUMNS else rows for wire in wires}
    return {
        wire: {"metal": metal, "pitch": (1, 2, 3, 50)[(k + n) % 4], "vias": 1 + (k + n) % 3,
               **({"width": width} if (k + n) % 5 == 0 else {})}
        for n, (wire, metal) in enumerate(chosen.items())
    }  # fmt: skip


SETS = [("drive",), ("ground", "dendrite"), ("drive", "ground", "dendrite", "weight"), ("weight", "vdw"),
        ("drive", "ground", "dendrite", "weight", "vdw")]  # fmt: skip
EVERY = [
    (process, style, placement, metals, wires)
    for process, style, placement, metals, wires in product(
        preset_names(), ("rails", "lines"), ("diagonal", "centred"), (("m4", "m5"), ("m5", "m4")), SETS
    )
]


@pytest.mark.parametrize("k", range(len(EVERY)) if FULL else range(0, len(EVERY), -(-len(EVERY) // 12)))
def test_strapped_layouts_are_clean(k, tmp_path):
    process, style, placement, metals, wires = EVERY[k]
    wires = [wire for wire in wires if style == "rails" or wire != "weight"]
    wide = 150e-9 if process in ESTIMATES else 2e-6
    drawn = design(combination(*metals, wires, k, wide), process, 2 + k % 4, style, placement)
    p = load_process(process)
    component = layouts.hopfield(drawn)
    assert violations(flat_regions(component, p), p) == []
    path = layouts.write_layout(component, tmp_path / "strapped.oas")
    assert drc(path, p) == []
    assert lvs(path, p, drawn) == []


def test_a_strap_ends_before_a_trunk_too_narrow_for_its_vias(tmp_path):
    """Of one row alone: a strap over it would lead nowhere."""
    drawn = design({"weight": {"metal": "m5", "vias": 2}}, neurons=5, rail_blocks=4)
    p, path = load_process("ebeam"), layouts.write_layout(layouts.hopfield(drawn), tmp_path / "drawn.oas")
    assert lvs(path, p, drawn) == drc(path, p) == []


def test_a_dendrite_s_strap_reaches_its_pin_where_no_via_fits(tmp_path):
    straps = {"drive": {"metal": "m4", "pitch": 3}, "dendrite": {"metal": "m5", "pitch": 3, "vias": 2}}
    drawn = design(straps, "sky130", neurons=2, style="lines", dendrite_width=1.85e-6)
    p, path = load_process("sky130"), layouts.write_layout(layouts.hopfield(drawn), tmp_path / "drawn.oas")
    assert lvs(path, p, drawn) == drc(path, p) == []


def test_landings_stand_where_the_design_says():
    """Counted on the polygons: first and last tile, every third, and where the soma joins."""
    n, p = 8, load_process("copper")
    straps = {"drive": {"metal": "m5", "pitch": 3, "vias": 2}, "dendrite": {"metal": "m4", "pitch": 100}}
    regions = flat_regions(layouts.hopfield(design(straps, "copper", n, placement="centred")), p)
    # Drives land in rows 0, 3, 6, 7 and, for the soma, 4: five times two vias a column. Dendrites in columns 0, 4, 7.
    assert regions["v4"].count() == n * 5 * 2
    vias, edge = [piece.bbox() for piece in regions["v3"].each()], regions["m2"].bbox().left
    array = min(piece.bbox().left for piece in regions["track"].each()) - 60
    assert sum(via.left > array for via in vias) == n * 5 * 2 + n * 3
    # Where a strap meets the pin of its dendrite, west of the array, stand as many as fit, in one row.
    outside = [via for via in vias if via.left <= array]
    assert len(outside) % n == 0 and len({via.bottom for via in outside}) == n and edge <= outside[0].left
    assert regions["m5"].count() == n
    top = max(box.top for box in (piece.bbox() for piece in regions["m5"].each()))
    assert all(piece.bbox().top == top for piece in regions["m5"].each())
    rows = [box for box in (piece.bbox() for piece in regions["m4"].each()) if box.width() > box.height()]
    assert len(rows) == n


def test_a_strap_is_a_second_wire_beside_the_first(tmp_path):
    """Far from the ends of a current's way, half of it is in either: half the resistance per length."""
    n, p = 24, load_process("ebeam")  # m2 to m5 have one sheet resistance there
    ohm = []
    for straps in ({}, {"drive": {"metal": "m4", "width": 40e-9}}):
        drawn = design(straps, neurons=n, drive_width=40e-9)
        path = layouts.write_layout(layouts.hopfield(drawn), tmp_path / "drive.gds")
        network = extract(path, p, drawn)
        taps = network.terminals[(network.pre == 5) & (network.post != 5), 0]
        taps = taps[np.argsort(network.node_y[taps])]
        far, near = (between(network, taps[[k, 18]])[0, 1] for k in (4, 10))
        ohm.append((far - near) / np.diff(network.node_y[taps[[4, 10]]])[0])  # per metre, without ends
    sheet = p.layers["m2"].sheet_resistance
    # Pads of taps on m1 shunt 0.2 % of it.
    assert ohm[0] == pytest.approx(sheet / 40e-9, rel=3e-3)
    assert ohm[1] == pytest.approx(sheet / 80e-9, rel=3e-3)


def test_straps_lower_what_lies_between_devices_and_pins(tmp_path):
    p, worst = load_process("copper_thick"), []
    for straps in ({}, {"drive": {"metal": "m4"}, "dendrite": {"metal": "m5"}}):
        drawn = design(straps, "copper_thick", 6)
        path = layouts.write_layout(layouts.hopfield(drawn), tmp_path / "drawn.oas")
        worst.append(to_pins(extract(path, p, drawn)).max(axis=0))
    assert (worst[1][[0, 3]] < worst[0][[0, 3]]).all()  # drives and dendrites; the ground gets a longer way out


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ({"straps": {"drive": {"metal": "m4"}, "vdw": {"metal": "m4"}}}, "would cross"),
        ({"straps": {"drive": {"metal": "m3"}}}, "metal"),
        ({"straps": {"drive": {"metal": "m4", "pitch": 0}}}, "pitch"),
        ({"straps": {"rail": {"metal": "m4"}}}, "rail"),
        ({"straps": {"weight": {"metal": "m4"}}, "weight_style": "lines"}, "straps.weight"),
    ],
)
def test_bad_straps_are_refused(network, words, tmp_path):
    assert_network_refused(network, words, tmp_path)


@pytest.mark.parametrize(
    ("straps", "words"),
    [
        ({"drive": {"metal": "m6"}}, ("straps.drive", "no v5, m6")),
        ({"drive": {"metal": "m4", "width": 50e-9}}, ("straps.drive.width", "50 nm", "m4.width")),
        ({"drive": {"metal": "m4"}}, ("drive_width", "32 nm", "m2.width")),
    ],
)
def test_straps_that_the_process_forbids(straps, words):
    wide = {"drive_width": 32e-9} if "drive_width" in words else {}
    with pytest.raises(InputError) as error:
        layouts.hopfield(design(straps, "copper_thick", **wide))
    assert all(word in str(error.value) for word in words), str(error.value)
    assert len(str(error.value)) <= LONGEST_LINE


def test_a_process_without_upper_metals(tmp_path):
    """It draws everything but straps."""
    lines = resources.files("hwlib").joinpath("processes", "ebeam.yaml").read_text(encoding="utf-8").splitlines()
    upper = ("v3", "m4", "v4", "m5")
    kept, skipping = [], False
    for line in lines:
        skipping = line.startswith(tuple(f"  {name}:" for name in upper)) or (skipping and line.startswith("    "))
        if not skipping and not any(f"inner: {name}," in line for name in upper):
            kept.append(line)
    path = tmp_path / "flat.yaml"
    path.write_text("\n".join(kept).replace("name: ebeam", "name: flat"), encoding="utf-8")
    p = load_process(str(path))
    assert not {"v3", "m4", "v4", "m5"} & set(p.layers)
    drawn = design({})
    file = layouts.write_layout(layouts.hopfield(drawn, p), tmp_path / "flat.gds")
    assert drc(file, p) == lvs(file, p, drawn) == []
    assert extract(file, p, drawn).devices == 16
    with pytest.raises(InputError, match=r"straps.ground: process flat has no v3, m4"):
        layouts.hopfield(design({"ground": {"metal": "m4"}}), p)


def test_lvs_sees_a_bare_landing_in_a_turned_layout(tmp_path):
    p = load_process("ebeam")
    drawn = design({"dendrite": {"metal": "m4", "pitch": 2}}, neurons=5)
    layout = kdb.Layout()
    layout.read(str(layouts.write_layout(layouts.hopfield(drawn), tmp_path / "clean.gds")))
    top = layout.top_cell()
    layout.flatten(top.cell_index(), -1, True)
    top.transform(kdb.Trans(1, False, 0, 0))
    assert lvs(layout, p, drawn) == []
    vias = top.shapes(layout.layer(*p.layers["v3"].gds))
    victim = sorted(vias.each(), key=lambda shape: shape.bbox().bottom)[-2]  # in the last column, away from the pins
    place = victim.bbox().center()
    victim.delete()
    (finding,) = lvs(layout, p, drawn)
    assert finding.rule == "lvs.strap" and "dendrite: 0 of 1 v3" in finding.message
    assert max(abs(finding.x * 1e9 - place.x), abs(finding.y * 1e9 - place.y)) < 400


ONE_LACKS = [("ebeam", 2, "west"), ("copper", 3, "both")]
ONE_LACKS_TOO = [(name, n, fed) for name in preset_names() for n in (2, 3, 4) for fed in ("both", "west", "east")]


@pytest.mark.parametrize(("process", "n", "fed"), ONE_LACKS_TOO if FULL else ONE_LACKS)
def test_each_via_of_a_landing_is_missed(process, n, fed, tmp_path):
    """One at a time, in the tiles; trunks and pins beside the array have as many that could stand in for it."""
    vias = {"drive": ("m5", 1), "ground": ("m5", 2), "dendrite": ("m4", 1), "vdw": ("m4", 2), "weight": ("m4", 1)}
    straps = {wire: {"metal": metal, "vias": count, "pitch": 1 + n % 2} for wire, (metal, count) in vias.items()}
    drawn = design(straps, process, n, feeds={"vdw": fed, "weight": fed})
    p, layout = load_process(process), kdb.Layout()
    layout.read(str(layouts.write_layout(layouts.hopfield(drawn), tmp_path / "clean.oas")))
    assert lvs(layout, p, drawn) == []
    found = [via for cut in ("v3", "v4") for via in vias_in_tiles(layout, p, cut)]
    chosen = found if FULL else [found[k] for k in np.random.default_rng(n).permutation(len(found))[:10]]
    layout.flatten(layout.top_cell().cell_index(), -1, True)
    centres = [q.bbox().center() for q in kdb.Region(layout.top_cell().shapes(layout.layer(*p.layers["pillar"].gds)))]
    across, along = (np.diff(sorted({getattr(c, axis) for c in centres}))[0] for axis in "xy")
    for cut, box in chosen:
        other = layout.dup()
        shapes = other.top_cell().shapes(other.layer(*p.layers[cut].gds))
        for shape in [shape for shape in shapes.each() if shape.bbox() == box]:
            shape.delete()
        (finding,) = [f for f in lvs(other, p, drawn, topology=False) if f.severity == "error"]
        assert finding.rule == "lvs.strap" and f" {cut} vias in this tile" in finding.message
        off = kdb.Point(*(round(v * 1e6 / layout.dbu) for v in (finding.x, finding.y))) - box.center()
        assert abs(off.x) < across and abs(off.y) < along


def vias_in_tiles(layout, process, cut):
    """Layer and box of each via of a layer that stands in a tile, not on an edge of the array."""
    walk = layout.top_cell().begin_shapes_rec(layout.layer(*process.layers[cut].gds))
    while not walk.at_end():
        if any(layout.cell(e.cell_inst().cell_index).name.startswith(("soma", "axon")) for e in walk.path()):
            yield cut, walk.shape().bbox().transformed(walk.trans())
        walk.next()


@pytest.mark.parametrize("turn", [0, 1])
def test_wires_of_the_chip_in_line_with_a_strap_are_no_part_of_it(turn, tmp_path):
    """A wire on the strap's metal, net and line that ends short of the macro; a strap that goes on in a wider one."""
    p = load_process("ebeam")
    drawn = design({"dendrite": {"metal": "m4", "pitch": 2}}, neurons=5)
    chip = kdb.Layout()
    chip.read(str(layouts.write_layout(layouts.hopfield(drawn), tmp_path / "clean.gds")))
    macro, metal, via = chip.top_cell(), chip.layer(*p.layers["m4"].gds), chip.layer(*p.layers["v3"].gds)
    pin, outline = chip.layer(*p.layers["m3"].gds), macro.bbox()
    strap = sorted(
        (q.bbox() for q in kdb.Region(macro.begin_shapes_rec(metal)).merged().each()), key=lambda b: b.bottom
    )
    wrapper = chip.create_cell("chip")
    moved = kdb.Trans(turn, False, 0, 0)
    wrapper.insert(kdb.CellInstArray(macro.cell_index(), moved))

    def draw(layer, *edges):
        wrapper.shapes(layer).insert(kdb.Box(*edges).transformed(moved))

    first = strap[0]
    draw(metal, outline.left - 900, first.bottom, outline.left - 60, first.top)  # in line, met through the pin
    draw(pin, outline.left - 200, first.bottom, outline.left, first.top)
    middle = first.center().y
    draw(via, outline.left - 162, middle - 15, outline.left - 132, middle + 15)
    assert [f for f in lvs(chip, p, drawn) if f.severity == "error"] == []
    chip.flatten(wrapper.cell_index(), -1, True)
    cut = (strap[2] & kdb.Box(first.center().x - 5, -(10**6), first.center().x + 5, 10**6)).transformed(moved)
    shapes = wrapper.shapes(metal)
    rest = kdb.Region(shapes) - kdb.Region(cut)
    shapes.clear()
    shapes.insert(rest)
    draw(metal, outline.left - 900, strap[2].bottom - 40, outline.left, strap[2].top + 40)
    draw(metal, outline.left - 900, strap[2].bottom, strap[2].left + 1, strap[2].top)
    (finding,) = [f for f in lvs(chip, p, drawn) if f.rule == "lvs.strap"]
    assert np.allclose([finding.x * 1e9, finding.y * 1e9], [cut.center().x, cut.center().y], atol=10)
