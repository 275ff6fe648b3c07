"""Connected parts, shrinking and sums of currents of a resistor graph, against SciPy and NumPy."""

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sim.engines.layout.partition.reduction import PILLAR, TRACK, WIRE, CircuitEdges, joined, reduce_graph, restore
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


def potentials(nodes, a, b, ohm, held, volt):
    """Of all nodes, by a dense solve; ``held``: those that sources hold."""
    matrix = np.zeros((nodes, nodes))
    np.add.at(matrix, (np.concatenate([a, b]), np.concatenate([b, a])), -np.concatenate([1 / ohm, 1 / ohm]))
    np.fill_diagonal(matrix, -matrix.sum(axis=0) + 1e-300)  # a node without edges is at 0 V
    matrix[held], full = np.eye(nodes)[held], np.zeros(nodes)
    full[held] = volt
    return np.linalg.solve(matrix, full)


def tree_with_vias(rng, nodes):
    """Edges of a tree whose links are up to three resistors side by side, some in a row of their own."""
    a, b = [], []
    for node in range(1, nodes):
        beside = max(0, node - int(rng.integers(1, 5)))
        count = int(rng.integers(1, 4))
        a += [node] * count
        b += [beside] * count
    return np.array(a), np.array(b)


@pytest.mark.parametrize("seed", range(30))
def test_a_graph_that_shrinks_has_the_same_potentials(seed):
    """Wires in series and parallel, dead ends, pillars and tracks: against the nodal matrix of all that was given."""
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(5, 40))
    a, b = tree_with_vias(rng, nodes)
    more = rng.integers(0, nodes, (2, int(rng.integers(0, 6))))
    a, b = np.concatenate([a, more[0]]), np.concatenate([b, more[1]])
    devices, kind = 4, np.full(len(a), WIRE)
    kind[rng.choice(len(a), devices, replace=False)] = [PILLAR, PILLAR, TRACK, TRACK]
    device = np.full(len(a), -1)
    device[kind != WIRE] = np.arange(devices)
    ohm, pillar_ohm = rng.uniform(0.1, 9, len(a)), rng.uniform(1, 5, devices)
    held = np.zeros(nodes, bool)
    held[rng.choice(nodes, 2, replace=False)] = True
    volt = rng.uniform(0, 1, 2)

    def whole(edges):
        own = np.where(edges.kind == PILLAR, pillar_ohm[np.maximum(edges.device, 0)], 0.0)
        return np.asarray(edges.ohm) + own

    given = CircuitEdges(a=a, b=b, ohm=ohm, kind=kind, device=device)
    apart = a != b
    expected = potentials(nodes, a[apart], b[apart], whole(given)[apart], held, volt)
    kept, removed = reduce_graph(nodes, given, held)
    assert set(kept.device[kept.kind != WIRE]) <= set(range(devices))
    found = potentials(nodes, kept.a, kept.b, whole(kept), held, volt)
    restore(removed, found, pillar_ohm)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    degree = np.bincount(np.concatenate([a, b]), minlength=nodes)  # it never grows
    wires = kept.kind == WIRE
    pairs = np.sort(np.stack([kept.a[wires], kept.b[wires]]), axis=0)
    few = np.minimum(*degree[pairs]) <= 8
    assert len(np.unique(pairs[:, few], axis=1).T) == few.sum()  # none is left beside another


def test_vias_between_a_rail_and_a_trunk_are_one_resistor():
    """Seven vias in a row, a wire above them that leads away at one end, as extraction finds them on a wide trunk."""
    vias, trunk, source, away = np.arange(7), 7, 8, 9
    a = np.concatenate([vias[:-1], vias, [source, 6]])
    b = np.concatenate([vias[1:], np.full(7, trunk), [trunk, away]])
    ohm = np.concatenate([np.full(6, 0.2), np.full(7, 3.2), [1.0, 2.0]])
    held = np.isin(np.arange(10), [source, away])
    edges = CircuitEdges(a=a, b=b, ohm=ohm, kind=np.full(15, WIRE), device=np.full(15, -1))
    kept, removed = reduce_graph(10, edges, held)
    assert len(kept.ohm) == 1 and len(removed.node) == 8
    ahead = 3.2
    for _ in range(6):
        ahead = 1 / (1 / (ahead + 0.2) + 1 / 3.2)
    assert kept.ohm[0] == pytest.approx(1.0 + ahead + 2.0, rel=1e-12)


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
