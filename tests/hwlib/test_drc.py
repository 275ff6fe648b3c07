"""Design rules on polygons drawn by hand: each rule broken once, at a known place and by a known amount."""

import json

import klayout.db as kdb
import klayout.rdb as rdb
import pytest

from hwlib.checks import drc, write_lyrdb
from hwlib.checks.design_rules.kind import RULE_KINDS
from hwlib.checks.design_rules.rule import design_rules
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.findings import failed, write_findings
from hwlib.process import load_process
from tests.support.drawn_network import PX, PY, Drawing, draw_network

FREE = 10_000  # nm, to the right of the network: nothing else is drawn there
EBEAM = load_process("ebeam")
# rule: (boxes as layer and edges in nm, measured in nm or None, place in nm)
BROKEN = {
    "m1.width": ([("m1", 0, 0, 100, 19)], 19, (50, 9.5)),
    "m1.space": ([("m1", 0, 0, 100, 40), ("m1", 0, 59, 100, 99)], 19, (50, 49.5)),
    "m3.width": ([("m3", 0, 0, 39, 200)], 39, (19.5, 100)),
    "m2.space": ([("m2", 0, 0, 40, 200), ("m2", 73, 0, 113, 200)], 33, (56.5, 100)),
    "pillar.area": ([("pillar", 0, 0, 19, 20)], 380, (9.5, 10)),
    "v1.size": ([("v1", 0, 0, 30, 31)], 31, (15, 15.5)),
    "v2.space": ([("v2", 0, 0, 30, 30), ("v2", 59, 0, 89, 30)], 29, (44.5, 15)),
    "m1.encloses.v1": ([("v1", 0, 0, 30, 30), ("m1", -4, -5, 35, 35)], 4, (-4.5, 15)),
    "m2.encloses.v1": ([("v1", 0, 0, 30, 30), ("m2", -5, -5, 29, 35)], 0, (32, 15)),
    "pin.encloses.vt": ([("vt", 0, 0, 30, 30), ("pin", -5, -5, 35, 32)], 2, (15, 33.5)),
    "read.separation.vt": ([("read", 0, 0, 40, 40), ("vt", 54, 5, 84, 35)], 14, (47, 20)),
    "pillar.separation.vr": ([("pillar", 0, 0, 20, 50), ("vr", 10, 10, 40, 40)], 0, (15, 25)),
    "track.encloses.pillar": ([("track", 0, 0, 100, 50), ("pillar", 40, 1, 60, 51)], 0, (50, 50.5)),
    "track.extends.pillar": ([("track", 0, 0, 150, 50), ("pillar", 81, 0, 101, 50)], 49, (91, 25)),
    "pillar.overlap.track": ([("track", 0, 0, 150, 50), ("pillar", 60, 31, 80, 61)], 19, (70, 40.5)),
}


@pytest.fixture(scope="module")
def small():
    return Design(name="small", network={"neurons": 3}, seed=3)


@pytest.mark.parametrize("neurons", [2, 5])
def test_a_clean_layout_has_no_findings(neurons):
    assert drc(draw_network(Design(name="clean", network={"neurons": neurons}, seed=3)).layout, EBEAM) == []


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_finds_its_violation_with_place_and_values(rule, small):
    draw = draw_network(small)
    boxes, measured, place = BROKEN[rule]
    for layer, left, bottom, right, top in boxes:
        draw.box(draw.layout.top_cell(), layer, FREE + left, bottom, FREE + right, top)
    found = [f for f in drc(draw.layout, EBEAM) if f.rule == rule]
    assert found, rule
    nearest = min(found, key=lambda f: abs(f.x * 1e9 - FREE - place[0]) + abs(f.y * 1e9 - place[1]))
    assert (nearest.x * 1e9 - FREE, nearest.y * 1e9) == pytest.approx(place, abs=0.01)
    assert nearest.measured * (1e18 if nearest.unit == "m2" else 1e9) == pytest.approx(measured, abs=1e-3)
    assert nearest.required == next(r.value for r in design_rules(EBEAM) if r.name == rule)
    assert nearest.cell == "hand"
    assert failed(found)


def test_exactly_the_limit_is_allowed(small):
    draw = draw_network(small)
    top = draw.layout.top_cell()
    for box in [("m1", 0, 0, 100, 20), ("m1", 0, 40, 100, 60), ("m2", 500, 0, 540, 90), ("m2", 580, 0, 620, 90)]:
        draw.box(top, box[0], FREE + box[1], box[2], FREE + box[3], box[4])
    assert drc(draw.layout, EBEAM) == []


