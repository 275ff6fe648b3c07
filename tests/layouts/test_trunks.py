"""Trunks and feeds: clean on any side, as wide as the operating point asks, and no rule of currents broken on them."""

from itertools import product

import klayout.db as kdb
import numpy as np
import pytest

import layouts
from hwlib.checks import drc, lvs
from hwlib.design import Design
from hwlib.device import Device
from hwlib.extraction import extract
from hwlib.operating_point import nominal_track
from hwlib.process import load_process, preset_names
from hwlib.weights import weight_levels
from layouts.trunk_currents import _running
from sim.rules.cases import ALL_ON, Cases, Limits
from sim.set_point import protocol_on
from tests.layouts.test_crossbar_geometry import flat_regions, violations
from tests.support.fitting import fitting_device
from tests.support.resistances import laplacian

FEEDS = [{"vdw": "west", "weight": "east", "ground": "south"}, {"vdw": "east", "ground": "north"}, {"weight": "west"}]


def design(neurons=4, process="copper", device=None, **network):
    return Design(
        name="trunks",
        process=process,
        seed=3,
        device=device or fitting_device(process),
        network={"neurons": neurons, **network},
    )


def trunk(component, process, net, metal):
    """Box of the wire under a net's first label."""
    layout, top, layer = component.kcl.layout, component.kdb_cell, process.layers[metal]
    texts = [s.text for s in top.shapes(layout.layer(*layer.label)).each() if s.text.string == net]
    wires = kdb.Region(top.begin_shapes_rec(layout.layer(*layer.gds))).merged()
    at = kdb.Point(texts[0].x, texts[0].y)
    return next(piece.bbox() for piece in wires.each() if piece.inside(at)), len(texts)


@pytest.mark.parametrize(("k", "feeds", "size"), [(k, *x) for k, x in enumerate(product(FEEDS, ["wires", "currents"]))])
def test_layouts_fed_from_some_sides_are_clean(k, feeds, size, tmp_path):
    process = preset_names()[k % len(preset_names())]
    straps = {"vdw": {"metal": "m5", "pitch": 2}, "ground": {"metal": "m4"}} if k % 2 else {}
    style, placement = ("rails", "lines")[k % 4 == 2], ("diagonal", "centred")[k % 3 == 0]
    drawn = design(5, process, weight_style=style, soma_placement=placement, feeds=feeds, straps=straps,
                   trunks={"size": size, "scale": 1 + k % 2})  # fmt: skip
    p = load_process(process)
    component = layouts.hopfield(drawn)
    assert violations(flat_regions(component, p), p) == []
    path = layouts.write_layout(component, tmp_path / "trunks.oas")
    assert drc(path, p) == []
    assert lvs(path, p, drawn) == []


@pytest.mark.parametrize("process", ["sky130", "copper"])
def test_trunks_as_thin_as_their_vias_are_clean(process, tmp_path):
    """A ground column ends with its trunk: sky130's m2 needs more around a via than the trunk's m3."""
    drawn, p = design(3, process, trunks={"scale": 0.01}), load_process(process)
    component = layouts.hopfield(drawn)
    assert violations(flat_regions(component, p), p) == []
    assert drc(layouts.write_layout(component, tmp_path / "thin.oas"), p) == []


