"""Resistors between nodes, some of them held by sources: the one linear circuit of rules, static solves and reports."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import qdldl
from scipy.sparse import csc_matrix

from hwlib.connected_parts import connected_parts
from sim.circuit.circuit_nodes import numbered

if TYPE_CHECKING:
    from sim.circuit.many_drives import ManyDrives


class ResistorGraph:
    """Which nodes the resistors join: what circuits of any conductances and sources on it share.

    The order of elimination is found once (AMD), for no node held; a held node's row is then that of the identity. So
    another state costs a numeric factorisation (QDLDL), a fraction of the first.

    Args:
        ends: the two nodes of each resistor, shape (resistors, 2).
        nodes: how many.
        node: number of the circuit node that each node is, for nodes that are one, shape (nodes,); default: each its
            own.
    """

    def __init__(self, ends: np.ndarray, nodes: int, node: np.ndarray | None = None):
        self.node = np.arange(nodes) if node is None else np.asarray(node, np.int64)  # its square is a place below
        self.count = int(self.node.max(initial=-1)) + 1
        first, second = self.node[ends].T
        low, high = np.minimum(first, second), np.maximum(first, second)
        diagonal = np.arange(self.count)
        between = np.flatnonzero(low != high)
        # Entries of the upper triangle, column by column; the diagonal is the last of its column.
        keys, entry = np.unique(
            np.concatenate([diagonal * (self.count + 1), high[between] * self.count + low[between]]),
            return_inverse=True,
        )  # fmt: skip
        column, row = np.divmod(keys, max(self.count, 1))
        # Millions of devices have tens of millions of these.
        self.first, self.second, self._between = (each.astype(np.int32) for each in (first, second, between))
        self.diagonal, self._entry = (each.astype(np.int32) for each in (entry[: self.count], entry[self.count :]))
        self._row, in_column = row.astype(np.int32), np.bincount(column, minlength=self.count)
        self._start = np.concatenate([[0], np.cumsum(in_column)]).astype(np.int32)
        self._added: _Added | None = None
        self._solver: Any = None
        self._owner: object = None

    @cached_property
    def parts(self) -> tuple[int, np.ndarray]:
        """Number of connected parts when every resistor conducts, and the part of each circuit node."""
        return connected_parts(self.count, self.first, self.second)

    def upper(self, siemens: np.ndarray) -> np.ndarray:
        """What the first resistors add to the conductance matrix's upper triangle, in S, shape (entries,)."""
        mine = slice(int(np.searchsorted(self._between, len(siemens))))
        between, g = self._between[mine], siemens[self._between[mine]]
        places = (self._entry[mine], self.diagonal[self.first[between]], self.diagonal[self.second[between]])
        return np.bincount(np.concatenate(places), np.concatenate([-g, g, g]), minlength=len(self._row))

    def add_upper(self, siemens: np.ndarray, start: int, entries: np.ndarray) -> None:
        """Add ``upper`` of the resistors from ``start`` to the last to ``entries``; where it goes is found once."""
        if self._added is None or self._added.start != start:
            from_start = self._between >= start
            between = self._between[from_start]
            places = (self._entry[from_start], self.diagonal[self.first[between]], self.diagonal[self.second[between]])
            place = np.concatenate(places)
            which = numbered(place, len(self._row))
            cells = np.empty(which.max(initial=-1) + 1, np.intp)
            cells[which] = place
            self._added = _Added(start, between - start, cells, which)
        _, between, cells, which = self._added
        g = siemens[between]
        entries[cells] += np.bincount(which, np.concatenate([-g, g, g]), minlength=len(cells))

    def entries_of(self, nodes: np.ndarray) -> np.ndarray:
        """Which entries of the upper triangle are in rows or columns of some circuit nodes.

        Args:
            nodes: boolean, shape (circuit nodes,).
        """
        column = np.repeat(np.arange(self.count, dtype=np.int32), np.diff(self._start))
        return np.flatnonzero(nodes[self._row] | nodes[column])

    def factor(self, owner: object, fill: Callable[[np.ndarray], None]) -> Any:
        """The factorised matrix whose entries the owner fills in; the solver holds one, that of the last owner."""
        if self._owner is not owner:
            self._owner = None
            entries = np.empty(len(self._row))
            fill(entries)
            matrix = csc_matrix((entries, self._row, self._start), shape=(self.count, self.count))
            if self._solver is None:
                self._solver = qdldl.Solver(matrix, upper=True)
            else:
                self._solver.update(matrix, upper=True)
            self._owner = owner
        return self._solver

    def forget(self) -> None:
        """Let go of the factorised matrix and its owner."""
        self._owner = self._solver = None