def test_slanted_shapes(small):
    draw = draw_network(small)
    shapes = draw.layout.top_cell().shapes(draw.layout.layer(*EBEAM.layers["track"].gds))
    shapes.insert(kdb.Polygon([kdb.Point(FREE, 0), kdb.Point(FREE + 400, 300), kdb.Point(FREE + 800, 0)]))
    rules = {f.rule for f in drc(draw.layout, EBEAM)}
    assert {"track.acute", "track.orthogonal"} <= rules
    draw = draw_network(small)
    shapes = draw.layout.top_cell().shapes(draw.layout.layer(*EBEAM.layers["m3"].gds))
    octagon = [(0, 100), (100, 0), (300, 0), (400, 100), (400, 300), (300, 400), (100, 400), (0, 300)]
    shapes.insert(kdb.Polygon([kdb.Point(FREE + x, y) for x, y in octagon]))
    assert drc(draw.layout, EBEAM) == []  # a conductor may have 45° edges


def test_a_sharp_notch_is_as_bad_as_a_sharp_tip(small):
    """Its corner lies inside the bounding box: the polygon turns the other way there."""
    draw = draw_network(small)
    notched = [(0, 0), (0, 600), (200, 600), (300, 100), (400, 600), (600, 600), (600, 0)]
    shapes = draw.layout.top_cell().shapes(draw.layout.layer(*EBEAM.layers["m3"].gds))
    shapes.insert(kdb.Polygon([kdb.Point(FREE + x, y) for x, y in notched]))
    (finding,) = [f for f in drc(draw.layout, EBEAM) if f.rule == "m3.acute"]
    assert (finding.x * 1e9, finding.y * 1e9) == pytest.approx((FREE + 300, 100), abs=1.5)


@pytest.mark.parametrize("quarter_turns", [0, 1])
@pytest.mark.parametrize(
    ("left", "right", "reaches"),
    [(50, 50, None), (49, 200, 49), (200, 30, 30), (0, 200, 0), (50, 0, 0)],  # nm of track on the pillar's sides
)
def test_the_track_must_extend_beyond_the_pillar_on_both_sides(small, left, right, reaches, quarter_turns):
    """A pillar as wide as its track, in a device drawn flat and upright: flush ends are the worst, not the best."""
    draw = draw_network(small)
    top, cell = draw.layout.top_cell(), draw.layout.create_cell("device")
    draw.box(cell, "track", 0, 0, left + 20 + right, 50)
    draw.box(cell, "pillar", left, 0, left + 20, 50)
    top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(quarter_turns, False, FREE, 0)))
    found = [f for f in drc(draw.layout, EBEAM) if f.rule == "track.extends.pillar"]
    assert [round(f.measured * 1e9) for f in found] == ([] if reaches is None else [reaches])


def test_a_pillar_beside_its_track_overlaps_nothing(small):
    draw = draw_network(small)
    top = draw.layout.top_cell()
    draw.box(top, "track", FREE, 0, FREE + 150, 50)
    draw.box(top, "pillar", FREE + 60, 50, FREE + 80, 100)  # touches, but does not overlap
    (finding,) = [f for f in drc(draw.layout, EBEAM) if f.rule == "pillar.overlap.track"]
    assert finding.message == "pillar is on no track"
    assert (finding.x, finding.y) == pytest.approx(((FREE + 70) * 1e-9, 75e-9))


def test_every_kind_of_rule_is_broken_in_these_tests():
    """A kind that no test breaks would be a rule that nobody has seen fail."""
    elsewhere = {"grid", "acute", "orthogonal", "density", "unknown"}  # tests of their own below
    elsewhere |= {"simple", "outline", "label", "doubled", "absent"}
    kinds = {rule.kind for rule in design_rules(EBEAM) if rule.name in BROKEN}
    assert kinds | elsewhere == set(RULE_KINDS)


EIGHT = [(740, 190), (740, 270), (800, 270), (960, 270), (960, 300), (800, 300), (800, 270), (800, 190)]


