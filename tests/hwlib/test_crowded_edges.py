"""Polygons of thousands of small steps are refused at once; plates, circles and coarser steps are not."""

import math
import time

import klayout.db as kdb
import pytest

from hwlib.checks import drc
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.process import load_process
from tests.support.drawn_network import draw_network

EBEAM = load_process("ebeam")
FREE = 10_000  # nm, to the right of the network: nothing else is drawn there


def checked(*shapes):
    """Rules that a network with more shapes on m2 breaks, and processor time."""
    layout = draw_network(Design(name="two", network={"neurons": 2}, seed=3)).layout
    for shape in shapes:
        layout.top_cell().shapes(layout.layer(*EBEAM.layers["m2"].gds)).insert(shape)
    begun = time.process_time()
    try:
        return {finding.rule for finding in drc(layout, EBEAM)}, time.process_time() - begun
    except InputError as error:
        return str(error), time.process_time() - begun


def stairs(count, step, width):
    """A diagonal wire of so many steps."""
    upper = [(FREE + k * step, (k + up) * step + width) for k in range(count) for up in (0, 1)]
    lower = [(FREE + (k + right) * step, k * step) for k in range(count) for right in (0, 1)]
    return kdb.Polygon([kdb.Point(x, y) for x, y in upper + lower[::-1]], True)


@pytest.mark.parametrize("shapes", [
    [stairs(5000, 1, 20)], [kdb.Box(FREE + k, k, FREE + k + 1, k + 20) for k in range(5000)],
    [stairs(1500, 1, 20).moved(k * 3000, 0) for k in range(3)],
], ids=["one polygon", "boxes", "several"])  # fmt: skip
def test_small_stairs_are_refused_at_once(shapes):
    """The first kept width and space busy for 20 s."""
    said, seconds = checked(*shapes)
    assert "polygons on layer m2 have" in said and "within 40 nm, as at (1" in said and "can be handled" in said
    assert seconds < 3


def test_what_is_checked_within_seconds_is_not_refused():
    assert checked(stairs(2000, 1, 100))[0] == {"m2.width", "m2.acute"}
    assert checked(stairs(3000, 20, 200))[0] == {"m2.width", "m2.acute"}  # at its two ends
    around = [2 * math.pi * k / 10_000 for k in range(10_000)]
    circle = kdb.Polygon([kdb.Point(20_000 + round(9000 * math.cos(a)), round(9000 * math.sin(a))) for a in around])
    assert checked(circle)[0] == set()
    plate = kdb.Region(kdb.Box(FREE, 0, FREE + 10_000, 10_000))
    plate -= kdb.Region([kdb.Box(0, 0, 100, 100).moved(FREE + 100 + 200 * (k % 49), 100 + 200 * (k // 49))
                         for k in range(2401)])  # fmt: skip
    assert checked(*(polygon.resolved_holes() for polygon in plate.each()))[0] == set()
