"""Hebbian weights, rails and stored patterns."""

from __future__ import annotations

import numpy as np
import pytest

from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.weight_styles import rail_levels
from hwlib.weights import bits, hebbian, stored_patterns, weight_levels


def test_one_pattern_by_hand():
    """Fig. 4's size: equal bits attract, different ones repel, nothing on the diagonal."""
    assert np.array_equal(hebbian(bits(["011"])), [[0, -1, -1], [-1, 0, 1], [-1, 1, 0]])


def test_eq3_written_out_for_several_patterns():
    patterns = np.random.default_rng(3).integers(0, 2, (4, 9))
    expected = np.zeros((9, 9))
    for s in patterns:
        for i in range(9):
            for j in range(9):
                if i != j:
                    expected[i, j] += (2 * s[i] - 1) * (2 * s[j] - 1)
    assert np.array_equal(hebbian(patterns), expected)


def test_a_pattern_and_its_inverse_give_equal_weights():
    pattern = np.random.default_rng(4).integers(0, 2, (1, 12))
    assert np.array_equal(hebbian(pattern), hebbian(1 - pattern))


def test_rail_levels_ignore_the_diagonal_and_negative_zero():
    levels = np.array([[5.0, 1.0, -0.0], [1.0, 5.0, 0.0], [-2.0, 1e-9, 5.0]])
    rails = rail_levels(levels)
    assert rails == [-2.0, 0.0, 1.0]
    assert np.copysign(1.0, rails[1]) == 1.0


def test_too_many_rails_are_refused_and_lines_take_them():
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(6, 6))
    np.fill_diagonal(matrix, 0.0)
    weights = {"matrix": matrix.tolist()}
    with pytest.raises(InputError, match="30 distinct weights, the rails style carries at most 16"):
        weight_levels(Design(name="d", network={"neurons": 6, "weights": weights}))
    lines = Design(name="d", network={"neurons": 6, "weights": weights, "weight_style": "lines"})
    assert np.array_equal(weight_levels(lines), matrix)


def with_distinct_weights(count):
    matrix = np.zeros((6, 6))
    matrix[~np.eye(6, dtype=bool)] = np.arange(30) % count + 1.0
    return Design(name="d", network={"neurons": 6, "weights": {"matrix": matrix.tolist()}})


def test_sixteen_rails_are_drawn_and_seventeen_are_not():
    assert len(rail_levels(weight_levels(with_distinct_weights(16)))) == 16
    with pytest.raises(InputError, match="17 distinct weights, the rails style carries at most 16"):
        weight_levels(with_distinct_weights(17))


def test_given_patterns_are_stored_as_given():
    design = Design(name="d", network={"neurons": 4, "weights": {"patterns": ["0101", "0011"]}})
    assert np.array_equal(stored_patterns(design), [[0, 1, 0, 1], [0, 0, 1, 1]])
    assert np.array_equal(weight_levels(design), hebbian(np.array([[0, 1, 0, 1], [0, 0, 1, 1]])))


def test_a_matrix_stores_no_patterns():
    design = Design(name="d", network={"neurons": 2, "weights": {"matrix": [[0, 1], [1, 0]]}})
    assert stored_patterns(design) is None


def test_random_patterns_have_the_asked_shape():
    design = Design(name="d", network={"neurons": 50, "weights": {"random_patterns": 3}})
    patterns = stored_patterns(design)
    assert patterns.shape == (3, 50) and set(np.unique(patterns)) == {0, 1}
