"""Dead ends of resistor graphs against dense solves of the whole graph."""

from __future__ import annotations

import numpy as np
import pytest

from sim.circuit.dead_ends import DeadEnds
from tests.support.dense_circuit import grounded_potentials


def _graph(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Trees on a few loops, in several parts, some without a held node: ends, ohm, held nodes, part of each node."""
    nodes, parts = 40, 4
    part = np.sort(np.concatenate([np.arange(parts), rng.integers(0, parts, nodes - parts)]))
    ends = []
    for k in range(parts):
        mine = np.flatnonzero(part == k)
        ends += [(node, rng.choice(mine[:j])) for j, node in enumerate(mine) if j]  # a tree, near ends first
        ends += [tuple(rng.choice(mine, 2)) for _ in range(rng.integers(0, 3))]  # loops, of one node too
    held = np.zeros(nodes, bool)
    for k in range(parts - 1):  # the last part floats
        held[rng.choice(np.flatnonzero(part == k), rng.integers(1, 3))] = True
    order = rng.permutation(nodes)
    place = np.argsort(order)
    return place[np.array(ends)], rng.uniform(0.1, 10.0, len(ends)), held[order], part[order]


@pytest.mark.parametrize("seed", range(20))
def test_sums_along_branches_are_what_the_whole_circuit_has(seed):
    rng = np.random.default_rng(seed)
    ends, ohm, held, part = _graph(rng)
    found = DeadEnds(ends, ohm, held)
    reached = np.isin(part, part[held])
    into = np.where(reached, rng.normal(size=len(held)), 0.0)
    whole = grounded_potentials(ends, ohm, held, into)
    summed = found.into_rest(into)
    rest = grounded_potentials(ends[found.resistors], ohm[found.resistors], held, np.where(found.nodes, summed, 0.0))
    assert found.potentials(np.where(found.nodes, rest, np.nan), summed)[reached] == pytest.approx(whole[reached])
    assert (found.as_rest(np.where(found.nodes, part, -1)) == part).all()
    assert found.nodes[held].all()


@pytest.mark.parametrize("seed", range(20))
def test_nothing_that_is_left_ends_dead(seed):
    ends, ohm, held, part = _graph(np.random.default_rng(seed))
    found = DeadEnds(ends, ohm, held)
    left = ends[found.resistors]
    assert found.nodes[left].all()
    degree = np.bincount(left.ravel(), minlength=len(held))
    assert not ((degree == 1) & ~held).any()
    assert (np.bincount(part[found.nodes], minlength=4) >= 1).all()
    assert len(left) < len(ends)
