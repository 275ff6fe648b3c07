"""Metal that abuts, and vias that end at a metal's edge: rules, both netlists and extraction say the same."""

import os
import shutil
import subprocess
from functools import partial
from itertools import product

import klayout.db as kdb
import pytest

from hwlib.checks import drc, lvs, write_lvs_script, write_reference_spice
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.extraction import extract
from hwlib.process import load_process
from tests.support import hand_drawn
from tests.support.drawn_network import ONE_SIDE, PX, PY, Drawing, draw_network, place_nm

EBEAM = load_process("ebeam")
TWO = Design(name="two", network={"neurons": 2, "feeds": ONE_SIDE}, seed=3)
Boxes = list[tuple[str, tuple[int, ...], tuple[int, ...]]]  # of a soma: layer, box, and what is drawn in its place

WIDE_GROUND = ("m2", (430, 0, 480, PY), (430, 0, 520, PY))
APART: dict[str, tuple[Boxes, str]] = {
    "v1 at an edge of m1": ([("v1", (440, 310, 470, 340), (480, 310, 510, 340)), WIDE_GROUND], "m1.encloses.v1"),
    "v1 at a corner of m1": ([("v1", (440, 310, 470, 340), (480, 350, 510, 380)), WIDE_GROUND], "m1.encloses.v1"),
    "v1 at an edge of m2": ([("v1", (440, 310, 470, 340), (400, 310, 430, 340))], "m2.encloses.v1"),
    "vt at an edge of m1": ([("m1", (375, 300, 480, 350), (415, 300, 480, 350))], "m1.encloses.vt"),
    "vt at an edge of the track": ([("track", (250, 300, 420, 350), (250, 300, 385, 350))], "track.encloses.vt"),
    "pillar at an edge of m1": ([("m1", (315, 295, 355, 355), (315, 350, 355, 410)),
                                 ("v1", (320, 310, 350, 340), (320, 360, 350, 390))], "m1.encloses.pillar"),
}  # fmt: skip
SLIVERS: dict[str, tuple[Boxes, str]] = {
    "v1 of 1 nm by 1 nm": ([("v1", (440, 310, 470, 340), (450, 320, 451, 321))], "v1.size"),
    "v1 of 2 nm": ([("v1", (440, 310, 470, 340), (440, 310, 442, 340))], "v1.size"),
    "v2 of 2 nm": ([("v2", (320, 405, 350, 435), (320, 405, 322, 435))], "v2.size"),
    "vr of 1 nm": ([("vr", (320, 425, 350, 455), (320, 425, 350, 426))], "vr.size"),
    "vt of 2 nm": ([("vt", (385, 310, 415, 340), (385, 310, 387, 340))], "vt.size"),
}
JOINED: dict[str, tuple[Boxes, str]] = {
    **SLIVERS,
    "v1 within m1 by 1 nm": ([("v1", (440, 310, 470, 340), (479, 310, 509, 340)), WIDE_GROUND], "m1.encloses.v1"),
    "v1 within a corner of m1": ([("v1", (440, 310, 470, 340), (479, 349, 509, 379)), WIDE_GROUND], "m1.encloses.v1"),
}


def drawn(boxes: Boxes) -> Drawing:
    """The network with boxes of its somas exchanged."""
    draw = draw_network(TWO)
    soma = draw.layout.cell("soma")
    for layer, old, new in boxes:
        shapes = soma.shapes(draw.layout.layer(*EBEAM.layers[layer].gds))
        (found,) = (shape for shape in shapes.each() if shape.bbox() == kdb.Box(*old))
        found.delete()
        draw.box(soma, layer, *new)
    return draw


@pytest.mark.parametrize("boxes_and_rule", APART.values(), ids=APART)
def test_a_via_that_ends_at_an_edge_joins_nothing(boxes_and_rule, tmp_path):
    """KLayout joins layers that touch: these layouts matched their netlist, and the extraction found the net open."""
    boxes, rule = boxes_and_rule
    layout = drawn(boxes).layout
    assert rule in {finding.rule for finding in drc(layout, EBEAM)}
    somas = {f.message.split(":")[0] for f in lvs(layout, EBEAM, TWO) if f.rule == "lvs.open"}
    missing = {f.rule for f in lvs(layout, EBEAM, TWO)} >= {"lvs.device", "lvs.missing"}
    assert missing if rule.startswith("track") else somas == {"soma 0", "soma 1"}
    layout.write(str(tmp_path / "drawn.gds"))
    with pytest.raises(InputError, match=r"on a net without label|no contact at|no m1 over"):
        extract(tmp_path / "drawn.gds", EBEAM, TWO)


