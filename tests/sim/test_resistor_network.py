"""The resistor network of rules, static solves and reports against a dense analysis, Kirchhoff and closed forms."""

import ast
from pathlib import Path

import numpy as np
import pytest

from sim.circuit.many_drives import LANES, add_sizes
from sim.circuit.resistor_network import ResistorGraph, ResistorNetwork
from tests.support.dense_circuit import dense_potentials

ROOT = Path(__file__).resolve().parents[2]


def _random(seed):
    """Parts held twice, held once, floating, a lone node; doubled and open resistors; nodes that are one."""
    rng = np.random.default_rng(seed)
    nodes = 24
    inside = [rng.integers(low, high, (12, 2)) for low, high in ((0, 9), (9, 16), (16, 23))]
    ends = np.concatenate([*inside, inside[0][:2]])
    ends = ends[ends[:, 0] != ends[:, 1]]
    siemens = 10 ** rng.uniform(-5, 0, len(ends))
    siemens[rng.random(len(ends)) < 0.1] = 0.0
    held = np.zeros(nodes, bool)
    held[[0, 5, 10]] = True
    shorts = [(1, 2), (2, 7), (12, 13)]
    one = np.arange(nodes)
    for a, b in shorts:
        one[one == one[b]] = one[a]
    node = np.unique(one, return_inverse=True)[1]
    return rng, ResistorNetwork(ResistorGraph(ends, nodes, node), siemens, held), ends, siemens, held, shorts, node


@pytest.mark.parametrize("seed", range(8))
def test_potentials_are_those_of_a_dense_analysis(seed):
    rng, network, ends, siemens, held, shorts, _ = _random(seed)
    volts = np.where(held, rng.uniform(-1, 1, len(held)), np.nan)
    into = np.where(network.floating, 0.0, rng.uniform(-1e-3, 1e-3, len(held)))
    elements = [(*pair, g) for pair, g in zip(ends.tolist(), siemens, strict=True)]
    sources = [(k, volts[k]) for k in np.flatnonzero(held)]
    expected = dense_potentials(len(held), elements, sources, shorts, into)
    got = network.potentials(volts, into)
    assert got[~network.floating] == pytest.approx(expected[~network.floating], rel=1e-8, abs=1e-10)
    assert not got[network.floating].any() and network.floating[16:].all() and not network.floating[held].any()


@pytest.mark.parametrize("seed", range(4))
def test_currents_add_up_at_every_node_that_no_source_holds(seed):
    rng, network, ends, siemens, held, _, node = _random(seed)
    into = np.where(network.floating, 0.0, rng.uniform(-1e-3, 1e-3, len(held)))
    volts = network.potentials(np.where(held, 0.7, 0.0), into)
    flow = (volts[ends[:, 0]] - volts[ends[:, 1]]) * siemens
    out = np.bincount(node[ends[:, 0]], flow, len(held)) - np.bincount(node[ends[:, 1]], flow, len(held))
    out -= np.bincount(node, into, len(held))
    assert np.abs(out[np.setdiff1d(node, node[held])]).max() < 1e-14 < np.abs(out[node[held]]).max()


def test_many_drives_at_once_are_each_drive_alone():
    rng, network, _, _, held, _, _ = _random(3)
    volts, into = rng.uniform(-1, 1, (len(held), 5)), rng.uniform(-1e-3, 1e-3, len(held))
    together = network.potentials(volts, into)
    alone = [network.potentials(column, into) for column in volts.T]
    assert together == pytest.approx(np.stack(alone, axis=1), rel=1e-12, abs=1e-15)


