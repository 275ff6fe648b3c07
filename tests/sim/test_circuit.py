"""Node voltages and currents of the sparse circuit against a dense nodal analysis written here."""

from dataclasses import replace

import numpy as np
import pytest

from hwlib.schematic import ideal_network, ladder_network
from sim.engines.reference.reference_circuit import Circuit
from sim.protocol import protocol_for
from sim.tasks.setup import paper_design
from tests.support.dense_circuit import dense_potentials

IN, OUT, TOP, BOTTOM = range(4)


def dense_solve(network, net_voltages, siemens):
    """Modified nodal analysis: ideal sources, shorts between the pins of a net, least norm."""
    elements = [(a, b, 1 / r) for (a, b), r in zip(network.resistor_nodes, network.resistor_ohm, strict=True)]
    for k, ends in enumerate(network.terminals):
        elements += [(ends[IN], ends[OUT], 1 / network.r_m[k]), (ends[TOP], ends[BOTTOM], siemens[k])]
    held, shorts, first = [], [], {}
    for node in network.pin_node:
        net = network.node_net[node]
        if net in first:
            shorts.append((first[net], node))
        elif not np.isnan(net_voltages[net]):
            held.append((node, net_voltages[net]))
        first.setdefault(net, node)
    return dense_potentials(network.nodes, elements, held, shorts)


def designs():
    design = paper_design(4)
    process = design.load_process()
    rails = ideal_network(design, process, style="rails")
    ladder = ladder_network(design, process, 3.0)
    two_pins = replace(ladder, pin_node=np.r_[ladder.pin_node, ladder.terminals[1, BOTTOM], ladder.terminals[4, IN]])
    return {"rails": rails, "lines": ideal_network(design, process, style="lines"), "ladder": ladder, "pins": two_pins}


@pytest.mark.parametrize("phase", ["load", "convergence"])
@pytest.mark.parametrize("kind", ["rails", "lines", "ladder", "pins"])
def test_currents_are_those_of_a_dense_solve(kind, phase):
    network, design = designs()[kind], paper_design(4)
    rng = np.random.default_rng(11)
    protocol = protocol_for(
        design, design.load_process(), start=np.array([1, 0, 0, 1]), levels=rng.integers(-2, 3, (4, 4)).astype(float)
    )
    volts = protocol.load_voltages(network) if phase == "load" else protocol.net_voltages(network)
    network = network.with_devices(r_m=rng.uniform(1e3, 3e3, network.devices))
    circuit = Circuit(network, volts)
    for _ in range(3):
        siemens = rng.uniform(1 / 2000, 1 / 500, network.devices)
        voltage = circuit.solve(siemens)
        dense = dense_solve(network, volts, siemens)
        ends = network.terminals
        expected = (dense[ends[:, IN]] - dense[ends[:, OUT]]) / network.r_m
        scale = abs(expected).max()
        np.testing.assert_allclose(circuit.track_current(voltage), expected, rtol=1e-9, atol=1e-9 * scale)
        linked = np.unique(ends)
        np.testing.assert_allclose(circuit.node_voltage(voltage)[linked], dense[linked], rtol=1e-9, atol=1e-10)
        assert circuit.residual(voltage, siemens) < 1e-12 * scale
        powers = circuit.powers(voltage, siemens)
        assert powers.sources.sum() == pytest.approx(powers.sinks.sum(), rel=1e-12)


def test_ladder_of_eight_against_the_dense_solve():
    design = paper_design(8)
    network = ladder_network(design, design.load_process(), 2.0)
    rng = np.random.default_rng(2)
    protocol = protocol_for(design, design.load_process(), levels=rng.choice([-1.0, 1.0], (8, 8)))
    volts, siemens = protocol.net_voltages(network), rng.uniform(1 / 2000, 1 / 500, network.devices)
    circuit = Circuit(network, volts)
    dense, ends = dense_solve(network, volts, siemens), network.terminals
    expected = (dense[ends[:, IN]] - dense[ends[:, OUT]]) / network.r_m
    np.testing.assert_allclose(circuit.track_current(circuit.solve(siemens)), expected, rtol=1e-9)


def test_dendrite_voltage_is_the_papers_formula():
    design = paper_design(5)
    network = ideal_network(design, design.load_process(), style="lines")
    levels = np.random.default_rng(4).choice([-1.0, 1.0], (5, 5))
    protocol = protocol_for(design, design.load_process(), levels=levels)
    circuit = Circuit(network, protocol.net_voltages(network))
    on = np.random.default_rng(5).integers(0, 2, network.devices)
    current = circuit.track_current(circuit.solve(np.where(on, 1 / 500, 1 / 2000)))
    g = np.where(on, 1 / 500, 1 / 2000).reshape(5, 5)
    for i in range(5):
        others = [j for j in range(5) if j != i]
        top = sum(g[i, j] * 0.1 * levels[i, j] for j in others)
        assert current[6 * i] == pytest.approx(top / (g[i, others].sum() + 1 / 2000) / 2000, rel=1e-9)
        feed = protocol.v_dw / (1 / g[i, i] + 2000 / 4)
        np.testing.assert_allclose(current.reshape(5, 5)[others, i], feed / 4, rtol=1e-9)


def test_a_net_that_no_source_reaches_carries_nothing():
    design = paper_design(3)
    network = ideal_network(design, design.load_process(), style="lines")
    volts = np.full(len(network.net_names), np.nan)
    circuit = Circuit(network, volts)
    assert np.all(circuit.solve(np.full(9, 1e-3)) == 0)