PLATES = {
    "v1 over a tile": ("v1", (270, 280, 500, 430)), "v1 from a contact to m1": ("v1", (285, 296, 320, 305)),
    "v1 from m1 to m2": ("v1", (80, 240, 200, 260)),
    "vt": ("vt", (290, 310, 350, 340)), "pillar": ("pillar", (330, 310, 400, 340)), "vr": ("vr", (270, 280, 500, 430)),
}  # fmt: skip


@pytest.mark.parametrize("layer_and_box", PLATES.values(), ids=PLATES)
@pytest.mark.parametrize("flat", [False, True])
def test_a_via_over_wires_beside_one_another_is_a_short_for_the_extraction_too(layer_and_box, flat):
    """It took places where wires lie over one another for contacts, and read resistances as if nothing were wrong."""
    draw = draw_network(TWO)
    layer, box = layer_and_box
    draw.box(draw.layout.cell("soma"), layer, *box)
    if flat:
        draw.layout.top_cell().flatten(-1, True)
    assert {"lvs.short", "lvs.device"} & {f.rule for f in lvs(draw.layout, EBEAM, TWO)}
    with pytest.raises(InputError, match=rf"a shape on {layer} at .* joins wires of .* beside one another"):
        extract(draw.layout, EBEAM, TWO)


BESIDE: Boxes = [("m1", (375, 300, 480, 350), (375, 300, 455, 350)), ("m2", (430, 0, 480, PY), (455, 0, 480, PY))]


def test_a_via_over_two_wires_of_one_net_beside_one_another_is_told_by_both(tmp_path):
    """LVS called it clean: the net is one, through the via alone; the extraction refused it."""
    layout = drawn(BESIDE).layout
    told = lvs(layout, EBEAM, TWO)
    assert {(f.rule, f.message) for f in told} == {
        ("lvs.bridge", "a shape on v1 joins wires of m1 and m2 beside one another")
    }
    assert sorted(place_nm(f) for f in told) == [(455, 325), (PX + 455, PY + 325)]
    with pytest.raises(InputError, match=r"a shape on v1 at \(0\.455, 0\.325\) µm joins wires of m1 and m2 beside"):
        extract(layout, EBEAM, TWO)


def test_a_pillar_under_two_read_electrodes_is_told_by_both():
    """The extraction took the larger one for all of it."""
    draw = drawn([])
    soma, layer = draw.layout.cell("soma"), draw.layout.layer(*EBEAM.layers["read"].gds)
    wires = kdb.Region(soma.shapes(layer)) - kdb.Region(kdb.Box(200, 320, 500, 324))
    soma.shapes(layer).clear()
    soma.shapes(layer).insert(wires)
    assert "lvs.device" in {finding.rule for finding in lvs(draw.layout, EBEAM, TWO)}
    with pytest.raises(InputError, match=r"a shape on pillar at .* joins wires of read beside one another"):
        extract(draw.layout, EBEAM, TWO)


@pytest.mark.parametrize("boxes_and_rule", JOINED.values(), ids=JOINED)
def test_a_via_joins_what_it_overlaps_by_a_database_unit(boxes_and_rule, tmp_path):
    boxes, rule = boxes_and_rule
    layout = drawn(boxes).layout
    assert rule in {finding.rule for finding in drc(layout, EBEAM)}
    assert lvs(layout, EBEAM, TWO) == []
    layout.write(str(tmp_path / "drawn.gds"))
    assert extract(tmp_path / "drawn.gds", EBEAM, TWO).devices == 4


def test_a_via_of_half_a_square_of_the_grid_joins_too():
    """Its area in whole squares of the database unit is 0: the extraction divided by it."""
    draw = drawn([("v1", (440, 310, 470, 340), (450, 320, 451, 321))])
    shapes = draw.layout.cell("soma").shapes(draw.layout.layer(*EBEAM.layers["v1"].gds))
    (square,) = (shape for shape in shapes.each() if shape.bbox() == kdb.Box(450, 320, 451, 321))
    shapes.replace(square, kdb.Polygon([kdb.Point(450, 320), kdb.Point(450, 321), kdb.Point(451, 320)]))
    assert not [finding for finding in lvs(draw.layout, EBEAM, TWO) if finding.severity == "error"]
    assert extract(draw.layout, EBEAM, TWO).devices == 4


