"""Opening layouts: what a file may look like, and that the plain hierarchy draws the same polygons."""

import itertools
import random

import klayout.db as kdb
import numpy as np
import pytest

from hwlib.checks import drc, lvs
from hwlib.drawing.hierarchy import expanded
from hwlib.drawing.layout_file import cell_bytes
from hwlib.drawing.reader import open_layout
from hwlib.errors import InputError
from hwlib.extraction import extract
from tests.support.drawn_network import PX, PY
from tests.support.three_neurons import EBEAM, THREE, network, wrapped


def flat(layout):
    """Merged polygons of every layer, in nm."""
    top = layout.top_cell()
    return {
        name: kdb.Region(top.begin_shapes_rec(index)).merged().transformed(kdb.ICplxTrans(layout.dbu * 1e3))
        for name, layer in EBEAM.layers.items()
        if (index := layout.find_layer(*layer.gds)) is not None
    }


def same(first, second):
    return first.keys() == second.keys() and all((first[name] ^ second[name]).is_empty() for name in first)


def write(layout, path):
    layout.write(str(path))
    return path


@pytest.mark.parametrize("turn", range(8))
def test_a_wrapper_is_dissolved_and_nothing_moves(turn):
    before = wrapped(network(), kdb.Trans(turn % 4, turn >= 4, 700, 300), times=2)
    after = open_layout(before, EBEAM)
    assert after.top.name == "chip_1" and before.cell("hand") and not after.layout.cell("hand")
    assert same(flat(before), flat(after.layout))
    assert len(after.labels) == len(open_layout(network(), EBEAM).labels)


def test_only_what_holds_most_devices_is_dissolved():
    rows = {cell.name for cell in network().each_cell()}
    assert {cell.name for cell in open_layout(network(), EBEAM).layout.each_cell()} == rows


def test_a_magnified_cell_is_drawn_in_its_true_size():
    layout = network()
    tile = layout.cell("soma")
    layout.dbu = 0.0005  # the drawing in half the size, and every cell but one in twice that
    for cell in layout.each_cell():
        for inst in cell.each_inst():
            inst.cell_inst = kdb.CellInstArray(inst.cell_index, kdb.ICplxTrans(
                2.0 if inst.cell_index == tile.cell_index() else 1.0, inst.trans.angle * 90, False, inst.trans.disp * 2
            ), inst.a * 2, inst.b * 2, inst.na, inst.nb)  # fmt: skip
        if cell.cell_index() != tile.cell_index():
            for index in layout.layer_indexes():
                cell.shapes(index).transform(kdb.ICplxTrans(2.0))
    after = open_layout(layout, EBEAM)
    assert not any(inst.is_complex() for cell in after.layout.each_cell() for inst in cell.each_inst())
    assert same(flat(after.layout), flat(network()))
    assert lvs(layout, EBEAM, THREE) == []


def tilted(layout, angle, factor=1.0):
    """A layout whose macro is turned in a cell of its own, beside a pad that is turned as well."""
    macro = layout.top_cell()
    top, pad = layout.create_cell("turned"), layout.create_cell("pad")
    pad.shapes(layout.layer(*EBEAM.layers["m5"].gds)).insert(kdb.Box(0, 0, 3000, 3000))
    top.insert(kdb.CellInstArray(macro.cell_index(), kdb.ICplxTrans(factor, angle, False, 0, 0)))
    top.insert(kdb.CellInstArray(pad.cell_index(), kdb.ICplxTrans(1.0, 45, False, 30_000, 0)))
    return layout


@pytest.mark.parametrize(("angle", "factor"), [(45, 1.0), (0.5, 1.0), (135, 2.0), (-30, 1.0)])
def test_devices_that_are_tilted_are_refused(angle, factor):
    """Their sizes would be those of the boxes around them: a track of 100 nm was one of 50."""
    with pytest.raises(InputError, match=rf"cell 'turned' holds 'hand' \(9 pillars\) turned by {angle % 360:g}°; "):
        open_layout(tilted(network(), angle, factor), EBEAM)
    open_layout(tilted(network(), 270), EBEAM)


