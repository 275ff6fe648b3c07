"""Memories that made chips lose, against single rest-state solves."""

from dataclasses import replace

import numpy as np

import sim
from hwlib.design import Design
from hwlib.process import load_process
from hwlib.schematic import ladder_network
from hwlib.sections.variation_fields import VariationFields
from hwlib.weights import stored_patterns
from sim.held_states import held_on_chips
from sim.rules import rest_states


def laddered(n=9, patterns=2):
    design = Design.model_validate(
        {"name": "t", "network": {"neurons": n, "weights": {"random_patterns": patterns}, "weight_style": "lines"}}
    )
    process = design.load_process()
    network = ladder_network(design, process, 20.0)
    return network, sim.protocol_on(network, design, process), stored_patterns(design)


def chips(network, sigma, count):
    spread = {"sigma": sigma, "distribution": "normal", "truncate": 3}
    for k in range(count):
        fields = VariationFields(seed=5, chip=k, spreads={"resistance_area": spread, "leak": spread})
        yield sim.sampled_chip(network, load_process("ebeam"), fields)


def test_a_draw_counts_when_each_memory_rests_in_one_form():
    network, protocol, patterns = laddered()
    forms = [(pattern, 1 - pattern) for pattern in patterns]
    low = replace(protocol, v_dw=0.65 * protocol.v_dw)
    found = held_on_chips(chips(network, 0.08, 12), [protocol, low], forms)
    for point, result in zip((protocol, low), found, strict=True):
        margins = []
        for varied in chips(network, 0.08, 12):
            margin = rest_states(varied, point, np.concatenate([patterns, 1 - patterns])).margin
            margins.append(min(max(margin[0], margin[2]), max(margin[1], margin[3])))
        np.testing.assert_allclose(result.margin, margins)
        assert result.held.value == np.mean(np.array(margins) >= 0)
        assert result.held.low < result.held.value < result.held.high or result.held.value in (0, 1)
    assert found[0].held.value > found[1].held.value


def test_without_spread_every_draw_is_the_nominal_network():
    network, protocol, patterns = laddered()
    [found] = held_on_chips(chips(network, 0.0, 3), [protocol], [(p, 1 - p) for p in patterns])
    margin = rest_states(network, protocol, np.concatenate([patterns, 1 - patterns])).margin.reshape(2, 2).max(axis=0)
    np.testing.assert_array_equal(found.margin, margin.min())
