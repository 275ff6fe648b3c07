"""The exported KLayout script against the checker: the same rules, run by KLayout's own DRC engine."""

import os
import re
import shutil
import subprocess
from collections import Counter, defaultdict

import klayout.db as kdb
import klayout.rdb as rdb
import numpy as np
import pytest
from test_drc import BROKEN, EIGHT, FREE

from hwlib.checks import drc, drc_script, write_drc_script
from hwlib.checks.design_rules.rule import design_rules
from hwlib.checks.places import places
from hwlib.design import Design
from hwlib.process import load_process, preset_names
from tests.support.drawn_network import PX, PY, Drawing, draw_network
from tests.support.fitting import ESTIMATES

KLAYOUT = shutil.which("klayout")
SECOND_MARKS = re.compile(r"\.(distance|narrow)$")  # what a rule with two outputs calls its second
WHOLE = re.compile(r"\.(simple|doubled|absent)$")  # whose marks are no result of an operation
needs_klayout = pytest.mark.skipif(KLAYOUT is None, reason="the klayout application is not installed")


@pytest.mark.parametrize("name", preset_names())
def test_every_rule_is_in_the_script_once_with_its_value(name):
    process = load_process(name)
    script = drc_script(process)
    for rule in design_rules(process):
        assert len(re.findall(rf'output\("{re.escape(rule.name)}"', script)) == 1, rule.name
        if rule.kind in ("width", "space", "separation", "size", "extension", "overlap"):
            assert f"{rule.value * 1e6:.9g}.um" in script.split(f"# {rule.name}:")[1].split("\n# ")[0]


def run_script(process, layout, folder, flat=False):
    """Markers of KLayout's engine: rule, cell and box in nm."""
    script, report, gds = folder / "rules.drc", folder / "out.lyrdb", folder / "in.gds"
    write_drc_script(process, script)
    if flat:
        script.write_text(script.read_text().replace("\ndeep\n", "\n"))
    layout.write(str(gds))
    command = [KLAYOUT, "-b", "-r", str(script), "-rd", f"input={gds}", "-rd", f"report={report}"]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})
    database = rdb.ReportDatabase("script")
    database.load(str(report))
    found, polygons = [], defaultdict(kdb.Region)
    for item in database.each_item():
        rule = SECOND_MARKS.sub("", database.category_by_id(item.category_id()).path().strip("'"))
        cell, value = database.cell_by_id(item.cell_id()).name(), next(iter(item.each_value()))
        if value.is_polygon() and not WHOLE.search(rule):  # deep operations cut them, which the checker mends
            polygons[rule, cell].insert(value.polygon().to_itype(layout.dbu))
        else:
            shape = (
                value.edge_pair() if value.is_edge_pair() else value.polygon() if value.is_polygon() else value.box()
            )
            found.append((rule, cell, _nm(shape.bbox())))
    found += [
        (rule, cell, _nm(polygon.bbox().to_dtype(layout.dbu)))
        for (rule, cell), region in polygons.items() for polygon in region.merged().each()
    ]  # fmt: skip
    return Counter(found), drc(gds, process)


def _nm(box):
    return tuple(round(v * 1000, 1) for v in (box.left, box.bottom, box.right, box.top))


def own_markers(findings):
    found = []
    for f in findings:
        edges = (f.x - f.width / 2, f.y - f.height / 2, f.x + f.width / 2, f.y + f.height / 2)
        found.append((f.rule, f.cell, tuple(round(v * 1e9, 1) for v in edges)))
    return Counter(found)


def _slips(draw, top):
    """Polygons not simple, metal outside the outline, shapes on label layers, cells doubled and absent."""

    def polygon(cell, layer, *points):
        shapes = cell.shapes(draw.layout.layer(*draw.process.layers[layer].gds))
        shapes.insert(kdb.Polygon([kdb.Point(*p) for p in points], True))

    soma = draw.layout.cell("soma")
    polygon(soma, "m5", *EIGHT)
    square = [(FREE - 3000, 0), (FREE - 3000, 300), (FREE - 2700, 300), (FREE - 2700, 0)]
    polygon(top, "m4", *square, *square)
    hook = [(0, 0), (0, 300), (300, 300), (300, 0), (100, 0), (100, 200), (400, 200), (400, 100), (50, 100), (50, 0)]
    polygon(top, "m4", *[(FREE - 2000 + x, y) for x, y in hook])
    polygon(top, "m4", *[(FREE - 1500 + x, y) for x, y in ((108, 0), (156, 0), (39, 2), (152, 1))])  # below a unit
    draw.box(top, "outline", -500, -500, 2 * PX, 2 * PY)
    for cell, box in ((top, kdb.Box(0, 0, 40, 70)), (soma, kdb.Box(7, 8, 90, 40))):
        cell.shapes(draw.layout.layer(*draw.process.layers["m3"].label)).insert(box)
    draw.layout.cell("line_1").insert(kdb.CellInstArray(soma.cell_index(), kdb.Trans(PX, 0)))
    pads = draw.layout.create_cell("PADS")
    pads.ghost_cell = True
    soma.insert(kdb.CellInstArray(pads.cell_index(), kdb.Trans(30, 40)))
    tile = draw.layout.cell("axon_0").cell_index()
    for _ in range(2):  # and an array over it
        draw.layout.cell("line_2").insert(
            kdb.CellInstArray(tile, kdb.Trans(5 * PX, 0), kdb.Vector(PX, 0), kdb.Vector(0, PY), 3, 1)
        )


