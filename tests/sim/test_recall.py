"""Recall by the ideal network: the paper's accuracy and time, starts, and how trials are judged."""

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import hebbian
from sim.protocol import protocol_for
from sim.tasks.random_recall import image_recall, random_recall
from sim.tasks.setup import paper_design


def design_with(neurons=9, seed=3, trials=12, **network):
    return Design.model_validate({
        "name": "recall", "seed": seed, "network": {"neurons": neurons, **network},
        "operating_point": {"load": 16e-9}, "task": {"trials": trials},
    })  # fmt: skip


def run(design, **options):
    process = design.load_process()
    return sim.recall(ideal_network(design, process), design, process, **options)


def test_sixty_neurons_need_81_ns():
    """One random pattern, load for 16 ns as in the paper's programs: 81.2 ns there, 80.5 ns in the prototype."""
    result = random_recall(paper_design(60), 1, 400, seed=1)
    assert result.at_rest.all()
    time = result.time_to_solution.values
    assert time.mean() == pytest.approx(81e-9, rel=0.05)
    assert result.accuracy.mean() > 0.99  # an even N can tie
    assert 95e-9 < time.max() < 150e-9


def test_even_networks_fail_exactly_where_they_tie():
    """A pattern with as many ones as zeros, half of them in the start: nothing decides, every wall goes OFF."""
    neurons, trials, rng = 20, 400, np.random.default_rng(8)
    design = paper_design(neurons)
    process = design.load_process()
    patterns, starts = rng.integers(0, 2, (2, trials, neurons))
    protocols = [
        protocol_for(design, process, start=start, levels=hebbian(pattern))
        for start, pattern in zip(starts, patterns, strict=True)
    ]
    result = sim.run_batch(ideal_network(design, process, style="lines"), protocols)
    recalled = (result.state == patterns).all("neuron") | (result.state == 1 - patterns).all("neuron")
    ties = (patterns.sum(1) == neurons // 2) & ((patterns == starts).sum(1) == neurons // 2)
    assert ties.sum() > 3
    np.testing.assert_array_equal(~recalled, ties)
    assert np.all(result.state.values[ties] == 0)


@pytest.mark.parametrize("neurons", range(9, 30, 2))
def test_odd_networks_recall_one_pattern_always(neurons):
    result = random_recall(paper_design(neurons), 1, 200, seed=neurons)
    assert result.at_rest.all()
    np.testing.assert_array_equal(result.accuracy, 1.0)


@pytest.mark.parametrize(("patterns", "published", "prototype"), [(2, 0.9898, 0.993), (3, 0.9670, 0.972)])
def test_more_patterns_at_29_neurons(patterns, published, prototype):
    accuracy = random_recall(paper_design(29), patterns, 600, seed=patterns).accuracy.values
    error = accuracy.std(ddof=1) / np.sqrt(len(accuracy))
    assert published - 4 * error < accuracy.mean() < prototype + 4 * error


def test_recall_of_a_designs_patterns():
    design = design_with(weights={"patterns": ["101100101"]})
    result = run(design, trials=20)
    assert result.sizes["trial"] == 20
    assert result.recalled.all()
    assert result.recall_rate == 1
    # Wilson's interval of 20 successes of 20: low end n/(n + z²)
    low = 20 / (20 + 1.959964**2)
    np.testing.assert_allclose(result.recall_interval, [low, 1.0], rtol=1e-5)
    right = (result.state.values == result.pattern.values[0]).all(1)
    inverse = (result.state.values == 1 - result.pattern.values[0]).all(1)
    np.testing.assert_array_equal(right | inverse, True)
    assert right.any() and inverse.any()
    assert result.time_max == result.time_to_solution.max()
    assert result.attrs["seed"] == 3


def test_starts_are_seeded_trial_by_trial():
    design = design_with()
    np.testing.assert_array_equal(sim.starts(design, 30)[:12], sim.starts(design))
    assert not np.array_equal(sim.starts(design), sim.starts(design_with(seed=4)))
    first = sim.starts(design, 200)
    assert abs(first.mean() - 0.5) < 4 * 0.5 / np.sqrt(first.size)
    np.testing.assert_array_equal(run(design).start, sim.starts(design))


def test_given_starts_are_used_in_turn():
    design = Design.model_validate({
        "name": "given", "network": {"neurons": 3, "weights": {"patterns": ["101"]}},
        "task": {"starts": ["111", "001"]},
    })  # fmt: skip
    np.testing.assert_array_equal(sim.starts(design), [[1, 1, 1], [0, 0, 1]])
    np.testing.assert_array_equal(sim.starts(design, 3)[2], [1, 1, 1])


def test_a_trial_that_does_not_rest_is_no_recall():
    data = design_with(trials=4).model_dump()
    data["task"]["time_limit"] = 1e-9
    result = run(Design.model_validate(data))
    assert not result.at_rest.any()
    assert not result.recalled.any()
    assert result.recall_rate == 0 and result.rest_rate == 0
    assert np.isnan(result.time_mean)


def test_images_are_recalled_only_at_rest():
    patterns = np.array([[1, 0, 1, 1, 0]])
    for limit, expected in ((5e-6, True), (1e-9, False)):
        design = paper_design(5, time_limit=limit)
        result = image_recall(design, patterns, np.array([0.0]), 3, 1)
        assert (result.accuracy == 1).all() and (result.at_rest == expected).all()
        np.testing.assert_array_equal(result.recalled, expected)


def test_undecided_bits_are_wrong():
    data = design_with(trials=6).model_dump()
    data["operating_point"] |= {"load": 1e-9}  # half a crossing: 53 m/s
    data["task"]["time_limit"] = 1e-12
    result = run(Design.model_validate(data))
    undecided = (result.state.values == -1).sum(1)
    assert undecided.max() > 0
    assert np.all(result.accuracy <= 1 - undecided / 9 + 1e-12)


def test_engines_agree_and_report_progress():
    design = design_with(5, trials=3)
    process = design.load_process()
    seen = []
    network = ladder_network(design, process, 0)
    reference = sim.recall(
        network, design, process, engine="reference", progress=lambda done, of: seen.append((done, of))
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
    ideal = sim.recall(network, design, process, engine="ideal")
    np.testing.assert_array_equal(ideal.state, reference.state)
    np.testing.assert_allclose(ideal.time_to_solution, reference.time_to_solution, rtol=1e-6)


def test_a_weight_matrix_has_no_patterns():
    design = design_with(3, weights={"matrix": [[0, 1, 1], [1, 0, 1], [1, 1, 0]]})
    with pytest.raises(InputError, match="no stored patterns"):
        run(design)


def test_a_network_of_another_size_is_refused():
    design, other = design_with(5), design_with(6)
    with pytest.raises(InputError, match="the network has 6 neurons, the design 5"):
        sim.recall(ideal_network(other, other.load_process()), design, design.load_process())
