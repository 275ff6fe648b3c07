"""Metal that touches other metal in a point: one net for the reader of layouts, no way for a current."""

from collections.abc import Callable
from functools import partial

import klayout.db as db
import pytest

from hwlib.checks import lvs
from hwlib.errors import InputError
from hwlib.network import Network
from tests.support.hand_drawn import (
    PX,
    Sheet,
    design,
    draw_network,
    erase,
    extracted,
    flattened,
    hebbian_levels,
    resistances,
)


@pytest.fixture
def run(tmp_path) -> Callable[..., Network]:
    return partial(extracted, tmp_path)


def _polygon(s: Sheet, layer: str, *points: tuple[int, int]) -> None:
    s.layout.top_cell().shapes(s.layer(layer)).insert(db.Polygon([db.Point(*p) for p in points], True))


BOW = [(11, 152), (53, 325), (12, 325), (51, 152)]  # on dend_0 and the rail of V_DW; its edges cross off the grid


@pytest.mark.parametrize("polygons", [[BOW], [
    [(11, 152), (51, 152), (31, 241)], [(12, 325), (53, 325), (31, 241)]],
    [[(11, 152), (11, 240), (31, 240), (31, 152)], [(31, 240), (31, 325), (53, 325), (53, 240)]],
], ids=["bow tie", "tips", "corners"])  # fmt: skip
@pytest.mark.parametrize("suffix", ["gds", "oas"])
def test_wires_that_touch_in_a_point_are_shorted_for_both_readers(run, polygons, suffix):
    """For KLayout they are one net; no current passes a point."""
    s = draw_network(hebbian_levels(3, seed=2))
    for points in polygons:
        _polygon(s, "m3", *points)
    with pytest.raises(InputError, match=r"nets (vdw and dend_0|dend_0 and vdw) are shorted"):
        run(s, suffix=suffix)
    assert "lvs.short" in {finding.rule for finding in lvs(s.layout, s.process, design(3), topology=False)}


def test_a_row_that_hangs_by_a_point_is_refused(run):
    s = flattened(draw_network(hebbian_levels(3)))
    erase(s, "m3", PX + 5, 100, PX + 25, 200)
    for side in (5, 25):
        _polygon(s, "m3", (PX + side, 140), (PX + side, 170), (PX + 14, 156))
    with pytest.raises(InputError, match=r"net dend_0: two parts touch in a point on m3 at \(0\.254, 0\.156\) µm"):
        run(s)


def test_loose_metal_that_touches_a_wire_in_a_point_changes_nothing(run):
    plain = draw_network(hebbian_levels(3))
    s = draw_network(hebbian_levels(3))
    _polygon(s, "m3", (20, 175), (20, 240), (40, 240))
    assert resistances(run(s)) == pytest.approx(resistances(run(plain)), rel=1e-9)
