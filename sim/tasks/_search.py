"""Compiled inner loops of the graph searches (imported only where they run: compiling takes a second)."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def enumerate_cuts(weights: np.ndarray) -> tuple[float, np.ndarray]:
    """Largest cut of a dense graph by walking all bipartitions in Gray-code order (last node fixed)."""
    n = len(weights)
    side = np.zeros(n, np.int8)
    best_side = side.copy()
    cut = best = 0.0
    for step in range(1, 1 << (n - 1)):
        node = 0
        while (step >> node) & 1 == 0:
            node += 1
        gain = 0.0
        for other in range(n):
            gain += weights[node, other] if side[other] == side[node] else -weights[node, other]
        side[node] ^= 1
        cut += gain
        if cut > best + 1e-9:
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
    """One-flip local search: the best flip again and again until none gains."""
    side = side.copy()
    gains = _gains(weights, side)
    while True:
        node = int(np.argmax(gains))
        if gains[node] <= 1e-9:
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
