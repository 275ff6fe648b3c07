import itertools
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest

from hwlib.errors import InputError
from sim.tasks import baselines, graphs, maxcut, rudy
from sim.tasks.optimum import _milp, optimum

OPTIMA = (536, 532, 529, 538, 527, 533, 531, 535, 530, 533)  # published with the Biq Mac library


def weighted(n, seed):
    rng = np.random.default_rng(seed)
    graph = nx.gnp_random_graph(n, 0.6, seed=seed)
    nx.set_edge_attributes(graph, {e: float(rng.integers(-5, 6) or 1) for e in graph.edges}, "weight")
    return graph


def brute_force(graph):
    weights = graphs.adjacency(graph).toarray()
    n = len(weights)
    best = 0.0
    for side in itertools.product((0, 1), repeat=n - 1):
        s = np.array((*side, 0))
        best = max(best, weights[s == 1][:, s == 0].sum())
    return best


@pytest.mark.parametrize("seed", range(6))
def test_enumeration_is_exact(seed):
    graph = weighted(9, seed)
    found = optimum(graph)
    assert found.status == "exact"
    assert found.value == pytest.approx(brute_force(graph))
    assert maxcut.cut_value(graph, found.side) == pytest.approx(found.value)


@pytest.mark.parametrize("seed", range(6))
def test_enumeration_rounds_nothing(seed):
    """Weights of ±10⁶ that leave a cut of a few units: the exact best in fractions, rounded once."""
    rng = np.random.default_rng(seed)
    graph = nx.Graph()
    pairs = itertools.combinations(range(9), 2)
    graph.add_weighted_edges_from((i, j, float(rng.choice([-1e6, rng.normal(0.1), rng.normal()]))) for i, j in pairs)
    exact = max(
        sum(Fraction(w) for i, j, w in graph.edges(data="weight") if (side >> i ^ side >> j) & 1) for side in range(256)
    )
    assert optimum(graph).value == pytest.approx(float(exact), rel=1e-15, abs=0)


@pytest.mark.parametrize("nodes", [10, 26])  # enumerated; tabu search, annealing, proof
def test_a_cut_does_not_depend_on_the_unit_of_weight(nodes):
    graph = nx.gnp_random_graph(nodes, 3 / nodes, seed=4)
    rng = np.random.default_rng(1)
    matrix = graphs.adjacency(graph) * 1.0
    matrix.data = rng.normal(1, 1, matrix.nnz)
    matrix = matrix + matrix.T
    best = optimum(matrix, reads=10, milp_seconds=20)
    assert best.status == "exact" and best.value == pytest.approx(maxcut.cut_value(matrix, best.side), rel=1e-14)
    climbed, bound = baselines.local_search_cuts(matrix, 20, 1), baselines.goemans_williamson(matrix, 5)[1]
    for unit in (2.0**-90, 2.0**-40, 2.0**30, 2.0**300):
        found = optimum(matrix * unit, reads=10, milp_seconds=20)
        assert (found.value, found.status) == (best.value * unit, best.status)
        assert maxcut.cut_value(matrix, found.side) == pytest.approx(best.value, rel=1e-14)
        assert np.array_equal(baselines.local_search_cuts(matrix * unit, 20, 1), climbed * unit)
        assert baselines.goemans_williamson(matrix * unit, 5)[1] == pytest.approx(bound * unit, rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_milp_proves_the_same(seed):
    graph = weighted(12, seed)
    proved = _milp(graphs.adjacency(graph), 30.0)
    assert proved is not None and proved.status == "exact"
    assert proved.value == pytest.approx(optimum(graph).value)


def test_larger_graphs_are_best_known_unless_proved():
    graph = rudy.random_graph(26, 0.15, 2)
    assert optimum(graph).status == "best found"
    proved = optimum(graph, milp_seconds=60.0)
    assert (proved.status, proved.method) == ("exact", "HiGHS")
    assert optimum(graph).value == proved.value
    annealed = optimum(graph, reads=20)
    assert annealed.status == "best found" and annealed.value == proved.value


@pytest.mark.parametrize(("nodes", "status", "method"), [
    (22, "exact", "enumeration"), (23, "best found", "tabu search, 20 starts"),
])  # fmt: skip
def test_all_cuts_are_walked_up_to_22_nodes(nodes, status, method):
    """A ring of an even number of nodes is cut whole, an odd one but for one edge."""
    found = optimum(nx.cycle_graph(nodes))
    assert (found.value, found.status, found.method) == (22, status, method)
    assert maxcut.cut_value(nx.cycle_graph(nodes), found.side) == 22


def test_greedy_cut_by_hand():
    """In order: 0 ON; 1 OFF; 2 balanced, ON; 3 is pulled to 1's side less than to 0's and 2's, so OFF."""
    graph = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, 1), (0, 2, 1), (1, 2, 1), (0, 3, 2), (2, 3, 0.5), (1, 3, 1.5)])
    assert baselines.greedy_cut(graph) == 1 + 1 + 2 + 0.5
    friends = nx.Graph()
    friends.add_weighted_edges_from([(0, 1, -3), (1, 2, 2), (0, 2, -1)])
    assert baselines.greedy_cut(friends) == 1  # 0 and 1 stay together, 2 leaves both


