"""The temperature of a trial, and where its random numbers come from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hwlib.device import BOLTZMANN, ELEMENTARY_CHARGE, REDUCED_PLANCK
from hwlib.network import Network
from hwlib.quantities import texts_in_si

LONGEST_TRIAL = 2**31  # increments that a trial's random numbers are numbered by


@dataclass(frozen=True)
class ThermalNoise:
    """Thermal motion of the walls in a trial.

    Random numbers are those of seed, trial, wall and increment of time: the same for any number of threads, and for any
    number of trials beside this one. Temperature and increment are SI numbers, or texts with units that become such.

    Attributes:
        temperature: K; at 0 walls move without noise, by the same steps.
        polarization: P of the tracks' currents: with the mobility k it tells γ/(2 M_s A) = k e/(ħ P).
        seed: of all trials.
        trial: which of them.
        increment: time in s over which a random displacement is drawn; None: as the devices need
            (``sim.thermal.time_steps``).
        stride: increments in a step, over which velocities are held. More than one shows what steps do to the result:
            the random displacements stay the same.
        read_noise: standard deviation of what is read of a pillar over the difference between its states.
    """

    temperature: float
    polarization: float = 0.7
    seed: int = 0
    trial: int = 0
    increment: float | None = None
    stride: int = 1
    read_noise: float = 0.0

    def __post_init__(self) -> None:
        texts_in_si(self, temperature="K", increment="s")

    def of_trial(self, number: int) -> ThermalNoise:
        """The noise of a trial so many later."""
        return replace(self, trial=self.trial + number)

    def agitation(self, network: Network) -> np.ndarray:
        """``k_B T γ/(2 M_s A)`` of each device in m/s, shape (devices,): what laws of motion make diffusion of."""
        return agitation(self.temperature, network.mobility, self.polarization)


def agitation(temperature: float, mobility: np.ndarray, polarization: float) -> np.ndarray:
    """``k_B T γ/(2 M_s A)`` in m/s, with γ/(2 M_s A) = k e/(ħ P) of k = g µ_B P/(2 e M_s A) and γ = g µ_B/ħ.

    Args:
        temperature: K.
        mobility: k in m/s per A.
        polarization: P.
    """
    return BOLTZMANN * temperature * mobility * ELEMENTARY_CHARGE / (REDUCED_PLANCK * polarization)