@pytest.mark.parametrize("cell", ["hand", "soma"])
def test_a_polygon_that_crosses_itself_is_found_in_its_cell(small, cell):
    """Its two halves go round opposite ways: they cancel, and a hierarchical check would not see it at all."""
    draw = draw_network(small)
    shapes = draw.layout.cell(cell).shapes(draw.layout.layer(*EBEAM.layers["m5"].gds))
    shapes.insert(kdb.Polygon([kdb.Point(x, y) for x, y in EIGHT], True))
    (finding,) = [f for f in drc(draw.layout, EBEAM) if f.rule == "m5.simple"]
    assert (finding.severity, finding.cell) == ("error", cell)
    assert finding.message == "a polygon on m5 crosses or overlaps itself"
    assert 740 <= finding.x * 1e9 <= 960 and 190 <= finding.y * 1e9 <= 300


def test_holes_joined_to_the_outline_are_simple(small):
    draw = draw_network(small)
    keyhole = [
        (0, 0),
        (0, 400),
        (400, 400),
        (400, 0),
        (0, 0),
        (100, 100),
        (300, 100),
        (300, 300),
        (100, 300),
        (100, 100),
    ]
    shapes = draw.layout.top_cell().shapes(draw.layout.layer(*EBEAM.layers["m5"].gds))
    shapes.insert(kdb.Polygon([kdb.Point(FREE + x, y) for x, y in keyhole], True))
    assert [f.rule for f in drc(draw.layout, EBEAM) if f.severity == "error"] == []


def test_metal_outside_the_outline_is_a_warning(small):
    draw = draw_network(small)
    top = draw.layout.top_cell()
    assert drc(draw.layout, EBEAM) == []  # without an outline
    draw.box(top, "outline", -400, -200, 3 * PX, 3 * PY)
    draw.box(top, "m2", -360, 3 * PY - 10, -320, 3 * PY + 90)
    (finding,) = drc(draw.layout, EBEAM)
    assert (finding.rule, finding.severity, finding.cell) == ("m2.outline", "warning", "hand")
    assert (finding.y * 1e9, finding.height * 1e9) == pytest.approx((3 * PY + 45, 90))


def comb(teeth, left):
    """A bar with teeth of 100 nm at 200 nm, in nm."""
    corners = [(left, 5000), (left, 5500)]
    for k in range(teeth):
        x = left + 200 * k
        corners += [(x, 5500), (x, 6000), (x + 100, 6000), (x + 100, 5500)]
    return kdb.Polygon([kdb.Point(x, y) for x, y in [*corners, (left + 200 * teeth, 5500), (left + 200 * teeth, 5000)]])


def test_a_piece_of_many_corners_is_one_finding(small):
    """Of 4000 corners: KLayout cuts such polygons where it works in cells."""
    drawing = draw_network(small)
    top = drawing.layout.top_cell()
    drawing.box(top, "outline", -3000, -500, 5 * PX, 10 * PY)
    top.shapes(drawing.layout.layer(*EBEAM.layers["m3"].gds)).insert(comb(1000, FREE))
    (found,) = drc(drawing.layout, EBEAM)
    assert found.rule == "m3.outline" and round(found.x * 1e9) == FREE + 100_000 and round(found.width * 1e9) == 200_000


def test_the_margin_of_an_enclosure_on_a_fine_grid():
    """By halving, whatever the margin: 0.01 nm a step, 5 nm required."""
    for margin in (0, 1, 250, 499):
        drawing = kdb.Layout()
        drawing.dbu = 1e-5
        top = drawing.create_cell("top")
        for name, grown in (("v1", 0), ("m1", margin), ("m2", 1000), ("track", 9), ("pillar", 9)):
            size = 3000 if name == "v1" else 6000
            box = kdb.Box(-grown, -grown, size, size)
            top.shapes(drawing.layer(*EBEAM.layers[name].gds)).insert(box)
        (found,) = [f for f in drc(drawing, EBEAM) if f.rule == "m1.encloses.v1"]
        assert round(found.measured * 1e11) == margin


def test_the_outline_of_a_macro_does_not_bind_the_chip_around_it(small):
    draw = draw_network(small)
    draw.box(draw.layout.top_cell(), "outline", -400, -200, 3 * PX, 3 * PY)
    chip = draw.layout.create_cell("chip")
    chip.insert(kdb.CellInstArray(draw.layout.cell("hand").cell_index(), kdb.Trans(7, 8)))
    draw.box(chip, "m5", 4 * PX, 0, 4 * PX + 90, 90)
    assert drc(draw.layout, EBEAM) == []


