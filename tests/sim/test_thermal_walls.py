"""Walls at a temperature: Einstein relation, Boltzmann tail at an end, no noise at 0 K, same bits on any threads."""

from dataclasses import replace

import numba
import numpy as np
import pytest
from scipy import stats

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.schematic import ideal_network
from sim.result import EVENT_KINDS, read_out
from sim.spice import write_deck
from sim.thermal.noisy_trials import misread
from sim.thermal.thermal_stepper import ThermalSolver
from sim.traces import walls_at
from tests.support.undriven import BOLTZMANN, GAMMA, MAGNETIZATION, diffusion, quiet, undriven

LONG = 1e-3  # m: tracks whose ends no wall meets


def ways(network, time, trials, **protocol):
    """How far all walls of some trials went, in m."""
    protocols = [quiet(network, time, **protocol)] * trials
    return (sim.run_batch(network, protocols).wall_final.values - 0.5 * network.length).ravel()


@pytest.mark.parametrize(("temperature", "damping", "wall_width"), [(300, 0.1, 5e-9), (30, 0.02, 8e-9)])
def test_a_free_wall_diffuses_as_einstein_says(temperature, damping, wall_width):
    """10 240 walls: the standard error of a variance is 1.4 %, so that 5 % are met with 99.97 %."""
    network = undriven(32, length=LONG, damping=damping, wall_width=wall_width)
    found = ways(network, 2e-8, 10, temperature=temperature, increment=1e-9)
    assert found.var() == pytest.approx(2 * diffusion(temperature, damping, wall_width) * 2e-8, rel=0.05)
    assert abs(found.mean()) < 4 * found.std() / np.sqrt(found.size)


def test_a_wall_with_an_angle_diffuses_between_its_two_limits():
    """No anisotropy: α²/(1 + α²) of the kinematic wall's D. Much of it: the kinematic wall's, once the angle is slaved.

    10 240 and 9 216 walls: 1.4 and 1.5 % of standard error. The angle's own share, 2(Δ/α)²·k_BT/(2 µ₀M_sH_K Δ A), is
    added to the second.
    """
    damping, width, field = 0.3, 5e-9, 0.5
    kinematic = diffusion(300, damping, width)
    free = undriven(32, length=LONG, model="collective", damping=damping, wall_width=width, anisotropy_field=0.0)
    found = ways(free, 1e-9, 10, increment=5e-11)
    assert found.var() == pytest.approx(2 * kinematic * damping**2 / (1 + damping**2) * 1e-9, rel=0.05)
    stiff = undriven(32, length=LONG, model="collective", damping=damping, wall_width=width, anisotropy_field=field)
    found = ways(stiff, 6e-10, 9)
    angle = (width / damping) ** 2 * BOLTZMANN * 300 / (2 * MAGNETIZATION * field * width * 50e-18)
    assert found.var() == pytest.approx(2 * kinematic * 6e-10 + angle, rel=0.05)


@pytest.mark.parametrize("model", ["kinematic", "collective"])
def test_a_leak_holds_walls_at_an_end_with_boltzmanns_tail(model):
    """Kolmogorov–Smirnov on about 1900 walls against exp(−q v/D), cut at L; a true law fails one seed in a hundred."""
    damping, width, speed = 1.0, 5e-9, 8.0
    more = {"anisotropy_field": 0.1} if model == "collective" else {}
    network = undriven(31, leak=-speed, model=model, damping=damping, wall_width=width, **more)
    length, per = 1e-7, diffusion(300, damping, width) / speed
    protocols = [quiet(network, 2e-8, start=0.0, seed=5)] * 2
    found = sim.run_batch(network, protocols).wall_final.values.ravel()
    cut = -np.expm1(-length / per)
    assert stats.kstest(found, lambda q: -np.expm1(-q / per) / cut).pvalue > 0.01
    assert ((found > 0) & (found < length)).mean() > 0.999


def small(temperature, **point):
    design = Design.model_validate({
        "name": "small", "network": {"neurons": 6},
        "operating_point": {"temperature": temperature, "load": 16e-9, **point},
        "device": {"dynamics": {"parameters": {"damping": 0.1, "wall_width": "5 nm"}}},
    })  # fmt: skip
    return design, ideal_network(design, design.load_process())


