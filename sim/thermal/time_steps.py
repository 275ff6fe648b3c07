"""How long the steps of a trial at a temperature may be."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hwlib.errors import InputError
from hwlib.nets import DENDRITE
from hwlib.network import Network
from hwlib.quantities import human
from sim.dynamics import WallDynamics, dynamics_of
from sim.engines.stepper import CONVERGENCE, LOAD, Phase
from sim.protocol import Protocol
from sim.thermal.thermal_noise import LONGEST_TRIAL

SHARE = 0.2  # of a pillar's width, of a state variable's scale, of a law's quickest time: what a step may be


def fastest_speeds(phase: Phase, law: WallDynamics) -> np.ndarray:
    """Bound of the walls' speeds in m/s under the sources of a phase, wires left out, shape (devices,)."""
    network, volts = phase.network, np.abs(np.nan_to_num(phase.voltages))
    fan_out = np.maximum(np.bincount(network.pre[~network.is_soma], minlength=network.neurons), 1)[network.pre]
    soma_r_p = network.r_p[network.somas][network.pre]
    largest = max(float(volts[network.nets_of(DENDRITE)].max(initial=0.0)), _most_weight(network, volts))
    axon = abs(phase.protocol.v_dw) / (soma_r_p * fan_out + network.r_m)
    return law.fastest(np.where(network.is_soma, largest / network.r_m, axon)) + law.pinning.most


def _most_weight(network: Network, volts: np.ndarray) -> float:
    return max((float(volts[net]) for net in network.weight_nets.values()), default=0.0)


def auto_increment(phase: Phase, law: WallDynamics, spread: np.ndarray) -> float:
    """Longest increment in s over which no wall goes farther than ``SHARE`` of its pillar, by noise or by drift.

    Args:
        phase: the phase.
        law: of the walls.
        spread: √(2D) of place and state variables, shape (1 + states, devices).
    """
    width, fastest = phase.network.pillar_width, fastest_speeds(phase, law)
    times = [SHARE * width / np.maximum(fastest, 1e-30), (SHARE * width / np.maximum(spread[0], 1e-30)) ** 2]
    times += [(SHARE * law.scale() / np.maximum(spread[1:], 1e-30)) ** 2, SHARE * law.quickest()]
    return float(min(each.min(initial=math.inf) for each in times))


def increments(phase: Phase, law: WallDynamics, spread: np.ndarray) -> tuple[int, float]:
    """How many increments a phase has, an even number, and how long each is in s; arguments as of ``auto_increment``.

    Raises:
        InputError: more than random numbers are numbered by.
    """
    noise = phase.protocol.noise
    longest = noise.increment if noise is not None and noise.increment else auto_increment(phase, law, spread)
    count = 2 * max(1, math.ceil(phase.until / (2 * longest) * (1 - 1e-12)))
    if count > LONGEST_TRIAL:
        raise InputError(
            f"temperature: {human(phase.until, 's', 4)} in steps of {human(longest, 's', 3)} are {count:.2g} of them, "
            f"allowed {LONGEST_TRIAL}; shorten the trial"
        )
    return count, phase.until / count


def check_steps(network: Network, protocols: Sequence[Protocol]) -> None:
    """Refuse trials with too many steps in any phase, before the first of them begins.

    Args:
        network: the network.
        protocols: of all trials; those without noise have no such steps.

    Raises:
        InputError: as of ``increments``.
    """
    noisy = [(protocol, protocol.noise) for protocol in protocols if protocol.noise is not None]
    if not noisy:
        return
    law = dynamics_of(network)
    for protocol, noise in noisy:
        spread = law.diffusion(noise.agitation(network))
        if spread is None:
            continue
        for number in (CONVERGENCE,) if protocol.start is None else (LOAD, CONVERGENCE):
            increments(Phase(network, protocol, number, tolerance=0.0), law, spread)
