"""What made chips do to a network's memories: on which share of them its states rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from hwlib.network import Network
from sim.protocol import Protocol
from sim.rules import rest_states
from sim.tasks.statistics import Interval, proportion


class HeldStates(NamedTuple):
    """How chips hold states.

    Attributes:
        held: share of the chips on which every state rests, in itself or its other form; Wilson's 95 % interval.
        margin: least margin of each chip's states (as of ``rest_states``), shape (chips,).
    """

    held: Interval
    margin: np.ndarray


def held_on_chips(
    chips: Iterable[Network], protocols: Sequence[Protocol], forms: Sequence[Sequence[np.ndarray]]
) -> list[HeldStates]:
    """How often chips still hold the states of a network.

    Args:
        chips: at least one, as ``sim.sampled_chip`` makes them.
        protocols: voltages to compare, each tried on the same chips.
        forms: of each state the bits that do, such as a pattern and its inverse.
    """
    states, of_state = np.array([bits for each in forms for bits in each]), np.repeat(
        np.arange(len(forms)), [len(each) for each in forms]
    )  # fmt: skip
    margins: list[list[float]] = [[] for _ in protocols]
    for chip in chips:
        for found, protocol in zip(margins, protocols, strict=True):
            best = np.full(len(forms), -np.inf)
            np.maximum.at(best, of_state, rest_states(chip, protocol, states).margin)
            found.append(float(best.min()))
    return [HeldStates(proportion(sum(m >= 0 for m in each), len(each)), np.array(each)) for each in margins]
