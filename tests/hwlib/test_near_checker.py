"""Design rules on samples of a layout against the same rules on all of it: a rule that holds there holds everywhere."""

import os

import klayout.db as kdb
import numpy as np
import pytest

import layouts
from hwlib.checks import drc
from hwlib.checks.design_rules.checker import Checker
from hwlib.checks.design_rules.kind import RULE_KINDS
from hwlib.checks.design_rules.near_checker import APART, NearChecker
from hwlib.checks.design_rules.rule import design_rules
from hwlib.design import Design
from hwlib.drawing.reader import open_layout
from hwlib.process import load_process, preset_names
from tests.support.fitting import fitting_device
from tests.support.redrawing import REDRAWINGS

FULL = bool(os.environ.get("SPINHOP_FULL"))
RAILS = {"soma_placement": "centred", "weights": {"random_patterns": 1}}
STRAPS = {"straps": {"drive": {"metal": "m4", "pitch": 2}, "dendrite": {"metal": "m5"}}}
LINES = {"weight_style": "lines", "weights": {"random_patterns": 1}}
CASES = [("copper_thick", RAILS, 3), ("sky130", LINES, 2)]
MORE = [
    ("copper_thick", RAILS, 8), ("ebeam", LINES, 5), ("copper", STRAPS, 6), ("sg13g2", RAILS, 4),
    ("gf180mcu", RAILS, 3),
]  # fmt: skip


def drawn(process, network, neurons, folder):
    design = Design(
        name="near", process=process, device=fitting_device(process), network={"neurons": neurons, **network}, seed=1
    )
    layout = kdb.Layout()
    layout.read(str(layouts.write_layout(layouts.hopfield(design), folder / "drawn.oas")))
    return layout


def slip(layout, rng):
    """Move, widen, take away or double a shape, or move an instance, in any cell; what it was."""
    cells = [cell for cell in layout.each_cell() if not cell.is_empty()]
    while True:
        cell = cells[rng.integers(len(cells))]
        insts = list(cell.each_inst())
        far = [int(v) for v in rng.integers(-1, 2, 2) * rng.choice([1, 5, 20, 60, 200])]
        if insts and rng.random() < 0.3:
            insts[rng.integers(len(insts))].transform(kdb.Trans(*far))
            return f"{cell.name}: instance by {far}"
        layers = [k for k in layout.layer_indexes() if any(s.is_box() for s in cell.shapes(k).each())]
        if not layers:
            continue
        index = layers[rng.integers(len(layers))]
        shapes = [shape for shape in cell.shapes(index).each() if shape.is_box()]
        shape, what = shapes[rng.integers(len(shapes))], rng.choice(["move", "widen", "double", "delete", "slant"])
        box = shape.box
        if what == "delete":
            shape.delete()
        elif what == "double":
            cell.shapes(index).insert(box.moved(*far))
        elif what == "slant":
            cell.shapes(index).insert(kdb.Polygon([box.p1, box.p2, box.p2 + kdb.Vector(*far)]))
        else:
            shape.box = box.moved(*far) if what == "move" else box.enlarged(*far)
        return f"{cell.name}: {what} on {layout.get_info(index)} by {far}"


@pytest.mark.parametrize(("name", "network", "neurons"), CASES + MORE if FULL else CASES)
def test_findings_are_those_of_the_whole_layout(name, network, neurons, tmp_path, monkeypatch):
    process, clean = load_process(name), drawn(name, network, neurons, tmp_path)
    rng, broken, held = np.random.default_rng(5), set(), 0
    for _ in range(200 if FULL else 3):
        layout = clean.dup()
        said = [slip(layout, rng) for _ in range(rng.integers(1, 3))]
        drawing = open_layout(layout, process)
        found = drc(drawing, process)
        near = NearChecker(drawing, design_rules(process))
        held += sum(near.holds(rule) for rule in design_rules(process))
        with monkeypatch.context() as patch:
            patch.setattr(NearChecker, "holds", lambda self, rule: False)
            assert found == drc(drawing, process), said
        broken |= {finding.rule for finding in found}
    assert len(broken) >= 3 and held >= 100


@pytest.mark.parametrize("name", preset_names() if FULL else ["copper_thick"])
def test_clean_crossbars_need_no_look_at_the_whole(name, tmp_path, monkeypatch):
    """Beside the outline; and where a piece of a wire in a tile is no island yet, but smaller than one."""
    layout, process = drawn(name, RAILS, 12, tmp_path), load_process(name)
    local = {rule.name for rule in design_rules(process) if RULE_KINDS[rule.kind].local and rule.name != "outline.grid"}
    islands = {"m2.area", "m3.area"} if name in ("sg13g2", "sky130") else set()
    asked, region = set(), Checker.region
    monkeypatch.setattr(Checker, "region", lambda self, name: asked.add(name) or region(self, name))
    assert drc(layout, process) == []
    assert asked <= {"outline", *(rule.split(".")[0] for rule in islands)}
    near = NearChecker(open_layout(layout, process), design_rules(process))
    held = {rule.name for rule in design_rules(process) if near.holds(rule)}
    assert len(local) > 40 and local - islands <= held <= local


