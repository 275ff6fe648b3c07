"""Weight styles: which nets bring the weights to the axons. How one is drawn stands in ``layouts.styles``.

To add a style, ``register`` one here and its drawing there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from hwlib.nets import LINE, RAIL
from hwlib.registry import Registry

MAX_NEURONS = 1000
MAX_RAILS = 16


class WeightStyle(ABC):
    """A way to bring weights to the axons.

    Attributes:
        name: in the design's ``network.weight_style``.
        meaning: in a few words, for the reference of the design file.
        most_neurons: that it can be drawn for.
        why: there is no more room.
        programmed: the drawing itself fixes the weights; else voltages from outside are the weights.
        whole_rows: its wires run through whole rows, so that straps can run above them.
    """

    name: str
    meaning: str
    most_neurons: int = MAX_NEURONS
    why: str = ""
    programmed: bool = False
    whole_rows: bool = False

    @abstractmethod
    def nets(
        self, levels: np.ndarray, joined: np.ndarray, block: np.ndarray | None = None
    ) -> tuple[list[str], np.ndarray]:
        """Names of the weight nets, and the index of the one behind each axon, rows postsynaptic, shape (N, N).

        Args:
            levels: weights as multiples of W, shape (N, N).
            joined: where there is an axon, shape (N, N).
            block: which block of rows each neuron's dendrite is in, shape (N,); None: they are one.
        """

    def refusal(self, levels: np.ndarray, joined: np.ndarray, block: np.ndarray | None = None) -> str | None:
        """Why it cannot carry these weights; None when it can."""
        return None


class Rails(WeightStyle):
    """A rail for every distinct weight, shared by all synapses; programming vias choose."""

    name = "rails"
    programmed = whole_rows = True
    meaning = "weights fixed by programming vias"

    def nets(
        self, levels: np.ndarray, joined: np.ndarray, block: np.ndarray | None = None
    ) -> tuple[list[str], np.ndarray]:
        """One net a level, ascending; of every block, where there are several."""
        names: list[str] = []
        place = np.zeros(levels.shape, int)
        for number, rows in _blocks(levels, block):
            rails = rail_levels(levels[rows], joined[rows])
            place[rows] = len(names) + np.searchsorted(np.array(rails), np.round(levels[rows], 6) - 1e-9)
            names += [RAIL.net_name(level=level, block=number) for level in rails]
        return names, place

    def refusal(self, levels: np.ndarray, joined: np.ndarray, block: np.ndarray | None = None) -> str | None:
        """More distinct weights in one block than there may be rails."""
        count = max(len(rail_levels(levels[rows], joined[rows])) for _, rows in _blocks(levels, block))
        if count <= MAX_RAILS:
            return None
        return f"{count} distinct weights, the rails style carries at most {MAX_RAILS}; use weight_style lines"


class Lines(WeightStyle):
    """A line to the edge for every synapse; voltages outside are the weights."""

    name = "lines"
    meaning = "one line per synapse to the edge"
    most_neurons = 256
    why = "its channel grows with N"

    def nets(
        self, levels: np.ndarray, joined: np.ndarray, block: np.ndarray | None = None
    ) -> tuple[list[str], np.ndarray]:
        """One net a synapse, row by row."""
        place = np.full(joined.shape, -1)
        place[joined] = np.arange(joined.sum())
        return [LINE.net_name(i, j) for i, j in np.argwhere(joined).tolist()], place


WEIGHT_STYLES: Registry[WeightStyle] = Registry("weight style")


def register(style: WeightStyle) -> WeightStyle:
    """Add a weight style.

    Raises:
        ValueError: its name is taken.
    """
    return WEIGHT_STYLES.add(style.name, style)


RAILS, LINES = register(Rails()), register(Lines())


def _blocks(levels: np.ndarray, block: np.ndarray | None) -> list[tuple[int, np.ndarray]]:
    """Each block's number and its rows; −1 and all rows where there is one."""
    if block is None or not block.any():
        return [(-1, np.ones(len(levels), bool))]
    return [(number, block == number) for number in range(int(block.max()) + 1)]


def rail_levels(levels: np.ndarray, joined: np.ndarray | None = None) -> list[float]:
    """The distinct weights of axons (``joined``, else all off the diagonal), ascending: one rail each."""
    axons = ~np.eye(len(levels), dtype=bool) if joined is None else joined
    return [float(x) for x in np.unique(np.round(levels[axons], 6) + 0.0)]
