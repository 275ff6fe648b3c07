"""Net names: every name reads back as what it was made from, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwlib import nets
from hwlib.nets import DENDRITE, DRIVE, GROUND, LINE, RAIL, V_DW, Net, parse_net

NEURON = st.integers(0, 999)


@given(NEURON, NEURON)
def test_indexed_names_read_back(post, pre):
    assert parse_net(DENDRITE.net_name(post)) == Net(DENDRITE, post)
    assert parse_net(DRIVE.net_name(pre)) == Net(DRIVE, pre)
    assert parse_net(LINE.net_name(post, pre)) == Net(LINE, post, pre)


@given(st.integers(-100_000, 100_000))
def test_rail_levels_read_back(hundredths):
    level = hundredths / 100
    parsed = parse_net(RAIL.net_name(level=level))
    assert parsed is not None and parsed.net_class is RAIL
    assert parsed.level == pytest.approx(level, rel=1e-12, abs=0)


@pytest.mark.parametrize("level", [1e-5, 2e-6, 1e6, 1234567.0, -3e-5, 12.345679, -1e12])
def test_rail_levels_of_any_size_read_back(level):
    parsed = parse_net(RAIL.net_name(level=level))
    assert parsed is not None and parsed.net_class is RAIL
    assert parsed.level == pytest.approx(level, rel=1e-12, abs=0)


def test_names_are_what_the_labels_say():
    assert [RAIL.net_name(level=x) for x in (1, -1, 0, -1.05, 3)] == ["w_p1", "w_m1", "w_0", "w_m1p05", "w_p3"]
    assert parse_net("gnd") == Net(GROUND)
    assert parse_net("vdw") == Net(V_DW)


@pytest.mark.parametrize("name", ["", "dend", "dend_", "dend_x", "dend_1 ", "w_", "w_p", "w_1", "GND", "w_1_2_3", "$1"])
def test_other_names_are_none_of_ours(name):
    assert parse_net(name) is None


@pytest.mark.parametrize(
    "name", ["dend_03", "dend_٣", "w_01_2", "w_p1p50", "w_p01", "w_p0", "w_m0p0", f"drive_{10**30}"]
)
def test_a_net_has_one_name(name):
    """A second spelling would be another net to whoever compares names."""
    assert parse_net(name) is None


@given(st.lists(st.floats(-50, 50).map(lambda x: round(x, 6)), unique=True, max_size=20))
def test_different_levels_have_different_names(levels):
    distinct = {x + 0.0 for x in levels}
    assert len({RAIL.net_name(level=x) for x in distinct}) == len(distinct)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dend_4", "dendrite 4"), ("drive_12", "drive 12"), ("gnd", "ground"), ("vdw", "V_DW"), ("w_p1", "+W rail"),
        ("w_m1", "−W rail"), ("w_m1p05", "−1.05 W rail"), ("w_p2", "+2 W rail"), ("w_0", "0 V rail"),
        ("w_5_3", "weight line 3→5"), ("clk", "clk"),
    ],
)  # fmt: skip
def test_nets_in_words(name, words):
    assert nets.in_words(name) == words
