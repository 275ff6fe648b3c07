"""Resistors between nodes, some of them held by sources: the one linear circuit of rules, static solves and reports."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, diags
from scipy.sparse.linalg import splu

from hwlib.connected_parts import connected_parts


class ResistorNetwork:
    """A network of resistors; factorised once, solved for many potentials and currents of its sources.

    A part that no held node reaches floats: one of its nodes is put at 0 V, so without currents from outside the whole
    part is at 0 V.

    Args:
        ends: the two nodes of each resistor, shape (resistors, 2).
        siemens: conductances ≥ 0 in S, shape (resistors,); 0 joins nothing.
        held: nodes at given potentials, boolean, shape (nodes,).
        node: number of the circuit node that each node is, for nodes that are one, shape (nodes,); default: each its
            own.
    """

    def __init__(self, ends: np.ndarray, siemens: np.ndarray, held: np.ndarray, node: np.ndarray | None = None):
        self._node = np.arange(len(held)) if node is None else node
        self._first, self._second = self._node[ends].T
        self._siemens = siemens
        self._held = np.flatnonzero(held)
        self._count = int(self._node.max(initial=-1)) + 1
        self._fixed = np.zeros(self._count, bool)
        self._fixed[self._node[self._held]] = True
        joins = siemens > 0
        parts, self._part = connected_parts(self._count, self._first[joins], self._second[joins])
        self._reached = np.zeros(parts, bool)
        self._reached[self._part[self._fixed]] = True
        _, one_each = np.unique(self._part, return_index=True)
        self._known = self._fixed.copy()
        self._known[one_each[~self._reached]] = True

    @property
    def floating(self) -> np.ndarray:
        """Nodes that no held node reaches, boolean, shape (nodes,)."""
        return ~self._reached[self._part[self._node]]

    @cached_property
    def laplacian(self) -> csr_matrix:
        """Conductances between circuit nodes in S: what flows out of each for given potentials, (circuit nodes)²."""
        shape = (self._count, self._count)
        upper = coo_matrix((self._siemens, (self._first, self._second)), shape=shape).tocsr()
        joined = upper + upper.T
        return (diags(np.asarray(joined.sum(axis=1)).ravel()) - joined).tocsr()

    @cached_property
    def _factor(self) -> Any:
        inner = self.laplacian[~self._known][:, ~self._known].tocsc()
        return splu(inner, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})

    def potentials(self, held: np.ndarray | float = 0.0, injected: np.ndarray | float = 0.0) -> np.ndarray:
        """Potentials in V of all nodes.

        Args:
            held: potential of each held node in V (others' are ignored), shape (nodes,) or (nodes, drives).
            injected: current from outside into each node in A, shape (nodes,) or (nodes, drives).

        Returns:
            Shape (nodes,), or (nodes, drives) when either has many drives.
        """
        drives = max((np.shape(x)[1:] for x in (held, injected)), key=len)
        held, injected = (_columns(x, len(self._node), drives) for x in (held, injected))
        volts = np.zeros((self._count, *drives))
        volts[self._node[self._held]] = held[self._held]
        into = -(self.laplacian @ volts)
        np.add.at(into, self._node, injected)
        if not self._known.all():
            volts[~self._known] = self._factor.solve(into[~self._known])
        return volts[self._node]

    def sensitivities(self, output: np.ndarray) -> np.ndarray:
        """How weighted sums of potentials change with the potentials of held nodes (adjoint solve, reciprocity).

        Args:
            output: weight of each node's potential, any unit per V, shape (nodes,) or (nodes, outputs).

        Returns:
            Change of each sum per V at the circuit node that each node is part of, 0 where it is not held, in the
            shape of ``output``.
        """
        change = np.zeros((self._count, *output.shape[1:]))
        np.add.at(change, self._node, output)
        adjoint = np.zeros_like(change)
        if not self._known.all():
            adjoint[~self._known] = self._factor.solve(change[~self._known])
        change -= self.laplacian @ adjoint
        change[~self._fixed] = 0.0
        return change[self._node]


def _columns(values: np.ndarray | float, nodes: int, drives: tuple[int, ...]) -> np.ndarray:
    values = np.asarray(values, float)
    if values.ndim == 1 and drives:
        values = values[:, None]
    return np.broadcast_to(values, (nodes, *drives))
