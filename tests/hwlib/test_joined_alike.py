"""What joins wires for the extraction joins them for LVS: random cuts and vias in a network drawn by hand."""

from __future__ import annotations

import klayout.db as kdb
import numpy as np

from hwlib.checks import lvs
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.extraction import extract
from hwlib.process import load_process
from tests.support.drawn_network import ONE_SIDE, draw_network

EBEAM = load_process("ebeam")
TWO = Design(name="two", network={"neurons": 2, "feeds": ONE_SIDE}, seed=3)
CUTS, VIAS = 24, 20


def _told(layout: kdb.Layout) -> tuple[str, set[str]]:
    """What the extraction refuses a layout for, and the errors of LVS."""
    errors = {f.message for f in lvs(layout, EBEAM, TWO, topology=False) if f.severity == "error"}
    try:
        extract(layout, EBEAM, TWO)
    except InputError as error:
        return str(error), errors
    return "", errors


def _corners(wire: kdb.Box, rng: np.random.Generator) -> tuple[kdb.Box, list[kdb.Box]]:
    """A piece to cut out of a wire, and two boxes in its place that touch in a corner of each."""
    turn = kdb.Trans.R0 if wire.width() > wire.height() else kdb.Trans.M45
    along, width = wire.transformed(turn), int(rng.integers(2, 40))
    x = int(rng.integers(along.left, max(along.right - width, along.left + 1)))
    y, middle = int(rng.integers(along.bottom, along.top + 1)), x + width // 2
    boxes = [kdb.Box(x, along.bottom - 1, x + width, along.top + 1), kdb.Box(x, along.bottom, middle, y),
             kdb.Box(middle, y, x + width, along.top)]  # fmt: skip
    hole, *corners = [box.transformed(turn) for box in boxes]
    return hole, corners


def test_wires_that_hang_by_a_corner_are_told_by_both_or_by_neither():
    rng, points = np.random.default_rng(5), 0
    for _ in range(CUTS):
        layout = draw_network(TWO).layout
        top = layout.top_cell()
        top.flatten(-1, True)
        shapes = top.shapes(layout.layer(*EBEAM.layers[str(rng.choice(["m1", "m2", "m3", "read"]))].gds))
        wires = kdb.Region(shapes).merged()
        hole, corners = _corners(list(wires.each())[rng.integers(wires.count())].bbox(), rng)
        shapes.clear()
        shapes.insert(wires - kdb.Region(hole) + kdb.Region(corners))
        refused, errors = _told(layout)
        point = any(message.endswith("touch in a point alone, where no current passes") for message in errors)
        assert point == ("two parts touch in a point" in refused), (refused, errors)
        points += point
    assert points > 3


def test_vias_that_join_wires_beside_one_another_are_told_by_both_or_by_neither():
    rng, bridging = np.random.default_rng(9), 0
    for k in range(VIAS):
        draw = draw_network(TWO)
        cell = draw.layout.top_cell() if k % 2 else draw.layout.cell("soma")
        x, y = (int(rng.integers(*ends)) for ends in ((230, 400), (260, 400)))
        width, height = (int(size) for size in rng.integers(20, 200, 2))
        draw.box(cell, str(rng.choice(["v1", "v2", "vr"])), x, y, x + width, y + height)
        refused, errors = _told(draw.layout)
        told = any(message.endswith("beside one another") for message in errors)
        assert told == refused.endswith("beside one another"), (refused, errors)
        bridging += told
    assert bridging > 1
