from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from hwlib.errors import InputError
from sim.rules import rest_states
from sim.set_point import protocol_on
from sim.simulate import run_batch
from sim.tasks import maxcut, rudy
from sim.tasks.setup import free_network, paper_design


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


def weighted_graph(nodes, seed):
    rng, graph = np.random.default_rng(seed), nx.gnp_random_graph(nodes, 0.5, seed=seed)
    nx.set_edge_attributes(graph, {edge: float(rng.uniform(0.5, 3)) for edge in graph.edges}, "weight")
    return graph


@pytest.mark.parametrize("tmr", [0.5, 3.0])
def test_zero_sum_drives_are_those_of_spins(tmr):
    """Soma currents in random states, by hand: (G_P − G_AP)/2·W·Σ W_ij s_j over R_M ΣG + 1, and no constant."""
    graph, n = weighted_graph(9, 4), 9
    design = paper_design(n)
    design = design.model_copy(update={"device": design.device.model_copy(update={"r_antiparallel": 500 * (1 + tmr)})})
    process = design.load_process()
    network = free_network(design, process)
    states = np.random.default_rng(2).integers(0, 2, (20, n))
    g_p, g_ap = 1 / 500, 1 / (500 * (1 + tmr))
    conductance = np.where(states, g_p, g_ap)
    siemens = conductance.sum(1, keepdims=True) - conductance
    off = {}
    for mapping in ("zero_sum", "degree"):
        levels = maxcut.weight_levels(graph, mapping)
        point = protocol_on(network, design, process, levels=levels)
        drive = (g_p - g_ap) / 2 * point.weight * ((2 * states - 1) @ levels.T)
        off[mapping] = rest_states(network, point, states).soma_current - drive / (2000 * siemens + 1)
    assert abs(off["zero_sum"]).max() < 1e-12 < 1e-7 < abs(off["degree"]).max()  # A


def test_zero_sum_mapping_by_hand():
    """Path 0-1-2: own means ½, 1, ½; the middle node has only edges, which deviate from it by nothing."""
    levels = maxcut.weight_levels(nx.path_graph(3), "zero_sum")
    assert np.allclose(levels, [[0, -1, 1], [0, 0, 0], [1, -1, 0]])
    assert np.allclose(maxcut.weight_levels(weighted_graph(11, 1), "zero_sum").sum(1), 0)


def test_zero_sum_cuts_better():
    """Best of 20 random loads, read when all walls rest: within 1.5 % on both graphs, as no other mapping is."""
    gaps = {}
    for mapping in ("zero_sum", "degree", "balanced"):
        for graph, best in ((rudy.g05(60, 0), 536), (rudy.g05(60, 2), 529)):
            design = paper_design(60)
            process = design.load_process()
            network = free_network(design, process)
            point = protocol_on(network, design, process, levels=maxcut.weight_levels(graph, mapping), time_limit=1e-6)
            starts = np.random.default_rng(7).integers(0, 2, (20, 60))
            result = run_batch(network, [replace(point, start=start) for start in starts], tolerance=1e-4)
            cuts = maxcut.cut_value(graph, result["state"].values)
            gaps.setdefault(mapping, []).append(1 - float(cuts.max()) / best)
    assert max(gaps["zero_sum"]) < 0.015 < 0.5 * (min(gaps["balanced"]) + max(gaps["balanced"]))
    assert np.mean(gaps["zero_sum"]) < np.mean(gaps["degree"]) < np.mean(gaps["balanced"])


def test_zero_sum_needs_loads():
    with pytest.raises(InputError, match="zero_sum needs random loads"):
        maxcut.solve([nx.path_graph(3)], mapping="zero_sum")
    with pytest.raises(ValueError, match="mapping zero_sum needs restarts"):
        maxcut.MaxcutFields(kind="maxcut", graph="g.txt", mapping="zero_sum")
    assert maxcut.MaxcutFields(kind="maxcut", graph="g.txt", mapping="zero_sum", restarts=2).restarts == 2


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
        (nx.path_graph(3), "nonsense", "allowed paper, balanced, degree, zero_sum"),
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


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ([[1, 0, 2]], "states: found 2, allowed are 0, 1 and -1"),
        ([1, 0.5, 0], "states: found 0.5, allowed are 0, 1 and -1"),
        ([[1, 0]], r"states: shape \(1, 2\), needs \(trials, 3\) or \(3,\)"),
        ("x", r"states: shape \(\), needs"),
    ],
)
def test_cuts_of_what_are_no_states_are_refused(states, message):
    """2 and 0.5 counted as 0 without a word, other shapes ended in tracebacks."""
    with pytest.raises(InputError, match=message):
        maxcut.cut_value(nx.path_graph(3), states)
