"""Answers of a crossbar whose resistances are far apart, made exact by iterative refinement.

Where wires that hardly resist hang on devices that hardly conduct, currents of the first are small differences of large
numbers, and a solver in double precision leaves volts where the second decide. Each round solves for the currents that
are still missing, which are added up from voltage differences in extended precision (Wilkinson, Rounding Errors in
Algebraic Processes, 1963).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

ENOUGH = 1e-12  # of the largest source voltage: a smaller change is none
_ROUNDS = 20


def refined(
    g: np.ndarray, word: np.ndarray, bit: np.ndarray, ends: list[np.ndarray], voltages: np.ndarray,
    correction: Callable[[np.ndarray], np.ndarray | None],
) -> np.ndarray | None:  # fmt: skip
    """Voltages in extended precision, shape (2, rows, columns); None where rounds do not settle.

    Args:
        g: conductances of devices in S, shape (rows, columns).
        word: of word-line segments in S, shape (rows, columns + 1).
        bit: of bit-line segments in S, shape (rows + 1, columns).
        ends: source voltages in V of the left, right, top and bottom ends, 0 where there is none.
        voltages: a first answer of word and bit nodes in V, shape (2, rows, columns).
        correction: voltages for currents into the nodes, all sources at 0 V; None: it has none.
    """
    x, most = voltages.astype(np.longdouble), max(float(abs(end).max()) for end in ends)
    for _ in range(_ROUNDS):
        change = correction(missing(g, word, bit, ends, x).astype(float))
        if change is None or not np.isfinite(change).all():
            return None
        x += change
        if float(abs(change).max()) <= ENOUGH * most:
            return x
    return None


def missing(g: np.ndarray, word: np.ndarray, bit: np.ndarray, ends: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """Current in A that each node lacks, shape (2, rows, columns), for voltages and arguments as of ``refined``."""
    left, right, top, bottom = ends
    u, v = x
    through = g * (u - v)
    lack = np.stack([-through, through])
    along = word[:, 1:-1] * (u[:, :-1] - u[:, 1:])
    lack[0, :, :-1] -= along
    lack[0, :, 1:] += along
    along = bit[1:-1] * (v[:-1] - v[1:])
    lack[1, :-1] -= along
    lack[1, 1:] += along
    lack[0, :, 0] += word[:, 0] * (left - u[:, 0])
    lack[0, :, -1] += word[:, -1] * (right - u[:, -1])
    lack[1, 0] += bit[0] * (top - v[0])
    lack[1, -1] += bit[-1] * (bottom - v[-1])
    return lack
