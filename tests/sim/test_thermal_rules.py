"""Rules at a temperature: closed forms by hand, first passages by quadrature, and what simulated walls do."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

import sim
from hwlib.weights import stored_patterns, weight_levels
from sim.thermal.escape import chance, held_for, passage, places
from sim.thermal.thermal_noise import ThermalNoise
from tests.support.rule_bench import MOBILITY, Bench
from tests.support.undriven import diffusion, quiet, undriven

NAMES = {"thermal.hold", "thermal.drive", "thermal.pinning"}


def bench(temperature=300.0, n=8, length=1e-7, **parameters):
    made = Bench(n, temperature=temperature, load=16e-9)
    made.network = made.network.with_dynamics("kinematic", **parameters)
    return made


def test_without_a_temperature_there_are_none():
    for made in (Bench(4), Bench(4, temperature=0.0, load=16e-9)):
        assert not NAMES & {outcome.rule for outcome in made.report().outcomes}
    found = {outcome.rule for outcome in bench().report().outcomes}
    assert found & NAMES == {"thermal.hold", "thermal.drive"}


def test_leak_against_noise_by_hand():
    """Λ = 5 m/s · 0.1 µm/D; the pillar begins at 40 % of the track, so that 1e-3 under it wants ln(1000)/0.4 = 17.3."""
    found = bench(damping=0.1, wall_width=5e-9).outcome("thermal.hold")
    each = diffusion(300, 0.1, 5e-9)
    assert found.measured == pytest.approx(5 * 1e-7 / each, rel=1e-6)
    assert found.required == pytest.approx(np.log(1000) / 0.4)
    assert not found.passed and found.severity == "error"
    share = np.exp(-5 * 4e-8 / each)
    assert f"{share:.2g} of the time under its pillar" in found.message
    mean = quad(lambda y: np.exp(5 * y / each) * quad(lambda z: np.exp(-5 * z / each), 0, y)[0], 0, 5e-8)[0] / each
    assert held_for(5.0, 5e-8, each) == pytest.approx(mean, rel=1e-6)
    assert f"past half of it in {chance(2e-6, mean):.2g} of the trials of 2 µs" in found.message
    near = bench(20.0, damping=0.1, wall_width=5e-9).outcome("thermal.hold")
    bloch = {t: (1 - (t / 1120) ** 1.5) / (1 - (300 / 1120) ** 1.5) for t in (3.0, 20.0)}  # M_s over that at 300 K
    mean = held_for(5.0, 5e-8, each / 15 / bloch[20.0])
    assert 1e-4 < chance(2e-6, mean) < 0.9 and f"in {chance(2e-6, mean):.2g} of the trials" in near.message
    cold = bench(3.0, damping=0.1, wall_width=5e-9).outcome("thermal.hold")
    assert cold.measured == pytest.approx(100 * bloch[3.0] * found.measured) and cold.passed


def test_drives_against_noise_by_hand():
    """Ideal wires: the axons of an AP soma are held least, or somas by the least overlap of a stored pattern's row."""
    made = bench(damping=0.1, wall_width=5e-9)
    found, n, each = made.outcome("thermal.drive"), 8, diffusion(300, 0.1, 5e-9)
    v_dw = made.protocol.v_dw
    off = 5 - MOBILITY * v_dw / (2000 * (n - 1) + 2000)
    on = MOBILITY * v_dw / (500 * (n - 1) + 2000) - 5
    pattern, levels = stored_patterns(made.design)[0], weight_levels(made.design)
    least = min(off, on)
    for state in (pattern, 1 - pattern):
        g = np.where(state == 1, 1 / 500, 1 / 2000)
        volt = 0.1 * levels @ g / (g.sum() - g + 1 / 2000)
        speed = MOBILITY * volt / 2000 + 0.2
        held = np.where(state == 1, speed, -speed)
        if held.min() > 0:
            least = min(least, held.min())
    assert found.measured == pytest.approx(least * 1e-7 / each, rel=1e-6)


@pytest.mark.parametrize("centre", [0.3, 0.7])
def test_the_wall_with_least_room_is_told_where_pillars_lie_off_the_middle(centre):
    """Every wall's v x/D by hand, x the way to the pillar from where it is held; 4 fast axons have a distant pillar."""
    made = bench(damping=0.1, wall_width=5e-9)
    network, each = made.network, diffusion(300, 0.1, 5e-9)
    place = np.full(network.devices, centre * 1e-7)
    axons = np.flatnonzero(~network.is_soma)
    place[axons[:4]] = 0.75e-7
    leak = network.leak.copy()
    leak[axons[:4]] *= 0.8
    made.network = network.with_devices(pillar_centre=place, leak=leak)
    hold = made.outcome("thermal.hold")
    way = place - 1e-8
    assert hold.margin == pytest.approx((-leak * way / each)[axons].min() / np.log(1000) - 1, rel=1e-6)

    made.network = network.with_devices(pillar_centre=np.full(network.devices, centre * 1e-7))
    rises, n = [], 8
    pattern, levels = stored_patterns(made.design)[0], weight_levels(made.design)
    for state in (pattern, 1 - pattern):
        g, on = np.where(state == 1, 1 / 500, 1 / 2000), state == 1
        volt = 0.1 * levels @ g / (g.sum() - g + 1 / 2000)
        speeds = np.concatenate([
            np.where(on, 1, -1) * (MOBILITY * volt / 2000 + 0.2),
            np.where(on, 1, -1) * (MOBILITY * made.protocol.v_dw / ((n - 1) / g + 2000) - 5),
        ])  # fmt: skip
        ways = np.where(np.tile(on, 2), 1 - centre, centre) * 1e-7 - 1e-8
        rises.append((speeds.min(), (speeds * ways).min() / each))
    least = max(rises)[1]  # of the form that rests better
    assert made.outcome("thermal.drive").margin == pytest.approx(least / np.log(1000) - 1, rel=1e-6)


