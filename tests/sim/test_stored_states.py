"""Which states are rest states: against the simulator, which shares no code with the rule, and against closed forms."""

from dataclasses import replace

import numpy as np
import pytest
from random_trials import SHAPES, wired

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.schematic import ideal_network
from hwlib.weights import bits, hebbian, stored_patterns, weight_levels
from sim.rules import rest_states

MOBILITY = 2.1 * 9.2740100783e-24 * 0.7 / (2 * 1.602176634e-19 * 8e5 * 50e-18)
LEAK = 0.2 / MOBILITY


def storing(*words, **point):
    """The ideal network that stores patterns, and its protocol."""
    design = Design(
        name="t", network={"neurons": len(words[0]), "weights": {"patterns": words}}, operating_point=point
    )  # fmt: skip
    process = design.load_process()
    return ideal_network(design, process), sim.protocol_for(design, process)


def stays(network, protocol, state):
    """Whether the simulated network, begun in a state, does not move at all."""
    initial = np.asarray(state, float)[network.pre]
    trial = replace(protocol, start=None, initial=initial, time_limit=1e-9)
    end = sim.run(network, trial, engine="reference", record=False)
    return bool(end.at_rest) and float(end.time_convergence) == 0.0


def random_network(seed):
    """A random design, ideal or with wires of random shapes, and states that may or may not hold."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 10))
    design = Design(
        name="t", seed=seed,
        network={
            "neurons": n, "weights": {"random_patterns": int(rng.integers(1, 4))},
            "weight_style": str(rng.choice(["rails", "lines"])),
        },
        operating_point={"soma_leak": float(rng.choice([0.2, -0.2, rng.uniform(-3, 3)])), "v_dw": "auto"},
    )  # fmt: skip
    process = design.load_process()
    network = ideal_network(design, process)
    if rng.random() < 0.7:
        kinds = ("dendrite", "drive", "ground", "vdw", "rail", "line")
        network = wired(network, rng, 10 ** rng.uniform(-1, 2.3), {kind: str(rng.choice(SHAPES)) for kind in kinds})
    patterns = stored_patterns(design)
    states = [*patterns, *(1 - patterns), np.zeros(n, int), np.ones(n, int), *rng.integers(0, 2, (2, n))]
    return network, sim.protocol_for(design, process, levels=weight_levels(design)), np.array(states)


def test_a_state_holds_exactly_when_the_simulated_network_stays_in_it():
    held = []
    for seed in range(60):
        network, protocol, states = random_network(seed)
        found = rest_states(network, protocol, states)
        seen = [stays(network, protocol, state) for state in states]
        assert found.holds.tolist() == seen, (seed, found.margin)
        held += seen
    assert 0.2 < np.mean(held) < 0.8  # both answers are tried


def test_margins_of_one_pattern_are_the_closed_form():
    """Dendrite of an ON neuron: two other ON ones at +W, two OFF ones at −W, against R_M; axons by the divider."""
    network, protocol = storing("11100")
    found = rest_states(network, protocol, bits(["11100"]))
    pull, total = 0.1 * (2 / 500 - 2 / 2000), 2 / 500 + 2 / 2000 + 1 / 2000
    np.testing.assert_allclose(found.soma_margin[0, :3], pull / total / 2000 / LEAK + 1, rtol=1e-9)
    push, total = 0.1 * (3 / 500 - 1 / 2000), 3 / 500 + 1 / 2000 + 1 / 2000
    np.testing.assert_allclose(found.soma_margin[0, 3:], push / total / 2000 / LEAK - 1, rtol=1e-9)
    on, off = (protocol.v_dw / (r + 2000 / 4) / 4 / (5 / MOBILITY) for r in (500, 2000))
    np.testing.assert_allclose(found.axon_margin[0], [on - 1] * 3 + [1 - off] * 2, rtol=1e-9)


def test_off_states_must_hold_too():
    """All ON is held by its axons; all OFF, its inverse, is not: a quarter of the current flows and turns all ON."""
    network, protocol = storing("11111")
    found = rest_states(network, protocol, bits(["11111", "00000"]))
    assert found.holds.tolist() == [True, False]
    assert found.leaving[1].all() and not found.leaving[0].any()


@pytest.mark.parametrize("side", [0.999, 1.001])
def test_just_held_and_just_not(side):
    """A soma leak 0.1 % below and above what holds the OFF neurons of a stored pattern."""
    drive = 0.1 * (3 / 500 - 1 / 2000) / (3 / 500 + 1 / 2000 + 1 / 2000) / 2000
    network, protocol = storing("11100", soma_leak=side * drive * MOBILITY)
    found = rest_states(network, protocol, bits(["11100"]))
    assert bool(found.holds[0]) == (side < 1) == stays(network, protocol, bits(["11100"])[0])
    assert found.margin[0] == pytest.approx(1 / side - 1, rel=1e-6)
    assert network.is_soma[found.worst[0]] and network.post[found.worst[0]] in (3, 4)
    assert found.current[0] == pytest.approx(-drive) and found.balance[0] == pytest.approx(-side * drive)


def test_axons_that_do_not_follow_leave_the_state():
    """V_DW too low to hold ON axons, or too high to let OFF ones go: somas alone would say that all is well."""
    for volts, bit in ((0.01, 1), (1.0, 0)):
        network, protocol = storing("11100", v_dw=volts)
        found = rest_states(network, protocol, bits(["11100"]))
        assert (found.soma_margin > 0).all() and not found.holds[0]
        assert found.leaving[0].tolist() == [bit == int(b) for b in "11100"]


def test_too_many_patterns_are_no_rest_states_even_without_wires():
    rng = np.random.default_rng(4)
    patterns = rng.integers(0, 2, (7, 29))
    design = Design(name="t", network={"neurons": 29, "weight_style": "lines"})
    process = design.load_process()
    network, protocol = ideal_network(design, process), sim.protocol_for(design, process, levels=hebbian(patterns))
    assert rest_states(network, protocol, patterns).holds.sum() <= 1
    assert rest_states(network, replace(protocol, levels=hebbian(patterns[:1])), patterns[:1]).holds.all()


def test_a_balanced_dendrite_without_leak_stays():
    """All walls OFF and no leak: the pulls of two neurons of either bit cancel, and rounding must not move the soma."""
    network, protocol = storing("10101", soma_leak=0.0)
    state = bits(["00000"])
    found = rest_states(network, protocol, state)
    assert (found.soma_margin[0][[0, 2, 4]] == 0).all()


def test_weight_lines_need_levels():
    design = Design(name="t", network={"neurons": 3, "weight_style": "lines"})
    process = design.load_process()
    with pytest.raises(InputError, match="weight lines need levels"):
        rest_states(ideal_network(design, process), sim.protocol_for(design, process), np.zeros(3))