@pytest.mark.parametrize("time", [4e-9, 50e-9])
def test_without_noise_walls_go_as_the_engine_moves_them(time):
    design, network = small(0.0)
    process = design.load_process()
    starts = sim.starts(design, 3)
    noisy = [sim.protocol_on(network, design, process, start=start, time_limit=time) for start in starts]
    noisy = [replace(each, noise=replace(each.noise, increment=2e-11)) for each in noisy]
    found = sim.run_batch(network, noisy)
    quiet_ones = [replace(each, noise=None) for each in noisy]
    right = sim.run_batch(network, quiet_ones, engine="reference")
    moving = abs(right.wall_final - np.where(right.wall_final > 5e-8, 1e-7, 0)).max() > 0
    assert moving or time > 1e-8
    np.testing.assert_allclose(found.wall_final / 1e-7, right.wall_final / 1e-7, atol=5e-5)  # of order 1: 4e-4
    if moving:  # with every wall at rest the reference ends earlier
        np.testing.assert_allclose(found.energy_source, right.energy_source, rtol=1e-3, atol=1e-18)
        np.testing.assert_allclose(found.energy_sink, right.energy_sink, rtol=1e-3, atol=1e-18)
    assert float(found.energy_balance.max()) < 1e-12 and float(found.kcl_residual.max()) < 1e-15


def test_bits_depend_on_seed_and_trial_alone():
    design, network = small(300.0)
    process = design.load_process()
    protocols = [sim.protocol_on(network, design, process, start=s, time_limit=5e-9) for s in sim.starts(design, 3)]
    threads = numba.get_num_threads()
    results = []
    try:
        for count in (1, threads):
            numba.set_num_threads(count)
            results.append(sim.run_batch(network, protocols))
    finally:
        numba.set_num_threads(threads)
    np.testing.assert_array_equal(results[0].wall_final, results[1].wall_final)
    alone = replace(protocols[2], noise=protocols[2].noise.of_trial(2))
    np.testing.assert_array_equal(sim.run(network, alone).wall_final, results[0].wall_final[2])
    other = [replace(each, noise=replace(each.noise, seed=2)) for each in protocols]
    assert (sim.run_batch(network, other).wall_final != results[0].wall_final).mean() > 0.5


def test_both_engines_go_the_same_way():
    design, network = small(300.0)
    point = sim.protocol_on(network, design, design.load_process(), start=sim.starts(design, 1)[0], time_limit=5e-9)
    ends = [sim.run(network, point, engine=engine, record=False).wall_final for engine in ("ideal", "layout")]
    np.testing.assert_allclose(ends[0], ends[1], rtol=0, atol=1e-14)
    assert abs(ends[0][0] - ends[0][1]) > 1e-9  # axons of one neuron part


def test_longer_steps_on_the_same_path_end_elsewhere_by_the_stated_error():
    design, network = small(300.0)
    process, ends = design.load_process(), {}
    for step in (2e-11, 5e-12):
        point = sim.protocol_on(network, design, process, start=sim.starts(design, 1)[0], time_limit=5e-9)
        noise = replace(point.noise, increment=step)
        ends[step] = sim.run_batch(network, [replace(point, noise=noise)])
        twice = sim.run(network, replace(point, noise=replace(noise, stride=2)), record=False)
        own = float((abs(ends[step].wall_final[0] - twice.wall_final) / network.length).mean())
        assert float(ends[step].step_error) == pytest.approx(own) and own > 0
    assert float(ends[5e-12].step_error) < float(ends[2e-11].step_error) / 2
    assert ends[5e-12].attrs["temperature"] == 300 and ends[5e-12].attrs["noise_seed"] == 1
    assert int(ends[5e-12].step_bits) >= 0 and bool(ends[5e-12].at_rest.all())
    assert float(ends[5e-12].time_to_solution[0]) == pytest.approx(21e-9)


def test_what_cannot_be_is_refused():
    design, network = small(300.0)
    process = design.load_process()
    point = sim.protocol_on(network, design, process, start=np.ones(6, int))
    for wrong, message in (
        ({"temperature": -1.0}, "temperature is -1.0, allowed 0"),
        ({"increment": 0.0}, "time step is 0.0, must be"),
        ({"stride": 3}, "stride is 3, allowed 1 and 2"),
        ({"seed": -1}, "noise of seed -1"),
        ({"increment": 1e-18}, "in steps of .* allowed 2147483648"),
    ):
        with pytest.raises(InputError, match=message):
            sim.run(network, replace(point, noise=replace(point.noise, **wrong)))
    with pytest.raises(InputError, match="load is 'rest', but with a temperature no wall rests"):
        sim.run(network, replace(point, load="rest"))
    with pytest.raises(InputError, match="engine reference: does not support kinematic walls at a temperature"):
        sim.run(network, point, engine="reference")
    with pytest.raises(InputError, match="some trials have noise and others none"):
        sim.run_batch(network, [point, replace(point, noise=None)])
    with pytest.raises(ValueError, match="with a temperature no wall rests"):
        small(300.0, load="rest")


