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
APART = (
    "word_ohm, bit_ohm, device_siemens: too far apart to be solved in double precision; nine powers of ten between "
    "them are allowed, and segments of 0 ohm"
)
_FAR = 1e9  # ratio of conductances beyond which answers are refined
_ROUNDS = 20


def far_apart(*siemens: np.ndarray) -> bool:
    """Whether conductances, those of nothing apart, are so far from each other that double precision may not do."""
    there = [each[each > 0] for each in siemens]
    return bool(max(each.max(initial=0) for each in there) > _FAR * min(each.min(initial=np.inf) for each in there))


def refined(
    voltages: np.ndarray, most: float, change: Callable[[np.ndarray], np.ndarray | None]
) -> np.ndarray | None:  # fmt: skip
    """Voltages in extended precision, in the shape of the first answer; None where rounds do not settle.

    Args:
        voltages: a first answer in V.
        most: largest voltage of a source, V.
        change: what the currents that these voltages, in extended precision, leave missing add to them; None: none.
    """
    x = voltages.astype(np.longdouble)
    for _ in range(_ROUNDS):
        step = change(x)
        if step is None or not np.isfinite(step).all():
            return None
        x += step
        if float(abs(step).max()) <= ENOUGH * most:
            return x
    return None


def missing(g: np.ndarray, word: np.ndarray, bit: np.ndarray, ends: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """Current in A that each node of a crossbar lacks, shape (2, rows, columns).

    Args:
        g: conductances of devices in S, shape (rows, columns).
        word: of word-line segments in S, shape (rows, columns + 1).
        bit: of bit-line segments in S, shape (rows + 1, columns).
        ends: source voltages in V of the left, right, top and bottom ends, 0 where there is none.
        x: voltages of word and bit nodes in V, shape (2, rows, columns).
    """
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
