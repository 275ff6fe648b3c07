"""Circuits without the terminals that have a contact of their own, against dense nodal analysis of every node."""

import numpy as np
import pytest

from hwlib.design import Design
from hwlib.extraction import extract
from hwlib.nets import DENDRITE, LINE, RAIL
from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT
from hwlib.schematic import ideal_network
from layouts import hopfield, write_layout
from sim.circuit.series_terminals import series_branches
from sim.rules import statics
from sim.rules.statics import StaticCircuits
from tests.support.dense_circuit import dense_potentials


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    design = Design(name="t", network={"neurons": 3})
    path = write_layout(hopfield(design), tmp_path_factory.mktemp("series") / "t.oas")
    return extract(path, design.load_process(), design)


def dense(network, parallel, held, volts, injected=None):
    """Every node and resistor as extracted; pins of a net are one node."""
    at, pillars = network.terminals, parallel / network.r_p + (1 - parallel) / network.r_ap
    elements = [(*ends, 1 / ohm) for ends, ohm in zip(network.resistor_nodes, network.resistor_ohm, strict=True)]
    for k in range(network.devices):
        elements += [
            (at[k, DW_IN], at[k, DW_OUT], 1 / network.r_m[k]), (at[k, MTJ_IN], at[k, MTJ_OUT], pillars[k])
        ]  # fmt: skip
    pins = network.pin_node
    shorts = [(a, b) for a in pins for b in pins if a < b and network.node_net[a] == network.node_net[b]]
    shorts = [pair for pair in shorts if not held[network.node_net[pair[0]]]]
    sources = [(pin, volts[network.node_net[pin]]) for pin in pins if held[network.node_net[pin]]]
    return dense_potentials(network.nodes, elements, sources, shorts, injected)


@pytest.mark.parametrize("classes", [(DENDRITE,), (LINE, RAIL), (DENDRITE, RAIL)])
def test_every_potential_and_current_is_that_of_the_whole_circuit(network, classes):
    rng = np.random.default_rng(1)
    tracks, pillars = series_branches(network)
    assert len(tracks.devices) == len(pillars.devices) == 6  # of all axons
    held = network.held_nets(*classes)
    circuits = StaticCircuits(network)
    assert circuits.graph.count <= network.nodes - 4 * 6
    for _ in range(3):
        parallel, volts = rng.random(network.devices), rng.normal(size=(len(network.net_names), 2))
        circuit = circuits.at(parallel, held)
        for each in volts.T:
            expected, found = dense(network, parallel, held, each), circuit.solve(each)
            np.testing.assert_allclose(found.voltage, expected, rtol=0, atol=1e-9)
            ends = expected[network.terminals]
            through = (ends[:, DW_IN] - ends[:, DW_OUT]) / network.r_m
            np.testing.assert_allclose(found.track_current, through, rtol=1e-6, atol=1e-12)
            over = expected[network.resistor_nodes]
            flow = (over[:, 0] - over[:, 1]) / network.resistor_ohm  # of contacts in series with devices, too
            np.testing.assert_allclose(found.resistor_current, flow, rtol=0, atol=1e-9 / network.resistor_ohm.min())
            across = ends[:, MTJ_IN] - ends[:, MTJ_OUT]
            np.testing.assert_allclose(found.pillar_voltage, across, rtol=0, atol=1e-9)
        both = np.stack([circuit.solve(each).track_current for each in volts.T], axis=1)
        np.testing.assert_allclose(circuit.track_currents(volts), both, rtol=1e-9, atol=1e-15)


def test_currents_may_enter_at_every_node_terminals_too(network):
    rng = np.random.default_rng(2)
    parallel, held = rng.random(network.devices), network.held_nets(LINE, RAIL)
    injected = rng.normal(size=network.nodes) * 1e-4
    before, none = injected.copy(), np.zeros(len(network.net_names))
    found = StaticCircuits(network).at(parallel, held).response(injected)
    np.testing.assert_array_equal(injected, before)
    np.testing.assert_allclose(found, dense(network, parallel, held, none, injected), rtol=0, atol=1e-9)


def test_a_state_solved_before_is_that_state(network):
    """Factorisations and currents are kept: whoever asks again gets his own state's, walls and sources apart."""
    rng, held = np.random.default_rng(3), network.held_nets(LINE, RAIL)
    states, volts = rng.random((2, network.devices)), rng.normal(size=(2, len(network.net_names)))
    circuits, order = StaticCircuits(network), [(0, 0), (0, 1), (1, 0), (0, 0), (1, 1), (1, 0)]
    for state, source in order:
        fresh = StaticCircuits(network).at(states[state], held).solve(volts[source]).track_current
        kept = circuits.track_current(states[state], held, volts[source])
        np.testing.assert_allclose(kept, fresh, rtol=1e-9, atol=1e-18)
    assert len({circuits.track_current(states[k], held, volts[j]).tobytes() for k, j in order}) == 4


def test_what_the_somas_carry_in_a_state_is_solved_once_whatever_fits_into_memory(network, monkeypatch):
    monkeypatch.setattr(statics, "_MOST_KEPT", 0)  # a million devices: of all tracks only a few states are kept
    held, volts = network.held_nets(LINE, RAIL), network.nets_of(LINE).astype(float)
    circuits, solved = StaticCircuits(network), []
    solve = circuits.solve
    monkeypatch.setattr(circuits, "solve", lambda *asked: solved.append(1) or solve(*asked))
    on, off = np.ones(network.devices, bool), np.zeros(network.devices, bool)
    for walls in (on, off, on, off):
        tracks = StaticCircuits(network).solve(walls, held, volts).track_current
        np.testing.assert_allclose(circuits.soma_current(walls, held, volts), tracks[network.somas], rtol=1e-9)
    circuits.track_current(off.astype(float), held, volts)  # the last one, said by shares of the pillars
    assert len(solved) == 2


def test_one_solve_tells_what_each_pillar_hands_a_soma(network):
    parallel, held = np.linspace(0, 1, network.devices), network.held_nets(LINE, RAIL)
    circuit, none = StaticCircuits(network).at(parallel, held), np.zeros(len(network.net_names))
    found = circuit.pillar_transfer(network.somas[1:2])
    for device in range(network.devices):
        injected = np.zeros(network.nodes)
        injected[network.terminals[device, [MTJ_OUT, MTJ_IN]]] = 1.0, -1.0
        ends = dense(network, parallel, held, none, injected)[network.terminals[network.somas[1]]]
        assert found[device] == pytest.approx((ends[DW_IN] - ends[DW_OUT]) / network.r_m[network.somas[1]], abs=1e-9)


def test_without_wires_nothing_is_in_series():
    design = Design(name="t", network={"neurons": 3})
    assert all(not len(each.devices) for each in series_branches(ideal_network(design, design.load_process())))
