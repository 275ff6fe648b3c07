"""The layout-aware engine against the reference engine, itself, and what was measured before; see test_parity too."""

import os
from dataclasses import replace

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import hebbian
from sim.engines import Options
from sim.protocol import protocol_for
from sim.tasks.setup import paper_design, with_levels
from sim.traces import walls_at
from tests.support.layout_trials import simulate_trial, trial_run
from tests.support.random_trials import wired

FULL = bool(os.environ.get("SPINHOP_FULL"))


def case(neurons, style, rng, *, patterns=1, load="rest", limit=400e-9, start=True):
    design = paper_design(neurons)
    process = design.load_process()
    levels = hebbian(rng.integers(0, 2, (patterns, neurons)))
    if style == "rails":
        design = with_levels(design, levels)
    ideal = ideal_network(design, process, style=style)
    protocol = protocol_for(
        design, process, levels=levels if style == "lines" else None, load=load, time_limit=limit,
        start=rng.integers(0, 2, neurons) if start else None,
    )  # fmt: skip
    return design, process, ideal, protocol


def assert_equal_runs(network, protocol, tolerance=1e-10):
    fast = sim.run(network, protocol, engine="layout", record=False, tolerance=tolerance)
    slow = sim.run(network, protocol, engine="reference", record=False, tolerance=tolerance)
    assert np.abs((fast.wall_final - slow.wall_final) / network.length).max() < 1e-6
    assert np.array_equal(fast.state, slow.state)
    assert bool(fast.at_rest) == bool(slow.at_rest)
    for name in ("time_load", "time_convergence"):
        assert float(fast[name]) == pytest.approx(float(slow[name]), rel=1e-6, abs=1e-15)
    for name in ("energy_source", "energy_sink"):
        assert np.abs(fast[name] - slow[name]).max() <= 1e-6 * float(slow.energy_sink.sum())  # both may be 0
    assert float(fast.kcl_residual) < 1e-12
    assert float(fast.energy_balance) < 1e-8
    return fast


@pytest.mark.parametrize(("neurons", "ohm"), [(2, 5.0), (3, 0.0), (9, 1.0), (16, 4.0), *[(24, 1.0)] * FULL])
def test_ladders_run_as_on_the_reference(neurons, ohm):
    design, process, _, protocol = case(neurons, "lines", np.random.default_rng(neurons))
    assert_equal_runs(ladder_network(design, process, ohm), protocol)


def test_a_tie_stays_off_on_both():
    """Even N, balanced pattern, orthogonal start: every drive but the leak cancels, and all walls end OFF."""
    design, process, ideal, _ = case(4, "lines", np.random.default_rng(1))
    pattern, start = np.array([1, 1, 0, 0]), np.array([1, 0, 1, 0])
    protocol = protocol_for(design, process, levels=hebbian(pattern), start=start)
    network = wired(ideal, np.random.default_rng(2), 0.1, dict.fromkeys(
        ("dendrite", "drive", "ground", "vdw", "line"), "ladder"))  # fmt: skip
    assert_equal_runs(network, protocol)


def test_a_network_that_never_rests_says_so_on_both():
    """At 60 Ω per cell far axons stall under their pillars: the limit ends the trial, no success is claimed."""
    design, process, _, protocol = case(12, "lines", np.random.default_rng(5), limit=60e-9)
    found = []
    for ohm in (60.0, 200.0):
        network = ladder_network(design, process, ohm)
        found.append(assert_equal_runs(network, protocol))
    assert not all(bool(each.at_rest) for each in found)
    stuck = next(each for each in found if not bool(each.at_rest))
    assert float(stuck.time_convergence) == pytest.approx(60e-9, rel=1e-12)


def test_without_a_load_phase_and_with_given_walls():
    rng = np.random.default_rng(8)
    _, _, ideal, protocol = case(7, "rails", rng, start=False)
    network = wired(ideal, rng, 1.0, dict.fromkeys(("dendrite", "drive", "ground", "vdw", "rail"), "ladder"))
    initial = rng.uniform(0, 1, network.devices)
    initial[:5] = [0, 1, 0.4, 0.6, 0.5]
    fast = assert_equal_runs(network, replace(protocol, initial=initial))
    assert float(fast.time_load) == 0


@pytest.mark.parametrize("edge", [0.1, 0.9])
def test_a_pillar_at_the_end_of_the_track(edge):
    """Walls resting against an end then stand under a pillar's edge."""
    rng = np.random.default_rng(3)
    design, process, _, protocol = case(6, "lines", rng)
    network = ladder_network(design, process, 1.0)
    network = network.with_devices(pillar_centre=edge * network.length)
    assert_equal_runs(network, protocol)


def test_walls_over_time_are_the_references():
    network, protocol = meshes()
    fast, slow = (sim.run(network, protocol, engine=engine) for engine in ("layout", "reference"))
    times = np.linspace(0, float(slow.time_to_solution), 1000)
    assert np.abs(walls_at(fast, times) - walls_at(slow, times)).max() < 1e-3 * network.length.max()


