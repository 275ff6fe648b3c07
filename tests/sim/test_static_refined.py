"""Crossbars whose resistances are far apart, against Gaussian elimination of fractions."""

from fractions import Fraction

import numpy as np
import pytest

from hwlib.errors import InputError
from sim.static import solve_crossbar


def exact(g, word, bit, left):
    """Voltages of word and bit nodes, sources at the left and 0 V below; every number is the fraction that it is."""
    (m, n), count = g.shape, 2 * g.size
    a = [[Fraction(0)] * (count + 1) for _ in range(count)]
    node = np.arange(count).reshape(2, m, n)

    def join(p, q, siemens):
        for at, other in ((p, q), (q, p)):
            a[at][at] += siemens
            a[at][other] -= siemens

    for (i, j), siemens in np.ndenumerate(g):
        join(node[0, i, j], node[1, i, j], Fraction(siemens))
        if j:
            join(node[0, i, j - 1], node[0, i, j], 1 / Fraction(word[i, j]))
        if i:
            join(node[1, i - 1, j], node[1, i, j], 1 / Fraction(bit[i, j]))
    for i in range(m):
        a[node[0, i, 0]][node[0, i, 0]] += 1 / Fraction(word[i, 0])
        a[node[0, i, 0]][count] += Fraction(left[i]) / Fraction(word[i, 0])
    for j in range(n):
        a[node[1, -1, j]][node[1, -1, j]] += 1 / Fraction(bit[m, j])
    for k in range(count):  # pivots of such a matrix are positive
        for row in (row for at, row in enumerate(a) if at != k and row[k]):
            share = row[k] / a[k][k]
            row[:] = [x - share * y for x, y in zip(row, a[k], strict=True)]
    return np.array([float(row[count] / row[k]) for k, row in enumerate(a)]).reshape(2, m, n)


def far_apart(decades, seed, drives=1):
    rng = np.random.default_rng(seed)
    g, word, bit = (10 ** rng.uniform(-decades / 2, decades / 2, shape) for shape in ((3, 3), (3, 4), (4, 3)))
    return g, word, bit, rng.uniform(-1, 1, (drives, 3))


@pytest.mark.parametrize(("decades", "seed"), [(12, 1), (16, 2), (20, 3), (20, 4), (20, 5)])
def test_voltages_and_currents_are_those_of_fractions(decades, seed):
    g, word, bit, left = far_apart(decades, seed)
    u, v = exact(g, word, bit, left[0])
    found = solve_crossbar(g, word, bit, left=left[0])
    assert found.word_voltage.dtype == found.device_current.dtype == float
    np.testing.assert_allclose(found.word_voltage, u, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.bit_voltage, v, rtol=0, atol=1e-14)
    inward, outward = found.left_current.sum(), -found.bottom_current.sum()
    assert inward == pytest.approx(outward, rel=1e-6)


@pytest.mark.parametrize(("decades", "seed"), [(12, 1), (16, 2)])
def test_perfect_segments_do_as_ones_that_hardly_resist(decades, seed):
    g, word, bit, left = far_apart(decades, seed, drives=2)
    word[1, 1] = 1e-60
    u, _ = exact(g, word, bit, left[1])
    word[1, 1] = 0.0
    np.testing.assert_allclose(solve_crossbar(g, word, bit, left=left).word_voltage[1], u, rtol=0, atol=1e-14)


def test_many_drives_are_refined_as_one_is():
    g, word, bit, left = far_apart(16, 2, drives=40)
    found = solve_crossbar(g, word, bit, left=left)
    for k in (0, 39):
        u, _ = exact(g, word, bit, left[k])
        np.testing.assert_allclose(found.word_voltage[k], u, rtol=0, atol=1e-14)


def test_what_rounds_do_not_settle_is_refused():
    with pytest.raises(InputError, match="too far apart"):
        for seed in range(20):
            solve_crossbar(*far_apart(28, seed)[:3], left=1.0)
