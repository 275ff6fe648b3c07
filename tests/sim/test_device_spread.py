"""A spread of devices: its size and seed, and memories that it loses, against single rest-state solves."""

from dataclasses import replace

import numpy as np

import sim
from hwlib.design import Design
from hwlib.schematic import ladder_network
from hwlib.weights import stored_patterns
from sim.device_spread import held_when_spread, spread_networks
from sim.rules import rest_states


def laddered(n=9, patterns=2):
    design = Design.model_validate(
        {"name": "t", "network": {"neurons": n, "weights": {"random_patterns": patterns}, "weight_style": "lines"}}
    )
    process = design.load_process()
    network = ladder_network(design, process, 20.0)
    return network, sim.protocol_on(network, design, process), stored_patterns(design)


def test_devices_spread_as_asked_and_by_their_seed():
    network, _, _ = laddered(25)
    first, second = spread_networks(network, 0.05, 2, seed=3)
    again = next(spread_networks(network, 0.05, 1, seed=3))
    for name in ("r_p", "leak"):
        ratio = getattr(first, name) / getattr(network, name)
        # 625 values: 0.05 to within 4 standard errors of a normal sample's deviation, the mean likewise
        assert abs(ratio.std() - 0.05) < 4 * 0.05 / np.sqrt(2 * 625) and abs(ratio.mean() - 1) < 4 * 0.05 / 25
        assert np.abs(ratio - 1).max() <= 0.15 + 1e-12
        assert np.array_equal(getattr(again, name), getattr(first, name))
        assert not np.array_equal(getattr(second, name), getattr(first, name))
    np.testing.assert_allclose(first.r_ap / first.r_p, network.r_ap / network.r_p)
    assert abs(np.corrcoef(first.r_p / network.r_p, first.leak / network.leak)[0, 1]) < 4 / 25


def test_a_draw_counts_when_each_memory_rests_in_one_form():
    network, protocol, patterns = laddered()
    forms = [(pattern, 1 - pattern) for pattern in patterns]
    low = replace(protocol, v_dw=0.65 * protocol.v_dw)
    found = held_when_spread(network, [protocol, low], forms, share=0.08, draws=12, seed=5)
    for point, result in zip((protocol, low), found, strict=True):
        margins = []
        for varied in spread_networks(network, 0.08, 12, seed=5):
            margin = rest_states(varied, point, np.concatenate([patterns, 1 - patterns])).margin
            margins.append(min(max(margin[0], margin[2]), max(margin[1], margin[3])))
        np.testing.assert_allclose(result.margin, margins)
        assert result.held.value == np.mean(np.array(margins) >= 0)
        assert result.held.low < result.held.value < result.held.high or result.held.value in (0, 1)
    assert found[0].held.value > found[1].held.value


def test_without_spread_every_draw_is_the_nominal_network():
    network, protocol, patterns = laddered()
    [found] = held_when_spread(network, [protocol], [(p, 1 - p) for p in patterns], share=0.0, draws=3, seed=1)
    margin = rest_states(network, protocol, np.concatenate([patterns, 1 - patterns])).margin.reshape(2, 2).max(axis=0)
    np.testing.assert_array_equal(found.margin, margin.min())