class _Added(NamedTuple):
    """Where resistors from ``start`` on stand in the upper triangle.

    Attributes:
        start: the first of them.
        between: those that join two circuit nodes, counted from there.
        cells: the entries that they change.
        which: of these, each resistor's three, one after the other.
    """

    start: int
    between: np.ndarray
    cells: np.ndarray
    which: np.ndarray


class ResistorNetwork:
    """A network of resistors; factorised once, solved for many potentials and currents of its sources.

    A part that no held node reaches floats: one of its nodes is put at 0 V, so without currents from outside the whole
    part is at 0 V.

    Args:
        graph: which nodes the resistors join.
        siemens: conductances ≥ 0 in S, shape (resistors,); 0 joins nothing.
        held: nodes at given potentials, boolean, shape (nodes,).

    Attributes:
        held: indices of those nodes.
    """

    def __init__(self, graph: ResistorGraph, siemens: np.ndarray, held: np.ndarray):
        self._graph = graph
        self._still, self._moving = siemens[:0], siemens
        self._below: np.ndarray | None = None
        self._hold(held)

    def _hold(self, held: np.ndarray) -> None:
        graph = self._graph
        self.held = np.flatnonzero(held)
        self._held_node = graph.node[self.held]
        known = np.zeros(graph.count, bool)
        known[self._held_node] = True
        if (self._still > 0).all() and (self._moving > 0).all():
            parts, part = graph.parts
        else:
            joins = np.concatenate([self._still, self._moving]) > 0
            parts, part = connected_parts(graph.count, graph.first[joins], graph.second[joins])
        reached = np.zeros(parts, bool)
        reached[part[known]] = True
        self._floating = ~reached[part]
        _, one_each = np.unique(part[self._floating], return_index=True)
        known[np.flatnonzero(self._floating)[one_each]] = True
        first, second = graph.first, graph.second
        self._cross = np.flatnonzero(known[first] != known[second])
        a, b = first[self._cross], second[self._cross]
        self._inner, self._source = np.where(known[a], b, a), np.where(known[a], a, b)
        self._known = np.flatnonzero(known)
        self._blank = graph.entries_of(known)
        self._across = self._at(self._cross)

    def _at(self, resistors: np.ndarray) -> np.ndarray:
        """Conductances of some resistors in S."""
        start = len(self._still)
        found = np.empty(len(resistors))
        still = resistors < start
        found[still], found[~still] = self._still[resistors[still]], self._moving[resistors[~still] - start]
        return found

    def with_siemens(self, siemens: np.ndarray, start: int) -> ResistorNetwork:
        """The network with other conductances > 0 in S from resistor ``start`` on; the others' are not added up anew.

        Args:
            siemens: shape (resistors − start,).
            start: the first that changes; > 0 conductances before.
        """
        if self._below is None or len(self._still) != start:
            whole = np.concatenate([self._still, self._moving])
            self._still, self._moving = whole[:start], whole[start:]
            self._below = self._graph.upper(self._still)
        other = copy(self)
        other._moving = siemens
        other._across = other._at(self._cross)
        return other

    def holding(self, held: np.ndarray) -> ResistorNetwork:
        """The network with other nodes held; what ``with_siemens`` added up is shared.

        Args:
            held: nodes at given potentials, boolean, shape (nodes,).
        """
        other = copy(self)
        other._hold(held)
        return other

    @property
    def floating(self) -> np.ndarray:
        """Nodes that no held node reaches, boolean, shape (nodes,)."""
        return self._floating[self._graph.node]

    def _fill(self, entries: np.ndarray) -> None:
        """Write the conductance matrix's upper triangle, with the rows of known nodes those of the identity."""
        if self._below is None:
            entries[:] = self._graph.upper(self._moving)
        else:
            entries[:] = self._below
            self._graph.add_upper(self._moving, len(self._still), entries)
        entries[self._blank] = 0.0
        entries[self._graph.diagonal[self._known]] = 1.0

    def potentials(self, held: np.ndarray | float = 0.0, injected: np.ndarray | float = 0.0) -> np.ndarray:
        """Potentials in V of all nodes.

        Args:
            held: potential of each held node in V (others' are ignored), shape (nodes,) or (nodes, drives).
            injected: current from outside into each node in A, shape (nodes,) or (nodes, drives).

        Returns:
            Shape (nodes,), or (nodes, drives) when either has many drives.
        """
        drives = max((np.shape(x)[1:] for x in (held, injected)), key=len)
        if not drives:
            return self._solved(held, injected)
        each = [(_column(held, k), _column(injected, k)) for k in range(drives[0])]
        return np.stack([self._solved(*pair) for pair in each], axis=1)

    def _solved(self, held: np.ndarray | float, injected: np.ndarray | float) -> np.ndarray:
        node, into = self._graph.node, None
        if np.any(injected):
            into = np.bincount(node, np.broadcast_to(injected, len(node)), minlength=self._graph.count)
        return self.at_circuit_nodes(np.broadcast_to(held, len(node))[self.held], into)[node]

    def at_circuit_nodes(self, held: np.ndarray | float, injected: np.ndarray | None = None) -> np.ndarray:
        """Potentials in V of the circuit nodes (``ResistorGraph.node``), shape (circuit nodes,).

        Args:
            held: potentials of the nodes ``self.held`` in V, in their order.
            injected: current from outside into each circuit node in A; None: none.
        """
        graph = self._graph
        volts = np.zeros(graph.count)
        volts[self._held_node] = held
        if len(self._known) == graph.count:
            return volts
        into = np.bincount(self._inner, self._across * volts[self._source], minlength=graph.count)
        if injected is not None:
            into += injected
        into[self._known] = volts[self._known]
        found: np.ndarray = graph.factor(self, self._fill).solve(into)
        return found

    def many_drives(self) -> ManyDrives:
        """The network under several drives at once, whose results have the bits of ``at_circuit_nodes``."""
        from sim.circuit.many_drives import ManyDrives, Sources  # compiled; most networks do without

        sources = Sources(self._held_node, self._known, self._inner, self._source, self._across)
        return ManyDrives(self._graph.factor(self, self._fill), sources)

    def sensitivities(self, output: np.ndarray) -> np.ndarray:
        """How weighted sums of potentials change with the potentials of held nodes (adjoint solve, reciprocity).

        Args:
            output: weight of each node's potential, any unit per V, shape (nodes,) or (nodes, outputs).

        Returns:
            Change of each sum per V at the circuit node that each node is part of, 0 where it is not held, in the
            shape of ``output``.
        """
        if output.ndim == 2:
            return np.stack([self.sensitivities(column) for column in output.T], axis=1)
        graph = self._graph
        weights = np.bincount(graph.node, output, minlength=graph.count)
        change = np.zeros(graph.count)
        change[self._known] = weights[self._known]
        if len(self._known) < graph.count:
            adjoint = graph.factor(self, self._fill).solve(weights - change)
            change += np.bincount(self._source, self._across * adjoint[self._inner], graph.count)
        change[self._floating] = 0.0
        return change[graph.node]


def _column(values: np.ndarray | float, k: int) -> np.ndarray | float:
    return values[:, k] if isinstance(values, np.ndarray) and values.ndim == 2 else values