def test_what_is_sampled_obeys_kirchhoff():
    network, protocol = meshes()
    run = trial_run(network, protocol)
    moments = [(run.stepper.walls(), *run.stepper.look())]
    while not run.go(2):
        moments.append((run.stepper.walls(), *run.stepper.look()))
    assert len(moments) > 30
    wall, track, volts = (np.array(each) for each in zip(*moments, strict=True))
    share = np.clip((wall - network.pillar_centre + network.pillar_width / 2) / network.pillar_width, 0, 1)
    assert np.any((share > 0.1) & (share < 0.9))
    pillar = share / network.r_p + (1 - share) / network.r_ap
    out = np.zeros_like(volts)
    for pair, siemens in (
        (network.resistor_nodes, np.broadcast_to(1 / network.resistor_ohm, (len(volts), len(network.resistor_ohm)))),
        (network.terminals[:, :2], np.broadcast_to(1 / network.r_m, pillar.shape)),
        (network.terminals[:, 2:], pillar),
    ):
        current = (volts[:, pair[:, 0]] - volts[:, pair[:, 1]]) * siemens
        for k in range(len(pair)):
            out[:, pair[k, 0]] += current[:, k]
            out[:, pair[k, 1]] -= current[:, k]
    inner = np.setdiff1d(np.arange(network.nodes), network.pin_node)
    assert np.abs(out[:, inner]).max() < 1e-12
    drop = volts[:, network.terminals[:, 0]] - volts[:, network.terminals[:, 1]]
    np.testing.assert_allclose(track, drop / network.r_m, atol=1e-12)


def meshes():
    rng = np.random.default_rng(11)
    _, _, ideal, protocol = case(5, "rails", rng)
    return wired(ideal, rng, 2.0, dict.fromkeys(("dendrite", "drive", "ground", "vdw", "rail"), "mesh")), protocol


def test_threads_do_not_change_a_bit():
    rng = np.random.default_rng(21)
    _, _, ideal, protocol = case(20, "rails", rng)
    network = wired(ideal, rng, 0.5, dict.fromkeys(("dendrite", "drive", "ground", "vdw", "rail"), "ladder"))
    one, two = (simulate_trial(network, protocol, Options(), threads=k) for k in (1, 2))
    for name in ("time_load", "time_convergence", "wall_final", "energy_source", "energy_sink", "steps"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name


def test_a_checkpoint_resumes_bit_for_bit(tmp_path):
    rng = np.random.default_rng(22)
    _, _, ideal, protocol = case(8, "rails", rng)
    network = wired(ideal, rng, 0.5, dict.fromkeys(("dendrite", "drive", "ground", "vdw", "rail"), "ladder"))
    whole = simulate_trial(network, protocol, Options())
    path = tmp_path / "trial.npz"
    for steps in (3, 100, 333, 700):
        begun = trial_run(network, protocol)
        begun.go(steps)
        begun.save(path)
        resumed = simulate_trial(network, protocol, Options(), checkpoint=path)
        assert not path.exists()
        for name in ("time_load", "time_convergence", "wall_final", "energy_source", "energy_sink", "steps"):
            assert np.array_equal(getattr(whole, name), getattr(resumed, name)), (name, steps)


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    _, _, ideal, protocol = case(3, "lines", np.random.default_rng(1))
    path = tmp_path / "trial.npz"
    trial_run(ideal, protocol).save(path)
    with pytest.raises(InputError, match="another network, protocol or tolerance"):
        simulate_trial(ideal, replace(protocol, weight=0.2), Options(), checkpoint=path)
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="damaged, or no checkpoint"):
        simulate_trial(ideal, protocol, Options(), checkpoint=path)


def test_a_batch_is_its_trials():
    rng = np.random.default_rng(31)
    design, process, _, protocol = case(6, "lines", rng)
    network = ladder_network(design, process, 1.0)
    protocols = [replace(protocol, start=rng.integers(0, 2, 6)) for _ in range(3)] + [replace(protocol, start=None)]
    batch = sim.run_batch(network, protocols, engine="layout")
    for k, each in enumerate(protocols):
        alone = sim.run(network, each, engine="layout", record=False)
        for name in ("wall_final", "time_load", "time_convergence", "energy_source"):
            assert np.array_equal(batch[name].values[k], alone[name].values)


def mean_time(neurons, ohm, trials, limit=3e-6):
    """Mean total time and the share of trials at rest: one pattern, V_DW by eq. (4), load until rest, all threads."""
    design = paper_design(neurons)
    process = design.load_process()
    design = Design.model_validate({**design.model_dump(), "operating_point": {"v_dw": "eq4", "load": "rest"}})
    network = ladder_network(design, process, ohm)
    rng = np.random.default_rng(1)
    protocols = [
        protocol_for(
            design,
            process,
            levels=hebbian(rng.integers(0, 2, (1, neurons))),
            start=rng.integers(0, 2, neurons),
            time_limit=limit,
        )
        for _ in range(trials)
    ]
    runs = sim.run_batch(network, protocols, engine="layout", tolerance=1e-7)
    return float(runs.time_to_solution.mean()), float(runs.at_rest.mean())


@pytest.mark.slow
@pytest.mark.parametrize(("ohm", "expected"), [(0, 77e-9), (1, 88e-9), (2, 109e-9), (4, 178e-9)])
def test_wires_slow_29_neurons_as_measured_before(ohm, expected):
    time, rest = mean_time(29, ohm, 100)
    assert rest == 1
    assert time == pytest.approx(expected, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(("ohm", "expected"), [(0.3, 99e-9), (1, 274e-9)])
def test_wires_slow_60_neurons_as_measured_before(ohm, expected):
    time, rest = mean_time(60, ohm, 100)
    assert rest == 1
    assert time == pytest.approx(expected, rel=0.1)


@pytest.mark.slow
def test_60_neurons_at_2_ohm_never_rest():
    assert mean_time(60, 2, 4, limit=1e-6)[1] == 0