def test_the_gyromagnetic_ratio_of_the_mobility():
    """k e/(ħ P) is γ/(2 M_s A)."""
    _, network = small(300.0)
    k, e, hbar = network.mobility[0], 1.602176634e-19, 1.054571817e-34
    assert k * e / (hbar * 0.7) == pytest.approx(GAMMA / (2 * MAGNETIZATION * network.area[0]), rel=1e-9)


def test_a_recorded_trial_keeps_some_moments_of_every_wall():
    length = 2e-5
    network = undriven(32, length=length, damping=0.1, wall_width=5e-9)
    protocol = quiet(network, 1e-6, increment=1e-9)
    found = sim.run(network, protocol)
    assert int(found.steps) == 1000 and 100 * 1024 < found.sizes["event"] < 600 * 1024
    every = np.arange(network.devices)
    np.testing.assert_array_equal(walls_at(found, 1e-6, every), found.wall_final)
    np.testing.assert_array_equal(sim.run(network, protocol, record=False).wall_final, found.wall_final)
    half = walls_at(found, 5e-7, every) - 0.5 * length  # 1024 walls: 4.4 % of standard error
    assert (half**2).mean() == pytest.approx(2 * diffusion(300, 0.1, 5e-9) * 5e-7, rel=0.15)


def test_recorded_walls_go_straight_from_moment_to_moment():
    """A step of noise goes many times as far as one of drift: curves by the drift's velocities had 7 points."""
    network = undriven(3, length=1e-7, damping=0.1, wall_width=5e-9)
    found = sim.run(network, quiet(network, 2e-9, increment=2e-12))
    edges = np.isin(found.event_kind, [EVENT_KINDS.index(kind) for kind in ("enter", "leave")])
    assert int(found.steps) == 1000
    moments = found.sizes["event"] - int(edges.sum())
    assert moments <= 1.02 * network.devices * 1000, "each of them is that of a step"
    shorter = sim.run(network, quiet(network, 1e-9, increment=2e-12))  # on the same path
    np.testing.assert_allclose(walls_at(found, 1e-9), shorter.wall_final, atol=1e-3 * network.length.max())


def test_bits_are_read_by_the_pillars_and_misread_under_them():
    design, network = small(300.0)
    edge, width = 4e-8, 2e-8
    share = np.array([-1.0, 0.04, 0.06, 0.5, 0.94, 0.96])
    wall = np.zeros(network.devices)
    wall[network.somas] = edge + share * width
    assert read_out(network, wall, by_pillar=True).tolist() == [0, 0, -1, -1, -1, 1]
    assert read_out(network, wall).tolist() == [-1] * 6
    found = misread(network, wall, 0.25)
    np.testing.assert_allclose(found, stats.norm.cdf(-np.abs(np.clip(share, 0, 1) - 0.5) / 0.25))
    assert misread(network, wall, 0.0).tolist() == [0, 0, 0, 0.5, 0, 0]
    point = sim.protocol_on(network, design, design.load_process(), time_limit=1e-9)
    result = sim.run(network, replace(point, noise=replace(point.noise, read_noise=0.25)), record=False)
    assert float(result.read_error) == pytest.approx(misread(network, result.wall_final.values, 0.25).mean())
    np.testing.assert_array_equal(result.state, read_out(network, result.wall_final.values, by_pillar=True))


def test_decks_refuse_a_temperature(tmp_path):
    design, network = small(300.0)
    point = sim.protocol_on(network, design, design.load_process())
    with pytest.raises(InputError, match="walls in decks have no noise; leave operating_point"):
        write_deck(network, point, tmp_path / "hot.cir")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("run", [sim.run_batch, lambda network, protocols: sim.run(network, protocols[1])])
def test_too_many_steps_of_any_phase_of_any_trial_are_refused_before_the_first(run, monkeypatch):
    def begun(solver, phase):
        raise AssertionError("a phase was begun")

    monkeypatch.setattr(ThermalSolver, "begin", begun)
    network = undriven(3)
    short = replace(quiet(network, 1e-9, increment=1e-12), start=np.ones(3, int), load=1e-9)
    for long in (replace(short, time_limit=1e-2), replace(short, load=1e-2)):
        with pytest.raises(InputError, match=r"1e\+04 us in steps of 0\.001 ns are 1e\+10 of them, allowed 2147483648"):
            run(network, [short, long])
