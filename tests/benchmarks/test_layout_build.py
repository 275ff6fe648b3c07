"""Building the crossbar against the same geometry made by raw klayout.db, in one run: goal at most twice the time."""

import os
import time

import klayout.db as kdb
import numpy as np
import pytest

import layouts
from hwlib.cells.tile_dimensions import tile_of
from hwlib.cells.tile_shapes import Wiring, axon_rects, soma_rects
from hwlib.design import Design
from hwlib.sections.network_fields import NetworkFields
from hwlib.weights import weight_levels
from layouts.floorplan import floorplan

pytestmark = pytest.mark.benchmark
GOAL = 2.0
FIXED = 0.05  # s: what a small layout costs whatever made it (planning, ports of the tiles)


def raw(design):
    """The same tiles, runs and rows with klayout.db alone; edges and labels are left out."""
    levels, plan = weight_levels(design), floorplan(design)
    t, process, n = tile_of(plan.tile.spec), plan.process, plan.n
    layout = kdb.Layout()
    layout.dbu = 0.001
    tiles = {}
    for level, rects in {
        0.0: soma_rects(t, Wiring(through=(0, 2))),
        **{x: axon_rects(t, Wiring(through=(0, 2), tie=k)) for k, x in enumerate(plan.rails[0])},
    }.items():
        cell = layout.create_cell(f"tile{level}")
        for name, box in rects:
            cell.shapes(layout.layer(*process.layers[name].gds)).insert(kdb.Box(*box))
        tiles[level] = cell.cell_index()
    top = layout.create_cell("top")
    for i, row in enumerate(levels):
        cell = layout.create_cell(f"row{i}")
        starts = np.flatnonzero(np.diff(row, prepend=np.nan) != 0)
        for start, length in zip(starts.tolist(), np.diff(starts, append=n).tolist(), strict=True):
            trans = kdb.Trans(start * t.px, 0)
            cell.insert(kdb.CellInstArray(tiles[row[start]], trans, kdb.Vector(t.px, 0), kdb.Vector(), length, 1))
        top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(0, i * t.py)))
    return layout


def seconds(call):
    start = time.process_time()
    call()
    return time.process_time() - start


@pytest.mark.parametrize("n", [60, 300, 1000] if os.environ.get("SPINHOP_FULL") else [60, 300])
def test_building_costs_little_more_than_raw_klayout(n, record_property):
    repeats = 5 if n < 1000 else 2
    layouts.hopfield(Design(name="warm", network=NetworkFields(neurons=3)))  # imports and the tiles of other designs
    # Other seeds are other designs: nothing is reused but the tiles, which are as cheap for both.
    designs = [Design(name=f"bench{n}", seed=1000 + k, network=NetworkFields(neurons=n)) for k in range(repeats)]
    pairs = [(seconds(lambda one=one: layouts.hopfield(one)), seconds(lambda one=one: raw(one))) for one in designs]
    ours, theirs = (min(of) for of in zip(*pairs, strict=True))
    record_property("seconds", ours)
    record_property("raw_seconds", theirs)
    print(f"N = {n}: {ours:.3f} s, raw klayout.db {theirs:.3f} s, ratio {ours / theirs:.2f}")
    assert ours < GOAL * theirs + FIXED


def test_raw_and_ours_are_the_same_array():
    """The comparison is fair only if both make the same devices in the same places."""
    design = Design(name="fair", network=NetworkFields(neurons=12))
    plan = floorplan(design)
    component, made = layouts.hopfield(design), raw(design)
    for name in ("pillar", "track", "v1"):
        number = plan.process.layers[name].gds
        ours = kdb.Region(component.kdb_cell.begin_shapes_rec(component.kcl.layer(*number))).merged()
        theirs = kdb.Region(made.top_cell().begin_shapes_rec(made.layer(*number))).merged()
        assert (ours ^ theirs.moved(plan.side(True), plan.foot(True))).is_empty(), name