def test_proof_with_attraction():
    """Edges below 0 count against a cut: of a triangle with −1 the two others, or none where that is less."""
    for third, best in ((-1.0, 5.0), (-10.0, 5.0), (1.0, 5.0)):
        graph = nx.Graph()
        graph.add_weighted_edges_from([(0, 1, 2.0), (1, 2, 3.0), (0, 2, third)])
        proved = _milp(graphs.adjacency(graph), 10.0)
        assert proved is not None and proved.value == pytest.approx(best) and proved.side.tolist() in ([0, 1, 0],)


def test_a_proof_leaves_no_room(monkeypatch):
    """A solver that stops with a gap between its solution and its bound has proved nothing."""
    import scipy.optimize

    graph, solve = weighted(12, 1), scipy.optimize.milp

    def sloppy(*args, **kwargs):
        assert kwargs["options"]["mip_rel_gap"] == 0.0
        solution = solve(*args, **kwargs)
        solution.mip_dual_bound -= 1.0
        return solution

    monkeypatch.setattr(scipy.optimize, "milp", sloppy)
    assert _milp(graphs.adjacency(graph), 30.0) is None


def test_tabu_reaches_the_published_optima():
    assert [optimum(rudy.g05(60, k)).value for k in range(10)] == list(OPTIMA)


def test_random_cut_is_half_and_random_halving_a_little_more():
    graph = rudy.g05(60, 0)
    for cuts, expected in (
        (baselines.random_cuts(graph, 4000, 1), 885 / 2),
        (baselines.bisection_cuts(graph, 4000, 1), 885 * 30 / 59),
    ):
        assert abs(cuts.mean() - expected) < 3 * cuts.std() / np.sqrt(len(cuts))


def test_annealed_sides_make_their_cuts():
    """Also with a node that has no edge, which the sampler does not know of."""
    graph = weighted(12, 1)
    graph.remove_edges_from(list(graph.edges(4)))
    sides = baselines.annealed_sides(graph, 20, 3)
    assert sides.shape == (20, 12) and set(np.unique(sides)) == {0, 1} and not sides[:, 4].any()
    cuts = baselines.annealed_cuts(graph, 20, 3)
    assert cuts.tolist() == [pytest.approx(float(maxcut.cut_value(graph, side))) for side in sides]
    assert cuts.max() == pytest.approx(brute_force(graph))


def test_standing_of_the_software():
    """Order of the baselines on three graphs, and what theory promises of each."""
    for k in range(3):
        graph, best = rudy.g05(60, k), OPTIMA[k]
        greedy = baselines.greedy_cut(graph)
        local = baselines.local_search_cuts(graph, 50, 1)
        annealed = baselines.annealed_cuts(graph, 10, 1)
        assert 885 / 2 <= greedy <= best
        assert local.min() >= 885 / 2 and local.max() <= best  # a local optimum cuts half of every node's edges
        assert local.mean() < annealed.mean() <= best
        assert annealed.max() == best


def test_goemans_williamson():
    graph = rudy.random_graph(24, 0.5, 5)
    best = optimum(graph).value
    cuts, bound = baselines.goemans_williamson(graph, 400, 1)
    assert best <= bound + 1e-6
    assert cuts.max() <= best
    assert cuts.mean() >= 0.878 * bound - 3 * cuts.std() / np.sqrt(len(cuts))  # the theorem
    with pytest.raises(InputError, match="at most 120"):
        baselines.goemans_williamson(rudy.random_graph(121, 0.05, 1))


def test_goemans_williamson_bound_of_an_odd_cycle():
    """The relaxation of the 5-cycle is 5·(1 + cos(π/5))/2 (Goemans and Williamson 1995)."""
    _, bound = baselines.goemans_williamson(nx.cycle_graph(5))
    exact = 5 * (1 + np.cos(np.pi / 5)) / 2
    assert bound == pytest.approx(exact, rel=1e-5) and bound >= exact * (1 - 1e-12)


def test_asynchronous_network_ends_at_rest():
    graph = rudy.g05(60, 0)
    levels = maxcut.weight_levels(graph, "paper")
    cuts = baselines.asynchronous_cuts(graph, levels, 50, 1)
    assert 885 / 2 < cuts.mean() < OPTIMA[0]


def test_tabu_search_is_bounded_by_moves_and_seed():
    """One seed has one answer, whatever the clock; and no search is as good as a long one."""
    graph = rudy.g05(60, 6)
    some, again, other = (baselines.tabu_sides(graph, 4, seed, 2) for seed in (1, 1, 2))
    assert (some == again).all() and (some != other).any()
    weights = nx.to_numpy_array(graph)
    short, long = (
        ((sides @ weights) * (1 - sides)).sum(axis=1) for sides in (some, baselines.tabu_sides(graph, 20, 1))
    )
    assert short.max() < long.max() == OPTIMA[6]


def test_weights_that_are_no_whole_numbers_are_proved_too():
    """A path cuts every edge, whatever its weight."""
    graph = nx.path_graph(24)
    for k, (i, j) in enumerate(graph.edges):
        graph.edges[i, j]["weight"] = 0.1 + k / 7
    found = optimum(graph, milp_seconds=30.0)
    assert found.status == "exact" and found.value == pytest.approx(graph.size("weight"), rel=1e-12)
