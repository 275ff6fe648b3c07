"""Small files of shapes that cross or lie beside one another by the million are refused, ordinary ones never."""

import klayout.db as kdb
import numpy as np
import pytest

import layouts
from hwlib.design import Design
from hwlib.drawing.reader import open_layout
from hwlib.errors import InputError
from tests.support.redrawing import REDRAWINGS
from tests.support.three_neurons import EBEAM, network

APART = kdb.Vector(30_000, 0)  # nm: beside the macro


def points(count, width=20_000):
    return [kdb.Point(x, y) for x, y in np.random.default_rng(0).integers(0, width, (count, 2)).tolist()]


def scribble(count):
    return lambda shapes: shapes.insert(kdb.Polygon(points(count), True).moved(APART))


def path(count):
    return lambda shapes: shapes.insert(kdb.Path(points(count), 100).moved(APART))


def boxes(count, width, height):
    def draw(shapes):
        for at in points(count):
            shapes.insert(kdb.Box(at.x, at.y, at.x + width, at.y + height).moved(APART))

    return draw


def slivers(count):
    return lambda shapes: [boxes(count, *size)(shapes) for size in ((20_000, 4), (4, 20_000))]


def slanted(count):
    def draw(shapes):
        ends = points(2 * count)
        for a, b in zip(ends[::2], ends[1::2], strict=True):
            shapes.insert(kdb.Polygon([a, b, b + kdb.Vector(5, 5), a + kdb.Vector(5, 5)]).moved(APART))

    return draw


def tall(count):
    def draw(shapes):
        for k, at in enumerate(points(count, 100_000)):
            shapes.insert(kdb.Box(200 * k, at.x, 200 * k + 100, at.y + 100_000).moved(APART))

    return draw


def drawn(draw):
    layout = network()
    draw(layout.top_cell().shapes(layout.layer(*EBEAM.layers["m3"].gds)))
    return layout


CROSS = (
    r"shapes on layer m3 cross or overlap about \d.* times, as at \(\d+\.\d{3}, \d+\.\d{3}\) µm; \d.* can be handled"
)
BESIDE = r"\d+ shapes on layer m3 begin and end at heights of their own, each beside about \d+ others; \d+ can be"


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (scribble(4000), CROSS), (path(2000), CROSS), (boxes(50_000, 2000, 2000), CROSS),
        (boxes(40_000, 200, 200), CROSS), (slivers(25_000), CROSS), (slivers(500), CROSS),
        (slanted(10_000), CROSS), (tall(10_000), BESIDE),
    ],
    ids=["scribble", "path", "boxes", "small boxes", "slivers", "few slivers", "slanted", "beside"],
)  # fmt: skip
def test_a_tangle_is_refused(draw, words):
    with pytest.raises(InputError, match=words):
        open_layout(drawn(draw), EBEAM)


def placed(draw, count, step):
    layout = network()
    top, cell = layout.top_cell(), layout.create_cell("one")
    draw(cell.shapes(layout.layer(*EBEAM.layers["m3"].gds)))
    steps = kdb.Vector(step, 0), kdb.Vector(0, step)
    top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(), *steps, count, count))
    return layout


def test_a_tangle_in_cells_is_refused_as_it_would_be_drawn_flat():
    for layout in (placed(scribble(300), 10, 30_000), placed(boxes(1, 20_000, 20_000), 60, 200)):
        with pytest.raises(InputError, match=CROSS):
            open_layout(layout, EBEAM)
    assert open_layout(placed(boxes(1, 150, 150), 60, 200), EBEAM).pillars == 9


@pytest.mark.parametrize(
    "draw", [scribble(300), path(200), boxes(2000, 300, 300), slivers(100), tall(2000)],
    ids=["scribble", "path", "boxes", "slivers", "beside"],
)  # fmt: skip
def test_some_crossings_are_looked_at(draw):
    assert open_layout(drawn(draw), EBEAM).pillars == 9


def test_a_plane_in_pieces_beside_a_small_macro_is_no_tangle():
    def pieces(shapes):
        for k in range(40_000):
            shapes.insert(kdb.Box(0, 0, 100, 100).moved(100 * (k % 200), 100 * (k // 200)).moved(APART))

    assert open_layout(drawn(pieces), EBEAM).pillars == 9


def test_slanted_wires_whose_boxes_alone_overlap_are_no_tangle():
    def bus(shapes):
        for k in range(0, 400_000, 200):
            line = [(k, 0), (k + 200_000, 200_000), (k + 200_100, 200_000), (k + 100, 0)]
            shapes.insert(kdb.Polygon([kdb.Point(*each) for each in line]).moved(APART))

    assert open_layout(drawn(bus), EBEAM).pillars == 9


def test_ordinary_drawings_are_far_from_it(monkeypatch):
    """Pieces of the same are the nearest: a tenth of what is handled suffices for all."""
    from hwlib.drawing import overlaps

    for name in ("CROSSINGS", "WITH_SHAPE", "WITH_PILLAR", "BESIDE", "ON_AVERAGE", "WITH_ROW"):
        monkeypatch.setattr(overlaps, name, getattr(overlaps, name) / 10)
    for redraw in REDRAWINGS.values():
        assert open_layout(redraw(network()), EBEAM).pillars >= 9


def test_a_drawing_of_ones_own_is_not_looked_at_again(tmp_path, monkeypatch):
    """Only a file whose content this process wrote: a copy changed by others is."""
    from hwlib.drawing import overlaps

    own = layouts.write_layout(layouts.hopfield(Design(name="own", network={"neurons": 3})), tmp_path / "own.gds")
    monkeypatch.setattr(overlaps, "CROSSINGS", -1e9)
    assert open_layout(own, EBEAM).pillars == 9
    layout = kdb.Layout()
    layout.read(str(own))
    layout.top_cell().name = "changed"
    layout.write(str(own))
    with pytest.raises(InputError, match="cross or overlap"):
        open_layout(own, EBEAM)
