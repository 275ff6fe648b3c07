"""Random numbers by their place: published words of Philox 4×32-10, and normal numbers that are independent."""

import numpy as np
import pytest
from numba import njit
from scipy import stats

from sim.thermal.counter_random import draw_pair, philox

ONES, PI = [0xFFFFFFFF] * 4, [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344]


@njit
def words_of(a, b, c, d, key, other):
    return philox(a, b, c, d, key, other)


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ([0] * 4, [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        (ONES, ONES[:2], "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (PI, [0xA4093822, 0x299F31D0], "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_words_are_those_of_random123(counter, key, words):
    found = words_of(*np.array([*counter, *key], np.uint64))
    assert " ".join(f"{word:08x}" for word in found) == words


def draw(seed, trial, variable, pair, walls=20000):
    normal, uniform = np.empty((2, walls)), np.empty((2, walls))
    draw_pair(np.uint64(seed), trial, variable, pair, normal, uniform)
    return normal, uniform


def test_numbers_are_normal_and_uniform_and_depend_on_every_part_of_their_place():
    normal, uniform = draw(3, 1, 0, 0)
    others = [
        draw(*place)[0] for place in ((3, 1, 0, 1), (3, 1, 1, 0), (3, 2, 0, 0), (4, 1, 0, 0), (2**33 + 3, 1, 0, 0))
    ]
    for row in range(2):  # 0.1 % each
        assert stats.kstest(normal[row], "norm").pvalue > 1e-3
        assert stats.kstest(uniform[row], "uniform").pvalue > 1e-3
    rows = np.vstack([normal, uniform, *others])
    correlation = np.corrcoef(rows) - np.eye(len(rows))
    assert abs(correlation).max() < 4.5 / np.sqrt(20000)  # 91 of them, each normal: 1e-3 in all
    np.testing.assert_array_equal(draw(3, 1, 0, 0, walls=7)[0], normal[:, :7])