@needs_klayout
def test_flat_mode_marks_the_same_polygons(tmp_path):
    """The script without its line ``deep``: in whatever cells the marks are, they lie at the same places."""
    process = load_process("ebeam")
    layout = draw_network(Design(name="clean", network={"neurons": 3}, seed=3)).layout
    _slips(Drawing(process, layout), layout.top_cell())

    def everywhere(markers, rule):
        found = set()
        for _, cell, box in (marker for marker in markers if marker[0] == rule):
            placed = kdb.DBox(*(v / 1000 for v in box))
            found |= {_nm(placed.transformed(place)) for place in places(layout, layout.cell(cell))}
        return found

    deep, flat = (run_script(process, layout, tmp_path, flat=flat)[0] for flat in (False, True))
    for rule, count in (("m5.simple", 3), ("m4.simple", 3), ("layout.doubled", 4), ("m3.label", 4)):
        assert everywhere(deep, rule) == everywhere(flat, rule), rule
        assert len(everywhere(flat, rule)) == count, rule


@needs_klayout
@pytest.mark.parametrize("name", ESTIMATES)
def test_both_engines_find_the_same_on_hand_drawn_violations(name, tmp_path):
    process = load_process(name)
    draw = draw_network(Design(name="clean", network={"neurons": 3}, seed=3))
    draw = Drawing(process, draw.layout)
    top = draw.layout.top_cell()
    for k, (boxes, _, _) in enumerate(BROKEN.values()):
        for layer, left, bottom, right, top_edge in boxes:
            draw.box(top, layer, FREE + left, 1000 * k + bottom, FREE + right, 1000 * k + top_edge)
    draw.box(draw.layout.cell("axon_0"), "m1", 150, 600, 169, 700)
    device = draw.layout.create_cell("upright")
    draw.box(device, "track", 0, 0, 150, 50)
    draw.box(device, "pillar", 20, 0, 40, 50)
    top.insert(kdb.CellInstArray(device.cell_index(), kdb.Trans(1, False, FREE + 2000, 0)))
    draw.layout.top_cell().shapes(draw.layout.layer(77, 3)).insert(kdb.Box(0, 0, 30, 30))
    draw.layout.top_cell().shapes(draw.layout.layer(77, 4)).insert(kdb.Edge(0, 0, 30, 30))
    spike = [kdb.Point(FREE, -500), kdb.Point(FREE + 200, -800), kdb.Point(FREE + 400, -500)]
    top.shapes(draw.layout.layer(*process.layers["track"].gds)).insert(kdb.Polygon(spike))
    _slips(draw, top)
    theirs, ours = run_script(process, draw.layout, tmp_path)
    slips = {"m5.simple", "m4.simple", "m2.outline", "m3.label", "layout.doubled", "layout.absent"}
    assert slips <= {rule for rule, _, _ in theirs}
    if name == "ebeam":  # whose rules the examples break
        assert set(BROKEN) <= {rule for rule, _, _ in theirs}
    assert theirs == own_markers(ours)


@needs_klayout
def test_both_engines_find_the_same_on_random_rectangles(tmp_path):
    process, rng = load_process("ebeam"), np.random.default_rng(11)
    draw = Drawing(process)
    top = draw.layout.create_cell("random")
    for layer in (name for name, layer in process.layers.items() if layer.kind != "marker"):
        for _ in range(60):
            x, y = rng.integers(0, 3000, 2)
            w, h = rng.integers(5, 120, 2)
            draw.box(top, layer, int(x), int(y), int(x + w), int(y + h))
    theirs, ours = run_script(process, draw.layout, tmp_path)
    assert sum(theirs.values()) > 1000
    assert {rule for rule, _, _ in theirs} == {f.rule for f in ours}
    assert theirs == own_markers(ours)


