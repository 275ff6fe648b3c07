"""Exact reduction of a resistor network: series chains become one resistor, dangling stubs go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components


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


def components(nodes: int, a: np.ndarray, b: np.ndarray) -> tuple[int, np.ndarray]:
    """Connected components of a graph with edges a–b: their number and one label per node."""
    graph = sp.coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(nodes, nodes))
    return connected_components(graph, directed=False)


def reduce(resistors: Resistors, keep: np.ndarray) -> Resistors:
    """Merge series chains and drop stubs, loops to one node, and pieces with no kept node.

    Args:
        resistors: the network.
        keep: nodes that must stay (terminals, pins, ports), boolean, shape (nodes,). Junctions stay by themselves.
    """
    resistors = resistors.select(resistors.a != resistors.b)
    while True:
        before = len(resistors)
        resistors = _merge_chains(resistors, keep)
        degree = np.bincount(np.concatenate([resistors.a, resistors.b]), minlength=len(keep))
        stub = (degree == 1) & ~keep
        resistors = resistors.select(~(stub[resistors.a] | stub[resistors.b]))
        if len(resistors) == before:
            return resistors


def _merge_chains(r: Resistors, keep: np.ndarray) -> Resistors:
    degree = np.bincount(np.concatenate([r.a, r.b]), minlength=len(keep))
    inner = (degree == 2) & ~keep
    chained = inner[r.a] | inner[r.b]
    if not chained.any():
        return r
    chain, alone = r.select(chained), r.select(~chained)
    ends = np.concatenate([chain.a, chain.b])
    owner = np.tile(np.arange(len(chain)), 2)
    at_inner = inner[ends]
    order = np.argsort(ends[at_inner], kind="stable")
    pairs = owner[at_inner][order].reshape(-1, 2)
    count, label = components(len(chain), pairs[:, 0], pairs[:, 1])
    ohm = np.bincount(label, chain.ohm, minlength=count)
    limit = np.full(count, np.inf)
    np.minimum.at(limit, label, chain.limit)
    layer = np.full(count, -1, np.int32)
    weakest = chain.limit == limit[label]
    layer[label[weakest]] = chain.layer[weakest]
    outer_label = label[owner[~at_inner]]
    order = np.argsort(outer_label, kind="stable")
    open_ = np.bincount(outer_label, minlength=count) > 0  # a closed ring of inner nodes has no ends: it goes
    outer = ends[~at_inner][order].reshape(-1, 2)
    merged = Resistors(outer[:, 0], outer[:, 1], ohm[open_], limit[open_], layer[open_])
    merged = merged.select(merged.a != merged.b)
    return Resistors(*(np.concatenate([getattr(alone, f), getattr(merged, f)])
                       for f in ("a", "b", "ohm", "limit", "layer")))  # fmt: skip
