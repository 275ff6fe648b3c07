"""What pins walls: a landscape along the whole track, and a notch at each of its ends; both as velocities, like a leak.

A force is told by the velocity that it alone would give a wall, v = F·γΔ/(2 α M_s A). The landscape is
``−v_p sin(2πq/p)``, a potential of depth v_p p/(π D) in k_B T; below v_p no drive moves a wall without noise, above it
the mean velocity is √(v² − v_p²). A notch of width w holds a wall at an end, ``−v_n (3√3/2) x (1 − x²)`` with x the way
from the end over w: at most v_n, and (3√3/8) v_n w/D in k_B T deep.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.dynamics.parameter import Parameter

_STEEPEST = 3 * np.sqrt(3) / 2  # of a notch's force at its bottom, over v_n/w
_DRAWN = "0: none; notches of drawn tracks: Kaur & Pramanik, arXiv:2501.15102 (2025)"
PINNING = (
    Parameter(
        "pinning_velocity", "m/s", 0.0, 1e4, 0.0, "v_p: forces that would drive less move no wall at 0 K",
        "0: none; edge roughness pins walls of every drawn track: Hlushchenko et al., arXiv:2605.08357 (2026)",
    ),
    Parameter("pinning_period", "m", 1e-9, 1e-5, 2e-8, "of the landscape along the track", "two wall widths"),
    Parameter("notch_velocity", "m/s", 0.0, 1e4, 0.0, "v_n: threshold of the notches at both ends", _DRAWN),
    Parameter("notch_width", "m", 1e-9, 1e-6, 1e-8, "from an end to where its notch ceases", "a wall's width"),
)  # fmt: skip


class Pinning:
    """The pinning of a network's walls.

    Args:
        values: of ``PINNING`` by name, shape (devices,).
        length: L in m, shape (devices,).
    """

    def __init__(self, values: Mapping[str, np.ndarray], length: np.ndarray):
        none, some = np.broadcast_to(0.0, len(length)), np.broadcast_to(1.0, len(length))
        self.landscape, self.notch = values.get("pinning_velocity", none), values.get("notch_velocity", none)
        self.period, self.width = values.get("pinning_period", some), values.get("notch_width", some)
        self.length = length
        self.any = bool(self.landscape.any() or self.notch.any())

    def of(self, devices: np.ndarray) -> Pinning:
        """That of some walls alone, by their numbers."""
        names = (parameter.name for parameter in PINNING)
        return Pinning({n: v[devices] for n, v in zip(names, self.values, strict=True)}, self.length[devices])

    @property
    def values(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """In the order of ``PINNING``, shape (devices,) each."""
        return self.landscape, self.period, self.notch, self.width

    def velocity(self, place: np.ndarray) -> np.ndarray:
        """What pinning alone would give walls at ``place`` m, in m/s, shape (…, devices)."""
        ahead, behind = place / self.width, (self.length - place) / self.width
        hold = np.where(ahead < 1, -ahead * (1 - ahead**2), 0.0) + np.where(behind < 1, behind * (1 - behind**2), 0.0)
        return self.notch * _STEEPEST * hold - self.landscape * np.sin(2 * np.pi * place / self.period)

    @property
    def most(self) -> np.ndarray:
        """Bound of it in m/s, shape (devices,)."""
        return self.landscape + self.notch

    @property
    def quickest(self) -> np.ndarray:
        """Shortest time in s in which a wall follows it, shape (devices,)."""
        rate = 2 * np.pi * self.landscape / self.period + _STEEPEST * self.notch / self.width
        return 1 / np.maximum(rate, 1e-30)
