"""Cells whose boundaries lie on what ports cannot join: a layout cut into such cells stays what it was."""

import klayout.db as kdb
import numpy as np
import pytest

import layouts
from hwlib.checks import lvs
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.extraction import extract
from hwlib.extraction.windows import BoxIndex
from hwlib.process import preset_names
from tests.support.fitting import fitting_device
from tests.support.resistances import to_pins


def drawn(process, folder):
    """A flat layout of two neurons, its design and process."""
    design = Design(name="cut", process=process, device=fitting_device(process), network={"neurons": 2})
    layout = kdb.Layout()
    layout.read(str(layouts.write_layout(layouts.hopfield(design), folder / "drawn.oas")))
    layout.flatten(layout.top_cell().cell_index(), -1, True)
    return layout, design, design.load_process()


def shapes(layout, process, name):
    return kdb.Region(layout.top_cell().begin_shapes_rec(layout.layer(*process.layers[name].gds))).merged()


def in_cells(flat, x_lines, y_lines):
    """What lies between the lines in a cell each, labels above."""
    cut, around = kdb.Layout(), flat.top_cell().bbox().enlarged(10, 10)
    cut.dbu = flat.dbu
    top = cut.create_cell("top")
    edges = [[low, *sorted(set(lines)), high] for lines, low, high in (
        (x_lines, around.left, around.right), (y_lines, around.bottom, around.top))]  # fmt: skip
    boxes = [
        kdb.Box(x0, y0, x1, y1) for x0, x1 in zip(edges[0], edges[0][1:], strict=False)
        for y0, y1 in zip(edges[1], edges[1][1:], strict=False)
    ]  # fmt: skip
    cells = [cell_at(cut, top, box) for box in boxes]
    for index in flat.layer_indexes():
        layer, region = cut.layer(flat.get_info(index)), kdb.Region(flat.top_cell().begin_shapes_rec(index)).merged()
        for shape in flat.top_cell().shapes(index).each(kdb.Shapes.STexts):
            top.shapes(layer).insert(shape.text)
        for cell, box in zip(cells, boxes, strict=True):
            cell.shapes(layer).insert((region & kdb.Region(box)).moved(-box.left, -box.bottom))
    return cut


def cell_at(layout, top, box):
    """A new cell whose origin is placed at a box's lower left corner."""
    cell = layout.create_cell("part")
    top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(box.left, box.bottom)))
    return cell


def in_one_cell(flat, box):
    """What lies in a box in a cell, the rest above it."""
    cut = kdb.Layout()
    cut.dbu = flat.dbu
    top = cut.create_cell("top")
    cell = cell_at(cut, top, box)
    for index in flat.layer_indexes():
        layer, region = cut.layer(flat.get_info(index)), kdb.Region(flat.top_cell().begin_shapes_rec(index)).merged()
        for shape in flat.top_cell().shapes(index).each(kdb.Shapes.STexts):
            top.shapes(layer).insert(shape.text)
        cell.shapes(layer).insert((region & kdb.Region(box)).moved(-box.left, -box.bottom))
        top.shapes(layer).insert(region - kdb.Region(box))
    return cut


def between_devices(flat, process):
    """A line upright and a level one that part the four devices and cross no part of them."""
    tracks = [polygon.bbox() for polygon in shapes(flat, process, "track").each()]
    return [(sorted({t.right for t in tracks})[0] + sorted({t.left for t in tracks})[1]) // 2], [
        (sorted({t.top for t in tracks})[0] + sorted({t.bottom for t in tracks})[1]) // 2
    ]


def rows(flat, process):
    """The dendrite's and the next row on m3 beside the array, west of it, and the middle of the gap between them."""
    wires = sorted((q.bbox() for q in shapes(flat, process, "m3").each()), key=lambda box: (box.bottom, box.left))
    x = min(t.bbox().left for t in shapes(flat, process, "track").each())
    low, high = [box for box in wires if box.left < x < box.right][:2]
    grid = max(round(process.grid * 1e6 / flat.dbu), 1)
    return low, high, x // grid * grid, (low.top + high.bottom) // 2 // grid * grid


def bow_tie(x, y, low, high):
    return [[(x - 40, low), (x + 40, low), (x, y)], [(x - 40, high), (x + 40, high), (x, y)]]


def squares(x, y, low, high):
    return [[(x - 40, low), (x, low), (x, y), (x - 40, y)], [(x + 40, high), (x, high), (x, y), (x + 40, y)]]


@pytest.mark.parametrize(
    ("process", "lines", "polygons"),
    [(name, ("upright", "level", "both")[k % 3], (bow_tie, squares)[k % 2]) for k, name in enumerate(preset_names())],
)
def test_metal_that_touches_on_a_boundary_is_one_net(process, polygons, lines, tmp_path):
    flat, design, p = drawn(process, tmp_path)
    low, high, x, y = rows(flat, p)
    metal = flat.top_cell().shapes(flat.layer(*p.layers["m3"].gds))
    for points in polygons(x, y, low.top, high.bottom):
        metal.insert(kdb.Polygon([kdb.Point(*point) for point in points]))
    xs, ys = between_devices(flat, p)
    cut = in_cells(flat, xs + [x] * (lines != "level"), ys + [y] * (lines != "upright"))
    found = []
    for layout in (flat, cut):
        with pytest.raises(InputError, match="are shorted") as error:
            extract(layout, p, design)
        found.append(set(str(error.value).split(" are shorted")[0].split()))
    assert found[0] == found[1]
    assert "lvs.short" in {finding.rule for finding in lvs(cut, p, design, topology=False)}


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("polygons", [bow_tie, squares])
def test_metal_of_a_cell_that_touches_metal_above_it_is_one_net(polygons, upper, tmp_path):
    flat, design, p = drawn("ebeam", tmp_path)
    low, high, x, y = rows(flat, p)
    metal = flat.top_cell().shapes(flat.layer(*p.layers["m3"].gds))
    for points in polygons(x, y, low.top, high.bottom):
        metal.insert(kdb.Polygon([kdb.Point(*point) for point in points]))
    half = kdb.Box(x - 40, y, x + 40, high.bottom) if upper else kdb.Box(x - 40, low.top, x + 40, y)
    with pytest.raises(InputError, match="are shorted"):
        extract(in_one_cell(flat, half), p, design)