def test_a_track_that_is_drawn_aslant_is_no_device():
    layout = tilted(network(), 45)
    layout.cell("turned").flatten(-1, True)
    with pytest.raises(InputError, match="its track runs neither along x nor along y"):
        extract(layout, EBEAM, THREE)
    assert {"lvs.size"} <= {each.rule for each in lvs(open_layout(layout, EBEAM), EBEAM, THREE)}


def test_magnified_twice_mirrored_and_in_arrays():
    layout = kdb.Layout()
    top, middle, leaf = (layout.create_cell(name) for name in ("top", "middle", "leaf"))
    for name in ("track", "pillar", "m1"):
        leaf.shapes(layout.layer(*EBEAM.layers[name].gds)).insert(kdb.Box(0, 0, 20, 30))
    leaf.shapes(layout.layer(*EBEAM.layers["m1"].label)).insert(kdb.Text("gnd", 4, 6))
    half = kdb.ICplxTrans(0.5, 90, True, 100, 40)
    middle.insert(kdb.CellInstArray(leaf.cell_index(), half, kdb.Vector(60, 0), kdb.Vector(0, 80), 2, 3))
    top.insert(
        kdb.CellInstArray(middle.cell_index(), kdb.ICplxTrans(4.0, 270, False, -50, 70), kdb.Vector(2000, 0),
                          kdb.Vector(0, 900), 2, 2)
    )  # fmt: skip
    top.insert(kdb.CellInstArray(leaf.cell_index(), kdb.Trans(9000, 0)))
    after = open_layout(layout, EBEAM)
    assert same(flat(layout), flat(after.layout))
    assert not any(inst.is_complex() for cell in after.layout.each_cell() for inst in cell.each_inst())
    texts = kdb.Texts(layout.top_cell().begin_shapes_rec(layout.layer(*EBEAM.layers["m1"].label)))
    assert sorted((t.x, t.y) for t in texts.each()) == sorted((label.x, label.y) for label in after.labels)
    assert len(after.labels) == 25 and all(after.on_metal(label) for label in after.labels)


@pytest.mark.parametrize("factor", [1.03, 1.1, 1.37])
def test_cells_that_touch_still_do_when_magnification_leaves_the_database_unit(factor):
    """As KLayout flattens it but for halves, rounded either way; only sizes are wrong, and extraction accepts it."""
    layout = network()
    inner = layout.top_cell()
    layout.create_cell("wrap").insert(
        kdb.DCellInstArray(inner.cell_index(), kdb.DCplxTrans(factor, 0, False, 0.3, 0))
    )  # fmt: skip
    ours, theirs = flat(open_layout(layout, EBEAM).layout), flat(layout)
    assert all((ours[name] ^ theirs[name]).sized(-1).is_empty() for name in theirs)
    assert {finding.rule for finding in lvs(layout, EBEAM, THREE)} == {"lvs.size"}
    assert extract(layout, EBEAM, THREE).devices == 9


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_names_are_read_in_whatever_cell_they_are(depth):
    layout = network()
    names = layout.create_cell("names")
    for name in ("m2", "m3"):
        index = layout.layer(*EBEAM.layers[name].label)
        names.shapes(index).insert(layout.cell("hand").shapes(index))
        layout.cell("hand").shapes(index).clear()
    for k in range(depth):
        outer = layout.create_cell(f"outer_{k}")
        outer.insert(kdb.CellInstArray(names.cell_index(), kdb.Trans(1, False, 10, 20)))
        names = outer
    back = kdb.Trans()
    for _ in range(depth):
        back = kdb.Trans(1, False, 10, 20) * back
    layout.cell("hand").insert(kdb.CellInstArray(names.cell_index(), back.inverted()))
    assert open_layout(layout, EBEAM).labels == open_layout(network(), EBEAM).labels
    assert lvs(layout, EBEAM, THREE) == []


