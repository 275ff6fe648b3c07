"""Presets of open back-ends: the numbers of their kits, written out again; what is drawn keeps their rules."""

import os

import numpy as np
import pytest

import layouts
from hwlib.cells.rules import Rules
from hwlib.cells.shapes import Box
from hwlib.cells.shortest_track import shortest_track
from hwlib.checks import drc, lvs
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.extraction import extract
from hwlib.process import Process, load_process, preset_names
from tests.support.fitting import ESTIMATES, OPEN, fitting_device
from tests.support.hand_drawn import Sheet, pin_resistance

FULL = bool(os.environ.get("SPINHOP_FULL"))
# By hand from the kits: Ω per square, thickness, width, space (nm), area (µm²), mA per µm.
METALS = {
    "sky130": [
        (0.125, 360, 140, 140, 0.083, 2.8), (0.125, 360, 140, 140, 0.0676, 2.8), (0.047, 845, 300, 300, 0.24, 6.8),
        (0.047, 845, 300, 300, 0.24, 6.8), (0.029, 1260, 1600, 1600, 4.0, 10.17),
    ],
    "sg13g2": [(0.110, 420, 160, 220, 0.09, 1.0), *[(0.088, 490, 200, 240, 0.144, 2.0)] * 4],
    "gf180mcu": [
        (0.09, 550, 230, 300, 0.1444, 1.0), *[(0.09, 550, 280, 300, 0.1444, 1.0)] * 3,
        (0.04, 1250, 440, 600, 0.5625, 2.2),
    ],
}  # fmt: skip
# Ω per via, height, size, space (nm), mA per via, enclosure by the metal below and above (nm).
VIAS = {
    "sky130": [
        (4.5, 270, 150, 170, 0.29, 85, 85), (3.41, 420, 200, 200, 0.48, 85, 65), (3.41, 390, 200, 200, 0.48, 90, 65),
        (0.38, 505, 800, 800, 2.49, 190, 310),
    ],
    "sg13g2": [(9.0, 540, 190, 290, 0.4, 50, 50)] * 4,
    "gf180mcu": [(4.5, 600, 260, 360, 0.28, 60, 60)] * 4,
}  # fmt: skip
STYLES = [(style, place) for style in ("rails", "lines") for place in ("diagonal", "centred")]
ALL = [(process, n, *style) for process in OPEN for n in (2, 3, 8) for style in STYLES]
SAMPLE = [
    ("sky130", 2, "rails", "centred"), ("sky130", 3, "lines", "centred"), ("sg13g2", 2, "lines", "diagonal"),
    ("sg13g2", 3, "rails", "centred"), ("gf180mcu", 2, "lines", "centred"), ("gf180mcu", 3, "rails", "diagonal"),
]  # fmt: skip


def test_every_preset_is_an_estimate_or_an_open_back_end():
    assert sorted([*ESTIMATES, *OPEN]) == preset_names()
    assert all(bool(load_process(name).documents) == (name in OPEN) for name in preset_names())


@pytest.mark.parametrize("name", OPEN)
def test_numbers_are_the_kits(name):
    process = load_process(name)
    for k, (ohm, thickness, width, space, area, current) in enumerate(METALS[name], start=1):
        metal = process.layers[f"m{k}"]
        found = (metal.sheet_resistance, metal.thickness, metal.min_width, metal.min_space, metal.min_area)
        assert found == pytest.approx((ohm, thickness * 1e-9, width * 1e-9, space * 1e-9, area * 1e-12), rel=1e-12)
        assert metal.max_current_density * metal.thickness == pytest.approx(current * 1e3, rel=1e-4)  # rounded
    for k, (ohm, height, size, space, current, below, above) in enumerate(VIAS[name], start=1):
        via = process.layers[f"v{k}"]
        assert (via.thickness, via.size, via.min_space) == pytest.approx((height * 1e-9, size * 1e-9, space * 1e-9))
        assert via.contact_resistance / via.size**2 == pytest.approx(ohm, rel=1e-12)
        assert via.max_current_density * via.size**2 == pytest.approx(current * 1e-3, rel=1e-4)
        margins = process.enclosure(f"m{k}", f"v{k}"), process.enclosure(f"m{k + 1}", f"v{k}")
        assert margins == pytest.approx((below * 1e-9, above * 1e-9), rel=1e-12)
    assert process.grid == pytest.approx(5e-9)
    assert process.permittivity == {"sky130": 4.2, "sg13g2": 4.1, "gf180mcu": 4.0}[name]


