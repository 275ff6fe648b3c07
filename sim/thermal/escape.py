"""How long a wall stays where it is held at a temperature: the Boltzmann tail of a held wall, and mean first passages.

One dimension, overdamped, D constant: a wall at an end of its track under velocities v(q) that forces alone would give
it has the potential U(q) = −∫v dq/D in k_B T (Risken, The Fokker–Planck Equation, Springer 1989, ch. 5).
"""

from __future__ import annotations

import numpy as np

_POINTS = 4000


def tail(rise: np.ndarray) -> np.ndarray:
    """Share of the time that a wall held by a constant drive is beyond a place: ``exp(−v x/D)``.

    Args:
        rise: v x/D, potential at that place over that at the end, in k_B T.
    """
    return np.exp(-np.maximum(rise, 0.0))


def held_for(speed: float, way: float, diffusion: float) -> float:
    """Mean time in s until a wall that a constant drive holds at an end first comes to a place.

    ``(D/v²)·(e^{vx/D} − 1 − vx/D)``, and ``x²/(2D)`` without drive; a drive away from the end is a negative one.

    Args:
        speed: of the drive toward the end, m/s.
        way: from the end to the place, m.
        diffusion: D in m²/s.
    """
    rise = speed * way / diffusion
    if abs(rise) < 1e-4:
        return way**2 / (2 * diffusion) * (1 + rise / 3)
    if rise > 700:
        return float("inf")
    return diffusion / speed**2 * float(np.expm1(rise) - rise)


def passage(velocity: np.ndarray, way: float, diffusion: float) -> float:
    """Mean time in s of the first passage from an end of a track to a place, ``∫e^U ∫e^−U/D``; inf beyond e⁷⁰⁰.

    Args:
        velocity: toward that place, m/s, at ``places(way)``.
        way: from the end to the place, m.
        diffusion: D in m²/s.
    """
    total = float(log_passages(velocity[:, None], np.array([way]), np.array([diffusion]))[0])
    return float(np.exp(total)) if total < 700 else float("inf")


def log_passages(velocity: np.ndarray, way: np.ndarray, diffusion: np.ndarray) -> np.ndarray:
    """Logarithms of the mean first passages of many walls, times in s, shape (walls,).

    Args:
        velocity: toward their places, m/s, at ``places(way)``, shape (points, walls).
        way: from their ends to their places, m, shape (walls,).
        diffusion: D in m²/s, shape (walls,).
    """
    step, none = way / (len(velocity) - 1), np.zeros((1, len(way)))
    energy = np.concatenate([none, -np.cumsum((velocity[1:] + velocity[:-1]) / 2, axis=0) * step / diffusion])
    pieces = np.logaddexp(-energy[1:], -energy[:-1]) + np.log(step / 2)
    within = energy + np.concatenate([none - np.inf, np.logaddexp.accumulate(pieces, axis=0)])  # log of e^U ∫e^−U
    pieces = np.logaddexp(within[1:], within[:-1]) + np.log(step / 2)
    return np.asarray(np.logaddexp.reduce(pieces, axis=0) - np.log(diffusion))


def places(way: float | np.ndarray, points: int = _POINTS) -> np.ndarray:
    """Where ``passage`` wants velocities, from an end to a place ``way`` m from it, shape (points + 1, …)."""
    return np.linspace(0.0, way, points + 1)


def chance(time: float, mean: float) -> float:
    """Probability that what takes ``mean`` s on average, at a constant rate, happens within ``time`` s."""
    return float(-np.expm1(-time / mean)) if mean > 0 else 1.0
