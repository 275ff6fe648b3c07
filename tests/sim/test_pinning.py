"""Pinned walls at a temperature, against closed forms and quadratures of the Fokker–Planck equation."""

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import cumulative_trapezoid
from scipy.linalg import expm
from scipy.optimize import brentq

import sim
from hwlib.errors import InputError
from sim.dynamics import dynamics_of
from tests.support.undriven import diffusion, quiet, undriven

PERIOD, LONG = 4e-8, 1.6e-6  # 40 periods, so that no wall meets an end
D = diffusion(300, 1.0, 5e-9)


def pinned(neurons, leak, **parameters):
    return undriven(neurons, leak=leak, length=LONG, damping=1.0, wall_width=5e-9, **parameters)


@pytest.mark.parametrize("model", ["kinematic", "collective"])
def test_at_zero_kelvin_no_drive_below_the_threshold_moves_a_wall(model):
    """Above it the mean velocity of a kinematic wall is √(v² − v_p²)."""
    time = 2e-7 if model == "kinematic" else 5e-9
    more = {} if model == "kinematic" else {"model": model, "anisotropy_field": 0.05}
    for leak in (4.9, 5.1, 8.0):
        network = pinned(2, leak, pinning_velocity=5.0, pinning_period=PERIOD, **more)
        ends = sim.run(network, quiet(network, time, temperature=0.0, start=0.0), record=False).wall_final.values
        periods, held = time * np.sqrt(max(leak**2 - 25, 0)) / PERIOD, np.arcsin(min(leak / 5, 1)) / (2 * np.pi)
        if leak < 5 and model == "kinematic":
            np.testing.assert_allclose(ends / PERIOD, held, rtol=1e-3)
        elif leak < 5:
            assert ends.max() / PERIOD < 0.25
        elif model == "kinematic":
            assert abs(ends / PERIOD - periods).max() < 1


def test_the_landscape_has_the_distribution_for_walls_with_an_angle_too():
    """Force enters place and angle so that the distribution stays Boltzmann's: von Mises of κ = 2."""
    speed = 2 * 2 * np.pi * D / PERIOD
    parameters = {"model": "collective", "anisotropy_field": 0.02, "pinning_velocity": speed, "pinning_period": PERIOD}
    network = pinned(22, 1e-9, **parameters)
    found = sim.run(network, quiet(network, 2e-8, seed=3, temperature=300.0), record=False).wall_final.values
    angle = (2 * np.pi * found / PERIOD + np.pi) % (2 * np.pi) - np.pi
    assert stats.kstest(angle, stats.vonmises(2.0).cdf).pvalue > 0.01


def test_notches_hold_at_both_ends_alike():
    ways = np.array([0.0, 2e-9, 5.7735e-9, 1e-8, 3e-8])
    pinning = pinned(2, 1.0, notch_velocity=7.0, notch_width=1e-8)
    pinning = dynamics_of(pinning).pinning
    place = np.repeat(ways[:, None], 4, axis=1)
    np.testing.assert_allclose(pinning.velocity(place), -pinning.velocity(LONG - place), atol=1e-9)
    assert pinning.velocity(place)[:, 0] == pytest.approx([0, -7 * 1.5 * 3**0.5 * 0.2 * 0.96, -7, 0, 0], abs=1e-4)


def test_a_harmonic_trap_and_the_landscape_around_it_have_boltzmanns_distribution():
    """In a period: von Mises of κ = v_p p/(2πD); where κ is large, ⟨q²⟩ = D/(2πv_p/p) = k_B T/κ."""
    for kappa, time in ((2.0, 1e-7), (25.0, 1e-8)):
        speed = kappa * 2 * np.pi * D / PERIOD
        network = pinned(32, 1e-9, pinning_velocity=speed, pinning_period=PERIOD)
        found = sim.run(network, quiet(network, time, seed=3), record=False).wall_final.values
        angle = (2 * np.pi * found / PERIOD + np.pi) % (2 * np.pi) - np.pi
        assert stats.kstest(angle, stats.vonmises(kappa).cdf).pvalue > 0.01
        if kappa > 20:  # a cosine is nearly a parabola; 1024 walls, 4.4 % of standard error
            assert angle.var() == pytest.approx(1 / kappa, rel=0.15)


