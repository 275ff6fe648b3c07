"""Which rectangles touch: beside trying every pair, and however large and small ones are mixed."""

import itertools
import math

import klayout.db as kdb
import numpy as np

from hwlib.checks.rectangles import Rectangles, rectangles, touching


def every_pair(shapes, linked):
    """By trying them all."""
    found = []
    for (i, a), (j, b) in itertools.combinations(enumerate(shapes.boxes.tolist()), 2):
        near = 0 if shapes.layer[i] == shapes.layer[j] else 1  # of two layers overlap by a unit
        meet = min(a[2], b[2]) - max(a[0], b[0]) >= near and min(a[3], b[3]) - max(a[1], b[1]) >= near
        if meet and linked[shapes.layer[i], shapes.layer[j]]:
            found.append((i, j))
    return found


def test_touching_is_what_every_pair_says():
    rng = np.random.default_rng(4)
    for _ in range(20):
        corner = rng.integers(-30, 30, (40, 2))
        size = rng.choice([0, 1, 2, 5, 40], (40, 2))
        shapes = Rectangles(("a", "b", "c"), rng.integers(0, 3, 40), np.hstack([corner, corner + size]))
        linked = np.eye(3, dtype=bool) | (np.add.outer(range(3), range(3)) == 1)
        pairs = every_pair(shapes, linked)
        assert [tuple(pair) for pair in touching(shapes, linked).tolist()] == pairs and pairs


def test_wires_across_a_wafer_take_no_longer_than_short_ones():
    """A comb of 10 000 wires of 0.3 m each, in units of 1 nm, that a bar joins."""
    n, length = 10_000, 3 * 10**8
    teeth = np.stack([np.zeros(n, int), 200 * np.arange(n), np.full(n, length), 200 * np.arange(n) + 100], axis=-1)
    bar = [[length, 0, length + 100, 200 * n]]
    shapes = Rectangles(("m1",), np.zeros(n + 1, int), np.concatenate([teeth, bar]))
    assert np.array_equal(touching(shapes, np.ones((1, 1), bool)), [[k, n] for k in range(n)])


def test_no_more_rectangles_are_made_than_are_of_use():
    plane = {"m1": kdb.Region([kdb.Box(0, 100 * k, 1000, 100 * k + 50) for k in range(100)])}
    assert len(rectangles(plane, 10)) == 100 * 100 * 5 and len(rectangles(plane)) == 100
    assert 2000 < len(rectangles(plane, 10, most=2000)) <= 2500 and len(rectangles(plane, most=math.inf)) == 100
