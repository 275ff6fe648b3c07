"""Compiled sweeps over the lines of a crossbar."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def apply_crossbar(g, word, bit, x, out):
    """Currents out of every node for potentials ``x``, shape (2, rows, columns): word nodes, then bit nodes."""
    m, n = g.shape
    for i in range(m):
        for j in range(n):
            u, v = x[0, i, j], x[1, i, j]
            through = g[i, j] * (u - v)
            at_word = (word[i, j] + word[i, j + 1]) * u + through
            at_bit = (bit[i, j] + bit[i + 1, j]) * v - through
            if j > 0:
                at_word -= word[i, j] * x[0, i, j - 1]
            if j < n - 1:
                at_word -= word[i, j + 1] * x[0, i, j + 1]
            if i > 0:
                at_bit -= bit[i, j] * x[1, i - 1, j]
            if i < m - 1:
                at_bit -= bit[i + 1, j] * x[1, i + 1, j]
            out[0, i, j], out[1, i, j] = at_word, at_bit


@njit(cache=True)
def dot(a, b):
    """Sum of the products of two arrays of one shape, in order."""
    total = 0.0
    for x, y in np.nditer((a, b)):
        total += x.item() * y.item()
    return total


@njit(cache=True)
def factor_lines(g, segments):
    """Factors of every line's tridiagonal matrix (its segments, and each device to a fixed potential).

    Returns:
        Reciprocal pivots and the factors below them, shape (lines, crossings).
    """
    m, n = g.shape
    inverse, below = np.empty((m, n)), np.zeros((m, n))
    for i in range(m):
        for j in range(n):
            pivot = segments[i, j] + segments[i, j + 1] + g[i, j]
            if j > 0:
                below[i, j] = segments[i, j] * inverse[i, j - 1]
                pivot -= below[i, j] * segments[i, j]
            inverse[i, j] = 1.0 / pivot if pivot > 0 else 0.0
    return inverse, below


@njit(cache=True)
def solve_lines(inverse, below, r):
    """Solve every line for currents ``r``, shape (lines, crossings)."""
    m, n = r.shape
    x = np.empty((m, n))
    for i in range(m):
        for j in range(n):
            x[i, j] = r[i, j] + (below[i, j] * x[i, j - 1] if j > 0 else 0.0)
        x[i, n - 1] *= inverse[i, n - 1]
        for j in range(n - 2, -1, -1):
            x[i, j] = x[i, j] * inverse[i, j] + below[i, j + 1] * x[i, j + 1]
    return x
