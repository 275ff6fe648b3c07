"""Nodes between two resistors: eliminated half by half, so that of long lines only the ends are solved."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.circuit.dead_ends import passed_on

_FEW = 1000  # nodes; so many more in a system of equations cost less than another layer
_SCATTER = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ over the golden ratio: multiples are scattered evenly (Knuth, TAOCP 6.4)


class _Halving(NamedTuple):
    """Nodes of which no two are neighbours: each with its two neighbours, and the resistances to them in Ω."""

    node: np.ndarray
    first: np.ndarray
    second: np.ndarray
    to_first: np.ndarray
    to_second: np.ndarray


class SeriesNodes:
    """Takes nodes that join exactly two resistors out of a graph; the two become one.

    Args:
        ends: the two nodes of each resistor, shape (resistors, 2).
        ohm: of each resistor, > 0, shape (resistors,).
        keep: nodes that stay, boolean, shape (nodes,): those held by sources.

    Attributes:
        nodes: those that are left, boolean, shape (nodes,): one at least of every connected part.
        ends, ohm: the resistors that are left, as above.
    """

    def __init__(self, ends: np.ndarray, ohm: np.ndarray, keep: np.ndarray):
        count, number = len(keep), np.arange(len(ohm))
        self.nodes, self._layers = np.ones(count, bool), list[_Halving]()
        a, b, ohm, whole = ends[:, 0].copy(), ends[:, 1].copy(), np.array(ohm, float), np.ones(len(ohm), bool)
        degree = np.bincount(a, minlength=count) + np.bincount(b, minlength=count)
        one, pair = np.zeros(count, np.int64), np.zeros(count, np.int64)  # a resistor of each node; all, exclusively or
        for side in (a, b):
            one[side] = number
            np.bitwise_xor.at(pair, side, number)
        rank = np.arange(count, dtype=np.uint64) * _SCATTER
        between = np.flatnonzero((degree == 2) & ~keep)
        rank[(degree != 2) | keep] = np.iinfo(np.uint64).max
        while len(between) > _FEW:
            left = one[between]
            right = pair[between] ^ left
            first, second = a[left] ^ b[left] ^ between, a[right] ^ b[right] ^ between
            now = (rank[between] < rank[first]) & (rank[between] < rank[second])
            if not now.any():  # what is left are rings of one node
                break
            node, left, right, first, second = (each[now] for each in (between, left, right, first, second))
            self._layers.append(_Halving(node, first, second, ohm[left], ohm[right]))
            self.nodes[node], whole[right] = False, False
            a[left], b[left], ohm[left] = first, second, ohm[left] + ohm[right]
            np.bitwise_xor.at(pair, second, left ^ right)
            renamed = one[second] == right
            one[second[renamed]] = left[renamed]
            between = between[~now]
        self.ends, self.ohm = np.stack([a[whole], b[whole]], axis=1), ohm[whole]

    def into_rest(self, injected: np.ndarray) -> np.ndarray:
        """Currents in A into the nodes that are left, and into each other one when it was taken out, shape (nodes,)."""
        found = np.array(injected, float)
        for node, first, second, to_first, to_second in self._layers:
            share = found[node] / (to_first + to_second)
            np.add.at(found, first, share * to_second)
            np.add.at(found, second, share * to_first)
        return found

    def potentials(self, rest: np.ndarray, into: np.ndarray) -> np.ndarray:
        """Potentials in V of all nodes.

        Args:
            rest: those of the nodes that are left, shape (nodes,); others' are ignored.
            into: of ``into_rest``.
        """
        found = np.array(rest, float)
        for node, first, second, to_first, to_second in reversed(self._layers):
            drop = found[first] * to_second + found[second] * to_first + into[node] * to_first * to_second
            found[node] = drop / (to_first + to_second)
        return found

    def as_rest(self, of_rest: np.ndarray) -> np.ndarray:
        """What holds of the nodes that are left, passed on to those between them, shape (nodes,)."""
        return passed_on(self._layers, of_rest)