@needs_klayout
def test_both_engines_know_a_copy_by_what_it_draws(tmp_path):
    """Copies of the last tiles of two rows, mirrored, one of them with a shape more."""
    process = load_process("ebeam")
    draw, turn = draw_network(Design(name="clean", network={"neurons": 3}, seed=3)), kdb.Trans(1, True, 30, 0)
    for k in (0, 1):
        row, copy = draw.layout.cell(f"line_{k}"), draw.layout.create_cell(f"COPY{k}")
        last = next(inst for inst in row.each_inst() if inst.trans.disp.x == 2 * PX)
        for index in draw.layout.layer_indexes():
            copy.shapes(index).insert(kdb.Region(last.cell.shapes(index)), turn)
        draw.box(copy, "m1", *[(400, 400, 400, 400), (400, 400, 460, 460)][k])
        row.insert(kdb.CellInstArray(copy.cell_index(), last.trans * turn.inverted()))
    theirs, ours = run_script(process, draw.layout, tmp_path)
    doubled = Counter({marker: n for marker, n in theirs.items() if marker[0] == "layout.doubled"})
    assert doubled == own_markers([f for f in ours if f.rule == "layout.doubled"])
    assert [cell for _, cell, _ in doubled] == ["line_0"]


@needs_klayout
def test_both_engines_find_nothing_on_a_clean_layout(tmp_path):
    process = load_process("ebeam")
    theirs, ours = run_script(
        process, draw_network(Design(name="clean", network={"neurons": 4}, seed=3)).layout, tmp_path
    )
    assert not theirs and not ours


@needs_klayout
def test_both_engines_find_the_same_off_the_grid_and_below_a_density(tmp_path):
    ebeam = load_process("ebeam")
    layers = {**ebeam.layers, "m3": ebeam.layers["m3"].model_copy(update={"min_density": 0.6})}
    process = ebeam.model_copy(update={"layers": layers})
    draw = draw_network(Design(name="clean", network={"neurons": 3}, seed=3))
    draw.box(draw.layout.top_cell(), "outline", -1000, -1000, 12_000, 4000)
    draw.layout.top_cell().flatten(True)  # so that no instance is magnified below
    draw.layout.dbu = 0.0005
    draw.layout.top_cell().transform(kdb.ICplxTrans(2.0))
    draw.box(draw.layout.top_cell(), "m1", 2 * FREE, 0, 2 * FREE + 201, 100)
    theirs, ours = run_script(process, draw.layout, tmp_path)
    assert {rule for rule, _, _ in theirs} == {"m1.grid", "m3.density"}
    assert theirs == own_markers(ours)


@needs_klayout
def test_the_cell_to_check_is_the_checkers(tmp_path):
    """An empty top cell is none; of several one is named, or one line says so."""
    process = load_process("ebeam")
    layout = draw_network(Design(name="clean", network={"neurons": 2}, seed=3)).layout
    top = layout.top_cell()
    Drawing(process, layout).box(top, "outline", -1000, -1000, 5000, 5000)
    top.shapes(layout.layer(*process.layers["m3"].gds)).insert(kdb.Text("no metal", FREE, 0))  # nor a marker of no size
    layout.create_cell("empty")
    assert not run_script(process, layout, tmp_path)[1]
    assert _items(tmp_path) == []
    layout.create_cell("other").shapes(layout.layer(*process.layers["m5"].gds)).insert(kdb.Box(0, 0, 10, 400))
    layout.write(str(tmp_path / "in.gds"))
    (tmp_path / "damaged.gds").write_bytes((tmp_path / "in.gds").read_bytes()[:-99])

    def run(name, *more):
        command = [KLAYOUT, "-b", "-r", "rules.drc", "-rd", f"input={name}", "-rd", "report=out.lyrdb", *more]
        env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=env)

    lines = [run("in.gds"), run("in.gds", "-rd", "top=gone"), run("damaged.gds")]
    assert [(done.returncode, done.stderr.count("\n")) for done in lines] == [(2, 1)] * 3
    assert lines[0].stderr == "the layout has 2 top cells; name one by -rd top=\n"
    assert run("in.gds", "-rd", "top=other").returncode == 0
    assert "'m5.width'" in _items(tmp_path)


def _items(folder):
    """The rule of each marker."""
    database = rdb.ReportDatabase("script")
    database.load(str(folder / "out.lyrdb"))
    return [database.category_by_id(item.category_id()).path() for item in database.each_item()]
