"""Metal that carries nothing: floating pieces and wires that go on past their last use, warned of at their place."""

import itertools
import time

import klayout.db as kdb
import numpy as np
import pytest

import layouts
from hwlib.checks import lvs
from hwlib.checks.layout_view import view_in_bands, view_whole
from hwlib.checks.loose_metal import MOST, PITCHES, dangling_ends, floating_pieces
from hwlib.design import Design
from hwlib.drawing.reader import open_layout
from hwlib.process import load_process
from tests.support.drawn_network import ONE_SIDE, PX, PY, draw_network, place_nm

EBEAM = load_process("ebeam")
FIVE = Design(name="five", network={"neurons": 5, "feeds": ONE_SIDE}, seed=3)
LEFT = -900  # nm: nothing is drawn from here on


def check(change, **options):
    draw = draw_network(FIVE)
    draw.box(draw.layout.top_cell(), "outline", -3000, -500, 5 * PX, 10 * PY)
    change(draw, draw.layout.top_cell())
    return lvs(draw.layout, EBEAM, FIVE, **options)


def test_a_floating_piece_is_a_warning_at_its_place():
    (finding,) = check(lambda draw, top: draw.box(top, "m4", LEFT - 100, 700, LEFT, 740))
    assert (finding.rule, finding.severity, finding.cell) == ("lvs.floating", "warning", "hand")
    assert place_nm(finding) == (LEFT - 50, 720) and round(finding.width * 1e9) == 100
    assert finding.message == "a piece of m4 is connected to nothing"


def test_more_pieces_than_are_listed():
    """More are not even looked for."""

    def many(draw, top):
        for k in range(MOST + 50):
            draw.box(top, "m4", LEFT - 100 * k - 100, 700, LEFT - 100 * k - 60, 740)

    found = check(many)
    assert len(found) == 1001 and {f.rule for f in found} == {"lvs.floating"}
    assert "more than 1000" in found[-1].message


def test_pieces_that_a_via_joins_are_one():
    def two_layers(draw, top):
        draw.box(top, "m4", LEFT - 100, 700, LEFT, 740)
        draw.box(top, "v4", LEFT - 40, 705, LEFT - 10, 735)
        draw.box(top, "m5", LEFT - 50, 600, LEFT, 1400)

    (finding,) = check(two_layers)
    assert "a piece of m5" in finding.message


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("layer", ["m4", "pillar"])
def test_a_piece_in_a_repeated_cell_is_told_wherever_that_is(layer, flat):
    def piece(draw, top):
        draw.box(draw.layout.cell("soma"), layer, 100, 20, 300, 60)
        if flat:
            top.flatten(-1, True)

    found = [f for f in check(piece) if f.rule == "lvs.floating"]
    assert sorted(map(place_nm, found)) == [(k * PX + 200, k * PY + 40) for k in range(5)]