@pytest.mark.parametrize("name", OPEN)
def test_every_number_has_a_source(name):
    process = load_process(name)
    copper = load_process("copper")
    numbers = ("gds", "thickness", "sheet_resistance", "contact_resistance", "size", "min_width", "min_space",
               "min_area", "max_current_density")  # fmt: skip
    for layer_name, layer in process.layers.items():
        if layer.kind == "marker":
            continue
        for field in numbers:
            if getattr(layer, field) not in (None, 0.0):
                source = layer.sources.get(field, layer.sources.get("all", ""))
                assert source.split(" ")[0] in process.documents, (layer_name, field)
        if layer.sources.get("all") == "mtj":
            values = [getattr(layer, field) for field in numbers[1:]]
            assert values == [getattr(copper.layers[layer_name], field) for field in numbers[1:]], layer_name
    for rule in (*process.enclosures, *process.separations, *process.extensions, *process.overlaps):
        assert rule.source and rule.source.split(" ")[0] in process.documents, rule
        if rule.source == "mtj":
            theirs = (*copper.enclosures, *copper.separations, *copper.extensions, *copper.overlaps)
            assert rule.model_copy(update={"source": None}) in theirs


def test_a_source_of_an_unknown_field_is_refused():
    data = load_process("sky130").model_dump()
    data["layers"]["m1"]["sources"] = {"width": "rules"}
    with pytest.raises(ValueError, match="sources: no field 'width'"):
        Process.model_validate(data)


@pytest.mark.parametrize("name", OPEN)
def test_a_straight_wire_is_its_squares_and_a_via_what_the_kit_says(name):
    for k, (ohm, _, width, *_) in enumerate(METALS[name], start=1):
        sheet = Sheet(name)
        top = sheet.cell("top")
        sheet.box(top, f"m{k}", 0, 0, 25_000, width)
        ends = ((f"m{k}", 0, width // 2), (f"m{k}", 25_000, width // 2))
        assert pin_resistance(sheet, top, *ends) == pytest.approx([ohm * 25_000 / width], rel=1e-9)
    for k, (ohm, _, size, *_) in enumerate(VIAS[name], start=1):
        sheet = Sheet(name)
        top = sheet.cell("top")
        for layer, edge in ((f"m{k}", 2 * size), (f"v{k}", size), (f"m{k + 1}", 2 * size)):
            sheet.square(top, layer, 0, 0, edge)
        assert pin_resistance(sheet, top, (f"m{k}", 0, 0), (f"m{k + 1}", 0, 0)) == pytest.approx([ohm], rel=1e-9)


def drawn(process: str, n: int, style: str, placement: str, folder):
    network = {"neurons": n, "weight_style": style, "soma_placement": placement, "weights": {"random_patterns": 1}}
    design = Design(name="open", process=process, device=fitting_device(process), network=network)
    return design, layouts.write_layout(layouts.hopfield(design), folder / "open.oas")


@pytest.mark.parametrize("case", ALL if FULL else SAMPLE, ids=lambda case: "-".join(map(str, case)))
def test_the_smallest_device_is_drawn_clean_and_extracted(case, tmp_path):
    design, path = drawn(*case, tmp_path)
    process = design.load_process()
    assert drc(path, process) == []
    assert lvs(path, process, design, topology=True) == []
    network = extract(path, process, design)
    kilohm = process.track_sheet_resistance * OPEN[case[0]] / 50e-9
    assert np.allclose(network.r_m, kilohm, rtol=1e-9)
    assert network.resistor_ohm.min() > 0


@pytest.mark.parametrize("name", OPEN)
def test_no_shorter_track_fits(name):
    process = load_process(name)
    assert shortest_track(process) == pytest.approx(OPEN[name], rel=1e-12)
    shorter = fitting_device(name).model_copy(update={"track_length": OPEN[name] - 2 * process.grid})
    with pytest.raises(InputError, match=r"rule m1\.space"):
        layouts.hopfield(Design(name="short", process=name, device=shorter, network={"neurons": 2}))
    with pytest.raises(InputError, match=f"of process {name} needs at least"):  # the paper's device
        layouts.hopfield(Design(name="paper", process=name, network={"neurons": 2}))


def test_a_process_that_no_track_fits_has_no_shortest_one():
    coarse = load_process("ebeam").model_copy(update={"grid": 7e-9})  # 50 nm are off its grid
    assert shortest_track(coarse) is None


def test_pads_of_vias_between_wires_have_the_minimum_area():
    rules = Rules(load_process("sg13g2"))  # its 290 nm landings are 0.0841 µm², Metal2 wants 0.144
    pad = rules.pad("m2", "v1", Box(0, 0, 38, 38))
    assert (pad.x1 - pad.x0, pad.y1 - pad.y0) == (76, 76)  # of 5 nm: 0.1444 µm²
    row = rules.pad("m2", "v1", Box(0, 0, 300, 38))  # a row of vias is large enough
    assert (row.x1 - row.x0, row.y1 - row.y0) == (320, 58)
    contact = rules.pad("m1", "vt", Box(0, 0, 6, 6))  # not a via between wires
    assert (contact.x1 - contact.x0) * 5e-9 == pytest.approx(160e-9)
    assert load_process("sg13g2").layers["m2"].min_area == pytest.approx(0.144e-12)
