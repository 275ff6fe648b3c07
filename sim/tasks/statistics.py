"""Means, medians and proportions with 95 % confidence intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import bdtr, ndtri, stdtrit  # SciPy's module of statistics takes half a second to load

LEVEL = 0.95
_RESAMPLES = 2000


class Interval(NamedTuple):
    """A value with its confidence interval."""

    value: float
    low: float
    high: float

    def contains(self, other: float) -> bool:
        """Whether ``other`` lies in the interval."""
        return self.low <= other <= self.high


def mean(samples: np.ndarray, within: tuple[float, float] = (-np.inf, np.inf)) -> Interval:
    """Mean with Student's t interval; a single sample has no interval (infinite, or ``within``).

    Args:
        samples: the values.
        within: what the mean cannot leave, such as (0, 100) of a percentage; the interval ends there.
    """
    samples = np.asarray(samples, float)
    value = float(samples.mean())
    if len(samples) < 2:
        return Interval(value, *within)
    half = stdtrit(len(samples) - 1, 0.5 + LEVEL / 2) * samples.std(ddof=1) / np.sqrt(len(samples))
    return Interval(value, max(value - float(half), within[0]), min(value + float(half), within[1]))


def mean_of_shares(samples: np.ndarray, whole: float = 1.0) -> Interval:
    """Mean of shares of a whole with Student's t interval, which ends at 0 and the whole; of equal values Wilson's.

    Values that are all alike leave no spread for Student's t, but still a doubt. A single one has no interval (0 to
    the whole).

    Args:
        samples: the values, 0 to ``whole``.
        whole: 1, or 100 of percentages.
    """
    samples = np.asarray(samples, float)
    if len(samples) > 1 and np.ptp(samples) == 0:
        return Interval(*(whole * end for end in mean_share(samples / whole)))
    return mean(samples, (0.0, whole))


def median(samples: np.ndarray) -> Interval:
    """Median with the distribution-free interval from order statistics (binomial)."""
    ordered = np.sort(np.asarray(samples, float))
    n = len(ordered)
    low = int(np.searchsorted(bdtr(np.arange(n), n, 0.5), (1 - LEVEL) / 2))
    return Interval(float(np.median(ordered)), float(ordered[max(low - 1, 0)]), float(ordered[min(n - low, n - 1)]))


def proportion(successes: int, trials: int) -> Interval:
    """Share of successes with Wilson's interval."""
    return _wilson(successes / trials, trials)


def grouped_proportion(successes: np.ndarray, size: int) -> Interval:
    """Share of successes in groups of equal size whose members tend to succeed together: Wilson's, of fewer trials.

    Their number is Korn and Graubard's (Surv. Methodol. 24, 193 (1998)): divided by how much more the groups' shares
    vary than independent trials would, and by Student's t for so few groups. Where all succeed, or none, nothing tells
    that they do so together, and each counts; of a single group nothing is known.

    Args:
        successes: of each group, shape (groups,).
        size: trials in each.
    """
    shares, trials = np.asarray(successes) / size, len(successes) * size
    p = float(np.sum(successes)) / trials
    if len(shares) < 2:
        return Interval(p, 0.0, 1.0)
    if p in (0.0, 1.0):
        return _wilson(p, trials)
    together = max(float(shares.var(ddof=1)) * size / (p * (1 - p)), 1.0)
    few, many = stdtrit([len(shares) - 1, trials - 1], 0.5 + LEVEL / 2)
    return _wilson(p, trials / together * (many / few) ** 2)


def mean_share(values: np.ndarray) -> Interval:
    """Mean of numbers from 0 to 1 with Wilson's interval.

    Of yes and no it is Wilson's; numbers in between vary less than yes and no of the same mean do (p(1 − p) bounds
    the variance), so that the interval is wide enough, also where all are equal.
    """
    return _wilson(float(np.mean(values)), len(values))


def _wilson(p: float, n: float) -> Interval:
    """Wilson's score interval (J. Am. Stat. Assoc. 22, 209 (1927))."""
    z = float(ndtri(0.5 + LEVEL / 2))
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return Interval(p, max(middle - half, 0.0), min(middle + half, 1.0))


def ratio(numerator: np.ndarray, denominator: np.ndarray, seed: int = 0) -> Interval:
    """Ratio of two paired sums with a bootstrap interval over pairs (seeded)."""
    top, bottom = np.asarray(numerator, float), np.asarray(denominator, float)
    draws = np.random.default_rng(seed).integers(0, len(top), size=(_RESAMPLES, len(top)))
    resampled = top[draws].sum(1) / bottom[draws].sum(1)
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(top.sum() / bottom.sum()), float(low), float(high))