def test_walls_creep_over_the_landscape_as_stratonovich_says():
    """Mean velocity in a tilted periodic potential of period p (Risken, The Fokker–Planck Equation, ch. 11)."""
    drive, speed, time = 6.0, 12.0, 8e-8
    network = pinned(32, drive, pinning_velocity=speed, pinning_period=PERIOD)
    found = sim.run(network, quiet(network, time, start=0.25, seed=2), record=False).wall_final.values
    q = np.linspace(0, 2 * PERIOD, 4001)
    energy = -speed * PERIOD / (2 * np.pi * D) * np.cos(2 * np.pi * q / PERIOD) - drive * q / D
    inner = cumulative_trapezoid(np.exp(energy), q, initial=0)
    half = 2000
    ahead = inner[half:] - inner[: half + 1]  # ∫ of exp(U) over the period after each q
    total = np.trapezoid(np.exp(-energy[: half + 1]) * ahead, q[: half + 1])
    velocity = PERIOD * D * (1 - np.exp(-drive * PERIOD / D)) / total
    assert 0.1 < velocity / drive < 0.9
    way = found - 0.25 * LONG
    assert way.mean() == pytest.approx(velocity * time, abs=4 * way.std() / 32 + 0.02 * velocity * time)
    assert 4 * way.std() / 32 < 0.12 * velocity * time


def test_a_notch_lets_walls_go_as_fokker_and_planck_say():
    """Escape from the notch at an end over 4 k_B T: the Fokker–Planck equation on 400 cells; 1024 walls, 1.6 %.

    With a deeper one the lowest rate of the cells is Kramers’s to a factor of two.
    """
    width, leak, time = 2e-8, 3.0, 5e-8
    notch = lambda barrier: barrier * 8 * D / (3 * np.sqrt(3) * width)  # noqa: E731
    network = pinned(32, leak, notch_velocity=notch(4.0), notch_width=width)
    ends = sim.run(network, quiet(network, time, start=0.0, seed=4), record=False).wall_final.values
    there = expm(time * cells(4.0, width, leak))[:, 0]
    right = there[30:].sum()
    assert 0.3 < right < 0.9
    assert (ends > 3e-8).mean() == pytest.approx(right, abs=4 * np.sqrt(right * (1 - right) / 1024))
    absorbing = cells(9.0, width, leak)[:60, :60]  # nothing comes back from 60 nm
    lowest = -np.linalg.eigvals(absorbing).real.max()
    steep = 3 * np.sqrt(3) / 2 * notch(9.0) / width
    top = brentq(lambda x: notch(9.0) * 3 * np.sqrt(3) / 2 * x * (1 - x**2) - leak, 0.6, 1.0)
    curved = steep * (3 * top**2 - 1)
    bottom = brentq(lambda x: notch(9.0) * 3 * np.sqrt(3) / 2 * x * (1 - x**2) - leak, 0.0, 0.5)
    height = energy(9.0, width, leak, top * width) - energy(9.0, width, leak, bottom * width)
    kramers = np.sqrt(steep * (1 - 3 * bottom**2) * curved) / (2 * np.pi) * np.exp(-height)
    assert kramers / 2 < lowest < 2 * kramers  # the end cuts the well, and the top is a parabola on one side alone


def energy(barrier, width, leak, q):
    """In k_B T: the notch's force and the leak's, integrated."""
    x = np.minimum(q / width, 1.0)
    return 4 * barrier * (x**2 / 2 - x**4 / 4) - leak * q / D


def cells(barrier, width, leak):
    """Rates between cells of 1 nm (Scharfetter–Gummel), reflecting at both ends; columns are where a wall is, 1/s."""
    size, count = 1e-9, 400
    step = np.diff(energy(barrier, width, leak, (np.arange(count) + 0.5) * size))
    over = lambda x: x / np.expm1(x)  # noqa: E731
    ahead, back = D / size**2 * over(step), D / size**2 * over(-step)
    matrix = np.diag(ahead, -1) + np.diag(back, 1)
    return matrix - np.diag(matrix.sum(axis=0))


def test_engines_without_a_temperature_refuse_pinning():
    network = pinned(2, 1.0, pinning_velocity=5.0)
    protocol = quiet(network, 1e-9)
    for engine in ("auto", "ideal", "reference"):
        with pytest.raises(InputError, match="only trials at a temperature have pinning; give operating_point"):
            sim.run(network, type(protocol)(**{**vars(protocol), "noise": None}), engine=engine)
