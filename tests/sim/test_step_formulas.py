"""The formulas of a Runge-Kutta step: conditions of their order, and the parabola of a wall that crosses an edge."""

from fractions import Fraction

import numpy as np
import pytest
from numba import njit

from sim.engines.layout.stepping import runge_kutta
from sim.engines.layout.stepping.column import bend


def exact(weights):
    return np.array([Fraction(weight).limit_denominator(10**7) for weight in weights])


def conditions(a, b, c):
    """What each tree of up to four nodes leaves of its condition (Hairer, Nørsett and Wanner, table II.2.1)."""
    return [
        b.sum() - 1,
        b @ c - Fraction(1, 2),
        b @ c**2 - Fraction(1, 3), b @ (a @ c) - Fraction(1, 6),
        b @ c**3 - Fraction(1, 4), (b * c) @ (a @ c) - Fraction(1, 8),
        b @ (a @ c**2) - Fraction(1, 12), b @ (a @ (a @ c)) - Fraction(1, 24),
    ]  # fmt: skip


def test_a_step_is_of_order_four_and_its_error_is_against_order_three():
    c = np.append(exact(runge_kutta._FRACTION), 1)
    ways = [(0,) * 5, (1.0, 0, 0, 0, 0), runge_kutta._AT_SECOND, runge_kutta._AT_THIRD, runge_kutta._STEP]
    a = np.array([exact(way) * part for way, part in zip(ways, c, strict=True)])
    b = exact(runge_kutta._STEP)
    assert (a.sum(axis=1) == c).all()
    assert not any(conditions(a, b, c))
    other = b - exact(runge_kutta._ERROR)
    left = [abs(float(each)) for each in conditions(a, other, c)]
    assert max(left[:4]) < 1e-6 < 1e-4 < max(left[4:])


def test_the_parabola_half_way_and_at_the_end_has_the_integrals_of_a_cubic_right():
    c = exact(runge_kutta._FRACTION)
    for power in range(3):
        assert exact(runge_kutta._END_OF_STEP)[:4] @ c**power == 1
        assert exact(runge_kutta._MIDDLE)[:4] @ c**power == Fraction(1, 2**power)


@njit
def bent(trial, s, speed, free, h, part):
    bend(trial, s, speed, free, h, part)


@pytest.mark.parametrize("seed", range(3))
def test_a_wall_that_crosses_an_edge_gets_a_parabola_with_its_ends_and_its_mean(seed):
    rng, h, many = np.random.default_rng(seed), 0.7, 4000
    at, pace = rng.uniform(-0.4, 1.4, many), rng.uniform(0.2, 1.0, many) * rng.choice([-1, 1], many)
    pull = rng.uniform(-0.2, 0.2, many) * np.abs(pace)  # none turns within the step

    def place(part):
        return at + pace * part * h + pull / 2 * (part * h) ** 2

    crossed = sum(((at < edge) != (place(1.0) < edge)).astype(int) for edge in (0.0, 1.0)) == 1
    found = {}
    for part in (0.4, 0.6):
        found[part] = place(part)
        bent(found[part], at, pace, np.ones(many), h, part)
    moments = (np.arange(20_000) + 0.5) / 20_000
    first, last = (np.clip(place(part), 0, 1) for part in (0.0, 1.0))
    for i in np.flatnonzero(crossed)[:300]:
        parabola = np.polynomial.Polynomial.fit([0, 0.4, 0.6], [first[i], found[0.4][i], found[0.6][i]], 2)
        mean = np.clip(at[i] + pace[i] * moments * h + pull[i] / 2 * (moments * h) ** 2, 0, 1).mean()
        assert parabola(1.0) == pytest.approx(last[i], abs=1e-9)
        assert (parabola.integ()(1.0) - parabola.integ()(0.0)) == pytest.approx(mean, abs=1e-8)
    still = ~crossed & (np.clip(place(0.4), 0, 1) == place(0.4))
    assert (found[0.4][still] == place(0.4)[still]).all() and crossed.sum() > 300