def test_shapes_on_label_layers_are_a_warning(small):
    draw = draw_network(small)
    cell = draw.layout.cell("soma")
    cell.shapes(draw.layout.layer(*EBEAM.layers["m2"].label)).insert(kdb.Box(10, 20, 60, 80))
    (finding,) = drc(draw.layout, EBEAM)
    assert (finding.rule, finding.severity, finding.cell) == ("m2.label", "warning", "soma")
    assert (finding.x * 1e9, finding.y * 1e9) == pytest.approx((35, 50))


def test_a_doubled_cell_is_a_warning(small):
    draw = draw_network(small)
    soma = draw.layout.cell("soma")
    for _ in range(2):
        draw.layout.cell("line_1").insert(kdb.CellInstArray(soma.cell_index(), kdb.Trans(PX, 0)))
    (finding,) = drc(draw.layout, EBEAM)
    assert (finding.rule, finding.severity, finding.cell) == ("layout.doubled", "warning", "line_1")
    assert finding.message == "cell 'soma' is placed 3 times at the same place"
    assert finding.x * 1e9 == pytest.approx(PX + soma.bbox().center().x)


def test_a_violation_in_a_magnified_cell_is_placed_in_the_top_cell(small):
    """Its copy in true size is no cell of the file."""
    draw = draw_network(small)
    top, small_cell = draw.layout.top_cell(), draw.layout.create_cell("tiny")
    draw.box(small_cell, "m5", 0, 0, 19, 100)  # 38 nm wide in true size, 40 are required
    top.insert(kdb.CellInstArray(small_cell.cell_index(), kdb.ICplxTrans(2.0, 90, False, FREE, 0)))
    found = [f for f in drc(draw.layout, EBEAM) if f.rule == "m5.width"]
    assert [(f.cell, round(f.measured * 1e9)) for f in found] == [("hand", 38)]
    assert (found[0].x * 1e9, found[0].y * 1e9) == pytest.approx((FREE - 100, 19))


def test_a_violation_in_a_repeated_cell_is_one_finding_in_that_cell(small):
    draw = draw_network(small)
    tile = draw.layout.cell("axon_0")
    draw.box(tile, "m1", 150, 600, 169, 700)
    places = sum(inst.na * inst.nb or 1 for row in draw.layout.each_cell() for inst in row.each_inst()
                 if inst.cell.name == "axon_0")  # fmt: skip
    assert places > 1
    found = drc(draw.layout, EBEAM)
    assert [(f.rule, f.cell) for f in found] == [("m1.width", "axon_0")]
    assert (found[0].x, found[0].y) == pytest.approx((159.5e-9, 650e-9))


def test_a_violation_between_cells_is_found_where_they_meet(small):
    draw = draw_network(small)
    draw.box(draw.layout.cell("line_2"), "m1", 150, 5, 250, 50)
    draw.box(draw.layout.cell("line_1"), "m1", 150, PY - 50, 250, PY - 6)
    found = drc(draw.layout, EBEAM)
    assert {f.rule for f in found} == {"m1.space"}
    for finding in found:
        above = {"hand": 0, "line_1": PY, "line_2": 2 * PY}[finding.cell]  # coordinates are the cell's
        assert (finding.x, finding.y + above * 1e-9) == pytest.approx((200e-9, (2 * PY - 0.5) * 1e-9))
        assert finding.measured == pytest.approx(11e-9)


def test_unknown_layers_and_density(small):
    draw = draw_network(small)
    draw.layout.top_cell().shapes(draw.layout.layer(77, 3)).insert(kdb.Box(0, 0, 30, 30))
    found = drc(draw.layout, EBEAM)
    assert [f.rule for f in found] == ["layer.unknown"]
    assert found[0].message.startswith("shapes on layer 77/3, which")
    draw.layout.top_cell().shapes(draw.layout.layer(78, 0)).insert(kdb.Text("by hand", 10, 10))
    assert {f.message.split(",")[0] for f in drc(draw.layout, EBEAM)} == {"shapes on layer 77/3", "texts on layer 78/0"}
    layers = {**EBEAM.layers, "m3": EBEAM.layers["m3"].model_copy(update={"min_density": 0.6})}
    dense = EBEAM.model_copy(update={"layers": layers})
    draw = draw_network(small)
    draw.box(draw.layout.top_cell(), "outline", -1000, -1000, 4000, 4000)
    (finding,) = drc(draw.layout, dense)
    covered = kdb.Region(draw.layout.top_cell().begin_shapes_rec(draw.layout.layer(14, 0))).merged().area()
    assert finding.rule == "m3.density"
    assert finding.measured == pytest.approx(covered / 25e6)
    for factor, found in ((0.999, 0), (1.001, 1)):  # just met, and just missed
        layers["m3"] = EBEAM.layers["m3"].model_copy(update={"min_density": factor * covered / 25e6})
        assert len(drc(draw.layout, EBEAM.model_copy(update={"layers": dict(layers)}))) == found


