"""Max-cut, recall and images on the ideal network against the paper's numbers and an independent integrator."""

import numpy as np
import pytest

from hwlib.errors import InputError
from hwlib.schematic import ideal_network
from hwlib.weights import hebbian
from sim.tasks import images, maxcut, random_recall, rudy
from sim.tasks.scores import bit_accuracy
from sim.tasks.setup import free_network, paper_design, require_fit, with_levels

PAPER_CUTS = [505, 493, 497, 496, 499, 475, 504, 487, 481, 502]
K = 2.1 * 9.2740100783e-24 * 0.7 / (2 * 1.602176634e-19 * 8e5 * 50e-18)


def fixed_step(levels, starts, window, load, dt=0.05e-9, limit=3e-6):
    """Euler integration of the decoupled ideal network (2N walls a trial), written from Table I and the circuit alone.

    Returns final soma positions (trials, N) as fractions of L and times to solution (trials,).
    """
    levels, trials = np.asarray(levels, float), len(levels)
    n = levels.shape[1]
    low, high = window
    v_dw = 5 / K * ((n - 1) * 1250 + 2000)
    somas, axons = np.zeros((trials, n)), np.zeros((trials, n))
    done = np.full(trials, np.nan)
    time = 0.0
    while time < limit and np.isnan(done).any():
        soma_g, axon_g = (
            g / 500 + (1 - g) / 2000 for g in (np.clip((q - low) / (high - low), 0, 1) for q in (somas, axons))
        )
        if starts is not None and time < load - dt / 2:
            volts = np.where(starts == 1, 0.1, -0.1)
        else:
            volts = 0.1 * np.einsum("tij,tj->ti", levels, axon_g) / (axon_g.sum(1, keepdims=True) - axon_g + 1 / 2000)
        soma_v = K * volts / 2000 + 0.2
        axon_v = K * v_dw / (1 / soma_g + 2000 / (n - 1)) / (n - 1) - 5
        new = np.clip(somas + soma_v * dt / 1e-7, 0, 1), np.clip(axons + axon_v * dt / 1e-7, 0, 1)
        still = (new[0] == somas).all(1) & (new[1] == axons).all(1) & (time >= (load if starts is not None else 0))
        done = np.where(np.isnan(done) & still, time, done)
        somas, axons = new
        time += dt
    return somas, done


@pytest.mark.parametrize(("width", "number"), [(10e-9, 10), (20e-9, 4)])
def test_ten_cuts_of_the_paper(width, number):
    graphs = [rudy.g05(60, k) for k in range(number)]
    result = maxcut.solve(graphs, mapping="paper", design=paper_design(60, pillar_width=width))
    assert result["cut"].values.tolist() == PAPER_CUTS[:number]
    assert result["at_rest"].values.all() and not (result["state"].values == -1).any()
    assert not result["undetermined"].values.any()
    levels = [maxcut.weight_levels(graph, "paper") for graph in graphs]
    somas, time = fixed_step(levels, None, (0.5 - width / 2e-7, 0.5 + width / 2e-7), 0.0, dt=0.02e-9)
    assert np.array_equal(somas > 0.5, result["state"].values == 1)
    # A first-order integrator: its error grows along the slow passages that make the longest runs.
    assert np.allclose(time, result["time_to_solution"].values, rtol=0.01)


@pytest.mark.parametrize("width", [10e-9, 20e-9])
def test_table_one_resistances_hold_for_any_pillar_width(width):
    device = paper_design(60, pillar_width=width).device
    assert (device.r_p, device.r_ap) == (500.0, 2000.0)


def test_max_cut_against_the_fixed_step():
    graphs = [rudy.g05(60, k) for k in (0, 4, 6, 8)]
    result = maxcut.solve(graphs, mapping="paper")
    levels = [maxcut.weight_levels(graph, "paper") for graph in graphs]
    somas, time = fixed_step(levels, None, (0.4, 0.6), 0.0)
    assert np.array_equal(somas > 0.5, result["state"].values == 1)
    assert np.allclose(time, result["time_to_solution"].values, rtol=0.01)


