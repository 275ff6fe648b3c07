"""A crossbar for many drives at once: column after column by dense blocks, all drives in each product.

Bit lines are tridiagonal and meet their own column's word nodes alone, so they are eliminated column by column. What is
left couples neighbouring columns by one segment a row: a block tridiagonal matrix with blocks of rows × rows,
eliminated from the left (Golub & Van Loan, Matrix Computations, 4th ed., 4.5). A drive costs 4·rows²·columns
operations, in products of matrices; a sparse factorisation does fewer, but reads all its numbers anew for each drive.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

_TOGETHER = 64  # drives: fewer are no faster a drive, more take memory


def solve_by_columns(
    g: np.ndarray, word: np.ndarray, bit: np.ndarray, ends: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Potentials of word and bit nodes in V, shape (drives, rows, columns).

    Args:
        g: conductances of the devices in S, shape (rows, columns).
        word: of the word lines' segments in S, 0 where there is none, shape (rows, columns + 1).
        bit: of the bit lines', likewise, shape (rows + 1, columns).
        ends: source voltages in V left, right, top and bottom, shape (drives, lines), 0 where there is none.
    """
    if g.shape[0] > g.shape[1]:  # blocks are as wide as there are rows
        left, right, top, bottom = ends
        v, u = solve_by_columns(g.T, bit.T, word.T, [top, bottom, left, right])
        return u.swapaxes(1, 2), v.swapaxes(1, 2)
    blocks, (m, n), drives = ColumnBlocks(g, word, bit), g.shape, len(ends[0])
    u, v = np.empty((2, drives, m, n))
    for start in range(0, drives, _TOGETHER):
        left, right, top, bottom = (end[start : start + _TOGETHER].T for end in ends)
        into_word, into_bit = np.zeros((2, n, m, left.shape[1]))
        into_word[0] += word[:, :1] * left
        into_word[-1] += word[:, -1:] * right
        into_bit[:, 0] += bit[0][:, None] * top
        into_bit[:, -1] += bit[-1][:, None] * bottom
        found = blocks.solve(into_word, into_bit)
        u[start : start + _TOGETHER], v[start : start + _TOGETHER] = (each.transpose(2, 1, 0) for each in found)
    return u, v


class ColumnBlocks:
    """A crossbar, factorised.

    Args:
        g: conductances of the devices in S, shape (rows, columns).
        word: of the word lines' segments in S, 0 where there is none, shape (rows, columns + 1).
        bit: of the bit lines', likewise, shape (rows + 1, columns).
    """

    def __init__(self, g: np.ndarray, word: np.ndarray, bit: np.ndarray):
        m, n = g.shape
        self._g, self._between = g.T, word.T[1:-1]
        self._bit = [lapack.dpttrf(bit[:-1, k] + bit[1:, k] + g[:, k], -bit[1:-1, k])[:2] for k in range(n)]
        self._inverse = np.empty((n, m, m))
        own, diagonal = (word[:, :-1] + word[:, 1:] + g).T, np.diag_indices(m)
        for k in range(n):
            block = self._along(k, np.diag(-self._g[k])) * self._g[k][:, None]
            block[diagonal] += own[k]
            if k:
                across = self._between[k - 1]
                block -= self._inverse[k - 1] * across * across[:, None]
            self._inverse[k] = _inverse(block)

    def _along(self, column: int, into: np.ndarray) -> np.ndarray:
        """Potentials of a bit line for currents into it, its devices' other ends at 0 V, shape (rows, …)."""
        found: np.ndarray = lapack.dpttrs(*self._bit[column], into)[0]
        return found

    def solve(self, word: np.ndarray, bit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Potentials of word and bit nodes in V for currents into them in A, shape (columns, rows, drives)."""
        g, across = self._g[:, :, None], self._between[:, :, None]
        u = word.copy()
        if bit.any():
            for k, into in enumerate(bit):
                u[k] += g[k] * self._along(k, into)
        for k, inverse in enumerate(self._inverse):
            if k:
                u[k] += across[k - 1] * u[k - 1]
            u[k] = inverse @ u[k]
        for k in range(len(u) - 2, -1, -1):
            u[k] += self._inverse[k] @ (across[k] * u[k + 1])
        v = np.stack([self._along(k, g[k] * each + into) for k, (each, into) in enumerate(zip(u, bit, strict=True))])
        return u, v


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Of a symmetric positive definite matrix."""
    factor, _ = lapack.dpotrf(matrix, lower=True, overwrite_a=True)
    lower, _ = lapack.dpotri(factor, lower=True, overwrite_c=True)
    lower[np.triu_indices(len(lower), 1)] = 0.0
    whole = lower + lower.T
    whole[np.diag_indices(len(whole))] *= 0.5
    return whole
