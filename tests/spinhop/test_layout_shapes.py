"""The polygons on a page are those of the layout, whatever its hierarchy."""

import klayout.db as kdb
import pytest

import layouts
from hwlib.design import Design
from hwlib.process import load_process
from spinhop.pages import layout_shapes
from spinhop.pages.layout_shapes import shape_data


def drawn_regions(data):
    """The regions that a script draws, by layer: cells placed by their matrices, as of ``layout_shapes.js``."""
    regions = [kdb.Region() for _ in data["layers"]]

    def add(index, matrix):
        a, b, c, d, x0, y0 = matrix

        def moved(points):
            pairs = zip(points[::2], points[1::2], strict=True)
            return kdb.Polygon([kdb.Point(round(a * x + c * y + x0), round(b * x + d * y + y0)) for x, y in pairs])

        cell = data["cells"][index]
        for layer, flat in cell["boxes"]:
            for left, bottom, right, top in zip(*(flat[k::4] for k in range(4)), strict=True):
                regions[layer].insert(moved([left, bottom, left, top, right, top, right, bottom]))
        for layer, points in cell["polygons"]:
            regions[layer].insert(moved(points))
        for child, p, q, r, s, dx, dy, columns, ax, ay, rows, bx, by in cell["places"]:
            for i in range(columns):
                for j in range(rows):
                    x, y = dx + i * ax + j * bx, dy + i * ay + j * by
                    corner = a * x + c * y + x0, b * x + d * y + y0
                    add(child, (a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s, *corner))

    add(data["top"], (1, 0, 0, 1, 0, 0))
    return {layer["name"]: region for layer, region in zip(data["layers"], regions, strict=True)}


def same(layout, process):
    data = shape_data(layout, process)
    assert data is not None
    regions = drawn_regions(data)
    for name, layer in process.layers.items():
        index = layout.find_layer(*layer.gds)
        if index is None or name == "outline":
            continue
        whole = kdb.Region(layout.top_cell().begin_shapes_rec(index))
        assert (whole ^ regions.get(name, kdb.Region())).is_empty(), name
    return data


def test_drawn_macro(tmp_path):
    design = Design(name="five", network={"neurons": 5, "weight_style": "lines"})
    process = design.load_process()
    layout = kdb.Layout()
    layout.read(str(layouts.write_layout(layouts.hopfield(design, process), tmp_path / "five.oas")))
    data = same(layout, process)
    assert {layer["name"] for layer in data["layers"]} >= {"track", "pillar", "m1", "m2", "m3"}


@pytest.mark.parametrize("turn", range(8))
def test_turned_mirrored_arrays_of_cells_in_cells(turn):
    process = load_process("ebeam")
    layout = kdb.Layout()
    top, middle, leaf = (layout.create_cell(name) for name in ("top", "middle", "leaf"))
    m1, pillar = (layout.layer(*process.layers[name].gds) for name in ("m1", "pillar"))
    leaf.shapes(m1).insert(kdb.Box(0, 0, 70, 20))
    leaf.shapes(m1).insert(kdb.Polygon([kdb.Point(0, 30), kdb.Point(10, 60), kdb.Point(40, 30)]))
    leaf.shapes(pillar).insert(kdb.Path([kdb.Point(0, 100), kdb.Point(50, 100)], 10))
    move, back = kdb.Trans(turn % 4, turn >= 4, 300, 40), kdb.Trans((7 - turn) % 4, turn < 4, -500, 0)
    middle.insert(kdb.CellInstArray(leaf.cell_index(), move, kdb.Vector(150, 10), kdb.Vector(0, 200), 3, 2))
    top.insert(kdb.CellInstArray(middle.cell_index(), back))
    magnified = kdb.DCplxTrans(2.0, 0, False, 3.0, 1.0)
    top.insert(kdb.DCellInstArray(leaf.cell_index(), magnified))
    same(layout, process)


def test_too_large_a_layout_is_left_out(monkeypatch):
    process = load_process("ebeam")
    layout = kdb.Layout()
    top, leaf = layout.create_cell("top"), layout.create_cell("leaf")
    leaf.shapes(layout.layer(*process.layers["m1"].gds)).insert(kdb.Box(0, 0, 10, 10))
    array = kdb.CellInstArray(leaf.cell_index(), kdb.Trans(), kdb.Vector(20, 0), kdb.Vector(0, 20), 100, 100)
    top.insert(array)
    assert shape_data(layout, process) is not None
    monkeypatch.setattr(layout_shapes, "MOST_DRAWN", 9_999)
    assert shape_data(layout, process) is None
    monkeypatch.setattr(layout_shapes, "MOST_DRAWN", 10_000)
    assert shape_data(layout, process) is not None
    monkeypatch.setattr(layout_shapes, "MOST_NUMBERS", 16)
    assert shape_data(layout, process) is None