@pytest.mark.parametrize("way", [(1, 0), (0, 1), (1, 1)])
def test_what_neighbours_break_together_is_found(way, tmp_path):
    """Squares on either side of the border of all tiles, as near as is allowed and nearer; (1, 1): across corners."""
    process = load_process("copper_thick")
    rule = next(rule for rule in design_rules(process) if rule.name == "m5.space")
    for gap in (64, 63):  # nm
        layout = drawn("copper_thick", RAILS, 3, tmp_path)
        tiles = [cell for cell in layout.each_cell() if cell.name.startswith(("axon", "soma"))]
        layer = layout.layer(*process.layers["m5"].gds)
        shift = gap if sum(way) == 1 else {64: 46, 63: 44}[gap]  # 46² · 2 > 64², 44² · 2 < 63²
        for tile in tiles:
            box = tile.bbox()
            sizes = box.width(), box.height()
            for side in (-1, 1):
                far = kdb.Vector(*(side * (size - 64 - shift) // 2 * w for size, w in zip(sizes, way, strict=True)))
                tile.shapes(layer).insert(kdb.Box(-32, -32, 32, 32).moved(box.center().x, box.center().y).moved(far))
        drawing = open_layout(layout, process)
        assert NearChecker(drawing, [rule]).holds(rule) == (gap == 64)
        assert bool([f for f in drc(drawing, process) if f.rule == rule.name]) == (gap == 63)


def test_a_sliver_off_the_track_is_found(tmp_path, monkeypatch):
    """A triangle one database unit wide, rounded away where it is merged before it is compared."""
    process, layout = load_process("gf180mcu"), drawn("gf180mcu", RAILS, 3, tmp_path)
    (soma,) = [cell for cell in layout.each_cell() if cell.name == "soma_rw_cs"]
    layer = layout.layer(*process.layers["pillar"].gds)
    (box,) = [shape.box for shape in soma.shapes(layer).each()]
    soma.shapes(layer).insert(kdb.Polygon([box.p1, box.p2, box.p2 + kdb.Vector(1, 1)]))
    found = drc(layout, process)
    assert "track.encloses.pillar" in {finding.rule for finding in found}
    monkeypatch.setattr(NearChecker, "holds", lambda self, rule: False)
    assert found == drc(layout, process)


def test_redrawings_are_judged_alike(tmp_path, monkeypatch):
    """Cells turned, mirrored, flat, in others: samples are none, or right."""
    process, clean = load_process("copper_thick"), drawn("copper_thick", RAILS, 3, tmp_path)
    rng = np.random.default_rng(2)
    for name, redraw in list(REDRAWINGS.items())[:: 1 if FULL else 4]:
        layout = clean.dup()
        slip(layout, rng)
        drawing = open_layout(redraw(layout), process)
        found = drc(drawing, process)
        with monkeypatch.context() as patch:
            patch.setattr(NearChecker, "holds", lambda self, rule: False)
            assert found == drc(drawing, process), name


def test_a_polygon_that_only_samples_cut_to_size_is_found(tmp_path):
    """A row of cells whose parts of one bar, with what is seen of their neighbours', each look like a via."""
    process = load_process("copper_thick")
    rule = next(rule for rule in design_rules(process) if rule.name == "v1.size")
    size, seen = round(rule.value * 1e9), APART + 2
    pitch = size - 2 * seen
    middle, end = (0, pitch, pitch), (3 * pitch - size + seen, 3 * pitch, 3 * pitch)  # left and right of v1, width
    for row in ([(0, size, size)], [end, middle, middle, (0, size - seen, 3 * pitch)]):  # a via, and a bar as wide
        layout = kdb.Layout()
        layout.dbu = 0.001
        v1, m5, track, pillar = (layout.layer(*process.layers[name].gds) for name in ("v1", "m5", "track", "pillar"))
        top, left, cells = layout.create_cell("top"), 0, {}
        for layer in (track, pillar):  # without which nothing is a layout of this process
            top.shapes(layer).insert(kdb.Box(0, 9 * size, size, 10 * size))
        for part in row:
            if part not in cells:
                cells[part] = layout.create_cell("part")
                cells[part].shapes(v1).insert(kdb.Box(part[0], 0, part[1], size))
                cells[part].shapes(m5).insert(kdb.Box(0, 0, part[2], size))
            top.insert(kdb.CellInstArray(cells[part], kdb.Trans(left, 0)))
            left += part[2]
        drawing = open_layout(layout, process)
        assert NearChecker(drawing, [rule]).holds(rule) == (len(row) == 1)
        assert len([found for found in drc(drawing, process) if found.rule == rule.name]) == (len(row) > 1)