def test_one_side_has_all_of_a_net():
    """Two trunks of half the summed widths, or one of all of it."""
    p, n = load_process("copper"), 12
    both = layouts.hopfield(design(n))
    one = layouts.hopfield(design(n, feeds={"vdw": "east", "weight": "west", "ground": "north"}))
    for net, metal in (("vdw", "m2"), ("w_p1", "m2"), ("gnd", "m3")):
        (first, pins), (second, pin) = trunk(both, p, net, metal), trunk(one, p, net, metal)
        width, whole = (min(box.width(), box.height()) for box in (first, second))
        assert (pins, pin) == (2, 1)
        assert (width, whole) == (n // 2 * 32, n * 32)


def test_trunks_by_current():
    """By hand: half of the axons of a rail, 0.1 V / R_P each, at 1e11 A/m² through 90 nm; vias by the fullest row."""
    p, n, device = load_process("copper"), 24, Device()
    drawn = design(n, trunks={"size": "currents", "scale": 1.2})
    component = layouts.hopfield(drawn)
    levels = weight_levels(drawn)
    count = (levels == 1).sum()  # the diagonal is 0
    expected = 1.2 * count / 2 * 0.1 / device.r_p / (1e11 * 90e-9) * 1e9
    box, _ = trunk(component, p, "w_p1", "m2")
    assert box.width() == pytest.approx(expected, abs=1.0)
    row = 1.2 * (levels == 1).sum(axis=1).max() / 2 * 0.1 / device.r_p
    vias = kdb.Region(box) & flat_regions(component, p)["v2"]
    assert vias.count() >= n * np.ceil(row / (3e11 * 24e-9**2))


def test_trunks_keep_the_limits_of_wires(tmp_path):
    """All axons draw W/R_P at once, which is the bound itself: solved on the extracted wires."""
    p = load_process("copper")
    ratio = {}
    for size in ("wires", "currents"):
        drawn = design(12, trunks={"size": size, "scale": 1.1})
        network = extract(layouts.write_layout(layouts.hopfield(drawn), tmp_path / "drawn.oas"), p, drawn)
        rail = network.net_names.index("w_p1")
        mine = np.flatnonzero(network.node_net == rail)
        taps = network.terminals[:, 2][network.node_net[network.terminals[:, 2]] == rail]
        pins = np.intersect1d(network.pin_node, mine)
        drawn_current = np.zeros(network.nodes)
        np.add.at(drawn_current, taps, -0.1 / drawn.device.r_p)
        volts, free = np.zeros(network.nodes), np.setdiff1d(mine, pins)
        volts[free] = np.linalg.solve(laplacian(network)[free][:, free].toarray(), drawn_current[free])
        a, b = network.resistor_nodes.T
        on_m2 = (network.node_net[a] == rail) & (network.resistor_layer == network.layers.index("m2"))
        use = abs(volts[a] - volts[b]) / network.resistor_ohm / network.resistor_limit
        here = on_m2 & (network.node_x[a] < network.device_x.min())  # trunks, not straps under pillars
        ratio[size] = use[here].max()
    assert ratio["wires"] > 1.5 and ratio["currents"] <= 1.0


@pytest.mark.parametrize(("near", "feed"), [(False, "west"), (True, "both")])
def test_trunks_keep_their_own_rule_where_few_axons_stand_against_many(near, feed, tmp_path):
    """One axon of +W in a row draws more than W/R_P, most of it from the nearer trunk: 1.05 and 1.03 of the limit of
    trunks with half of all W/R_P each."""
    n, p = 24, load_process("copper")
    matrix = np.eye(n) - np.ones((n, n))
    columns = np.where(np.arange(n) == 0, 1, 0) if near else (np.arange(n) + 1) % n
    matrix[np.arange(n), columns] = 1
    drawn = design(n, weights={"matrix": matrix.tolist()}, feeds={"weight": feed}, trunks={"size": "currents"})
    network = extract(layouts.write_layout(layouts.hopfield(drawn), tmp_path / "few.oas"), p, drawn)
    cases = Cases(network, protocol_on(network, drawn, p), drawn.device, p, Limits())
    rail = network.node_net[network.resistor_nodes[:, 0]] == network.net_names.index("w_p1")
    trunk_wires = rail & (network.resistor_layer == network.layers.index("m2"))
    use = np.abs(cases.run_states[ALL_ON].resistor_current) / network.resistor_limit
    assert 0.3 < use[trunk_wires].max() <= 1


@pytest.mark.parametrize("seed", range(6))
def test_worst_current_of_a_row_is_that_of_all_states(seed):
    """Rows solved by hand in every state of their axons, what taps draw divided between the trunks by lengths."""
    rng = np.random.default_rng(seed)
    n = 9
    matrix = rng.choice([-2.0, -1.0, 1.0, 3.0], (n, n)) * (1 - np.eye(n))
    drawn = design(n, weights={"matrix": matrix.tolist()}, trunks={"size": "currents"})
    device, p = drawn.device, load_process("copper")
    levels, joined = weight_levels(drawn), ~np.eye(n, dtype=bool)
    _, r_m = nominal_track(drawn, p)
    states = np.array(list(product([1 / device.r_p, 1 / device.r_ap], repeat=n - 1)))
    for level in (-2.0, 3.0):
        here = joined & (levels == level)
        for share in (1 - (np.arange(n) + 0.5) / n, (np.arange(n) + 0.5) / n):
            found = _running(drawn, levels, joined, here, 1 / r_m, share)
            for row in range(n):
                axons = np.flatnonzero(joined[row])
                volts = states @ levels[row, axons] / (states.sum(axis=1) + 1 / r_m)
                mine = np.where(here[row, axons], share[axons], 0.0)
                drew = drawn.operating_point.weight * np.abs((states * mine).sum(axis=1) * (level - volts))
                assert found[row] == pytest.approx(drew.max(), rel=1e-12)
