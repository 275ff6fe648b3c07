"""Noise of the trials of a call: numbered, checked, and told in the result with what steps do to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from hwlib.errors import InputError, shown
from hwlib.network import Network
from sim.protocol import Protocol
from sim.result import Trials, read_out
from sim.thermal.thermal_noise import ThermalNoise

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
    if not 0 <= noise.temperature <= 1e4:
        raise InputError(f"{where}: temperature is {shown(noise.temperature)}, allowed 0 to 1e4 K")
    if not 0 < noise.polarization <= 1:
        raise InputError(f"{where}: polarization is {shown(noise.polarization)}, allowed 0 to 1")
    if not (0 <= noise.seed < _WORD**2 and 0 <= noise.trial < _WORD):
        raise InputError(f"{where}: noise of seed {shown(noise.seed)} and trial {shown(noise.trial)}, both are whole")
    if noise.increment is not None and not (np.isfinite(noise.increment) and noise.increment > 0):
        raise InputError(f"{where}: time step is {shown(noise.increment)}, must be a positive time")
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
    bits = int((read_out(network, ends[0]) != read_out(network, ends[1])).sum())
    about = "of the first trial's {}, to steps twice as long on the same Brownian path"
    result["step_error"] = ((), share, {"units": "1", "long_name": about.format("walls, mean difference in their L")})
    result["step_bits"] = ((), bits, {"units": "1", "long_name": about.format("bits, how many are read otherwise")})
