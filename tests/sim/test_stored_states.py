"""Which states are rest states: against the simulator, which shares no code with the rule, and against closed forms."""

import os
from dataclasses import replace

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import bits, hebbian, stored_patterns, weight_levels
from sim.rules import operating_point_report, rest_states
from sim.rules.stored_states import neuron_margins
from tests.support.random_trials import SHAPES, wired

FULL = bool(os.environ.get("SPINHOP_FULL"))
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
    for seed in range(60) if FULL else range(20, 40):
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


@pytest.mark.parametrize("side", [0.99, 1.01])
def test_just_held_and_just_not(side):
    """A soma leak 1 % below and above what holds the OFF neurons of a stored pattern; rest is half a percent of it."""
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


# --- the rules made of it


def rules(*words, ohm=0.0, **point):
    """Outcomes of the rules on states by name."""
    design = Design(
        name="t", network={"neurons": len(words[0]), "weights": {"patterns": words}}, operating_point=point
    )  # fmt: skip
    process = design.load_process()
    network = ladder_network(design, process, ohm) if ohm else ideal_network(design, process)
    protocol = sim.protocol_for(design, process, levels=weight_levels(design))
    report = operating_point_report(network, protocol, design.device, process, patterns=stored_patterns(design))
    return {o.rule: o for o in report.outcomes if o.rule.startswith(("state.", "drive.pattern"))}


def test_a_pattern_that_rests_in_both_forms_keeps_every_rule():
    found = rules("111000101")
    assert all(o.passed for o in found.values()) and {o.severity for o in found.values()} == {"error", "warning"}


def test_a_pattern_that_rests_in_one_form_only_is_a_warning_that_names_the_other():
    found = rules("1110111")
    assert found["drive.pattern"].passed and "pattern 0 is a rest state" in found["drive.pattern"].message
    other = found["state.inverse"]
    assert not other.passed and other.severity == "warning" and "pattern 0 inverted" in other.message
    assert other.place.name == "soma 3" and "7 neurons leave" in other.message


def test_margin_of_each_neuron_is_of_the_form_that_rests():
    network, protocol = storing("1110111")
    states = np.array([[1, 1, 1, 0, 1, 1, 1], [0, 0, 0, 1, 0, 0, 0]])
    held = rest_states(network, protocol, states)
    assert held.holds.tolist() == [True, False]
    margins = np.minimum(held.soma_margin, held.axon_margin)
    np.testing.assert_array_equal(neuron_margins(held, None), margins[0])
    np.testing.assert_array_equal(neuron_margins(None, held), margins.min(axis=0))


@pytest.mark.parametrize("ohm", [0.0, 300.0])
def test_a_network_that_stores_nothing_is_asked_for_what_its_trials_end_in(ohm):
    """Trials that begin in the two rest states of ideal wires end there; the one held less as drawn is told."""
    design = Design(name="t", network={"neurons": 9, "weights": {"patterns": ["111000101"]}})
    process, starts = design.load_process(), np.concatenate([stored_patterns(design), 1 - stored_patterns(design)])
    network = ladder_network(design, process, ohm) if ohm else ideal_network(design, process)
    protocol = sim.protocol_for(design, process, levels=weight_levels(design))
    report = operating_point_report(network, protocol, design.device, process, starts=starts)
    outcome = {o.rule: o for o in report.outcomes}["drive.pattern"]
    margins = rest_states(network, protocol, starts).margin
    assert ohm == 0 or margins[0] != margins[1]
    assert outcome.margin == margins.min() and outcome.severity == "warning"
    assert ("is left by" in outcome.message) == (ohm > 0) == (not outcome.passed)


def test_patterns_that_overlap_too_much_are_an_error_that_names_one_of_them():
    """Three patterns that differ in the last two bits: the majority wins each, and two patterns are lost."""
    found = rules("1100101", "1100100", "1100111")["drive.pattern"]
    assert not found.passed and found.severity == "error" and "(ideal wires)" in found.message
    assert found.message.startswith("2 of 3 patterns rest in neither form")
    assert found.place.name in ("soma 5", "soma 6")


def test_wires_that_lose_a_pattern_are_found_and_said_to_be_wires():
    assert rules("111000101")["drive.pattern"].passed
    found = rules("111000101", ohm=300.0)["drive.pattern"]
    assert not found.passed and "with wires" in found.message


@pytest.mark.parametrize(("leak", "passed"), [(0.2, True), (-0.2, False)])
def test_all_off_of_a_balanced_pattern_hangs_on_the_sign_of_the_soma_leak(leak, passed):
    """Five of nine ON: their dendrites cancel with every wall OFF, so that only the leak takes them out of it."""
    found = rules("111110000", soma_leak=leak)["state.all_off"]
    assert found.passed == passed and found.severity == ("warning" if passed else "error")
    assert ("a leak of the other sign would turn it ON" in found.message) != passed


def test_all_off_that_holds_itself_either_way_is_a_warning():
    """Half of eight ON: every dendrite is pulled OFF by one more neuron, whatever the leak."""
    for leak in (0.2, -0.2):
        found = rules("11110000", soma_leak=leak)["state.all_off"]
        assert not found.passed and found.severity == "warning" and "other sign" not in found.message


def test_all_off_is_no_matter_where_it_is_stored_or_nothing_is():
    assert "state.all_off" not in rules("11111")
    design = Design(name="t", network={"neurons": 3, "weights": {"matrix": [[0, 1, 1], [1, 0, 1], [1, 1, 0]]}})
    process = design.load_process()
    network, protocol = ideal_network(design, process), sim.protocol_for(design, process)
    report = operating_point_report(network, protocol, design.device, process, patterns=stored_patterns(design))
    assert not [o for o in report.outcomes if o.rule.startswith("state.")]


def test_one_pattern_comes_back_from_every_start_unless_all_off_holds():
    """Small ideal networks of one pattern: the rule tells which of them lose trials, and where those end."""
    kinds = set()
    for seed in range(12):
        design = Design(name="t", seed=seed, network={"neurons": 8}, task={"trials": 40})
        process = design.load_process()
        network, protocol = ideal_network(design, process), sim.protocol_for(design, process)
        report = operating_point_report(network, protocol, design.device, process, patterns=stored_patterns(design))
        outcome = {o.rule: o for o in report.outcomes}
        if not (outcome["drive.pattern"].passed and outcome["state.inverse"].passed):
            continue
        result = sim.recall(network, design, process)
        lost = ~result.recalled.values
        assert outcome["state.all_off"].passed == (not lost.any())
        assert (result.state.values[lost] == 0).all()
        kinds.add(outcome["state.all_off"].passed)
    assert kinds == {True, False}