def test_recall_against_the_fixed_step():
    design, trials = paper_design(29), 40
    result = random_recall.random_recall(design, 2, trials, 7)
    rng = np.random.default_rng(7)
    stored = rng.integers(0, 2, (trials, 2, 29), dtype=np.int8)
    starts = rng.integers(0, 2, (trials, 29), dtype=np.int8)
    somas, time = fixed_step([hebbian(words) for words in stored], starts, (0.4, 0.6), 16e-9)
    assert np.array_equal(somas > 0.5, result["state"].values == 1)
    assert abs(time - result["time_to_solution"].values).max() < 1e-9


def test_recall_of_one_pattern_is_perfect_for_odd_sizes():
    for n in (5, 13, 29):
        data = random_recall.random_recall(paper_design(n), 1, 200, n)
        assert data["accuracy"].values.min() == 1.0


def test_paper_mapping_fails_away_from_half_density_and_balanced_does_not():
    for density in (0.3, 0.7):
        graph = rudy.random_graph(60, density, 4)
        half = graph.number_of_edges() / 2
        assert maxcut.solve([graph], mapping="paper")["cut"].values[0] < 0.1 * half
        for mapping in ("balanced", "degree"):
            assert maxcut.solve([graph], mapping=mapping)["cut"].values[0] > half


def test_letters_come_back():
    patterns = np.array([p.ravel() for p in images.letters().values()])
    data = random_recall.image_recall(paper_design(100), patterns, np.array([0.0, 0.1]), 5, 3)
    assert data["accuracy"].values.min() == 1.0
    assert data.sizes["trial"] == 30
    flips = (data["start"].values != patterns[data["pattern"].values]).sum(1)
    assert set(flips[data["distortion"].values == 0.1]) == {10}


def test_rails_give_the_same_as_lines():
    graph = rudy.random_graph(20, 0.5, 1)
    design, levels = paper_design(20), maxcut.weight_levels(graph, "paper")
    process = design.load_process()
    rails = ideal_network(with_levels(design, levels), process, style="rails")
    a = maxcut.solve([graph], mapping="paper")
    b = maxcut.solve([graph], mapping="paper", network=rails)
    assert np.array_equal(a["state"], b["state"]) and float(a["cut"][0]) == float(b["cut"][0])
    with pytest.raises(InputError, match="programmed to other weights"):
        maxcut.solve([rudy.random_graph(20, 0.5, 2)], mapping="paper", network=rails)
    with pytest.raises(InputError, match="20 neurons"):
        maxcut.solve([rudy.random_graph(10, 0.5, 2)], network=rails)


def test_large_networks_need_few_weights():
    design = paper_design(300)
    with pytest.raises(InputError, match="300 neurons need their weights"):
        free_network(design, design.load_process())
    many = np.arange(300.0 * 300).reshape(300, 300)
    with pytest.raises(InputError, match="at most 16"):
        free_network(design, design.load_process(), many)


@pytest.mark.parametrize(("neurons", "distinct", "fits"), [(257, 16, True), (257, 17, False), (256, 17, True)])
def test_sixteen_rails_or_256_neurons(neurons, distinct, fits):
    levels = 1.0 + np.arange(neurons**2).reshape(neurons, neurons) % distinct
    np.fill_diagonal(levels, 0)
    if fits:
        require_fit(levels)
        return
    with pytest.raises(InputError, match=r"257 neurons with 17 distinct weights; above 256 .* at most 16 of them"):
        require_fit(levels)


def test_bit_accuracy_by_hand():
    targets = np.array([[1, 1, 0, 0]])
    states = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 0, 1], [1, 1, -1, -1], [-1, -1, -1, -1]])
    assert bit_accuracy(states, targets).tolist() == [1.0, 1.0, 0.75, 0.5, 0.0]
