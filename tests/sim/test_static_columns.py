"""Crossbars solved column by column, against a dense matrix of all nodes, built segment by segment."""

from __future__ import annotations

import numpy as np
import pytest

from sim.static_columns import solve_by_columns


def dense(g: np.ndarray, word: np.ndarray, bit: np.ndarray, ends: list[np.ndarray]) -> np.ndarray:
    """Potentials of word, then bit nodes, shape (2, drives, rows, columns); ends are nodes of known voltage."""
    (m, n), drives = g.shape, len(ends[0])
    node = np.arange(2 * m * n).reshape(2, m, n)
    matrix, current = np.zeros((node.size, node.size)), np.zeros((node.size, drives))

    def link(a: int, b: int, conductance: float) -> None:
        matrix[[a, b], [a, b]] += conductance
        matrix[[a, b], [b, a]] -= conductance

    def source(a: int, conductance: float, voltage: np.ndarray) -> None:
        matrix[a, a] += conductance
        current[a] += conductance * voltage

    for i, k in np.ndindex(m, n):
        link(node[0, i, k], node[1, i, k], g[i, k])
        if k + 1 < n:
            link(node[0, i, k], node[0, i, k + 1], word[i, k + 1])
        if i + 1 < m:
            link(node[1, i, k], node[1, i + 1, k], bit[i + 1, k])
    left, right, top, bottom = ends
    for i in range(m):
        source(node[0, i, 0], word[i, 0], left[:, i])
        source(node[0, i, -1], word[i, -1], right[:, i])
    for k in range(n):
        source(node[1, 0, k], bit[0, k], top[:, k])
        source(node[1, -1, k], bit[-1, k], bottom[:, k])
    return np.linalg.solve(matrix, current).T.reshape(drives, 2, m, n).swapaxes(0, 1)


@pytest.mark.parametrize(("rows", "columns", "drives"), [(3, 5, 2), (5, 3, 70), (4, 4, 129), (2, 3, 1)])
@pytest.mark.parametrize("grounded", [False, True])
def test_every_node_as_a_dense_solve_has_it(rows: int, columns: int, drives: int, grounded: bool) -> None:
    random = np.random.default_rng(rows * 100 + columns)
    g, word, bit = (
        10 ** random.uniform(-4, -1, shape) for shape in ((rows, columns), (rows, columns + 1), (rows + 1, columns))
    )
    ends = [random.uniform(-1, 1, (drives, size)) for size in (rows, rows, columns, columns)]
    if grounded:  # no drive of a bit line
        ends[2:] = [np.zeros((drives, columns))] * 2
    found = np.array(solve_by_columns(g, word, bit, ends))
    np.testing.assert_allclose(found, dense(g, word, bit, ends), rtol=0, atol=1e-10)