def test_a_notch_adds_its_depth():
    each, width, speed = diffusion(300, 0.1, 5e-9), 2e-8, 300.0
    found = bench(damping=0.1, wall_width=5e-9, notch_velocity=speed, notch_width=width).outcome("thermal.hold")
    depth = 3 * np.sqrt(3) / 8 * speed * width / each
    assert found.measured == pytest.approx(5 * 1e-7 / each + depth / 0.4, rel=1e-6)


def test_passages_are_those_of_the_closed_form_and_of_simulated_walls():
    each = diffusion(300, 1.0, 5e-9)
    for speed in (-20.0, -1.0, 0.0, 1.0, 5.0, 40.0):
        found = passage(np.full(len(places(5e-8)), -speed), 5e-8, each)
        assert found == pytest.approx(held_for(speed, 5e-8, each), rel=1e-4)
    assert held_for(1e4, 1e-7, each) == passage(np.full(len(places(1e-7)), -1e4), 1e-7, each) == np.inf
    # Walls that a drive brings over a track never come back from its end when the drive is strong.
    network = undriven(32, leak=10.0, length=2e-6, damping=1.0, wall_width=5e-9)
    mean = held_for(-10.0, 1e-6, each)
    found = sim.run(network, quiet(network, mean, start=0.0), record=False).wall_final.values
    assert (found > 1e-6).mean() == pytest.approx(0.5, abs=0.08)


def test_pinning_has_to_be_left_in_time():
    free = bench(damping=0.1, wall_width=5e-9, notch_velocity=20.0, notch_width=2e-8)
    found = free.outcome("thermal.pinning")
    assert found.passed and found.unit == "s" and 1e-9 < found.measured < 1e-7
    held = bench(damping=0.1, wall_width=5e-9, notch_velocity=3000.0, notch_width=2e-8).outcome("thermal.pinning")
    assert not held.passed
    cold = bench(0.1, damping=0.1, wall_width=5e-9, notch_velocity=3000.0, notch_width=2e-8).outcome("thermal.pinning")
    assert cold.measured is None and "does not come" in cold.message


def test_the_wall_that_takes_longest_is_told_not_the_one_that_is_driven_least():
    """Every axon's passage by the closed form, pinning too weak to count: 56 of other leaks and pillars' places."""
    made, each = bench(damping=0.1, wall_width=5e-9, notch_velocity=1e-3), diffusion(300, 0.1, 5e-9)
    rng = np.random.default_rng(1)
    axons = np.flatnonzero(~made.network.is_soma)
    place, leak = np.full(64, 0.5e-7), made.network.leak.copy()
    place[axons] = rng.uniform(0.25e-7, 0.75e-7, 56)
    leak[axons] *= rng.uniform(0.9, 1.1, 56)
    made.network = made.network.with_devices(pillar_centre=place, leak=leak)
    times, driven = [], []
    for ohm, sign, way in ((500, 1, place + 1e-8), (2000, -1, 1e-7 - (place - 1e-8))):
        speed = sign * (MOBILITY * made.protocol.v_dw / (7 * ohm + 2000) + leak)[axons]
        times.append([held_for(-v, x, each) for v, x in zip(speed, way[axons], strict=True)])
        driven.append(speed)
    state, k = np.unravel_index(np.argmax(times), (2, 56))
    assert k != np.argmin(driven[state])
    found = made.outcome("thermal.pinning")
    assert found.measured == pytest.approx(times[state][k], rel=1e-3)
    pre, post = made.network.pre[axons[k]], made.network.post[axons[k]]
    assert found.place.name == f"axon {pre}→{post}"


def test_other_laws_are_judged_by_the_same_force():
    made = Bench(4, temperature=300.0, load=16e-9)
    made.network = made.network.with_dynamics(
        "collective", lande_factor=2.1, saturation_magnetization=8e5, damping=0.1, wall_width=5e-9
    )
    assert made.outcome("thermal.hold").measured == pytest.approx(5 * 1e-7 / diffusion(300, 0.1, 5e-9), rel=1e-6)
    made.protocol = replace(made.protocol, noise=ThermalNoise(150.0))
    assert made.outcome("thermal.hold").measured == pytest.approx(5 * 1e-7 / diffusion(150, 0.1, 5e-9), rel=1e-6)
