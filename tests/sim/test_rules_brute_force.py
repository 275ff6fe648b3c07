"""V_DW windows of the rules against the simulator: sweep V_DW, hold the somas by V_C, watch which axons cross."""

from dataclasses import replace

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.extraction import extract
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import weight_levels
from layouts import hopfield, write_layout
from sim.protocol import protocol_for
from sim.rules import operating_point_report

LONGEST = 4e-6  # s: a wall that is 2 % over its leak of 5 m/s needs 1 µs


def crossed(network, protocol, v_dw, on):
    """Whether all axons of each neuron follow their soma, held ON or OFF by V_C, shape (N,)."""
    somas = network.is_soma
    trial = replace(
        protocol,
        v_dw=float(v_dw),
        start=np.full(network.neurons, int(on)),
        initial=np.where(somas, float(on), float(not on)),
        load=LONGEST,
        time_limit=1e-9,  # only the load phase matters
    )
    trace = sim.run(network, trial, engine="reference")
    wall = trace.wall.values[np.flatnonzero(trace.phase.values == 0)[-1]]
    assert np.allclose(wall[somas], network.length[somas] * on)
    there = np.isclose(wall, network.length * on, atol=1e-3 * network.length)
    return np.array([there[~somas & (network.pre == j)].all() for j in range(network.neurons)])


def observed(network, protocol, low, high, on):
    """First V_DW of a 1 % sweep at which each neuron's axons follow (ON, upward) or last (OFF), shape (N,)."""
    volts = np.exp(np.arange(np.log(low), np.log(high), 0.01))
    follows = np.array([crossed(network, protocol, v, on) for v in volts])
    assert (
        (np.diff(follows.astype(int), axis=0) >= 0).all() if on else (np.diff(follows.astype(int), axis=0) <= 0).all()
    )
    assert follows.any(axis=0).all() and not follows.all(axis=0).any()  # every threshold lies inside the sweep
    return volts[follows.argmax(axis=0)] if on else volts[len(volts) - 1 - follows[::-1].argmax(axis=0)]


def compare(design, process, network):
    protocol = protocol_for(design, process, levels=weight_levels(design))
    values = operating_point_report(network, protocol, design.device, process).values
    low, high = np.array(values["low"]), np.array(values["high"])
    np.testing.assert_allclose(observed(network, protocol, 0.9 * low.min(), 1.12 * low.max(), True), low, rtol=0.02)
    np.testing.assert_allclose(observed(network, protocol, 0.9 * high.min(), 1.12 * high.max(), False), high, rtol=0.02)


@pytest.mark.parametrize("n", [2, 3, 8])
def test_ideal(n):
    design = Design(name="t", network={"neurons": n})
    process = design.load_process()
    compare(design, process, ideal_network(design, process))


@pytest.mark.parametrize(("n", "ohm"), [(4, 60.0), (7, 30.0)])
def test_ladder(n, ohm):
    design = Design(name="t", network={"neurons": n})
    process = design.load_process()
    compare(design, process, ladder_network(design, process, ohm))


def drawn_network(folder, n, **network):
    design = Design(name="t", network={"neurons": n, **network})
    process = design.load_process()
    write_layout(hopfield(design), folder / "t.oas")
    return design, process, extract(folder / "t.oas", process, design)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "style"), [(5, "rails"), (6, "lines")])
def test_drawn(tmp_path, n, style):
    compare(*drawn_network(tmp_path, n, weight_style=style))


@pytest.mark.parametrize(("n", "loads"), [(5, True), (20, False)])
def test_the_worst_start_loads_exactly_when_the_rule_says_so(tmp_path, n, loads):
    """One neuron OFF against all others ON, from all ON: open weight rails let the others hold it."""
    design, process, network = drawn_network(tmp_path, n)
    protocol = protocol_for(design, process, levels=weight_levels(design))
    report = operating_point_report(network, protocol, design.device, process)
    found = next(o for o in report.outcomes if o.rule == "leak.load")
    assert found.passed == loads
    victim = int(found.place.name.split()[1])
    start = np.ones(n, int)
    start[victim] = 0
    trial = replace(protocol, start=start, initial=np.ones(n * n), load=1e-7, time_limit=1e-9)
    trace = sim.run(network, trial, engine="reference")
    wall = trace.wall.values[np.flatnonzero(trace.phase.values == 0)[-1], network.somas[victim]]
    assert (wall == 0) == loads