def test_a_piece_across_cells_counts_once():
    def across(draw, top):
        for k in range(1, 4):
            draw.box(draw.layout.cell(f"line_{k}"), "m4", 100, 0, 140, PY)

    (finding,) = check(across)
    assert place_nm(finding) == (120, PY * 5 // 2) and round(finding.height * 1e9) == 3 * PY


def test_a_piece_of_a_net_is_not_floating():
    """A cell's metal that only its neighbour connects, and metal with a label."""

    def joined(draw, top):
        draw.box(draw.layout.cell("soma"), "m4", 100, 20, 300, 60)  # over nothing, until the next line
        for k in range(5):
            draw.box(top, "v3", k * PX + 55, k * PY + 25, k * PX + 85, k * PY + 55)
            draw.box(top, "m3", k * PX + 40, k * PY + 20, k * PX + 90, k * PY + 60)
            draw.box(top, "v2", k * PX + 55, k * PY + 25, k * PX + 85, k * PY + 55)
            draw.box(draw.layout.cell("soma"), "m4", 40, 20, 100, 60)

    assert check(joined) == []


def test_a_piece_at_the_border_may_be_used_from_outside():
    def at(x):
        def change(draw, top):
            draw.clear(top, "outline")
            draw.box(top, "outline", LEFT, -500, 5 * PX, 6 * PY)
            draw.box(top, "m4", x, 700, x + 100, 740)

        return [f.rule for f in check(change)]

    assert at(LEFT) == at(5 * PX - 100) == []
    assert at(LEFT + 5) == at(5 * PX - 99) == ["lvs.floating"]


@pytest.mark.parametrize("network", [{}, {"weight_style": "lines", "order": [3, 0, 5, 1, 4, 2]}, {"feeds": ONE_SIDE}])
@pytest.mark.parametrize("axons", [[[0, 5]], [[k, (k + 1) % 6] for k in range(6)]])
def test_wires_of_few_axons_run_through_all_tiles_and_no_farther(network, axons, tmp_path):
    """A ring of six had up to twelve warnings of its own drives and dendrites."""
    if network.get("weight_style") == "lines":
        network = {**network, "feeds": {"vdw": "west"}}
    sparse = Design(name="sparse", network={"neurons": 6, "topology": {"axons": axons}, **network})
    layout = kdb.Layout()
    layout.read(str(layouts.write_layout(layouts.hopfield(sparse, EBEAM), tmp_path / "sparse.gds")))
    assert lvs(layout, EBEAM, sparse, topology=False) == []
    (label,) = (label for label in open_layout(layout, EBEAM).labels if label.name == "dend_0")
    top, far = layout.top_cell(), 2 * (layout.top_cell().bbox().width() + layout.top_cell().bbox().height())
    for name, box in (
        ("m3", (label.x - far, label.y - 20, label.x, label.y + 20)), ("outline", (-2 * far, -far, 0, far)),
    ):  # fmt: skip
        top.shapes(layout.layer(*EBEAM.layers[name].gds)).insert(kdb.Box(*box))
    assert [f.rule for f in lvs(layout, EBEAM, sparse, topology=False)] == ["lvs.dangling"]


@pytest.mark.parametrize("turn", range(8))
@pytest.mark.parametrize(("past", "found"), [(PITCHES * PY - 40, False), (PITCHES * PY + 1, True), (5000, True)])
def test_a_wire_that_goes_on_is_a_warning_with_its_length(turn, past, found):
    """The V_DW trunk, whose first via lies 445 nm above its lower end and whose label lies at it: drawn on upwards."""
    draw = draw_network(FIVE)
    top = draw.layout.top_cell()
    last = 4 * PY + 435  # the upper edge of its last via
    draw.box(top, "m2", -120, 5 * PY - 10, -80, last + past)
    draw.box(top, "outline", -3000, -500, 5 * PX, 15 * PY)
    where = kdb.Trans(turn % 4, turn >= 4, 300, -700)
    outer = draw.layout.create_cell("outer")
    outer.insert(kdb.CellInstArray(top.cell_index(), where))
    findings = lvs(draw.layout, EBEAM, FIVE)
    assert [f.rule for f in findings] == ["lvs.dangling"] * found
    for finding in findings:
        assert finding.severity == "warning" and finding.measured == pytest.approx(past * 1e-9)
        assert finding.message == f"a wire on m2 goes on for {past} nm past its last via, pillar or label"
        end = where * kdb.Point(-100, last + past)
        assert abs(finding.x * 1e9 - end.x) + abs(finding.y * 1e9 - end.y) == pytest.approx(PITCHES * PY / 2, abs=1)


def test_an_end_that_turns_is_measured_from_its_corner():
    def hook(draw, top):
        draw.box(top, "m2", -120, 5 * PY - 10, -80, 5 * PY + 100)
        draw.box(top, "m2", -2500, 5 * PY + 60, -80, 5 * PY + 100)

    (finding,) = check(hook)
    assert finding.measured == pytest.approx(2420e-9)


@pytest.mark.parametrize("what", ["branch", "label", "via"])
def test_an_end_that_is_used_is_none(what):
    def longer(draw, top):
        draw.box(top, "m2", -120, 5 * PY - 10, -80, 7 * PY)
        if what == "branch":
            draw.box(top, "m2", -500, 6 * PY, -80, 6 * PY + 40)
        elif what == "label":
            draw.text(top, "m2", "vdw", -100, 6 * PY)
        else:
            draw.box(top, "v2", -115, 6 * PY, -85, 6 * PY + 30)
            draw.box(top, "m3", -140, 6 * PY - 10, -60, 6 * PY + 40)

    assert {f.rule for f in check(longer)} <= {"lvs.label"}  # a second source


@pytest.mark.parametrize("joined", [False, True])
def test_an_end_over_a_plane_is_a_crossing_only_where_a_via_joins_them(joined):
    def longer(draw, top):
        draw.box(top, "m2", -120, 5 * PY - 10, -80, 8 * PY)
        draw.box(top, "m3", -1000, 5 * PY + 10, 0, 9 * PY)
        draw.text(top, "m3", "vdw" if joined else "gnd", -500, 6 * PY)
        if joined:
            draw.box(top, "v2", -115, 5 * PY + 20, -85, 5 * PY + 50)

    loose = [f.rule for f in check(longer) if f.severity == "warning" and f.rule != "lvs.label"]  # a second source
    assert loose == ["lvs.dangling"] * (not joined)


@pytest.mark.parametrize("joined", [False, True])
def test_a_comb_of_many_teeth_is_looked_at_tooth_by_tooth(joined):
    """Not the whole of it for each tooth: 500 took 6 s, 1000 23 s."""
    draw = draw_network(FIVE)
    top, teeth = draw.layout.top_cell(), range(LEFT - 50_000, LEFT, 100)
    corners = [(x + dx, y) for x in teeth for dx, y in ((0, 1900), (40, 1900), (40, 1000), (100, 1000))]
    comb = kdb.Polygon([kdb.Point(*corner) for corner in [*corners, (LEFT, 900), (LEFT - 50_000, 900)]])
    for name in ("m2", "m3") if joined else ("m2",):
        top.shapes(draw.layout.layer(*EBEAM.layers[name].gds)).insert(comb)
    draw.box(top, "v2", LEFT - 140, 905, LEFT - 110, 935)
    draw.box(top, "outline", -60_000, -500, 5 * PX, 10 * PY)
    drawing, pillars = open_layout(draw.layout, EBEAM), np.array([[x, y] for x in (0, 0.3) for y in (0, 0.3)])
    begun = time.process_time()
    found = dangling_ends(drawing, pillars)
    assert time.process_time() - begun < 2
    assert len(found) == (0 if joined else len(teeth))  # where two lie on one another and a via joins them they cross
    assert {round(end.length * 1e9) for end in found} <= {900, 1000}  # the first goes straight on into the back


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("bands", [2, 4])
def test_reading_in_bands_finds_the_same_pieces(bands, turned):
    draw = draw_network(FIVE)
    top = draw.layout.top_cell()
    draw.box(top, "m4", LEFT - 100, 700, LEFT, 740)
    draw.box(top, "m5", LEFT - 100, 100, LEFT - 60, 4 * PY)  # across the lines between the bands
    draw.box(top, "m5", LEFT - 200, -500, LEFT - 160, 4 * PY)  # to the border
    draw.box(top, "outline", -3000, -500, 5 * PX, 10 * PY)
    draw.box(draw.layout.cell("soma"), "m4", 100, 20, 300, 60)
    if turned:
        outer = draw.layout.create_cell("outer")
        outer.insert(kdb.CellInstArray(top.cell_index(), kdb.Trans.R90))
    drawing = open_layout(draw.layout, EBEAM)
    whole, parts = view_whole(drawing).floating, view_in_bands(drawing, bands, workers=1).floating
    assert len(whole) == 7
    across = [piece for piece in parts if piece.layer == "m5"]
    assert len(across) == 1 and any(piece.box.contains(across[0].box.center()) for piece in whole)
    inner = [sorted(str(piece.box) for piece in pieces if piece.layer == "m4") for pieces in (whole, parts)]
    assert inner[0] == inner[1] and len(inner[0]) == 6


@pytest.mark.parametrize("axons", [None, [(0, 1), (1, 0), (1, 2), (2, 3), (3, 4), (4, 1), (0, 3)]])
@pytest.mark.parametrize(("style", "placement"), [*itertools.product(("rails", "lines"), ("diagonal", "centred"))])
def test_in_drawn_layouts_nothing_is_unconnected(style, placement, axons):
    """Pieces that reach the border count as well: no line for a soma or for an axon that is not there."""
    topology = {} if axons is None else {"axons": axons}
    network = {"neurons": 5, "weight_style": style, "soma_placement": placement, "topology": topology}
    component = layouts.hopfield(Design(name="spare", network=network, seed=1))
    drawing = open_layout(component.kdb_cell.layout(), EBEAM, top=component.name)
    whole = view_whole(drawing)
    assert whole.floating == []
    assert floating_pieces(whole.extracted, kdb.Edges(), drawing.top, ends=whole.table.ends) == []
