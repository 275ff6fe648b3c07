"""Dendrites as plain ladders: the layout engine's sweep against its general elimination and against closed forms."""

from dataclasses import replace

import numba
import numpy as np
import pytest

from hwlib.schematic import ladder_network
from hwlib.weights import hebbian
from sim.engines import Options, layout
from sim.engines.driver import run_trials
from sim.engines.layout.ladders.single_ladders import SINGLE_LANES
from sim.engines.layout.layout_stepper import LayoutSolver, plan_for
from sim.engines.layout.partition import plan as planning
from sim.protocol import protocol_for
from sim.tasks.setup import paper_design
from tests.support.layout_trials import simulate_trial, trial_run

FIELDS = ("time_load", "time_convergence", "at_rest", "wall_final", "energy_source", "energy_sink", "steps")


def case(neurons, ohm, seed=1, **changes):
    design = paper_design(neurons)
    process, rng = design.load_process(), np.random.default_rng(seed)
    protocol = protocol_for(
        design, process, levels=hebbian(rng.integers(0, 2, (1, neurons))), start=rng.integers(0, 2, neurons), **changes
    )
    return ladder_network(design, process, ohm), protocol


def plan_of(network, protocol):
    return plan_for(network, protocol.net_voltages(network), {})[1]


def test_weight_lines_make_single_ladders_of_every_axon():
    network, protocol = case(70, 1.0)
    plan = plan_of(network, protocol)
    assert len(plan.single.lane_first) > 2  # more than one batch
    assert len(plan.rows.wall) == 0
    in_ladders = np.zeros(network.devices, bool)
    in_ladders[plan.single.wall] = True
    in_ladders[plan.interface.wall] = True
    assert in_ladders.sum() == network.devices
    assert len(np.unique(plan.single.wall)) == len(plan.single.wall)
    assert len(plan.single.port_ref) > SINGLE_LANES


@pytest.mark.parametrize("neurons", [2, 3, 9, 20])
def test_the_sweep_is_the_general_elimination(neurons, monkeypatch):
    network, protocol = case(neurons, 3.0, time_limit=60e-9)
    network = network.with_devices(
        r_p=network.r_p * np.random.default_rng(2).normal(1, 0.05, network.devices),
        pillar_width=network.pillar_width * np.random.default_rng(3).normal(1, 0.05, network.devices),
    )
    swept = simulate_trial(network, protocol, Options(tolerance=1e-10))
    monkeypatch.setattr(planning, "find_single", lambda *arguments: None)
    assert len(plan_of(network, protocol).single.wall) == 0
    general = simulate_trial(network, protocol, Options(tolerance=1e-10))
    np.testing.assert_allclose(swept.wall_final, general.wall_final, rtol=0, atol=1e-9 * network.length.max())
    for name in ("energy_source", "energy_sink"):
        heat = general.energy_sink.sum()
        np.testing.assert_allclose(getattr(swept, name), getattr(general, name), rtol=0, atol=1e-9 * heat)
    assert swept.kcl_residual < 1e-12


def test_the_ports_are_those_of_a_ladder_solved_by_hand():
    """One ladder's conductance, source and powers from its nodal equations, solved densely."""
    network, protocol = case(9, 7.0)
    run = trial_run(network, replace(protocol, start=None)).stepper
    single, taps, ref = run.plan.single, run.system.taps, run.system.work.ref
    lane = 1
    rows = [r for r in range(len(single.tap_first) - 1) if single.tap_first[r + 1] - single.tap_first[r] > lane]
    at = single.tap_first[rows] + lane
    g, wire, volt = taps.siemens[at], single.ohm[at], taps.volt[at]
    port = ref[single.port_ref[lane]]
    keep = wire > 0  # pillars on one node follow each other without wire
    node = np.concatenate([[0], np.cumsum(keep)[:-1]])
    size = node[-1] + 1
    matrix, current = np.zeros((size, size)), np.zeros(size)
    np.add.at(matrix, (node, node), g)
    np.add.at(current, node, g * volt)
    for k, siemens in enumerate(1 / wire[keep]):
        matrix[k, k] += siemens
        if k + 1 < size:
            matrix[k + 1, k + 1] += siemens
            matrix[k, k + 1] -= siemens
            matrix[k + 1, k] -= siemens
        else:
            current[k] += siemens * port
    x = np.linalg.solve(matrix, current)
    last = 1 / wire[keep][-1]
    y, j, c = taps.port[:3, lane]
    assert y * port - j == pytest.approx(last * (port - x[-1]), rel=1e-10, abs=0)
    delivered = np.sum(g * (volt - x[node]) * volt)
    assert c - j * port == pytest.approx(delivered, rel=1e-10, abs=0)
    yh, jh, ch = taps.port[3:, lane]
    own = g - single.series[at] * g**2
    pillars = np.sum(own * (volt - x[node]) ** 2)
    assert yh * port**2 - 2 * jh * port + ch == pytest.approx(pillars, rel=1e-10, abs=0)
    assert np.all(own <= g * (1 + 1e-12))


def test_threads_do_not_change_a_bit_of_single_ladders():
    network, protocol = case(70, 0.3, time_limit=20e-9)
    one, two = (simulate_trial(network, protocol, Options(tolerance=1e-6), threads=k) for k in (1, 2))
    for name in FIELDS:
        assert np.array_equal(getattr(one, name), getattr(two, name)), name


class _TwoThreads:
    """The engine with trials on two threads, however many there are."""

    @staticmethod
    def prepare(network):
        solver = LayoutSolver(network, 1)
        solver.side_by_side = 2
        return solver


def test_trials_side_by_side_are_those_one_after_the_other():
    network, protocol = case(12, 1.0, time_limit=50e-9)
    rng = np.random.default_rng(4)
    protocols = [replace(protocol, start=rng.integers(0, 2, 12)) for _ in range(5)] + [replace(protocol, start=None)]
    seen = []
    together = run_trials(
        _TwoThreads, network, protocols, Options(progress=lambda done, total: seen.append((done, total)))
    )
    assert [(done, of) for done, of in seen if done == int(done)] == [(k, 6) for k in range(1, 7)]
    for k, each in enumerate(protocols):
        alone = simulate_trial(network, each, Options())
        for name in FIELDS:
            assert np.array_equal(getattr(together, name)[k], getattr(alone, name)[0]), name


@pytest.mark.parametrize(("neurons", "shared"), [(7, False), (8, True)])
def test_trials_of_large_networks_share_the_processors(neurons, shared):
    network, _ = case(neurons, 1.0)
    assert LayoutSolver(network, 1).side_by_side == (numba.get_num_threads() if shared else 1)
    assert LayoutSolver(network, 2).side_by_side == 1  # they share each trial


def test_an_error_ends_the_other_trials_too():
    network, protocol = case(12, 1.0)

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_trials(_TwoThreads, network, [protocol] * 4, Options(progress=stop))


def test_a_trace_is_thinned_to_what_fits_and_keeps_its_ends():
    network, protocol = case(9, 2.0)
    full, thin = (
        run_trials(layout, network, [protocol], Options(record=True, samples=most)).trace for most in (100_000, 30)
    )
    assert len(full.time) > 200
    assert 10 <= len(thin.time) <= 30
    assert thin.time[-1] == full.time[-1] and thin.time[0] == full.time[0]
    assert np.all(np.diff(thin.time) > 0)
    np.testing.assert_array_equal(thin.events.position, full.events.position)
