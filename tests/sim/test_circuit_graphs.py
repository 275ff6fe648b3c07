"""Connected parts and sums of currents of a resistor graph, against SciPy and NumPy."""

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sim.engines.layout.partition.reduction import joined
from sim.engines.layout.probe import add_currents


@pytest.mark.parametrize(
    ("seed", "nodes", "edges"), [(1, 1, 0), (2, 50, 30), (3, 400, 390), (4, 2000, 900), (5, 60, 90)]
)
def test_parts_are_those_of_scipy(seed, nodes, edges):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, nodes, (2, edges)).astype(np.int32)
    _, expected = connected_components(coo_array((np.ones(edges), (a, b)), shape=(nodes, nodes)), directed=False)
    first = np.unique(expected, return_index=True)[1]
    assert np.array_equal(joined(nodes, a, b), first[expected])


def test_a_long_path_against_its_numbering_is_one_part():
    node = np.random.default_rng(1).permutation(3000).astype(np.int32)
    assert not joined(3000, node[1:], node[:-1]).any()


def test_currents_are_missing_where_they_leave():
    rng = np.random.default_rng(3)
    nodes = rng.integers(0, 40, (100, 3)).astype(np.int32)
    ohm, voltage, alias = rng.uniform(1, 9, 100), rng.normal(size=40), np.arange(40, dtype=np.int32)
    alias[[7, 11]] = 2
    missing = np.zeros(40)
    add_currents(missing, alias, nodes, 0, 2, ohm, voltage)
    first, second = nodes[:, 0], nodes[:, 2]
    current = (voltage[first] - voltage[second]) / ohm
    expected = np.bincount(alias[first], current, 40) - np.bincount(alias[second], current, 40)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(missing, expected, atol=1e-12)