def test_a_pillar_of_half_a_square_of_the_grid_has_its_resistance():
    draw = drawn([("pillar", (325, 300, 345, 350), (335, 320, 336, 321))])
    shapes = draw.layout.cell("soma").shapes(draw.layout.layer(*EBEAM.layers["pillar"].gds))
    (square,) = (shape for shape in shapes.each() if shape.bbox() == kdb.Box(335, 320, 336, 321))
    shapes.replace(square, kdb.Polygon([kdb.Point(335, 320), kdb.Point(335, 321), kdb.Point(336, 320)]))
    network = extract(draw.layout, EBEAM, TWO)
    assert network.r_p[network.somas] == pytest.approx(500 * 20 * 50 / 0.5)


def test_a_via_beside_another_net_is_no_short():
    """A v1 in the dendrite's m1 that ends at the edge of what leads to V_DW."""
    draw = drawn([])
    draw.box(draw.layout.cell("soma"), "v1", 285, 315, 315, 335)
    assert lvs(draw.layout, EBEAM, TWO) == []


@pytest.mark.skipif(shutil.which("klayout") is None, reason="the klayout application is not installed")
def test_the_written_script_says_the_same(tmp_path):
    write_lvs_script(EBEAM, tmp_path / "rules.lvs")
    write_reference_spice(TWO, EBEAM, tmp_path / "two.cir")
    words = ["klayout", "-b", "-r", "rules.lvs", "-rd", "input=drawn.gds", "-rd", "schematic=two.cir"]
    run = partial(subprocess.run, words, cwd=tmp_path, capture_output=True, text=True, check=False,
                  env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})  # fmt: skip
    point = drawn([("m2", (430, 0, 480, PY), (430, 0, 480, 360))])  # ground of the somas goes on at a corner alone
    point.box(point.layout.cell("soma"), "m2", 480, 360, 500, PY)
    point.box(point.layout.cell("soma"), "m2", 430, PY - 20, 480, PY)
    wrong = {
        "of 0 devices": drawn(APART["v1 at an edge of m2"][0]),
        "with 1 contacts": drawn(APART["vt at an edge of the track"][0]),
        "joins wires beside one another": drawn(BESIDE),
        "parts touch in a point alone": point,
    }
    for said, draw in wrong.items():
        draw.layout.write(str(tmp_path / "drawn.gds"))
        done = run()
        assert done.returncode == 1 and said in done.stdout, (said, done.stdout, done.stderr)
    narrow = [box for kind, (boxes, _) in SLIVERS.items() if kind != "v1 of 2 nm" for box in boxes]
    drawn(narrow).layout.write(str(tmp_path / "drawn.gds"))
    done = run()
    assert done.returncode == 0, (done.stdout, done.stderr)


def _divided(first: str, second: str) -> hand_drawn.Sheet:
    """The hand-drawn network with its first dendrite row in two boxes that abut, each in the top cell or its own."""
    sheet = hand_drawn.flattened(hand_drawn.draw_network(hand_drawn.hebbian_levels(3)))
    end, cut = 3 * hand_drawn.PX, hand_drawn.PX + 5
    hand_drawn.erase(sheet, "m3", -hand_drawn.EDGE, 130, end, 180)
    top = sheet.layout.top_cell()
    for place, left, right in ((first, -hand_drawn.EDGE, cut), (second, cut, end)):
        cell = top if place == "top" else sheet.cell(f"piece_{left}")
        sheet.box(cell, "m3", left, 135, right, 175)
        if cell is not top:
            top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans()))
    return sheet


@pytest.mark.parametrize("places", [*product(("top", "cell"), repeat=2)], ids="-".join)
def test_metal_that_abuts_along_an_edge_is_one_wire(places, tmp_path):
    plain = hand_drawn.draw_network(hand_drawn.hebbian_levels(3))
    sheet = _divided(*places)
    known = {(finding.rule, finding.message) for finding in lvs(plain.layout, EBEAM, hand_drawn.design(3))}
    assert {(f.rule, f.message) for f in lvs(sheet.layout, EBEAM, hand_drawn.design(3))} == known
    wanted = hand_drawn.resistances(hand_drawn.extracted(tmp_path, plain))
    assert hand_drawn.resistances(hand_drawn.extracted(tmp_path, sheet)) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("places", [*product(("top", "cell"), repeat=2)], ids="-".join)
def test_metal_that_touches_in_a_corner_breaks_a_rule_in_whatever_cells(places):
    draw = draw_network(TWO)
    top = draw.layout.top_cell()
    for k, place in enumerate(places):
        cell = top if place == "top" else draw.layout.create_cell(f"piece_{k}")
        draw.box(cell, "m3", 10_000 + 100 * k, 100 * k, 10_100 + 100 * k, 100 + 100 * k)
        if cell is not top:
            top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans()))
    assert {"m3.space", "m3.width"} == {finding.rule for finding in drc(draw.layout, EBEAM)}
