"""Patterns that networks hold, and training on drawn ones: against single rest-state solves and dense circuits."""

from dataclasses import replace

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.schematic import ideal_network, ladder_network
from hwlib.training_rules import HEBBIAN, PERCEPTRON, STORKEY, Lesson, hebbian, trained
from hwlib.weight_styles import rail_levels
from sim.drawn_training import drawn_lesson
from sim.memory_capacity import Training, resting_patterns
from sim.rules import rest_states
from sim.tasks.images import letters
from tests.support.plain_nodal import currents

N = 9


def laddered(ohm):
    design = Design.model_validate({"name": "t", "network": {"neurons": N, "weight_style": "lines"}})
    process = design.load_process()
    network = ladder_network(design, process, ohm) if ohm else ideal_network(design, process)
    return network, sim.protocol_on(network, design, process)


def patterns_of(count, seed=1):
    return np.random.default_rng(seed).integers(0, 2, (count, N))


@pytest.mark.parametrize("ohm", [0.0, 12.0])
def test_counts_are_those_of_single_rest_state_solves(ohm):
    network, protocol = laddered(ohm)
    patterns, counts = patterns_of(5), (1, 3, 5)
    trainings = (Training(HEBBIAN), Training(STORKEY, balanced=True), Training(PERCEPTRON, limit=2, steps=2))
    found = resting_patterns(network, protocol, patterns, counts, trainings, 0.25)
    for t, training in enumerate(trainings):
        for c, count in enumerate(counts):
            some = patterns[:count]
            design = Design.model_validate({
                "name": "t", "network": {"neurons": N, "weight_style": "lines", "weights": {
                    "patterns": ["".join(map(str, word)) for word in some], "rule": training.rule.name,
                    "limit": training.limit, "steps": training.steps, "balanced": training.balanced,
                }},
            })  # fmt: skip
            point = replace(protocol, levels=design.weight_levels())
            holds = rest_states(network, point, np.concatenate([some, 1 - some])).holds.reshape(2, count)
            assert found[t, c].tolist() == [holds.any(axis=0).sum(), holds.all(axis=0).sum()]
    assert found[0, -1, 1] < found[2, -1, 1] <= 5 and found[0, 0, 0] == 1


def test_what_wires_let_through_is_that_of_a_dense_circuit():
    """Currents of any weights, in each state, from the lesson's pull and offset alone."""
    network, protocol = laddered(60.0)
    patterns = patterns_of(2)
    lesson = drawn_lesson(network, protocol, patterns)
    levels = np.random.default_rng(2).normal(size=(N, N)) * ~np.eye(N, dtype=bool)
    source = replace(protocol, levels=levels).net_voltages(network)
    balance = -network.leak[network.somas] / network.mobility[network.somas]
    for k, bits in enumerate(np.concatenate([patterns, 1 - patterns])):
        track = currents(network, source, bits[network.pre] * network.length)[0][network.somas]
        told = (lesson.pull[k] * levels).sum(axis=1) + lesson.offset[k]
        np.testing.assert_allclose(told, track - balance, rtol=0, atol=1e-9 * np.abs(track).max())


def test_a_network_learns_what_its_wires_would_lose():
    """Three patterns that Hebb's weights and ideal training lose on these wires, and training on the wires holds."""
    network, protocol = laddered(150.0)
    patterns = patterns_of(3, seed=4)
    states = np.concatenate([patterns, 1 - patterns])
    lesson = drawn_lesson(network, protocol, patterns, limit=4.0, steps=8)
    learnt = trained(PERCEPTRON, lesson)
    plain = trained(PERCEPTRON, replace(lesson, pull=None, offset=None))

    def somas_held(levels):
        return (rest_states(network, replace(protocol, levels=levels), states).soma_margin >= 0).all()

    assert somas_held(learnt) and not somas_held(plain) and not somas_held(hebbian(patterns))
    assert np.abs(learnt).max() <= 4 and np.allclose(learnt * 2, np.round(learnt * 2))


def test_rails_are_refused():
    design = Design.model_validate({"name": "t", "network": {"neurons": 3}})
    process = design.load_process()
    network = ideal_network(design, process)
    with pytest.raises(InputError, match="needs weight_style lines"):
        drawn_lesson(network, sim.protocol_on(network, design, process), patterns_of(1)[:, :3])


@pytest.mark.parametrize(("drawing", "hebb"), [("plain", 3), ("light", 3), ("wide", 2)])
def test_letters_of_any_drawing_become_rest_states_on_seven_rails(drawing, hebb):
    """Both forms of all three, of the drawing too whose U Hebb's weights lose."""
    patterns = np.array([picture.ravel() for picture in letters(drawing).values()])
    design = Design.model_validate({"name": "t", "network": {"neurons": 100, "weight_style": "lines"}})
    process = design.load_process()
    network = ideal_network(design, process)
    point = sim.protocol_on(network, design, process)
    seven = Training(PERCEPTRON, limit=3, steps=3)
    found = resting_patterns(network, point, patterns, [3], [Training(HEBBIAN), seven], 0.25)
    assert found[:, 0, 1].tolist() == [hebb, 3]
    levels = trained(PERCEPTRON, Lesson(patterns, ~np.eye(100, dtype=bool), limit=3, steps=3))
    assert len(rail_levels(levels)) <= 7
