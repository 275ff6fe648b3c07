import networkx as nx
import numpy as np
import pytest

from hwlib.errors import InputError
from sim.tasks import maxcut, rudy


def test_paper_mapping():
    graph = nx.path_graph(3)
    assert maxcut.weight_levels(graph, "paper").tolist() == [[0, -1.05, 1], [-1.05, 0, -1.05], [1, -1.05, 0]]


def test_balanced_equals_paper_at_half_density():
    graph = rudy.g05(60, 0)
    assert np.allclose(maxcut.weight_levels(graph, "balanced"), maxcut.weight_levels(graph, "paper"))


@pytest.mark.parametrize("mapping", ["balanced", "degree"])
def test_mappings_of_weighted_graphs(mapping):
    graph = nx.Graph()
    graph.add_nodes_from(range(4))
    graph.add_weighted_edges_from([(0, 1, 3.0), (1, 2, -2.0), (2, 3, 0.5)])
    levels = maxcut.weight_levels(graph, mapping)
    assert np.allclose(levels, levels.T) and not levels.diagonal().any()
    assert levels[0, 1] == pytest.approx(-1.05)  # the heaviest edge repels most
    assert levels[1, 2] > levels[0, 2] > levels[0, 1]  # the lighter, the more attractive
    scaled = nx.Graph()
    scaled.add_nodes_from(range(4))
    scaled.add_weighted_edges_from((u, v, 1e6 * w) for u, v, w in graph.edges(data="weight"))
    assert np.allclose(maxcut.weight_levels(scaled, mapping), levels)


def test_degree_mapping_leaves_each_neuron_little_bias():
    graph = rudy.random_graph(40, 0.2, 3)
    raw = {m: maxcut.weight_levels(graph, m) for m in ("balanced", "degree")}
    undone = {m: np.where(v < 0, v / 1.05, v) for m, v in raw.items()}
    spread = {m: np.abs(v.sum(1)).mean() / np.abs(v).max() for m, v in undone.items()}
    assert spread["degree"] < 0.6 * spread["balanced"]


def test_degree_mapping_by_hand():
    """Path 0-1-2: own means ½, 1, ½; edges deviate by −¼ from the pairs' ¾, the open pair by +½ from ½."""
    levels = maxcut.weight_levels(nx.path_graph(3), "degree")
    assert np.allclose(levels, [[0, -0.525, 1], [-0.525, 0, -0.525], [1, -0.525, 0]])


def test_balanced_mapping_by_hand():
    """The same path: two of three pairs are edges, so they deviate by −⅓ and the open pair by +⅔."""
    levels = maxcut.weight_levels(nx.path_graph(3), "balanced")
    assert np.allclose(levels, [[0, -0.525, 1], [-0.525, 0, -0.525], [1, -0.525, 0]])


def test_complete_graph_repels():
    levels = maxcut.weight_levels(nx.complete_graph(5))
    assert np.allclose(levels[~np.eye(5, dtype=bool)], -1.05)


@pytest.mark.parametrize(
    ("graph", "mapping", "words"),
    [
        (nx.Graph([(0, 1, {"weight": 1}), (1, 2, {"weight": 2})]), "paper", "equal positive"),
        (nx.Graph([(0, 1, {"weight": -1})]), "paper", "equal positive"),
        (nx.path_graph(3), "nonsense", "allowed paper, balanced, degree"),
    ],
)
def test_refused(graph, mapping, words):
    with pytest.raises(InputError) as error:
        maxcut.weight_levels(graph, mapping)
    assert words in str(error.value)


def test_cut_value_by_hand():
    graph = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, 2.0), (1, 2, -1.0), (0, 2, 5.0)])
    states = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [-1, 1, 0]])
    assert maxcut.cut_value(graph, states).tolist() == [0.0, 7.0, 4.0, 1.0]


def test_sizes_must_agree():
    with pytest.raises(InputError, match="different sizes"):
        maxcut.solve([nx.path_graph(3), nx.path_graph(4)])
    with pytest.raises(InputError, match="no graph"):
        maxcut.solve([])