@pytest.mark.parametrize("turned", [False, True])
def test_a_wire_half_in_a_cell_and_half_above_keeps_its_resistance(turned, tmp_path):
    """A piece of a row without vias, longer than the half in the cell is deep: current runs along the boundary."""
    flat, design, p = drawn("ebeam", tmp_path)
    row, _, x, _ = rows(flat, p)
    half = kdb.Box(x - 30, row.bottom - 2, x + 60, row.center().y)
    if turned:
        half = kdb.Trans.R90 * half
        flat.transform(kdb.Trans.R90)
    np.testing.assert_allclose(*(to_pins(extract(layout, p, design)) for layout in (flat, in_one_cell(flat, half))))


@pytest.mark.parametrize("process", ["copper_thick", "sky130"])
@pytest.mark.parametrize("where", ["row", "column", "via"])
def test_wires_and_vias_cut_along_a_boundary_keep_their_resistance(process, where, tmp_path):
    """Half a row or column in each of two cells: current runs along the boundary, not across it."""
    flat, design, p = drawn(process, tmp_path)
    low, *_ = rows(flat, p)
    (xs, ys), columns = between_devices(flat, p), [q.bbox() for q in shapes(flat, p, "m2").each()]
    column = max((box for box in columns if box.left > low.left + 10), key=lambda box: box.height())
    via = next(q.bbox() for q in shapes(flat, p, "v2").each() if q.bbox().inside(low))
    xs += {"row": [], "column": [column.center().x], "via": [via.center().x]}[where]
    ys += [low.center().y] * (where == "row")
    resistances = [to_pins(extract(layout, p, design)) for layout in (flat, in_cells(flat, xs, ys))]
    np.testing.assert_allclose(*resistances, rtol=1e-6)


@pytest.mark.parametrize(("name", "side"), [("dend_0", 0), ("dend_0", 1), ("gnd", 1)])
def test_a_label_on_a_boundary_belongs_to_the_metal_there(name, side, tmp_path):
    flat, design, p = drawn("ebeam", tmp_path)
    xs, ys = between_devices(flat, p)
    label = flat.layer(*p.layers["m3"].label)
    text = next(s for s in flat.top_cell().shapes(label).each() if s.text.string == name)
    row = next(q.bbox() for q in shapes(flat, p, "m3").each() if q.bbox().contains(kdb.Point(text.text.x, text.text.y)))
    edge = row.top if side else row.bottom
    text.text = kdb.Text(name, text.text.x, edge)
    plain, cut = (to_pins(extract(layout, p, design)) for layout in (flat, in_cells(flat, xs, [*ys, edge])))
    np.testing.assert_allclose(cut, plain, rtol=1e-6)


def test_a_via_cut_where_no_wire_runs_along_keeps_its_resistance(tmp_path):
    """Metal 2 along a row, joined to it by three vias; a cell ends in the middle of one, across both wires."""
    flat, design, p = drawn("ebeam", tmp_path)
    row, _, x, _ = rows(flat, p)
    wide, middle = row.height() // 4 // 2 * 2, row.center().y
    add = {name: flat.top_cell().shapes(flat.layer(*p.layers[name].gds)) for name in ("m2", "v2")}
    add["m2"].insert(kdb.Box(x - 6 * wide, row.bottom, x + 6 * wide, row.top))
    for centre in (x - 4 * wide, x, x + 4 * wide):
        add["v2"].insert(kdb.Box(-wide // 2, -wide // 2, wide // 2, wide // 2).moved(centre, middle))
    cut = in_one_cell(flat, kdb.Box(x, row.bottom, x + 8 * wide, row.top))
    np.testing.assert_allclose(*(to_pins(extract(layout, p, design)) for layout in (flat, cut)), rtol=1e-9)


@pytest.mark.parametrize("spread", [1, 6, 40])
def test_boxes_around_many_points_are_those_found_one_by_one(spread):
    """Boxes of an array share their sides, others lie anywhere and overlap."""
    rng = np.random.default_rng(spread)
    corner, size = 10 * rng.integers(0, spread, (60, 2)), 10 * rng.integers(1, 4, (60, 2))
    index = BoxIndex(np.concatenate([corner, corner + size], axis=1))
    places = rng.choice(5, (200, 2)) * 5 + 10 * rng.integers(-1, spread + 3, (200, 2))
    around = index.around(places)
    each = [index.hits((x, y, x, y), touching=True).tolist() for x, y in places.tolist()]
    assert around.counts.tolist() == [len(hits) for hits in each]
    assert [around.found[around.of(k)].tolist() for k in range(len(places))] == each
