"""Macros with much around them: refused at once, or looked at without what nothing joins."""

import time

import klayout.db as kdb
import numpy as np
import pytest

from hwlib.checks import lvs
from hwlib.drawing import reader
from hwlib.drawing.reader import open_layout
from hwlib.errors import InputError
from hwlib.extraction import extract
from hwlib.extraction.compose import assemble
from tests.support.three_neurons import EBEAM, THREE, network, wrapped


def _boxes(layout, number, count):
    """A cell of one box, placed ``count`` times beside the macro in a chip around it."""
    chip, spot = wrapped(layout).top_cell(), layout.create_cell("spot")
    spot.shapes(layout.layer(*number)).insert(kdb.Box(0, 0, 200, 200))
    steps = kdb.Vector(400, 0), kdb.Vector(0, 400)
    chip.insert(kdb.CellInstArray(spot.cell_index(), kdb.Trans(9000, 0), *steps, count // 1000, 1000))
    return layout


@pytest.mark.parametrize(
    ("number", "count", "words"),
    [
        (EBEAM.layers["m5"].gds, 400_000, "400... shapes with 9 pillars, 69000 can be handled; .* --top"),
        (EBEAM.layers["m3"].label, 60_000, "600.. labels with 9 pillars, 50036 can be handled"),
        ((250, 7), 400_000, "4000.. instances with 9 pillars, 200270 can be handled"),
    ],
)
def test_what_would_take_long_is_refused_at_once(number, count, words):
    begun = time.process_time()
    with pytest.raises(InputError, match=words):
        open_layout(_boxes(network(), number, count), EBEAM)
    assert time.process_time() - begun < 2
    assert open_layout(_boxes(network(), number, 10_000), EBEAM).pillars == 9
    if number == EBEAM.layers["m5"].gds:  # the macro by itself is read out of the chip
        assert open_layout(_boxes(network(), number, count), EBEAM, top="hand").pillars == 9


def test_cells_that_hold_nothing_are_not_counted():
    layout, steps = network(), (kdb.Vector(1, 0), kdb.Vector(0, 1))
    empty, outer = layout.create_cell("empty"), layout.create_cell("holds empty")
    outer.insert(kdb.CellInstArray(empty.cell_index(), kdb.Trans()))
    for cell in (empty, outer):
        layout.cell("hand").insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(), *steps, 600, 1000))
    drawing = open_layout(layout, EBEAM)
    assert drawing.pillars == 9
    assert not {cell.name for cell in drawing.layout.each_cell()} & {"empty", "holds empty"}


def test_a_macro_placed_thousands_of_times_is_not_its_design(monkeypatch):
    """Said before labels are looked at: those of 90 000 macros took 40 s."""
    monkeypatch.setattr(reader, "lift_labels", None)
    layout = network()
    macro, chip = layout.top_cell(), layout.create_cell("chip")
    steps = kdb.Vector(5000, 0), kdb.Vector(0, 5000)
    chip.insert(kdb.CellInstArray(macro.cell_index(), kdb.Trans(), *steps, 40, 40))
    for work in (lvs, extract):
        with pytest.raises(InputError, match=r"14400 pillars in cell 'chip', the design has 9 devices; .* --top"):
            work(layout, EBEAM, THREE)


@pytest.mark.parametrize("placed", [False, True], ids=["drawn", "placed"])
@pytest.mark.parametrize("lead", [False, True], ids=["beside", "and a lead"])
def test_metal_of_a_chip_that_nothing_joins_changes_no_resistance(lead, placed):
    """It is left out before it is looked at, unlike a lead from the macro to a label beside it."""
    found, windows = [], []
    for count in (0, 3000):
        layout = wrapped(network())
        top = layout.top_cell()
        metal = top.shapes(layout.layer(*EBEAM.layers["m3"].gds))
        if placed and count:
            spot = layout.create_cell("spot")
            spot.shapes(layout.layer(*EBEAM.layers["m3"].gds)).insert(kdb.Box(0, 0, 200, 200))
            steps = kdb.Vector(400, 0), kdb.Vector(0, 400)
            top.insert(kdb.CellInstArray(spot.cell_index(), kdb.Trans(9000, 0), *steps, count // 50, 50))
        for k in range(0 if placed else count):
            metal.insert(kdb.Box(0, 0, 200, 200).moved(9000 + 400 * (k // 50), 400 * (k % 50)))
        if lead:
            (row,) = [x for x in open_layout(layout, EBEAM).labels if x.name == "dend_0"]
            metal.insert(kdb.Box(row.x - 3000, row.y - 20, row.x + 20, row.y + 20))
            texts = layout.top_cell().shapes(layout.layer(*EBEAM.layers[row.layer].label))
            texts.insert(kdb.Text("dend_0", row.x - 2990, row.y))
        found.append(extract(layout, EBEAM, THREE))
        windows.append(sum(len(part.rows) for part in assemble(open_layout(layout, EBEAM)).parts))
    assert windows[0] == windows[1] > 0
    assert np.array_equal(found[0].resistor_ohm, found[1].resistor_ohm)
    assert len(found[0].pin_node) == len(extract(network(), EBEAM, THREE).pin_node) + lead
