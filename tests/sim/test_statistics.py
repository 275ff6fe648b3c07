"""Intervals against tables and by coverage."""

import numpy as np
import pytest

from sim.tasks import statistics


def test_mean_against_the_t_table():
    """t(4, 97.5 %) = 2.776; the standard deviation of 1 … 5 is 1.5811."""
    found = statistics.mean(np.array([1.0, 2, 3, 4, 5]))
    half = 2.776 * 1.5811 / 5**0.5
    assert found.value == 3 and found.high - 3 == pytest.approx(half, rel=1e-3) == pytest.approx(
        3 - found.low, rel=1e-3
    )
    assert statistics.mean(np.array([7.0])) == (7.0, -np.inf, np.inf)


def test_mean_of_two_has_the_widest_interval():
    """t(1, 97.5 %) = 12.706; 1 and 3 deviate by √2."""
    found = statistics.mean(np.array([1, 3]))
    assert found == (2, pytest.approx(2 - 12.706, rel=1e-4), pytest.approx(2 + 12.706, rel=1e-4))


def test_an_interval_ends_where_the_mean_cannot_be():
    samples = np.array([100.0, 100.0, 100.0, 60.0])
    free, cut = statistics.mean(samples), statistics.mean(samples, (0.0, 100.0))
    assert free.high > 100.0 and cut == (free.value, free.low, 100.0)
    assert statistics.mean(-samples, (-100.0, 0.0)) == (-cut.value, -100.0, -cut.low)
    assert statistics.mean(samples[:1], (0.0, 100.0)) == (100.0, 0.0, 100.0)


def test_a_mean_of_equal_shares_has_a_width():
    """20 of 20: (0.8389, 1) by Wilson's formula, z²/(n + z²) = 0.1611."""
    for whole in (1.0, 100.0):
        found = statistics.mean_of_shares(np.full(20, whole), whole)
        assert found == (whole, pytest.approx(0.8389 * whole, rel=1e-4), whole)
        spread = np.array([1.0, 1.0, 0.6]) * whole
        assert statistics.mean_of_shares(spread, whole) == statistics.mean(spread, (0.0, whole))
        assert statistics.mean_of_shares(spread[:1], whole) == (whole, 0.0, whole)


def test_median_of_ten_reaches_from_the_second_to_the_ninth():
    """P(at most one of ten below the median) = 11/1024 on each side: 97.9 %, and one rank less would be 89.1 %."""
    assert statistics.median(np.arange(10.0)) == (4.5, 1.0, 8.0)


def test_median_of_a_few_reaches_over_all_of_them():
    """Up to five samples have no interval of 95 % inside: 2/2^5 = 6 % lie outside all five."""
    assert statistics.median(np.array([7.0])) == (7, 7, 7)
    assert statistics.median(np.array([3.0, 1.0, 2.0, 5.0])) == (2.5, 1, 5)
    assert statistics.median(np.arange(20.0)) == (9.5, 5, 14)  # the 6th and 15th, by the tables of the sign test


def test_intervals_include_their_ends():
    found = statistics.Interval(2.0, 1.0, 3.0)
    assert [found.contains(x) for x in (0.999, 1.0, 3.0, 3.001)] == [False, True, True, False]


def test_median_covers():
    rng = np.random.default_rng(4)
    held = [statistics.median(rng.exponential(size=41)).contains(np.log(2)) for _ in range(2000)]
    assert 0.95 - 0.015 < np.mean(held) < 0.99


def test_proportion_against_wilson():
    """Eight of ten: (0.4902, 0.9433), Newcombe, Stat. Med. 17, 857 (1998), method 3."""
    found = statistics.proportion(8, 10)
    assert (found.low, found.high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    assert found.value == 0.8 and statistics.proportion(3, 4).value == 0.75


def test_ratio_of_proportional_sums_has_no_spread_and_others_cover():
    base = np.array([1.0, 5, 2])
    assert statistics.ratio(3 * base, base) == (3, 3, 3)
    rng = np.random.default_rng(2)
    held = []
    for _ in range(100):
        bottom = rng.uniform(1, 3, 60)
        held.append(statistics.ratio(bottom * rng.uniform(0.5, 1.5, 60), bottom).contains(1.0))
    assert 0.88 < np.mean(held) <= 1


def test_ratio_is_seeded_and_its_interval_is_that_of_the_delta_method():
    """1.96 standard errors of top − ratio·bottom over the mean of bottom, within the noise of 2000 resamples."""
    rng = np.random.default_rng(8)
    bottom = rng.uniform(1, 3, 400)
    top = bottom * rng.uniform(0.5, 1.5, 400)
    found = statistics.ratio(top, bottom)
    assert (
        found
        == statistics.ratio(top, bottom)
        == statistics.ratio(top, bottom, seed=0)
        != statistics.ratio(top, bottom, 1)
    )
    error = (top - found.value * bottom).std() / 20 / bottom.mean()
    assert (found.value - found.low) / error == pytest.approx(1.96, abs=0.12)
    assert (found.high - found.value) / error == pytest.approx(1.96, abs=0.12)


def test_every_pair_is_drawn():
    """Of two pairs each is the whole resample in a quarter of the cases."""
    assert statistics.ratio(np.array([0.0, 4.0]), np.array([1.0, 1.0])) == (2, 0, 4)


def test_groups_that_succeed_together_count_less():
    """By hand: shares 0, 0.5 and 1 of pairs vary by 0.25, two times what pairs of coins do; t is 4.303 and 2.571."""
    found, n = statistics.grouped_proportion(np.array([0, 1, 2]), 2), 6 / 2 * (2.5706 / 4.3027) ** 2
    middle, half = 0.5, 1.96 / (1 + 1.96**2 / n) * np.sqrt(0.25 / n + 1.96**2 / (4 * n * n))
    assert found == pytest.approx((0.5, middle - half, middle + half), abs=1e-4)
    assert statistics.grouped_proportion(np.array([2, 2, 2]), 2) == statistics.proportion(6, 6)
    assert statistics.grouped_proportion(np.array([2]), 2) == (1, 0, 1)


def test_intervals_of_groups_cover():
    """Ten groups of six, each of which has a chance of its own (beta, as alike as patterns stored together)."""
    rng, true = np.random.default_rng(3), 0.3
    chance = rng.beta(1.8, 4.2, (2000, 10))  # correlation 1/(1.8 + 4.2 + 1)
    groups = rng.binomial(6, chance)
    covered = np.mean([statistics.grouped_proportion(each, 6).contains(true) for each in groups])
    alone = np.mean([statistics.proportion(int(each.sum()), 60).contains(true) for each in groups])
    assert covered > 0.94 and alone < 0.9
