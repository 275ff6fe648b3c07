"""Long wires are found cell by cell as they are by merging the whole layer."""

import klayout.db as kdb
import numpy as np
import pytest

import layouts
from hwlib.checks.long_wires import LongWires
from hwlib.design import Design
from hwlib.drawing.reader import open_layout


@pytest.fixture(scope="module")
def drawing(tmp_path_factory):
    network = {"neurons": 5, "weight_style": "rails", "soma_placement": "centred"}
    design = Design(name="long", process="copper", network=network, seed=1)
    path = layouts.write_layout(layouts.hopfield(design), tmp_path_factory.mktemp("long") / "long.oas")
    return open_layout(path, design.load_process())


def copy_of(drawing):
    return open_layout(drawing.layout, drawing.process)


def agrees(drawing):
    """Whether all layers agree at several sizes; how many polygons were left out unmerged."""
    wires, unmerged = LongWires(drawing), 0
    for name in drawing.process.of_kind("conductor"):
        whole = drawing.region(name).merged()
        for reach in (100, 500, 2000, 20000):
            assert (wires.of(name, reach) ^ whole.with_bbox_max(reach, None, False)).is_empty(), (name, reach)
        found = wires._apart(name, 20000)
        unmerged += whole.count() - found.count() if found is not None else 0
    return unmerged


def test_a_drawn_network(drawing):
    assert agrees(drawing) > 50


def test_a_strip_that_joins_what_lies_within_cells(drawing):
    """Drawn above the cells, or as a cell that overlaps them, whichever pieces it meets."""
    rng = np.random.default_rng(3)
    for k in range(8):
        changed = copy_of(drawing)
        box = changed.top.bbox()
        x, y = int(rng.integers(box.left, box.right)), int(rng.integers(box.bottom, box.top))
        strip = kdb.Box(x, y, x + 3000, y + 40) if k % 2 else kdb.Box(x, y, x + 40, y + 3000)
        cell = changed.top if k % 4 < 2 else changed.layout.create_cell("strip")
        cell.shapes(changed.layers["m1"]).insert(strip)
        if k % 4 >= 2:
            changed.top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans()))
        assert agrees(copy_of(changed)) >= 0


def test_slanted_shapes_are_merged_as_a_whole(drawing):
    changed = copy_of(drawing)
    cell = next(cell for cell in changed.layout.each_cell() if cell.name.startswith("axon"))
    box = cell.bbox()
    points = [kdb.Point(box.left, box.bottom), kdb.Point(box.right, box.bottom + 7), kdb.Point(box.left + 3, box.top)]
    cell.shapes(changed.layers["m2"]).insert(kdb.Polygon(points))
    changed = copy_of(changed)
    assert LongWires(changed)._apart("m2", 2000) is None and LongWires(changed)._apart("m3", 2000) is not None
    agrees(changed)