def test_texts_that_are_no_names_are_remarks():
    layout = network()
    index = layout.layer(*EBEAM.layers["m2"].label)
    layout.cell("line_1").shapes(index).insert(kdb.Text("drive_01", 3, 4))
    drawing = open_layout(layout, EBEAM)
    assert [(label.name, label.x, label.y) for label in drawing.remarks] == [("drive_01", 3, PY + 4)]
    assert kdb.Texts(drawing.top.begin_shapes_rec(drawing.label_layers["m2"])).with_text("drive_01", False).is_empty()


def test_a_doubled_instance_is_taken_away_and_named():
    layout = network()
    row = layout.cell("line_1")
    soma = layout.cell("soma")
    row.insert(kdb.CellInstArray(soma.cell_index(), kdb.Trans(PX, 0)))
    drawing = open_layout(layout, EBEAM)
    (double,) = drawing.doubled
    assert (double.parent, double.cells, double.more) == ("line_1", ("soma",), 1)
    assert double.box == soma.bbox().moved(PX, 0)
    assert same(flat(layout), flat(drawing.layout))
    own = [row for row in expanded(drawing.rows[drawing.layout.cell("line_1").cell_index()]).tolist()]
    assert len(own) == len(set(map(tuple, own))) == 3


def test_texts_and_edges_on_a_foreign_layer_draw_nothing():
    """A note by hand is no sign of another process, by which the extraction would refuse the layout."""
    layout = network()
    shapes = layout.cell("soma").shapes(layout.layer(99, 1))
    for note in (kdb.Text("ask Ada", 3, 4), kdb.Edge(0, 0, 50, 50)):
        shapes.insert(note)
    assert open_layout(layout, EBEAM).unknown == []
    shapes.insert(kdb.Box(0, 0, 50, 50))
    assert open_layout(layout, EBEAM).unknown == [(99, 1)]


@pytest.mark.parametrize("suffix", ["gds", "oas"])
def test_a_cell_that_the_file_lacks_is_a_warning(suffix, tmp_path):
    """KLayout reads it as an empty one; what it would draw, such as a short, nobody knows."""
    layout = network()
    pads = layout.create_cell("PADS")
    pads.ghost_cell = True
    for name, place in (("line_1", kdb.Trans(PX, 7)), ("line_1", kdb.Trans(0, 9)), ("soma", kdb.Trans(40, 0))):
        layout.cell(name).insert(kdb.CellInstArray(pads.cell_index(), place))
    found = drc(write(layout, tmp_path / f"it.{suffix}"), EBEAM)
    assert [(f.rule, f.severity, f.cell) for f in found] == [
        ("layout.absent", "warning", "line_1"), ("layout.absent", "warning", "soma")
    ]  # fmt: skip
    assert found[0].message == "cell 'PADS' is placed, but the file does not hold it: nothing of it is checked"
    assert (found[1].x * 1e9, found[1].y * 1e9) == pytest.approx((40, 0))


def test_an_array_over_single_instances_counts_each_of_its_own():
    layout = network()
    tile = layout.create_cell("dot")
    tile.shapes(layout.layer(*EBEAM.layers["m1"].gds)).insert(kdb.Box(0, 0, 40, 40))
    top = layout.cell("hand")
    top.insert(kdb.CellInstArray(tile.cell_index(), kdb.Trans(), kdb.Vector(100, 0), kdb.Vector(0, 100), 4, 3))
    for x, y in ((100, 0), (300, 200), (300, 200), (5, 0)):
        top.insert(kdb.CellInstArray(tile.cell_index(), kdb.Trans(x, y)))
    doubled = open_layout(layout, EBEAM).doubled
    assert [(d.box.left, d.box.bottom, d.more) for d in doubled] == [(100, 0, 1), (300, 200, 2)]