def test_states_on_one_graph_are_each_a_network_of_its_own():
    rng, _, ends, siemens, held, _, node = _random(5)
    siemens = np.where(siemens > 0, siemens, 1e-3)
    graph = ResistorGraph(ends, len(held), node)
    first = ResistorNetwork(graph, siemens, held)
    other_held = np.roll(held, 1)
    states = [first, ResistorNetwork(graph, siemens, other_held)]
    for start in (10, 10, 4):
        siemens = np.concatenate([siemens[:start], 10 ** rng.uniform(-5, 0, len(ends) - start)])
        states.append(states[-1].with_siemens(siemens[start:], start))
    volts = rng.uniform(-1, 1, len(held))
    alone = [ResistorNetwork(ResistorGraph(ends, len(held), node), siemens, other_held).potentials(volts)]
    before = first.potentials(volts)
    for state in (*states[1:], *states):  # the graph holds one factorisation: whoever asks gets its own
        got = state.potentials(volts)
    assert got == pytest.approx(alone[0], rel=1e-12, abs=1e-15)
    assert first.potentials(volts).tolist() == before.tolist() != got.tolist()


def test_divider_ladder_and_nothing_to_solve():
    def network(ends, siemens, held):
        return ResistorNetwork(ResistorGraph(ends, len(held)), siemens, held)

    divider = network(np.array([[0, 1], [1, 2]]), np.array([1 / 3, 1.0]), np.array([True, False, True]))
    assert divider.potentials(np.array([8.0, np.nan, 0.0])) == pytest.approx([8.0, 2.0, 0.0])
    steps = np.arange(50)
    ladder = network(np.stack([steps, steps + 1], axis=1), np.full(50, 0.5), np.arange(51) == 0)
    assert ladder.potentials(injected=np.eye(51)[50]) == pytest.approx(2.0 * np.arange(51))  # 1 A over 2 Ω a step
    held = network(np.array([[0, 1]]), np.ones(1), np.array([True, True]))
    assert held.potentials(np.array([1.0, 2.0])).tolist() == [1.0, 2.0]


def test_a_hundred_thousand_nodes_of_narrow_numbers():
    """Numbers of 32 bits: places in the matrix are beyond them."""
    steps = np.arange(99_999)
    graph = ResistorGraph(np.stack([steps, steps + 1], axis=1), 100_000, np.arange(100_000, dtype=np.int32))
    ladder = ResistorNetwork(graph, np.full(99_999, 0.5), np.arange(100_000) == 0)
    end = np.zeros(100_000)
    end[-1] = 1e-3
    assert ladder.potentials(injected=end)[[1, -1]] == pytest.approx([2e-3, 2e-3 * 99_999], rel=1e-9)


def test_nobody_else_assembles_a_conductance_matrix():
    """Besides judges: the engines, and the sheets of the extraction and of LVS, which may not import ``sim``."""
    own = {"sim/circuit/resistor_network.py", "hwlib/extraction/grid.py", "hwlib/checks/locate.py"}
    solvers = {"splu", "spsolve", "factorized", "cg", "qdldl"}
    found = set()
    for room in ("hwlib", "layouts", "sim", "spinhop"):
        for path in (ROOT / room).rglob("*.py"):
            names = {
                alias.name
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Import | ast.ImportFrom)
                and getattr(node, "module", "scipy.sparse.linalg").startswith("scipy.sparse.linalg")
                for alias in node.names
            }
            if names & solvers and "engines" not in path.parts:
                found.add(str(path.relative_to(ROOT)))
    assert found == own


@pytest.mark.parametrize("seed", range(4))
def test_several_drives_at_once_have_the_bits_of_each_alone(seed):
    rng, network, _, _, held, _, node = _random(seed)
    volts = rng.uniform(-1, 1, (held.sum(), LANES))
    volts[0, 0] = 0.0
    many = network.many_drives()
    found, siemens = many.potentials(volts), rng.uniform(0.1, 1.0, 5)
    sizes, first, second = np.zeros(5), node[:5], node[5:10]
    for lane in range(LANES):
        alone = network.at_circuit_nodes(volts[:, lane])
        np.testing.assert_array_equal(found[many.place, lane], alone)
        sizes += np.abs((alone[first] - alone[second]) * siemens)
    added = np.zeros(5)
    add_sizes(many.place[first], many.place[second], siemens, found, added)
    np.testing.assert_array_equal(added, sizes)
