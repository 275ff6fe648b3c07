"""Which neurons drive which: the directed graph that a design asks for.

To add a kind of topology, ``register`` a function that makes one for a number of neurons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from hwlib.errors import InputError, shown
from hwlib.registry import Registry

ALL_TO_ALL = "all-to-all"


@dataclass(frozen=True, eq=False)
class Topology:
    """A directed graph of neurons.

    Attributes:
        joined: whether there is an axon, rows postsynaptic, no diagonal, shape (N, N).
    """

    joined: np.ndarray

    @property
    def neurons(self) -> int:
        """N."""
        return len(self.joined)

    @property
    def complete(self) -> bool:
        """Whether every neuron drives every other."""
        return self.axons == self.neurons * (self.neurons - 1)

    @cached_property
    def axons(self) -> int:
        """How many there are."""
        return int(self.joined.sum())

    @property
    def devices(self) -> int:
        """Somas and axons."""
        return self.neurons + self.axons

    @property
    def out_degree(self) -> np.ndarray:
        """Axons that each neuron drives, shape (N,)."""
        return self.joined.sum(axis=0)

    @cached_property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """Post- and presynaptic neuron of every device, row by row, somas on the diagonal, shape (devices,) each."""
        post, pre = np.nonzero(self.joined | np.eye(self.neurons, dtype=bool))
        return post.astype(np.int32), pre.astype(np.int32)


TOPOLOGIES: Registry[Callable[[int], np.ndarray]] = Registry("topology")


def register(name: str, make: Callable[[int], np.ndarray]) -> None:
    """Add a kind of topology.

    Args:
        name: in the design's ``network.topology``.
        make: gives ``Topology.joined`` of a number of neurons, as booleans or as 0 and 1.

    Raises:
        ValueError: the name is taken.
    """
    TOPOLOGIES.add(name, make)


register(ALL_TO_ALL, lambda neurons: ~np.eye(neurons, dtype=bool))


def of_name(name: str, neurons: int) -> Topology:
    """The topology of a kind.

    Raises:
        InputError: what the kind made is no topology of so many neurons.
    """
    made = np.asarray(TOPOLOGIES[name](neurons))
    if made.shape != (neurons, neurons):
        raise _refused(name, f"found {_found(made)}, allowed: a matrix of shape ({neurons}, {neurons})")
    if made.dtype.kind not in "biuf" or not np.isin(made, (0, 1)).all():
        raise _refused(name, "found entries that are neither booleans nor 0 and 1")
    joined = made.astype(bool)
    if joined.diagonal().any():
        raise _refused(name, f"neuron {joined.diagonal().argmax()} drives itself; allowed: a diagonal without axons")
    if not joined.any():
        raise _refused(name, f"found no axon among {neurons} neurons, at least one is needed")
    return Topology(joined)


def _refused(name: str, why: str) -> InputError:
    return InputError(f"network.topology.kind: {shown(name)}: {why}")


def _found(made: np.ndarray) -> str:
    return f"shape {made.shape}" if made.ndim else f"a {type(made.item()).__name__}"


def of_edges(edges: Iterable[Sequence[int]], neurons: int) -> Topology:
    """The topology of a list of axons, each from its presynaptic to its postsynaptic neuron."""
    joined = np.zeros((neurons, neurons), bool)
    pre, post = np.array(list(edges), int).reshape(-1, 2).T
    joined[post, pre] = True
    return Topology(joined)


def of_graph_file(path: Path, most: int) -> Topology:
    """The topology of a graph file: a neuron per node, in the file's order.

    An undirected edge is an axon each way, a directed one goes from the neuron that drives. Weights do not count,
    but for 0: no axon.

    Args:
        path: in any format of ``hwlib.graph_reader``.
        most: neurons allowed.

    Raises:
        InputError: one line with file and line number.
    """
    from hwlib.graph_reader import read_graph

    graph = read_graph(path, max_nodes=most, directed=True)
    return of_edges(graph.edges, len(graph))


def edge_problems(edges: Sequence[Sequence[int]], neurons: int) -> list[tuple[int, str]]:
    """What is wrong with a list of axons: index of the edge, and message."""
    found: list[tuple[int, str]] = []
    seen: set[tuple[int, int]] = set()
    for k, (pre, post) in enumerate(edges):
        if not (0 <= pre < neurons and 0 <= post < neurons):
            found.append((k, f"axon {pre}→{post}: neurons count from 0 to {neurons - 1}"))
        elif pre == post:
            found.append((k, f"axon {pre}→{post}: a neuron has no axon onto itself"))
        elif (pre, post) in seen:
            found.append((k, f"axon {pre}→{post} is there twice"))
        seen.add((pre, post))
    return found
