"""Doing without negative resistors, by exact elimination of nodes beside them.

The mean potential of a pillar's even current lies nearer to the ends of a wire than its centre does: by a sixth of the
pillar's length. On a wire that goes on at both sides that is a negative resistor at the centre; what lies around it is
positive again.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from hwlib.extraction.reduce import Resistors

MOST_STEPS = 12  # nodes eliminated for one resistor
MOST_ENDS = 6  # resistors at a node that is eliminated
ROUNDING = 1e-9  # relative conductance that counts as none
NOTHING = 1e-6  # Ω: between two nodes that both have to stay


class Link(NamedTuple):
    """Conductance between two nodes in S, and the current limit of its weakest part."""

    siemens: float
    limit: float
    layer: int


Graph = dict[int, dict[int, Link]]  # links by both of their nodes


def without_negative(resistors: Resistors, keep: np.ndarray) -> Resistors:
    """The same network between ``keep`` nodes with positive resistors alone.

    Where it cannot be had (current passes under a pillar between two nodes that must stay) the two ends of the negative
    resistor become one node.

    Args:
        resistors: the network, without series chains.
        keep: nodes that must stay, boolean, shape (nodes,).
    """
    negative = np.flatnonzero(resistors.ohm < 0)
    if not len(negative):
        return resistors
    graph: Graph = {}
    start = _Change(graph)
    for a, b, ohm, limit, layer in zip(*(getattr(resistors, f).tolist() for f in ("a", "b", "ohm", "limit", "layer")),
                                       strict=True):  # fmt: skip
        start.add(a, b, Link(1 / ohm, limit, layer))
    start.commit()
    for a, b in zip(resistors.a[negative].tolist(), resistors.b[negative].tolist(), strict=True):
        if b in graph.get(a, {}) and graph[a][b].siemens < 0:  # not gone with another one
            change = _Change(graph)
            if not change.eliminate_beside(a, b, keep):
                change = _Change(graph)
                change.merge(a, b, keep)
            change.commit()
    rows = [(a, b, 1 / link.siemens, link.limit, link.layer) for a, ends in graph.items() for b, link in ends.items()
            if a < b]  # fmt: skip
    a, b, ohm, limit, layer = (np.array(column) for column in zip(*rows, strict=True)) if rows else [np.zeros(0)] * 5
    return Resistors(a.astype(np.int32), b.astype(np.int32), ohm, limit, layer.astype(np.int32))


class _Change:
    """Nodes of a graph whose links change, apart from the graph until committed."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.nodes: Graph = {}

    def commit(self) -> None:
        self.graph.update(self.nodes)

    def links(self, node: int) -> dict[int, Link]:
        if node not in self.nodes:
            self.nodes[node] = dict(self.graph.get(node, {}))
        return self.nodes[node]

    def add(self, a: int, b: int, link: Link) -> None:
        """Put a link beside what there is between two nodes."""
        old = self.links(a).get(b)
        if old is not None:
            weakest = min(old, link, key=lambda part: part.limit)
            link = Link(old.siemens + link.siemens, weakest.limit, weakest.layer)
        self.links(a)[b] = self.links(b)[a] = link

    def take(self, node: int) -> dict[int, Link]:
        """Remove a node; return its links."""
        links = self.links(node)
        self.nodes[node] = {}
        for other in links:
            del self.links(other)[node]
        return links

    def eliminate_beside(self, a: int, b: int, keep: np.ndarray) -> bool:
        """Eliminate free nodes at negative links, from a–b on, until there are none; False when that fails."""
        negative = {(a, b)}
        for _ in range(MOST_STEPS):
            free = {n for pair in negative for n in pair if not keep[n] and len(self.links(n)) <= MOST_ENDS}
            if not free:
                return False
            links = self.take(min(free, key=lambda n: (len(self.links(n)), n)))
            total = sum(link.siemens for link in links.values())
            largest = max(abs(link.siemens) for link in links.values())
            if abs(total) < ROUNDING * largest:
                return False
            for (i, first), (j, second) in itertools.combinations(links.items(), 2):
                weakest = min(first, second, key=lambda part: part.limit)
                self.add(i, j, Link(first.siemens * second.siemens / total, weakest.limit, weakest.layer))
                if abs(self.links(i)[j].siemens) < ROUNDING * largest:
                    del self.links(i)[j], self.links(j)[i]
            negative = {
                (i, j) for i, ends in self.nodes.items() for j, link in ends.items() if i < j and link.siemens < 0
            }
            if not negative:
                return True
        return False

    def merge(self, a: int, b: int, keep: np.ndarray) -> None:
        """Make one node of two, or join them by next to nothing when both must stay."""
        link = self.links(a).pop(b)
        del self.links(b)[a]
        if keep[a] and keep[b]:
            self.add(a, b, Link(1 / NOTHING, link.limit, link.layer))
            return
        gone, stays = (b, a) if keep[a] else (a, b)
        for other, moved in self.take(gone).items():
            if other != stays:
                self.add(stays, other, moved)
