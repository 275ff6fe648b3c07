"""Resistance of metals against temperature: Bloch and Grüneisen's phonons, and the rest that stays (Matthiessen)."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)


def resistance_ratio(coefficient: float, debye: float, given: float, temperature: float) -> float:
    """Resistance at a temperature over that at the given one.

    ``1 + a (F(T) − F(T₀))/F'(T₀)`` with F of Bloch and Grüneisen: a is the coefficient at T₀, and the part of the
    resistance that does not come from phonons stays (Matthiessen). Near T₀ it is ``1 + a (T − T₀)``.

    Args:
        coefficient: a in 1/K, at most F'(T₀)/F(T₀).
        debye: Θ in K.
        given: T₀ in K.
        temperature: T in K.
    """
    value, slope = phonon_resistance(given / debye), phonon_slope(given / debye) / debye
    return 1 + coefficient * (phonon_resistance(temperature / debye) - value) / slope


@lru_cache(maxsize=256)
def phonon_resistance(t: float) -> float:
    """Bloch and Grüneisen's ``t⁵ ∫₀^{1/t} x⁵/((eˣ − 1)(1 − e⁻ˣ)) dx``, of t = T/Θ."""
    end = min(1 / t, 100.0)  # the integrand is 1e-33 beyond
    x = end * (_NODES + 1) / 2
    return t**5 * end / 2 * float(_WEIGHTS @ (x**5 / (np.expm1(x) * -np.expm1(-x))))


def phonon_slope(t: float) -> float:
    """Its derivative by t: ``5F/t − (1/t²)/((e^{1/t} − 1)(1 − e^{−1/t}))``."""
    x = 1 / t
    return 5 * phonon_resistance(t) / t - x**2 * math.exp(-x) / math.expm1(-x) ** 2  # eˣ itself would overflow


def largest_coefficient(debye: float, given: float) -> float:
    """F'(T₀)/F(T₀) in 1/K: the temperature coefficient of a metal whose whole resistance is phonons."""
    return phonon_slope(given / debye) / debye / phonon_resistance(given / debye)
