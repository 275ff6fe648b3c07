"""Exact reduction of a resistor network: series chains become one resistor, dangling stubs go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwlib.connected_parts import connected_parts


@dataclass
class Resistors:
    """Resistors as arrays: end nodes, Ω, current limit in A, layer index of the part that limits."""

    a: np.ndarray
    b: np.ndarray
    ohm: np.ndarray
    limit: np.ndarray
    layer: np.ndarray

    def __len__(self) -> int:
        return len(self.a)

    def select(self, index: np.ndarray) -> Resistors:
        """The resistors at ``index`` (mask or numbers)."""
        return Resistors(self.a[index], self.b[index], self.ohm[index], self.limit[index], self.layer[index])


def reduce(resistors: Resistors, keep: np.ndarray) -> Resistors:
    """Merge series chains and drop stubs, loops to one node, and pieces with no kept node.

    Args:
        resistors: the network.
        keep: nodes that must stay (terminals, pins, ports), boolean, shape (nodes,). Junctions stay by themselves.
    """
    r = resistors
    loop = r.a == r.b
    if loop.any():
        r = r.select(~loop)
    degree = np.bincount(r.a, minlength=len(keep)) + np.bincount(r.b, minlength=len(keep))
    free = ~keep
    while True:
        inner = (degree == 2) & free
        if inner.any():
            r, dropped = _merge_chains(r, inner)
            degree[inner] = 0
            np.subtract.at(degree, dropped, 2)
        stub = (degree == 1) & free
        if stub.any():
            gone = stub[r.a] | stub[r.b]
            np.subtract.at(degree, r.a[gone], 1)
            np.subtract.at(degree, r.b[gone], 1)
            r = r.select(~gone)
        elif not inner.any():
            return r


def _merge_chains(r: Resistors, inner: np.ndarray) -> tuple[Resistors, np.ndarray]:
    """One resistor per chain through ``inner`` nodes; also the nodes where a chain closed on itself and went."""
    chained = inner[r.a] | inner[r.b]
    chain, alone = r.select(chained), r.select(~chained)
    ends = np.concatenate([chain.a, chain.b])
    owner = np.tile(np.arange(len(chain), dtype=np.int32), 2)
    at_inner = inner[ends]
    first, second = _two_each(ends[at_inner], owner[at_inner], len(inner), inner)
    count, label = connected_parts(len(chain), first, second)
    outer = label[owner[~at_inner]]
    open_ = np.bincount(outer, minlength=count) > 0  # a closed ring of inner nodes has no ends: it goes
    a, b = _two_each(outer, ends[~at_inner], count, open_)
    limit = np.full(count, np.inf)
    np.minimum.at(limit, label, chain.limit)
    layer = np.full(count, -1, np.int32)
    weakest = chain.limit == limit[label]
    layer[label[weakest]] = chain.layer[weakest]
    ohm = np.bincount(label, chain.ohm, minlength=count)
    merged = Resistors(a, b, ohm[open_], limit[open_], layer[open_])
    loop = a == b
    if loop.any():
        merged = merged.select(~loop)
    both = (np.concatenate([getattr(alone, f), getattr(merged, f)]) for f in ("a", "b", "ohm", "limit", "layer"))
    return Resistors(*both), a[loop]


def _two_each(place: np.ndarray, value: np.ndarray, count: int, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two values at each wanted place, where every such place occurs exactly twice; no sort."""
    last, first = np.zeros(count, np.int32), np.zeros(count, np.int32)
    last[place] = value  # of repeated places the last value stays
    first[place[::-1]] = value[::-1]
    return first[wanted], last[wanted]
