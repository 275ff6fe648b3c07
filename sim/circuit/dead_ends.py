"""Branches of a resistor graph that hang on the rest by one resistor each: sums along them, no system of equations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class _Layer(NamedTuple):
    """Nodes that are ends once those of the layers before are off: each with its one resistor to a node further in."""

    node: np.ndarray
    inner: np.ndarray
    resistor: np.ndarray


def passed_on(layers: Sequence[tuple[np.ndarray, ...]], of_rest: np.ndarray) -> np.ndarray:
    """What holds of the nodes that are left of a graph, passed on to those that were taken out, shape (nodes,).

    Args:
        layers: nodes that were taken out and a neighbour of each, in their order.
        of_rest: of every node; others' than those that are left are ignored.
    """
    found = np.array(of_rest)
    for node, neighbour, *_ in reversed(layers):
        found[node] = found[neighbour]
    return found


class DeadEnds:
    """Takes dead ends off a graph, end by end, so that only what has loops or lies between held nodes is left.

    Args:
        ends: the two nodes of each resistor, shape (resistors, 2).
        ohm: of each resistor, shape (resistors,).
        keep: nodes that are no dead ends, boolean, shape (nodes,): those held by sources.

    Attributes:
        nodes: those that are left, boolean, shape (nodes,): one at least of every connected part.
        resistors: those that are left, boolean, shape (resistors,).
    """

    def __init__(self, ends: np.ndarray, ohm: np.ndarray, keep: np.ndarray):
        count, first, second = len(keep), ends[:, 0], ends[:, 1]
        self._ohm, self._layers = ohm, list[_Layer]()
        number, both = np.arange(len(ohm)), first ^ second
        degree = np.bincount(first, minlength=count) + np.bincount(second, minlength=count)
        mine = np.zeros(count, np.int64)  # of every node the exclusive or of its resistors: the last one's number
        np.bitwise_xor.at(mine, first, number)
        np.bitwise_xor.at(mine, second, number)
        self.nodes, self.resistors = np.ones(count, bool), np.ones(len(ohm), bool)
        end = np.flatnonzero((degree == 1) & ~keep)
        is_end, latest = np.zeros(count, bool), np.empty(count, np.int32)
        while len(end):  # by marks on the nodes: sorting each layer takes longer than all the rest
            is_end[end] = True
            inner = both[mine[end]] ^ end
            end = end[~is_end[inner] | (end < inner)]  # of two ends that face each other one stays
            resistor = mine[end]
            inner = both[resistor] ^ end
            self._layers.append(_Layer(end, inner, resistor))
            self.nodes[end], self.resistors[resistor] = False, False
            np.subtract.at(degree, inner, 1)
            np.bitwise_xor.at(mine, inner, resistor)
            inner = inner[(degree[inner] == 1) & ~keep[inner]]
            order = np.arange(len(inner), dtype=np.int32)
            latest[inner] = order
            end = inner[latest[inner] == order]  # each once

    def into_rest(self, injected: np.ndarray) -> np.ndarray:
        """Currents in A into every node and all that hangs on it, for those into each node, shape (nodes,)."""
        found = np.array(injected, float)
        for node, inner, _ in self._layers:
            np.add.at(found, inner, found[node])
        return found

    def potentials(self, rest: np.ndarray, into: np.ndarray) -> np.ndarray:
        """Potentials in V of all nodes.

        Args:
            rest: those of the nodes that are left, shape (nodes,); others' are ignored.
            into: of ``into_rest``.
        """
        found = np.array(rest, float)
        for node, inner, resistor in reversed(self._layers):
            found[node] = found[inner] + self._ohm[resistor] * into[node]
        return found

    def as_rest(self, of_rest: np.ndarray) -> np.ndarray:
        """What holds of the nodes that are left, passed on to all that hangs on them, shape (nodes,)."""
        return passed_on(self._layers, of_rest)
