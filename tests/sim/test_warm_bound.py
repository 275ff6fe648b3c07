"""The bound of the temperature page: kept however the bits of a trial hang together."""

import numpy as np
import pytest
from scipy.stats import beta

from tests.sim.warm_devices import at_most

BITS, REPEATS = 29, 2000


def shares(rng, kind, trials):
    """Shares of wrong bits of many sets of trials, and their true mean."""
    size = (REPEATS, trials)
    if kind == "all bits together":
        return (rng.random(size) < 0.05).astype(float), 0.05
    if kind == "half of them":
        return (rng.random(size) < 0.2) * 0.5, 0.1
    if kind == "trials that differ":
        return rng.binomial(BITS, rng.beta(0.1, 0.4, size)) / BITS, 0.2
    return rng.binomial(BITS, 0.03, size) / BITS, 0.03


@pytest.mark.parametrize("trials", [5, 20, 60])
@pytest.mark.parametrize("kind", ["all bits together", "half of them", "trials that differ", "each bit by itself"])
def test_bound_keeps_its_confidence(kind, trials):
    found, true = shares(np.random.default_rng([trials, len(kind)]), kind, trials)
    kept = np.mean([at_most(row) >= true for row in found])
    assert kept >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / REPEATS)


def test_bound_of_bits_that_are_counted_one_by_one_is_not_kept():
    """Why: Clopper and Pearson's of 20 · 29 bits holds in four of ten sets of trials that are right or wrong whole."""
    found, true = shares(np.random.default_rng(0), "all bits together", 20)
    wrong, bits = np.round(found.sum(axis=1) * BITS), 20 * BITS
    assert np.mean(beta.ppf(0.95, wrong + 1, np.maximum(bits - wrong, 1e-9)) >= true) < 0.7
    assert np.mean([at_most(row) >= true for row in found]) >= 0.95


def test_bound_by_hand():
    """None wrong: (1 − m)ⁿ = 5 %; of yes and no it is above Clopper and Pearson's, and it ends at 1."""
    assert at_most(np.zeros(20)) == pytest.approx(1 - 0.05 ** (1 / 20), rel=1e-12)
    assert at_most(np.ones(3)) == 1.0
    for wrong in range(1, 20):
        assert beta.ppf(0.95, wrong + 1, 20 - wrong) <= at_most(np.repeat([1.0, 0.0], [wrong, 20 - wrong])) < 1
