"""How a layout lies, how it is divided into cells and in what unit it is written changes no resistance."""

import os
from collections.abc import Callable

import klayout.db as db
import numpy as np
import pytest

from hwlib.checks import lvs
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.extraction import extract
from hwlib.network import Network
from tests.support.hand_drawn import design, draw_network, hebbian_levels
from tests.support.resistances import to_pins

TURNS = [(code, dx, dy) for code in range(8) for dx, dy in ((0, 0), (1237, -771))][1:]


def wrapped(layout: db.Layout, code: int, dx: int, dy: int) -> db.Layout:
    old = layout.top_cell()
    outer = layout.create_cell("outer")
    outer.insert(db.CellInstArray(old.cell_index(), db.Trans(code % 4, code >= 4, dx, dy)))
    return layout


def turned_polygons(layout: db.Layout, code: int) -> db.Layout:
    """Flat, and turned shape by shape."""
    top = layout.top_cell()
    layout.flatten(top.cell_index(), -1, True)
    top.transform(db.Trans(code % 4, code >= 4, 13, -7))
    return layout


def finer(layout: db.Layout, times: int) -> db.Layout:
    layout.transform(db.ICplxTrans(float(times)))
    layout.dbu /= times
    return layout


def same_drawing(path, run: Callable[[str], Network], turns=TURNS) -> None:
    def check(change: Callable[..., db.Layout], *how: int) -> None:
        layout = db.Layout()
        layout.read(str(path))
        other = path.with_name("other.gds")
        change(layout, *how).write(str(other))
        np.testing.assert_allclose(to_pins(run(str(other))), expected, rtol=1e-9, err_msg=f"{change.__name__}{how}")

    expected = to_pins(run(str(path)))
    for turn in turns:
        check(wrapped, *turn)
    for code in (0, 3, 5):
        check(turned_polygons, code)
    for times in (2, 5):
        check(finer, times)


STYLES = [(process, style) for process in ("ebeam", "copper", "copper_thick") for style in ("rails", "lines")]


@pytest.mark.parametrize(("process", "style"), STYLES if os.environ.get("SPINHOP_FULL") else [STYLES[0], STYLES[3]])
def test_generated_layouts(tmp_path, process, style):
    layouts = pytest.importorskip("layouts")
    soma = "centred" if style == "lines" else "diagonal"
    drawn = Design(name="three", process=process,
                   network={"neurons": 3, "weight_style": style, "soma_placement": soma})  # fmt: skip
    loaded = drawn.load_process()
    path = layouts.write_layout(layouts.hopfield(drawn, loaded), tmp_path / "three.gds")
    same_drawing(path, lambda file: extract(file, loaded, drawn), TURNS[1::2] if style == "lines" else TURNS[::2])


def test_a_database_unit_of_several_steps_of_the_grid(tmp_path):
    """A macro whose vertices are all on 5 nm, as another tool may write it; REACH counts in steps of the grid."""
    layouts = pytest.importorskip("layouts")
    drawn = Design(name="two", network={"neurons": 2})
    process, layout, networks = drawn.load_process(), db.Layout(), []
    path = layouts.write_layout(layouts.hopfield(drawn, process), tmp_path / "two.gds")
    layout.read(str(path))
    layout.transform(db.ICplxTrans(1 / 5))
    layout.dbu *= 5
    layout.write(str(tmp_path / "coarse.gds"))
    for file in (path, tmp_path / "coarse.gds"):
        networks.append(extract(file, process, drawn))
        assert lvs(file, process, drawn) == []
    np.testing.assert_allclose(to_pins(networks[1]), to_pins(networks[0]), rtol=1e-9)
    np.testing.assert_allclose(networks[1].length, networks[0].length, rtol=1e-12)
    layout.top_cell().insert(db.CellInstArray(layout.create_cell("far").cell_index(), db.Trans()))
    layout.cell("far").shapes(layout.layer(*process.layers["m5"].gds)).insert(db.Box(0, 0, 40, 2**26))
    with pytest.raises(InputError, match=r"reach 3.355e\+08 database units, 134217728 \(0.134 m\) can be handled"):
        extract(layout, process, drawn)


def test_strapped_layouts(tmp_path):
    layouts = pytest.importorskip("layouts")
    straps = {wire: {"metal": "m4", "pitch": 2} for wire in ("drive", "ground")} | {"dendrite": {"metal": "m5"}}
    drawn = Design(name="three", process="copper", network={"neurons": 3, "straps": straps})
    loaded = drawn.load_process()
    path = layouts.write_layout(layouts.hopfield(drawn, loaded), tmp_path / "three.gds")
    same_drawing(path, lambda file: extract(file, loaded, drawn), TURNS[::5])


