"""Nodes between two resistors, against dense solves of the whole graph."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sim.circuit import series_nodes
from sim.circuit.series_nodes import SeriesNodes
from tests.support.dense_circuit import grounded_potentials


def _graph(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Lines between a few junctions, of some junction to itself too, and a ring by itself: as for ``SeriesNodes``,
    and the part of each node.
    """  # fmt: skip
    junctions, ends = 5, []
    nodes = junctions
    for line in range(12):
        length = int(rng.integers(1, 30))
        first, last = (line % junctions, (line + 1) % junctions) if line < junctions else rng.integers(0, junctions, 2)
        chain = [first, *range(nodes, nodes + length), last]
        ends += list(itertools.pairwise(chain))
        nodes += length
    ring = list(range(nodes, nodes + 7))
    ends += list(zip(ring, ring[1:] + ring[:1], strict=True))
    part = np.repeat([0, 1], [nodes, 7])
    held = np.zeros(nodes + 7, bool)
    held[rng.choice(nodes, 3, replace=False)] = True
    order = rng.permutation(nodes + 7)
    return np.argsort(order)[np.array(ends)], rng.uniform(0.1, 10.0, len(ends)), held[order], part[order]


@pytest.mark.parametrize("seed", range(10))
def test_lines_are_what_the_whole_circuit_has(seed, monkeypatch):
    monkeypatch.setattr(series_nodes, "_FEW", 0)
    rng = np.random.default_rng(seed)
    ends, ohm, held, part = _graph(rng)
    found = SeriesNodes(ends, ohm, held)
    degree = np.bincount(ends.ravel(), minlength=len(held))
    # Of the ring one node stays, as do held ones and junctions.
    assert found.nodes.sum() == (held | (degree != 2)).sum() + 1
    assert found.nodes[held].all()
    assert found.nodes[found.ends].all()
    into = np.where(part == 0, rng.normal(size=len(held)), 0.0)
    into[rng.choice(np.flatnonzero(part == 0), 40)] = 0.0
    along = found.into_rest(into)
    rest = grounded_potentials(found.ends, found.ohm, held, np.where(found.nodes, along, 0.0))
    there = part == 0
    potentials = found.potentials(np.where(found.nodes, rest, np.nan), along)
    assert potentials[there] == pytest.approx(grounded_potentials(ends, ohm, held, into)[there])
    assert (found.as_rest(np.where(found.nodes, part, -1)) == part).all()


def test_a_long_line_costs_the_equations_of_its_ends():
    nodes = 20_000
    line = np.stack([np.arange(nodes - 1), np.arange(1, nodes)], axis=1)
    held = np.zeros(nodes, bool)
    held[[0, -1]] = True
    found = SeriesNodes(line, np.ones(nodes - 1), held)
    assert found.nodes.sum() <= series_nodes._FEW + 2
    assert found.ohm.sum() == nodes - 1
    into = np.zeros(nodes)
    into[nodes // 4] = 1.0  # one ampere, at a quarter of the way
    along = found.into_rest(into)
    assert along[found.nodes].sum() == pytest.approx(1.0)
