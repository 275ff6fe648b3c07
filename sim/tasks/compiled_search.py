"""Compiled inner loops of the graph searches (imported only where they run: compiling takes a second)."""

from __future__ import annotations

import numpy as np
from numba import njit

_REFRESH = 64  # steps after which a cut that is carried along is summed afresh
_EPSILON = 2.0**-52


@njit(cache=True)
def _cut(weights: np.ndarray, side: np.ndarray) -> float:
    """Weight between the sides, in a compensated sum (Neumaier): right to the last digit or two."""
    n, total, lost = len(weights), 0.0, 0.0
    for i in range(n):
        for j in range(i):
            if side[i] != side[j]:
                term = weights[i, j]
                both = total + term
                lost += (total - both) + term if abs(total) >= abs(term) else (term - both) + total
                total = both
    return total + lost


@njit(cache=True)
def enumerate_cuts(weights: np.ndarray) -> tuple[float, np.ndarray]:
    """Largest cut of a dense graph by walking all bipartitions in Gray-code order (last node fixed).

    The cut is carried along from step to step, and summed afresh where that, with all its rounding, may be the best.
    """
    n = len(weights)
    side = np.zeros(n, np.int8)
    best_side = side.copy()
    cut = best = 0.0
    rounding = _REFRESH * (n + 1) * _EPSILON * np.sum(np.abs(weights))
    for step in range(1, 1 << (n - 1)):
        node = 0
        while (step >> node) & 1 == 0:
            node += 1
        gain = 0.0
        for other in range(n):
            gain += weights[node, other] if side[other] == side[node] else -weights[node, other]
        side[node] ^= 1
        cut += gain
        if step % _REFRESH == 0 or cut > best - rounding:
            cut = _cut(weights, side)
            if cut > best:
                best = cut
                best_side[:] = side
    return best, best_side


@njit(cache=True)
def _gains(weights: np.ndarray, side: np.ndarray) -> np.ndarray:
    n = len(weights)
    gains = np.zeros(n)
    for i in range(n):
        for j in range(n):
            gains[i] += weights[i, j] if side[i] == side[j] else -weights[i, j]
    return gains


@njit(cache=True)
def _flip(weights: np.ndarray, side: np.ndarray, gains: np.ndarray, node: int) -> None:
    gains[node] = -gains[node]
    side[node] ^= 1
    for other in range(len(weights)):
        if other != node:
            gains[other] += 2 * weights[node, other] if side[other] == side[node] else -2 * weights[node, other]


@njit(cache=True)
def climb(weights: np.ndarray, side: np.ndarray) -> np.ndarray:
    """One-flip local search: the best flip again and again until none gains more than rounding."""
    side = side.copy()
    rounding = 1e-12 * np.sum(np.abs(weights))
    gains = _gains(weights, side)
    while True:
        node = int(np.argmax(gains))
        if gains[node] <= rounding:
            return side
        _flip(weights, side, gains, node)


@njit(cache=True)
def asynchronous(levels: np.ndarray, order: np.ndarray, off_output: float) -> np.ndarray:
    """Asynchronous network with outputs ``off_output`` and 1, first all OFF, swept in the given orders until still."""
    n = len(levels)
    state = np.zeros(n, np.int8)
    for sweep in range(len(order)):
        changed = False
        for node in order[sweep]:
            drive = 0.0
            for other in range(n):
                drive += levels[node, other] * (1.0 if state[other] else off_output)
            new = 1 if drive > 0 else (0 if drive < 0 else state[node])
            if new != state[node]:
                state[node] = new
                changed = True
        if not changed:
            break
    return state