def test_expanded_arrays_are_klayouts():
    rng = np.random.default_rng(5)
    layout = kdb.Layout()
    top, cell = layout.create_cell("top"), layout.create_cell("cell")
    layer = layout.layer(1, 0)
    cell.shapes(layer).insert(kdb.Box(0, 0, 3, 7))
    for _ in range(20):
        x, y, ax, ay, bx, by = (int(v) for v in rng.integers(-500, 500, 6))
        na, nb = (int(v) for v in rng.integers(1, 5, 2))
        trans = kdb.Trans(int(rng.integers(4)), bool(rng.integers(2)), x, y)
        top.insert(kdb.CellInstArray(cell.cell_index(), trans, kdb.Vector(ax, ay), kdb.Vector(bx, by), na, nb))
    from hwlib.drawing.hierarchy import read_hierarchy

    rows = expanded(read_hierarchy(layout, "it", None).rows[top.cell_index()]).tolist()
    mine = sorted(str(kdb.Box(0, 0, 3, 7).transformed(kdb.Trans(t % 4, t >= 4, x, y))) for _, t, x, y in rows)
    boxes = top.begin_shapes_rec(layer)
    assert mine == sorted(str(s.shape().box.transformed(s.trans())) for s in boxes.each())


# Polygons that are not simple, and what they enclose wrongly.
STRANGE = {
    "eight": [(740, 190), (740, 270), (800, 270), (960, 270), (960, 300), (800, 300), (800, 270), (800, 190)],
    "bow tie": [(0, 0), (100, 100), (100, 0), (0, 100)],
    "twice round": [(0, 0), (0, 100), (100, 100), (100, 0)] * 2,
    "overlap": [
        (0, 0),
        (0, 300),
        (300, 300),
        (300, 0),
        (100, 0),
        (100, 200),
        (400, 200),
        (400, 100),
        (50, 100),
        (50, 0),
    ],
    "pentagram": [(0, 100), (60, -80), (-95, 30), (95, 30), (-60, -80)],
}
SIMPLE = {
    "keyhole": [(0, 0), (0, 100), (100, 100), (100, 0), (0, 0), (30, 30), (70, 30), (70, 70), (30, 70), (30, 30)],
    "edge keyhole": [(0, 0), (0, 90), (90, 90), (90, 0), (30, 0), (30, 30), (70, 30), (70, 70), (30, 70), (30, 0)],
    "corner": [(0, 0), (0, 10), (10, 10), (10, 20), (20, 20), (20, 10), (10, 10), (10, 0)],
}


