"""The ideal engine against the reference engine, itself, and what it refuses; see test_parity too."""

from types import SimpleNamespace

import numpy as np
import pytest
from numba import get_num_threads, set_num_threads

import sim
from hwlib.errors import InputError
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import hebbian, weight_levels
from sim.engines import choose
from sim.protocol import Protocol, protocol_for
from sim.result import trace_samples
from sim.tasks.setup import paper_design
from sim.traces import wall_points

SAME = ("time_load", "time_convergence", "at_rest", "state", "wall_final", "energy_source", "energy_sink", "steps")


@pytest.mark.parametrize("style", ["rails", "lines"])
def test_traces_are_the_references(style):
    design = paper_design(5, load="rest")
    process = design.load_process()
    network = ideal_network(design, process, style=style)
    protocol = protocol_for(design, process, start=np.array([1, 0, 0, 1, 1]), levels=weight_levels(design))
    ideal, reference = (sim.run(network, protocol, engine=name, voltages=True) for name in ("ideal", "reference"))
    np.testing.assert_array_equal(ideal.phase, reference.phase)
    # Both end a step within 1e-8 L of an edge, which a slow wall takes 1e-15 s to cross.
    np.testing.assert_allclose(ideal.time, reference.time, rtol=1e-9, atol=2e-15)
    for name, scale in (("track_current", 1e-5), ("soma_current", 1e-5), ("node_voltage", 0.1)):
        np.testing.assert_allclose(ideal[name], reference[name], rtol=1e-6, atol=1e-7 * scale, err_msg=name)
    np.testing.assert_array_equal(ideal.event_device, reference.event_device)
    np.testing.assert_array_equal(ideal.event_kind, reference.event_kind)
    np.testing.assert_allclose(ideal.event_time, reference.event_time, rtol=1e-8, atol=2e-15)
    np.testing.assert_allclose(ideal.event_wall, reference.event_wall, rtol=1e-6, atol=1e-14)


def batch(count=30, neurons=20):
    design = paper_design(neurons)
    process = design.load_process()
    rng = np.random.default_rng(6)
    protocols = [
        protocol_for(
            design, process, start=rng.integers(0, 2, neurons), levels=hebbian(rng.integers(0, 2, (2, neurons)))
        )
        for _ in range(count)
    ]
    return ideal_network(design, process, style="lines"), protocols


def test_a_batch_is_its_trials_whatever_the_number_of_threads():
    network, protocols = batch()
    before = get_num_threads()
    try:
        set_num_threads(1)
        one = sim.run_batch(network, protocols, engine="ideal")
    finally:
        set_num_threads(before)
    many = sim.run_batch(network, protocols, engine="ideal")
    for name in SAME:
        np.testing.assert_array_equal(one[name], many[name])
    for t in (0, 7, 29):
        single = sim.run(network, protocols[t], engine="ideal")
        for name in SAME:
            np.testing.assert_array_equal(single[name], many[name][t])


def test_thinning_bounds_the_trace_and_keeps_its_ends():
    network, protocols = batch(1)
    full, thin = (sim.run(network, protocols[0], engine="ideal", samples=most) for most in (10_000, 25))
    assert len(full.time) > 60
    assert 12 <= len(thin.time) <= 25
    assert thin.time[-1] == full.time[-1]
    np.testing.assert_array_equal(thin.event_wall, full.event_wall)
    assert set(thin.time.values) <= set(full.time.values)


def test_arrival_times_do_not_depend_on_the_tolerance():
    network, protocols = batch()
    loose, tight = (sim.run_batch(network, protocols, tolerance=tolerance) for tolerance in (1e-5, 1e-10))
    np.testing.assert_allclose(loose.time_to_solution, tight.time_to_solution, rtol=5e-3)
    half, full = (sim.run_batch(network, protocols, tolerance=tolerance) for tolerance in (5e-10, 1e-9))
    np.testing.assert_allclose(half.time_to_solution, full.time_to_solution, rtol=1e-6)


