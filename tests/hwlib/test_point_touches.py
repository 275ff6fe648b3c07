"""Metal that touches other metal in a point, or only by edges with nothing between them: no way for a current."""

from collections.abc import Callable
from functools import partial

import klayout.db as db
import pytest

from hwlib.checks import lvs
from hwlib.errors import InputError
from hwlib.findings import Finding
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


TIPS = [(PX + 5, 140), (PX + 5, 170)], [(PX + 25, 140), (PX + 25, 170)]
LEANING = [(PX + 5, 140), (PX + 5, 200), (PX + 14, 200)], [(PX + 15, 200), (PX + 25, 200), (PX + 25, 140)]  # 1 in 44
CORNERS = [(PX + 5, 156), (PX + 5, 170), (PX + 14, 170)], [(PX + 14, 140), (PX + 25, 140), (PX + 25, 156)]


@pytest.mark.parametrize("sides", [TIPS, CORNERS, LEANING], ids=["tips", "corners", "leaning"])
def test_a_row_that_hangs_by_a_point_is_open_and_refused(run, sides):
    """LVS called it clean: for KLayout it is one net."""
    s = flattened(draw_network(hebbian_levels(3)))
    known = _findings(s)
    erase(s, "m3", PX + 5, 100, PX + 25, 200)
    for side in sides:
        _polygon(s, "m3", *side, (PX + 14, 156))
    with pytest.raises(InputError, match=r"net dend_0: two parts touch in a point on m3 at \(0\.254, 0\.156\) µm"):
        run(s)
    (told,) = (finding for finding in _findings(s) if finding not in known)
    assert told.rule == "lvs.open" and told.message.startswith("dendrite 0 is broken: ")
    assert told.message.endswith(": its parts touch in a point alone, where no current passes")
    assert (told.x, told.y) == (pytest.approx(254e-9, abs=2e-9), pytest.approx(156e-9, abs=2e-9))


def test_a_row_with_another_way_round_a_point_is_whole(run):
    s = flattened(draw_network(hebbian_levels(3)))
    known = _findings(s)
    erase(s, "m3", PX + 5, 100, PX + 25, 165)
    for side in TIPS:
        _polygon(s, "m3", *((x, min(y, 160)) for x, y in side), (PX + 14, 150))
    assert _findings(s) == known
    run(s)


def test_loose_metal_that_touches_a_wire_in_a_point_changes_nothing(run):
    plain = draw_network(hebbian_levels(3))
    s = draw_network(hebbian_levels(3))
    _polygon(s, "m3", (20, 175), (20, 240), (40, 240))
    assert resistances(run(s)) == pytest.approx(resistances(run(plain)), rel=1e-9)


def _row(s: Sheet) -> db.Box:
    """The wire of dend_0 of a flattened sheet."""
    wires = db.Region(s.layout.top_cell().shapes(s.layer("m3"))).merged()
    (row,) = (wire.bbox() for wire in wires.each() if wire.inside(db.Point(20, 160)))
    return row


def _findings(s: Sheet) -> list[Finding]:
    return lvs(s.layout, s.process, design(3), topology=False)


@pytest.mark.parametrize("gap", [1, 60])
@pytest.mark.parametrize("suffix", ["gds", "oas"])
def test_a_row_that_a_neck_without_width_holds_together_is_open(run, gap, suffix):
    """One polygon, which covers two pieces: KLayout takes it for one piece of metal."""
    s = flattened(draw_network(hebbian_levels(3)))
    row = _row(s)
    x, y = PX + 5, row.center().y
    erase(s, "m3", row.left, row.bottom, row.right, row.top)
    _polygon(
        s, "m3", (row.left, row.bottom), (row.left, row.top), (x, row.top), (x, y), (x + gap, y), (x + gap, row.top),
        (row.right, row.top), (row.right, row.bottom), (x + gap, row.bottom), (x + gap, y), (x, y), (x, row.bottom),
    )  # fmt: skip
    assert [f.rule for f in _findings(s) if f.message.startswith("dendrite 0 is broken")] == ["lvs.open"]
    with pytest.raises(InputError, match="on a net without label"):
        run(s, suffix=suffix)


@pytest.mark.parametrize("suffix", ["gds", "oas"])
def test_a_spike_without_width_joins_nothing(run, suffix):
    """It begins on dend_0, wide enough that KLayout does not cut the polygon in parts, and ends in the wire of V_DW."""
    plain, s = (flattened(draw_network(hebbian_levels(3))) for _ in range(2))
    row = _row(s)
    left, bottom, right, top = row.left, row.bottom - 60, row.right, row.top
    _polygon(plain, "m3", (left, bottom), (left, top), (right, top), (right, bottom))
    spike = [(PX + 5, top), (PX + 5, 310), (PX + 5, top)]
    _polygon(s, "m3", (left, bottom), (left, top), *spike, (right, top), (right, bottom))
    assert _findings(s) == _findings(plain)
    assert resistances(run(s, suffix=suffix)) == pytest.approx(resistances(run(plain)), rel=1e-9)