def test_tapered_layouts(tmp_path):
    layouts = pytest.importorskip("layouts")
    tapers = {"dendrite": {"narrow": 48e-9, "steps": 3}, "drive": {"narrow": 48e-9, "steps": 2}}
    network = {"dendrite_width": 120e-9, "drive_width": 96e-9, "tapers": tapers, "tile_vias": {"size": "currents"}}
    drawn = Design(name="three", process="copper", network={"neurons": 3, **network})
    loaded = drawn.load_process()
    path = layouts.write_layout(layouts.hopfield(drawn, loaded), tmp_path / "three.gds")
    same_drawing(path, lambda file: extract(file, loaded, drawn), TURNS[::5])


def test_crowded_contacts_on_wide_wires(tmp_path):
    """One port of those that are near each other, whatever their order. In cells, the end of the trunk is equipotential
    (its window is that of the middle, whose port joins nothing there): 0.11 %."""
    layouts = pytest.importorskip("layouts")
    drawn = Design(name="four", network={"neurons": 4, "ground_width": 100e-9})
    loaded = drawn.load_process()
    path, found = layouts.write_layout(layouts.hopfield(drawn, loaded), tmp_path / "four.gds"), []
    for code in range(8):
        layout = db.Layout()
        layout.read(str(path))
        found.append(to_pins(extract(turned_polygons(layout, code), loaded, drawn)))
        np.testing.assert_allclose(found[code], found[0], rtol=1e-9, err_msg=f"turned {code}")
    np.testing.assert_allclose(to_pins(extract(path, loaded, drawn)), found[0], rtol=0.002)


@pytest.mark.parametrize(("neurons", "width"), [(8, 100e-9), (6, 160e-9)])
def test_trunks_wider_than_the_way_to_their_contacts(tmp_path, neurons, width):
    """Trunks that cross borders of cells beside a via, as in hopfield_8 and hopfield_16: one sheet, cells or none."""
    layouts = pytest.importorskip("layouts")
    wide = {f"{wire}_width": width for wire in ("dendrite", "drive", "ground")}
    drawn = Design(name="wide", network={"neurons": neurons, **wide})
    loaded, layout = drawn.load_process(), db.Layout()
    path = layouts.write_layout(layouts.hopfield(drawn, loaded), tmp_path / "wide.gds")
    layout.read(str(path))
    flat = extract(turned_polygons(layout, 0), loaded, drawn)
    np.testing.assert_allclose(to_pins(extract(path, loaded, drawn)), to_pins(flat), rtol=1e-9)


@pytest.mark.parametrize("placement", ["centred", "diagonal"])
@pytest.mark.parametrize("wire", ["drive", "ground", "weight", "vdw"])
def test_wires_that_narrow_within_their_width_of_a_border(tmp_path, wire, placement):
    """From a step to its cell's border they are shorter than wide, and longer with what goes on beyond."""
    layouts = pytest.importorskip("layouts")
    tapers = {f"{wire}_width": 200e-9, "tapers": {wire: {"narrow": 100e-9, "steps": 4}}}
    drawn = Design(name="narrows", network={"neurons": 5, "soma_placement": placement, **tapers})
    loaded, layout = drawn.load_process(), db.Layout()
    path = layouts.write_layout(layouts.hopfield(drawn, loaded), tmp_path / "narrows.gds")
    layout.read(str(path))
    flat = extract(turned_polygons(layout, 0), loaded, drawn)
    np.testing.assert_allclose(to_pins(extract(path, loaded, drawn)), to_pins(flat), rtol=1e-9)


def _corner_at_the_edge(s) -> None:
    """A branch of the dendrite's own metal that starts on the border of two tiles."""
    s.box(s.layout.top_cell(), "m3", 225, 155, 255, 260)


def _slanted(s) -> None:
    """dend_0 goes on over a slanted piece to its label."""
    top = s.layout.top_cell()
    s.box(top, "m3", -460, 135, -400, 175)
    s.box(top, "m3", -560, 235, -520, 335)
    corners = [(-460, 135), (-460, 175), (-520, 235), (-560, 235)]
    top.shapes(s.layer("m3")).insert(db.Polygon([db.Point(*corner) for corner in corners]))
    for shape in top.shapes(s.layout.layer(*s.process.layers["m3"].label)).each():
        if shape.text.string == "dend_0":
            shape.text = db.Text("dend_0", -540, 325)


def _ring(s) -> None:
    for name in ("axon_w_m1", "axon_w_p1"):
        for box in ((100, 250, 190, 280), (160, 135, 190, 280), (100, 135, 190, 175)):
            s.box(s.layout.cell(name), "read", *box)


@pytest.mark.parametrize("change", [None, _corner_at_the_edge, _slanted, _ring])
def test_drawn_by_hand(tmp_path, change):
    s = draw_network(hebbian_levels(3))
    if change:
        change(s)
    path = tmp_path / "hand.gds"
    s.layout.write(str(path))
    same_drawing(path, lambda file: extract(file, s.process, design(3)), TURNS[::3])
