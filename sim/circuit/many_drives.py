"""A factorised circuit under several drives at once: its factor, larger than any cache, is read once for all."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.contained_code import kept

LANES = 2  # drives at once; four take a third less time, and 130 MB more for a million devices


class Sources(NamedTuple):
    """How held nodes act on the others of a circuit.

    Attributes:
        held: circuit nodes of the given potentials, in their order.
        known: those and one of each floating part, ascending.
        inner, source, across: resistors between a node that is not known and a known one, and their conductances in S.
    """

    held: np.ndarray
    known: np.ndarray
    inner: np.ndarray
    source: np.ndarray
    across: np.ndarray


class ManyDrives:
    """What QDLDL solves, drive by drive with the same operations on each, for ``LANES`` drives.

    Args:
        solver: the factorised matrix (``qdldl.Solver``), which is copied.
        sources: of the circuit.

    Attributes:
        place: of each circuit node its row in ``potentials``, shape (circuit nodes,).
    """

    def __init__(self, solver: Any, sources: Sources):
        self._lower, pivots, order = solver.factors()
        self._inverse = 1 / pivots
        self.place = np.empty(len(order), np.int32)
        self.place[order] = np.arange(len(order), dtype=np.int32)
        self._sources = sources
        self._held_at, self._source_at = (
            np.searchsorted(sources.known, each) for each in (sources.held, sources.source)
        )

    def potentials(self, held: np.ndarray) -> np.ndarray:
        """In V, in the order of elimination, for potentials of the held nodes.

        Args:
            held: in V, shape (held, LANES).

        Returns:
            Shape (circuit nodes, LANES); the row of a node is ``place``.
        """
        _, known, inner, _, across = self._sources
        found, volts = np.zeros((len(self.place), LANES)), np.zeros(len(known))
        for lane in range(LANES):
            volts[self._held_at] = held[:, lane]
            at_source = volts[self._source_at]
            some = np.flatnonzero(at_source)
            np.add.at(found[:, lane], self.place[inner[some]], across[some] * at_source[some])
            found[self.place[known], lane] = volts
        _solve(self._lower.indptr, self._lower.indices, self._lower.data, self._inverse, found)
        return found


@kept(nogil=True)
def _solve(start, row, value, inverse, x):
    """Forward, diagonal and backward, as QDLDL goes: every drive has the bits that it has alone."""
    for column in range(len(inverse)):
        for entry in range(start[column], start[column + 1]):
            at, factor = row[entry], value[entry]
            for lane in range(LANES):
                x[at, lane] -= factor * x[column, lane]
    for column in range(len(inverse) - 1, -1, -1):
        for lane in range(LANES):
            x[column, lane] *= inverse[column]
        for entry in range(start[column], start[column + 1]):
            at, factor = row[entry], value[entry]
            for lane in range(LANES):
                x[column, lane] -= factor * x[at, lane]


@kept(nogil=True)
def add_sizes(first, second, siemens, x, total):
    """Add the sizes of the currents in A of conductors between rows of ``x`` to ``total``, drive by drive."""
    for each in range(len(siemens)):
        a, b = first[each], second[each]
        for lane in range(LANES):
            total[each] += abs((x[a, lane] - x[b, lane]) * siemens[each])
