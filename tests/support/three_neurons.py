"""A network of three neurons drawn by hand, alone and in other cells."""

import klayout.db as kdb

from hwlib.design import Design
from hwlib.process import load_process
from tests.support.drawn_network import ONE_SIDE, draw_network

EBEAM = load_process("ebeam")
THREE = Design(name="three", network={"neurons": 3, "feeds": ONE_SIDE}, seed=3)


def network() -> kdb.Layout:
    """The network by itself."""
    return draw_network(THREE).layout


def wrapped(layout: kdb.Layout, trans: kdb.Trans | None = None, times: int = 1) -> kdb.Layout:
    """A layout with cells around its top cell."""
    for k in range(times):
        inner, outer = layout.top_cell(), layout.create_cell(f"chip_{k}")
        outer.insert(kdb.CellInstArray(inner.cell_index(), trans or kdb.Trans(1000, -500)))
    return layout
