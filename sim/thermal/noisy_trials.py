"""Noise of the trials of a call: numbered, checked, and told in the result with what steps do to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from scipy.special import ndtr

from hwlib.errors import InputError, shown
from hwlib.network import Network
from sim.protocol import Protocol
from sim.result import Trials, read_out
from sim.thermal.thermal_noise import ThermalNoise
from sim.walls import Pillars

_WORD = 2**32


def numbered(protocols: Sequence[Protocol]) -> list[Protocol]:
    """The protocols, each with the noise of a trial of its own: the first one's, and those after it."""
    return [
        protocol if protocol.noise is None else replace(protocol, noise=protocol.noise.of_trial(k))
        for k, protocol in enumerate(protocols)
    ]


def in_double_steps(protocol: Protocol) -> Protocol:
    """The protocol with steps twice as long on the same Brownian path."""
    assert protocol.noise is not None
    return replace(protocol, noise=replace(protocol.noise, stride=2))


def check_noise(protocol: Protocol, where: str) -> None:
    """Refuse noise that cannot be.

    Args:
        protocol: of a trial.
        where: how messages call it.

    Raises:
        InputError: what is wrong.
    """
    noise = protocol.noise
    if noise is None:
        return
    if not isinstance(noise, ThermalNoise):
        raise InputError(f"{where}: noise is {shown(noise)}, must be a ThermalNoise")
    if not 0 <= noise.temperature <= 1e4:
        raise InputError(f"{where}: temperature is {shown(noise.temperature)}, allowed 0 to 1e4 K")
    if not 0 < noise.polarization <= 1:
        raise InputError(f"{where}: polarization is {shown(noise.polarization)}, allowed 0 to 1")
    if not (0 <= noise.seed < _WORD**2 and 0 <= noise.trial < _WORD):
        raise InputError(f"{where}: noise of seed {shown(noise.seed)} and trial {shown(noise.trial)}, both are whole")
    if noise.increment is not None and not (np.isfinite(noise.increment) and noise.increment > 0):
        raise InputError(f"{where}: time step is {shown(noise.increment)}, must be a positive time")
    if not 0 <= noise.read_noise <= 10:
        raise InputError(f"{where}: read noise is {shown(noise.read_noise)}, allowed 0 to 10")
    if noise.stride not in (1, 2):
        raise InputError(f"{where}: stride is {shown(noise.stride)}, allowed 1 and 2")
    if protocol.start is not None and protocol.load == "rest":
        raise InputError(f"{where}: load is 'rest', but with a temperature no wall rests; give a time in s")


def note_noise(result: xr.Dataset, network: Network, noise: ThermalNoise, trials: Trials, doubled: Trials) -> None:
    """Say in a result what noise it has, and how its first trial ends in steps twice as long.

    Args:
        result: the dataset.
        network: what was simulated.
        noise: of the first trial.
        trials: all trials.
        doubled: the first one again, in double steps.
    """
    result.attrs |= {"temperature": noise.temperature, "noise_seed": noise.seed}
    ends = trials.wall_final[0], doubled.wall_final[0]
    share = float((abs(ends[1] - ends[0]) / network.length).mean())
    bits = int(np.not_equal(*(read_out(network, each, by_pillar=True) for each in ends)).sum())
    about = "of the first trial's {}, to steps twice as long on the same Brownian path"
    result["step_error"] = ((), share, {"units": "1", "long_name": about.format("walls, mean difference in their L")})
    result["step_bits"] = ((), bits, {"units": "1", "long_name": about.format("bits, how many are read otherwise")})
    error = misread(network, trials.wall_final, noise.read_noise).mean(axis=1)
    batch = "trial" in result.sizes
    meaning = {"units": "1", "long_name": "probability that a comparator half-way misreads a bit, mean of the bits"}
    result["read_error"] = ("trial" if batch else (), error if batch else error[0], meaning)


def misread(network: Network, wall: np.ndarray, read_noise: float) -> np.ndarray:
    """Probability that a comparator half-way between P and AP reads each soma's bit otherwise than without noise.

    Φ(−|f − ½|/σ), f the share of the pillar that the wall has passed: a wall under the pillar makes both likely.

    Args:
        network: the network.
        wall: positions in m, shape (…, devices).
        read_noise: σ, standard deviation of what is read over the difference between P and AP.
    """
    off = abs(Pillars.of(network).share(wall)[..., network.somas] - 0.5)
    return ndtr(-off / read_noise) if read_noise > 0 else np.where(off > 1e-9, 0.0, 0.5)
