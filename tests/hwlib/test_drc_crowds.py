"""Of a crowd of shapes that are too close, so many places are looked for as are told."""

import time

import klayout.db as kdb
import pytest

from hwlib.checks import drc
from hwlib.checks.design_rules import checker
from hwlib.design import Design
from hwlib.process import load_process
from tests.support.drawn_network import draw_network

FREE = 10_000  # nm, to the right of the network: nothing else is drawn there
EBEAM = load_process("ebeam")


@pytest.fixture
def design():
    return Design(name="two", network={"neurons": 2}, seed=3)


def test_of_a_crowd_so_many_findings_are_looked_for_as_are_told(design, monkeypatch):
    """A part of them: not what is closed by an instance, and none that the whole does not have."""
    monkeypatch.setattr(checker, "MANY", 100)
    monkeypatch.setattr(checker, "AT_ONCE", 30)
    layout = draw_network(design).layout
    top, metal = layout.top_cell(), layout.layer(*EBEAM.layers["m1"].gds)
    for k in range(400):
        top.shapes(metal).insert(kdb.Box(0, 0, 100, 40).moved(FREE + 110 * (k // 20), 50 * (k % 20)))
    bridge = layout.create_cell("bridge")
    bridge.shapes(metal).insert(kdb.Box(0, 0, 10, 990))
    top.insert(kdb.CellInstArray(bridge.cell_index(), kdb.Trans(FREE + 100, 0)))
    every, *some = ([f for f in drc(layout, EBEAM, limit=n) if f.rule == "m1.space"] for n in (100_000, 150, 30))
    places = {(f.x, f.y, f.width, f.height) for f in every}
    assert 1200 < len(places) < len(every) < 2500  # of corners there are two at a place
    for found, limit in zip(some, (150, 30), strict=True):
        (last,) = [f for f in found if f.x is None]
        assert len(found) == limit + 1 and f"more than {limit} findings" in last.message
        assert {(f.x, f.y, f.width, f.height) for f in found if f is not last} < places


def test_a_few_of_a_crowd_cost_less_than_all(design):
    """The ratio is about 7; where all are looked for and a few told it is 2."""
    layout = draw_network(design).layout
    metal = layout.top_cell().shapes(layout.layer(*EBEAM.layers["m1"].gds))
    for k in range(12_000):
        metal.insert(kdb.Box(0, 0, 50, 50).moved(FREE + 60 * (k // 100), 60 * (k % 100)))

    def seconds(limit):
        begun = time.process_time()
        assert any(finding.rule == "m1.space" for finding in drc(layout, EBEAM, limit=limit))
        return time.process_time() - begun

    few, every = (min(seconds(limit) for _ in range(2)) for limit in (30, 100_000))
    print(f"few {few:.2f} s, every one {every:.2f} s")
    assert 3 * few < every
