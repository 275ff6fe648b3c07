"""Windows with their placements, numbered globally."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hwlib.drawing.net_labels import NetLabel
from hwlib.extraction.window_network import WindowNet


@dataclass
class Part:
    """A window net and all its placements; placement k's node n is ``first_node + k·nodes + n``.

    Attributes:
        variant: its cell and rotation; spots: layer and place of its pins.
        dx, dy: displacements in dbu, shape (placements,).
        rows: numbers of the placements, shape (placements,).
        labels: per placement the labels of the window's pins, in their order; empty when it has no pins.
        lines: where its conductors meet its box: layer index, vertical, at, low, high; shape (lines, 5).
        net: the window's network, once extracted; port_node: its node at each line, −1 where nothing joins.
    """

    variant: int
    spots: tuple[tuple[str, int, int], ...]
    dx: np.ndarray
    dy: np.ndarray
    rows: np.ndarray
    labels: list[list[NetLabel]]
    lines: np.ndarray
    net: WindowNet = field(default_factory=WindowNet.empty)
    port_node: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    first_node: int = 0
    first_net: int = 0

    def nodes(self, own: np.ndarray) -> np.ndarray:
        """Global nodes of the window's ``own`` nodes, shape (placements, *own.shape)."""
        return _spread(self.first_node, len(self.dx), len(self.net.x), own)

    def nets(self, own: np.ndarray) -> np.ndarray:
        """Global numbers of the window's ``own`` pieces of conductor, as ``nodes``."""
        return _spread(self.first_net, len(self.dx), self.net.nets, own)


def _spread(first: int, placements: int, count: int, own: np.ndarray) -> np.ndarray:
    base = (first + count * np.arange(placements)).astype(np.int32)
    return base.reshape(-1, *([1] * own.ndim)) + own.astype(np.int32)


def number(parts: list[Part]) -> tuple[int, int]:
    """Give parts their first numbers; return how many nodes and window nets there are."""
    nodes = nets = 0
    for part in parts:
        part.first_node, part.first_net = nodes, nets
        nodes += len(part.dx) * len(part.net.x)
        nets += len(part.dx) * part.net.nets
    return nodes, nets