def windings(points):
    """Areas of a polygon that it goes round twice, or the wrong way: by counting crossings of a ray, pixel by pixel."""
    points = np.array(points, float)
    low, high = points.min(axis=0).astype(int), points.max(axis=0).astype(int)
    steps = max(int((high - low).max()) // 50, 1)
    x, y = np.meshgrid(*(np.arange(a + steps / 2, b, steps) + 1e-3 for a, b in zip(low, high, strict=True)))
    turns = np.zeros(x.shape, int)
    for (x0, y0), (x1, y1) in itertools.pairwise([*points, points[0]]):
        side = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
        turns += ((y0 <= y) & (y1 > y) & (side > 0)).astype(int) - ((y1 <= y) & (y0 > y) & (side < 0)).astype(int)
    return turns


@pytest.mark.parametrize("name", [*STRANGE, *SIMPLE])
def test_polygons_that_are_not_simple_are_found(name):
    points = (STRANGE | SIMPLE)[name]
    turns = windings(points)
    odd = not (((turns >= 0).all() and (turns <= 1).all()) or ((turns <= 0).all() and (turns >= -1).all()))
    assert odd == (name in STRANGE)
    layout = network()
    index = layout.layer(*EBEAM.layers["m5"].gds)
    layout.cell("line_1").shapes(index).insert(kdb.Polygon([kdb.Point(*p) for p in points], True))
    drawing = open_layout(layout, EBEAM)
    assert (drawing.crossing.get("m5", {}).keys() == {"line_1"}) == odd
    covered = kdb.Region(drawing.top.begin_shapes_rec(drawing.layers["m5"])).merged()
    if name != "pentagram":  # whose pixels are not whole
        step = max(int(np.ptp(np.array(points), axis=0).max()) // 50, 1)
        assert covered.area() == pytest.approx((turns != 0).sum() * step**2, rel=0.05)
    assert all(p.is_box() or not kdb.Region(p).merged().is_empty() for p in covered.each())


@pytest.mark.parametrize("points", [[(24, 5), (126, 2), (32, 5), (228, 3)], [(108, 0), (156, 0), (39, 2), (152, 1)]])
def test_a_crossing_that_encloses_less_than_a_unit_is_found(points):
    """Between edges that cross off the grid, one side is so thin that nothing is left of it on the grid."""
    layout = network()
    index = layout.layer(*EBEAM.layers["m5"].gds)
    layout.cell("hand").shapes(index).insert(kdb.Polygon([kdb.Point(*p) for p in points], True))
    (strange,) = open_layout(layout, EBEAM).crossing["m5"]["hand"].each()
    assert strange.bbox().inside(kdb.Polygon([kdb.Point(*p) for p in points], True).bbox())


def test_random_polygons_are_strange_where_they_wind_oddly():
    """Against counting crossings: no vertex on a pixel's centre, so nothing hangs on rounding."""
    dice = random.Random(3)
    seen = set()
    for _ in range(60):
        points = [(10 * dice.randrange(12), 10 * dice.randrange(12)) for _ in range(dice.randrange(4, 8))]
        layout = network()
        index = layout.layer(*EBEAM.layers["m5"].gds)
        polygon = kdb.Polygon([kdb.Point(*p) for p in points], True)
        if polygon.num_points() < 3:
            continue
        layout.cell("hand").shapes(index).insert(polygon)
        turns = windings(points)
        odd = ((turns > 0).any() and (turns < 0).any()) or abs(turns).max() > 1
        found = open_layout(layout, EBEAM).crossing.get("m5")
        if found is None:
            assert not odd
        else:
            small = found["hand"].area() < 200  # between pixels
            assert odd or small
        seen.add(bool(odd))
    assert seen == {True, False}


def test_a_path_that_crosses_itself_is_drawn_as_it_is():
    layout = network()
    index = layout.layer(*EBEAM.layers["m5"].gds)
    ring = [kdb.Point(*p) for p in ((0, 0), (400, 0), (400, 400), (0, 400), (0, -200))]
    layout.cell("hand").shapes(index).insert(kdb.Path(ring, 40))
    assert open_layout(layout, EBEAM).crossing == {}


# --- files ---


def test_one_of_several_cells_is_chosen_by_name(tmp_path):
    layout = wrapped(network())
    layout.create_cell("other").shapes(layout.layer(12, 0)).insert(kdb.Box(0, 0, 100, 100))
    layout.create_cell("nothing")
    path = write(layout, tmp_path / "several.oas")
    with pytest.raises(InputError, match=r"2 top cells \(chip_0, other\); name the one to use with --top"):
        open_layout(path, EBEAM)
    for name in ("chip_0", "hand"):
        assert open_layout(path, EBEAM, top=name).top.name == name
        assert lvs(open_layout(path, EBEAM, top=name), EBEAM, THREE) == []
        alone = tmp_path / f"{name}.oas"
        alone.write_bytes(cell_bytes(path, name))
        assert open_layout(alone, EBEAM).top.name == name
    with pytest.raises(InputError, match=r"no cell 'none' for --top; the layout's top cells: chip_0, nothing, other"):
        open_layout(path, EBEAM, top="none")
    with pytest.raises(InputError, match="no device"):
        open_layout(path, EBEAM, top="other")


def test_an_empty_cell_beside_the_top_cell_is_no_second_one(tmp_path):
    layout = network()
    layout.create_cell("nothing")
    assert open_layout(write(layout, tmp_path / "it.gds"), EBEAM).top.name == "hand"


def test_an_open_layout_serves_checks_and_extraction(tmp_path):
    """And a layout in memory is left as it was."""
    layout = wrapped(network())
    options = kdb.SaveLayoutOptions()
    options.gds2_write_timestamps = False
    before = layout.write_bytes(options)
    drawing = open_layout(layout, EBEAM)
    assert open_layout(drawing, EBEAM) is drawing
    assert lvs(drawing, EBEAM, THREE) == []
    assert extract(drawing, EBEAM, THREE).devices == 9
    assert layout.write_bytes(options) == before
