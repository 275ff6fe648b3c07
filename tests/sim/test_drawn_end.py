"""Where a drawn network goes from states that it does not hold, and which other ends answer as well."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

import sim
from hwlib.graph_reader import read_graph
from hwlib.schematic import ladder_network
from hwlib.weights import stored_patterns
from sim.judgement import judge
from sim.rules import drawn_end as module
from sim.rules import rest_states
from sim.rules.drawn_end import drawn_end
from sim.rules.drive_path import drive_path, ideal_paths, same_way
from sim.tasks.kinds import task_of
from tests.sim.foretelling import drawn_design
from tests.sim.test_ideal_path import cases_of, made


@pytest.mark.parametrize("seed", range(4))
def test_it_ends_in_a_rest_state_one_soma_after_the_other(seed):
    design, process, network, protocol = made(seed, ohm=60.0)
    cases = cases_of(design, process, network, protocol)
    start = np.random.default_rng(seed).integers(0, 2, 9)
    found = drawn_end(cases, start)
    assert found.holds and found.turned >= (found.bits != start).sum()
    assert (rest_states(network, protocol, found.bits).soma_margin >= 0).all()
    again = drawn_end(cases, found.bits)
    assert again.turned == 0 and again.bits.tolist() == found.bits.tolist()


def test_a_state_that_rests_is_kept_and_the_simulated_network_stays_there():
    design, process, network, protocol = made(1, ohm=5.0)
    pattern = stored_patterns(design)[0]
    found = drawn_end(cases_of(design, process, network, protocol), pattern)
    assert found.turned == 0 and found.bits.tolist() == pattern.tolist()
    end = sim.run(network, replace(protocol, start=pattern), record=False)
    assert end.state.values.tolist() == pattern.tolist()


def test_of_a_large_network_few_somas_are_followed(monkeypatch):
    cases = cases_of(*made(2, ohm=60.0))
    start = 1 - drawn_end(cases, np.zeros(9, int)).bits
    far = drawn_end(cases, np.where(np.arange(9) < 5, start, 1 - start))
    assert far.turned > 1
    monkeypatch.setattr(module, "LARGE", 8)
    monkeypatch.setattr(module, "FEW", 1)
    near = drawn_end(cases, np.where(np.arange(9) < 5, start, 1 - start))
    assert near.turned == 1 and not near.holds


def turned_round(folder):
    """A design whose drawn network turns round what ideal wires find."""
    design, _ = drawn_design("recall", 24, folder, 2, 77)
    process = design.load_process()
    return design, process, ladder_network(design, process, 284.7570991889578)


def test_the_inverse_of_a_pattern_answers_as_well(tmp_path):
    """Ideal wires end in the pattern, the drawn network in its inverse: recalled, and foretold so."""
    design, process, network = turned_round(tmp_path)
    result = sim.run_task(network, design, process)
    pattern = stored_patterns(design)[0]
    assert bool(result.recalled.all()) and (result.state.values == 1 - pattern).all()
    outcome = next(o for o in judge(network, design, process).outcomes if o.rule == "drive.path")
    assert outcome.passed and "rests where the answer is as good" in outcome.message
    protocol = sim.protocol_on(network, design, process)
    assert outcome.margin > 0 and (rest_states(network, protocol, 1 - pattern).soma_margin >= 0).all()


def test_without_a_task_only_the_same_state_will_do(tmp_path):
    design, process, network = turned_round(tmp_path)
    cases = cases_of(design, process, network, sim.protocol_on(network, design, process))
    outcome = same_way(cases, drive_path(cases, ideal_paths(cases)))
    assert outcome.margin < 0 and "as good" not in outcome.message


def test_a_cut_that_is_no_smaller_answers_as_well(tmp_path):
    design, _ = drawn_design("maxcut", 3, tmp_path, seed=77)
    task, graph = task_of(design), read_graph(tmp_path / "graph.mc")
    n, rng = len(graph), np.random.default_rng(5)
    for _ in range(20):
        one, other = rng.integers(0, 2, (2, n))
        cuts = [
            nx.cut_size(graph, {node for node, bit in zip(graph, bits, strict=True) if bit}) for bits in (one, other)
        ]
        assert task.as_good(design, one, other) == (cuts[0] >= cuts[1])
    assert task.as_good(design, one, 1 - one)