@pytest.mark.parametrize("engine", ["ideal", "reference"])
def test_a_network_that_never_rests_says_so(engine):
    """Neuron 0 follows 1, neuron 1 inverts 0, neuron 2 is always ON: an oscillator."""
    design = paper_design(3)
    process = design.load_process()
    levels = np.array([[0, 1, -0.6], [-1, 0, 0.6], [1, 1, 0]])
    protocol = protocol_for(design, process, levels=levels, start=np.array([0, 1, 1]), time_limit=400e-9)
    result = sim.run(ideal_network(design, process, style="lines"), protocol, engine=engine)
    assert not result.at_rest
    assert result.time_convergence == pytest.approx(400e-9)
    soma = wall_points(result, [0])[0].position
    assert len(np.flatnonzero(np.diff((soma > 50e-9).astype(int)))) >= 4


@pytest.mark.parametrize("engine", ["ideal", "reference"])
def test_a_balanced_pattern_with_an_orthogonal_start_ties(engine):
    """Even N: every dendrite's weights cancel up to the missing self-synapse; physics decides, both engines alike."""
    design = paper_design(4)
    process = design.load_process()
    levels = hebbian(np.array([1, 1, 0, 0]))
    protocol = protocol_for(design, process, levels=levels, start=np.array([1, 0, 1, 0]))
    result = sim.run(ideal_network(design, process, style="lines"), protocol, engine=engine)
    assert result.at_rest
    np.testing.assert_array_equal(result.state, [0, 0, 0, 0])


def test_auto_is_ideal_only_when_that_is_exact():
    design = paper_design(3)
    process = design.load_process()
    network, ladder = ideal_network(design, process), ladder_network(design, process, 1.0)
    protocol = protocol_for(design, process, levels=weight_levels(design))
    uneven = network.with_devices(r_p=np.linspace(500, 510, 9))
    assert choose("auto", network, [protocol])[0] == "ideal"
    for other in (uneven, ladder):
        assert choose("auto", other, [protocol])[0] in ("layout", "reference")


def test_it_refuses_what_it_cannot_do_exactly():
    design = paper_design(3)
    process = design.load_process()
    network = ideal_network(design, process)
    protocol = protocol_for(design, process, levels=weight_levels(design))
    with pytest.raises(InputError, match="engine ideal: the network has wires"):
        sim.run(ladder_network(design, process, 1.0), protocol, engine="ideal")
    with pytest.raises(InputError, match="axons of one neuron differ in leak"):
        sim.run(network.with_devices(leak=-np.linspace(5, 6, 9)), protocol, engine="ideal")
    twice = network.with_only(np.array([0, 1, 1, *range(2, 9)]))  # an axon beside another of the same two neurons
    with pytest.raises(InputError, match="not joined as axons and somas"):
        sim.run(twice, protocol, engine="ideal")
    uneven = Protocol(v_dw=0.01, v_charge=0.1, weight=0.1, initial=np.linspace(0, 1, 9))
    with pytest.raises(InputError, match="start at different places"):
        sim.run(network, uneven, engine="ideal")
    lines = ideal_network(design, process, style="lines")
    for engine in ("ideal", "reference"):
        with pytest.raises(InputError, match="weight lines need levels"):
            sim.run(lines, protocol_for(design, process), engine=engine)
        with pytest.raises(InputError, match=r"levels has shape \(2, 2\), needs \(3, 3\)"):
            sim.run(lines, protocol_for(design, process, levels=np.zeros((2, 2))), engine=engine)


@pytest.mark.parametrize(("neurons", "samples"), [(60, 277), (300, 20)])
def test_traces_of_large_networks_have_fewer_samples(neurons, samples):
    """24 MB of samples, or 20 of them: a current and two nodes a device, as a ladder has."""
    devices = neurons**2
    network = SimpleNamespace(devices=devices, nodes=2 * devices)
    assert trace_samples(network, 2000) == pytest.approx(samples, abs=1)
    assert trace_samples(network, 30) <= 30