def test_vertices_off_the_grid_of_a_finer_database_unit(small):
    draw = draw_network(small)
    draw.layout.dbu = 0.0005
    draw.layout.top_cell().transform(kdb.ICplxTrans(2.0))
    assert drc(draw.layout, EBEAM) == []
    draw.box(draw.layout.top_cell(), "m1", 2 * FREE, 0, 2 * FREE + 201, 100)
    found = drc(draw.layout, EBEAM)
    assert {f.rule for f in found} == {"m1.grid"}
    assert all(f.x == pytest.approx((FREE + 100.5) * 1e-9) for f in found)


def test_findings_are_limited_per_rule(small):
    draw = draw_network(small)
    for k in range(30):
        draw.box(draw.layout.top_cell(), "m1", FREE + 200 * k, 0, FREE + 200 * k + 19, 100)
    found = drc(draw.layout, EBEAM, limit=10)
    assert len(found) == 11
    assert any("left out" in f.message for f in found)


def test_databases_are_read_back(small, tmp_path):
    draw = draw_network(small)
    draw.box(draw.layout.cell("soma"), "m1", 150, 600, 169, 700)
    draw.layout.write(str(tmp_path / "bad.gds"))
    found = drc(tmp_path / "bad.gds", EBEAM)
    write_lyrdb(found, tmp_path / "bad.lyrdb", top_cell="hand")
    database = rdb.ReportDatabase("again")
    database.load(str(tmp_path / "bad.lyrdb"))
    (item,) = database.each_item()
    assert database.cell_by_id(item.cell_id()).name() == "soma"
    assert database.category_by_id(item.category_id()).path() == "drc.'m1.width'"
    box, message = (value for value in item.each_value())
    assert box.box() == kdb.DBox(0.15, 0.6, 0.169, 0.7)
    assert "19 nm, required 20 nm" in message.string()
    write_findings(found, tmp_path / "bad.json")
    (entry,) = json.loads((tmp_path / "bad.json").read_text())
    assert entry["cell"] == "soma" and entry["measured"] == pytest.approx(19e-9)
    assert entry["required"] == pytest.approx(20e-9)


def _text(path):
    path.write_text("this is no layout")


def _empty(path):
    layout = kdb.Layout()
    layout.create_cell("nothing")
    layout.write(str(path))


def _two_tops(path):
    draw = draw_network(Design(name="two", network={"neurons": 2}))
    draw.box(draw.layout.create_cell("other"), "m1", 0, 0, 100, 100)
    draw.layout.write(str(path))


def _other_process(path):
    layout = kdb.Layout()
    layout.create_cell("chip").shapes(layout.layer(68, 20)).insert(kdb.Box(0, 0, 100, 100))
    layout.write(str(path))


def _coarse(path):
    draw = Drawing(EBEAM)
    draw.layout.dbu = 0.0015
    top = draw.layout.create_cell("coarse")
    draw.box(top, "track", 0, 0, 100, 100)
    draw.box(top, "pillar", 0, 0, 100, 100)
    draw.layout.write(str(path))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "no such layout file"),
        (_text, "not a layout"),
        (_empty, "empty"),
        (_two_tops, "2 top cells (hand, other)"),
        (_other_process, "nothing on layer track (1/0) of process ebeam, the layout uses 68/20"),
        (_coarse, "database unit 1.5 nm"),
    ],
)
def test_bad_layouts_end_in_one_clear_line(make, says, tmp_path):
    path = tmp_path / "layout.gds"
    make(path)
    with pytest.raises(InputError) as error:
        drc(path, EBEAM)
    assert says in str(error.value)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_the_drawn_tile_is_where_the_tests_think():
    draw = draw_network(Design(name="two", network={"neurons": 2}, seed=3))
    assert draw.layout.top_cell().bbox() == kdb.Box(-240, -105, 2 * PX, 2 * PY)
