"""What a spread of the devices does to a network's memories: rest states of networks whose devices differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from hwlib.network import Network
from sim.protocol import Protocol
from sim.rules import rest_states
from sim.tasks.statistics import Interval, proportion

_MOST_SIGMAS = 3.0


class SpreadResult(NamedTuple):
    """How a network with spread devices holds states.

    Attributes:
        held: share of the draws in which every state rests, in itself or its other form; Wilson's 95 % interval.
        margin: least margin of each draw's states (as of ``rest_states``), shape (draws,).
    """

    held: Interval
    margin: np.ndarray


def spread_networks(network: Network, share: float, draws: int, seed: int) -> Iterator[Network]:
    """Networks whose pillars (R_P and R_AP together) and leaks differ device by device.

    Args:
        network: the nominal one.
        share: standard deviation over the nominal value; normal, cut at three of them.
        draws: how many networks.
        seed: of draw k is ``SeedSequence(seed, spawn_key=(k,))``.
    """
    for k in range(draws):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,)))
        pillar, leak = 1 + share * np.clip(rng.standard_normal((2, network.devices)), -_MOST_SIGMAS, _MOST_SIGMAS)
        yield network.with_devices(r_p=network.r_p * pillar, r_ap=network.r_ap * pillar, leak=network.leak * leak)


def held_when_spread(
    network: Network, protocols: Sequence[Protocol], forms: Sequence[Sequence[np.ndarray]], *, share: float,
    draws: int, seed: int,
) -> list[SpreadResult]:  # fmt: skip
    """How often a network with spread devices still holds its states.

    Args:
        network: nominal.
        protocols: voltages to compare, each tried on the same networks.
        forms: of each state the bits that do, such as a pattern and its inverse.
        share: standard deviation of the devices.
        draws: networks tried, at least 1.
        seed: of the draws.
    """
    states, of_state = np.array([bits for each in forms for bits in each]), np.repeat(
        np.arange(len(forms)), [len(each) for each in forms]
    )  # fmt: skip
    margins = np.empty((len(protocols), draws))
    for k, varied in enumerate(spread_networks(network, share, draws, seed)):
        for p, protocol in enumerate(protocols):
            best = np.full(len(forms), -np.inf)
            np.maximum.at(best, of_state, rest_states(varied, protocol, states).margin)
            margins[p, k] = best.min()
    return [SpreadResult(proportion(int((each >= 0).sum()), draws), each) for each in margins]
