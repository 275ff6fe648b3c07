"""The way on ideal wires against the simulator; what the drawn network does along it."""

from dataclasses import replace

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import stored_patterns, weight_levels
from sim.rules import drive_path as rule
from sim.rules import ideal_path as module
from sim.rules import operating_point_report, rest_states
from sim.rules.cases import Cases, Limits
from sim.rules.drive_path import FEW, STATES, drive_path, ideal_paths, same_way
from sim.rules.ideal_path import IdealWires


def ideal_path(network, protocol, states):
    starts = None if protocol.start is None else protocol.start[None]
    return IdealWires(network, protocol).paths(starts, states)[0]


def made(seed, n=9, ohm=0.0, **point):
    design = Design(
        name="t", seed=seed, task={"trials": 3}, operating_point=point,
        network={"neurons": n, "weights": {"random_patterns": 1 + seed % 2}, "weight_style": "lines"},
    )  # fmt: skip
    process = design.load_process()
    network = ladder_network(design, process, ohm) if ohm else ideal_network(design, process)
    protocol = sim.protocol_on(network, design, process, levels=weight_levels(design))
    return design, process, network, protocol


def cases_of(design, process, network, protocol):
    starts = sim.starts(design)
    return Cases(network, protocol, design.device, process, Limits(), stored_patterns(design), starts)


@pytest.mark.parametrize("load", ["rest", 16e-9])
def test_path_ends_where_the_simulated_network_rests(load):
    for seed in range(6):
        design, _, network, protocol = made(seed, load=load)
        for start in sim.starts(design):
            trial = replace(protocol, start=start)
            end = sim.run(network, trial, record=False)
            path = ideal_path(network, trial, STATES)
            assert path.at_rest and path.bits.tolist() == end.state.values.tolist()
            assert path.time[-1] == pytest.approx(float(end.time_convergence), rel=0.1, abs=1e-9)


@pytest.mark.parametrize("load", ["rest", 16e-9])
def test_trials_side_by_side_take_the_ways_that_they_take_alone(load):
    """They come to rest after different numbers of steps, so that some go on while others have ended."""
    design, _, network, protocol = made(1, load=load)
    starts = sim.starts(design)
    for start, path in zip(starts, IdealWires(network, protocol).paths(starts, 1000), strict=True):
        alone = ideal_path(network, replace(protocol, start=start), 1000)
        np.testing.assert_allclose(path.time, alone.time, rtol=1e-12, atol=0)
        np.testing.assert_allclose(path.share, alone.share, rtol=0, atol=1e-12)
        np.testing.assert_allclose(path.soma_current, alone.soma_current, rtol=1e-12, atol=1e-18)
        np.testing.assert_array_equal(path.place, alone.place)
        assert path.at_rest == alone.at_rest and path.bits.tolist() == alone.bits.tolist()


def test_a_large_network_keeps_fewer_states_with_the_same_end(monkeypatch):
    design, _, network, protocol = made(2)
    trial = replace(protocol, start=sim.starts(design)[0])
    every = ideal_path(network, trial, 1000)
    monkeypatch.setattr(module, "_MOST_KEPT", 20 * 2 * network.neurons)  # somas, and one axon of each
    fewer = ideal_path(network, trial, 1000)
    assert 10 <= len(fewer.time) <= 21 < len(every.time) and set(fewer.time) <= set(every.time)
    assert fewer.time[-1] == every.time[-1] and np.all(np.diff(fewer.time) > 0)
    np.testing.assert_array_equal(fewer.share[-1], every.share[-1])
    np.testing.assert_array_equal(fewer.bits, every.bits)


@pytest.mark.parametrize("spread", [0.0, 0.05])
def test_axons_that_are_alike_go_together_and_others_alone(monkeypatch, spread):
    design, _, network, protocol = made(2)
    odd = network.r_m * np.where(network.pre == 1, np.random.default_rng(1).normal(1, spread, network.devices), 1.0)
    network, trial = network.with_devices(r_m=odd), replace(protocol, start=sim.starts(design)[1])
    axons = np.flatnonzero(~network.is_soma)
    leaders, kind = module._alike(network, np.zeros(network.devices), axons)
    assert len(leaders) == (network.neurons if spread == 0 else network.neurons - 1 + 8)
    assert (kind[leaders] == np.arange(len(leaders))).all()
    together = ideal_path(network, trial, STATES)
    monkeypatch.setattr(module, "_alike", lambda network, place, axons: (np.arange(len(axons)), np.arange(len(axons))))
    alone = ideal_path(network, trial, STATES)
    for name in ("time", "place", "share", "soma_current", "bits"):
        np.testing.assert_allclose(getattr(together, name), getattr(alone, name), rtol=1e-9, atol=1e-12)


def test_currents_at_its_end_are_those_of_the_solved_network():
    design, _, network, protocol = made(3)
    path = ideal_path(network, replace(protocol, start=sim.starts(design)[0]), STATES)
    assert 2 <= len(path.share) <= STATES and np.all(np.diff(path.time) > 0)
    solved = rest_states(network, protocol, path.bits).soma_current[0]
    np.testing.assert_allclose(path.soma_current[-1], solved, rtol=1e-9)


def test_without_wires_a_ladder_is_the_ideal_network():
    design, process, network, protocol = made(1, ohm=30.0)
    plain, ideal = network.without_wires(), ideal_network(design, process)
    found, wanted = (rest_states(each, protocol, stored_patterns(design)) for each in (plain, ideal))
    np.testing.assert_allclose(found.soma_current, wanted.soma_current, rtol=1e-12)
    assert not plain.has_wires and plain.validate().nodes == len(plain.net_names)


def test_on_ideal_wires_all_currents_are_kept_along_the_way():
    made_of = made(1)
    cases = cases_of(*made_of)
    found = drive_path(cases, ideal_paths(cases))
    # axons step from one kept state to the next: only there they are not exactly where ideal wires had them
    np.testing.assert_allclose(found.drawn[0], found.ideal[0], rtol=1e-9)
    np.testing.assert_allclose(found.drawn[-1], found.ideal[-1], rtol=1e-9)
    assert found.alike.max() == pytest.approx(1.0)


def test_axons_that_had_no_time_on_the_way_settle_at_the_end():
    cases = cases_of(*made(1))
    paths = ideal_paths(cases)
    hurried = drive_path(cases, [(k, replace(path, time=path.time * 1e-6)) for k, path in paths])
    last = np.flatnonzero(np.diff(hurried.trial, append=-1))
    np.testing.assert_allclose(hurried.drawn[last], hurried.ideal[last], rtol=1e-9)
    assert not np.allclose(hurried.drawn[last - 1], hurried.ideal[last - 1], rtol=0.01)


def test_the_last_axon_arrives_when_a_divider_says():
    """No time on the way: each axon has all of its own still before it, at the speed that its soma's drive gives."""
    design, process, network, protocol = made(1)
    cases = cases_of(design, process, network, protocol)
    hurried = [(k, replace(path, time=path.time * 1e-6)) for k, path in ideal_paths(cases)]
    found = drive_path(cases, hurried)
    length, r_m, n = network.length[0], network.r_m[0], network.neurons
    axons = np.flatnonzero(~network.is_soma)
    for path, arrival, axon in zip([path for _, path in hurried], found.arrival, found.last_axon, strict=True):
        feed = np.where(path.bits == 1, 1 / network.r_p[0], 1 / network.r_ap[0])
        speed = network.mobility[1] * protocol.v_dw * feed / (feed + (n - 1) / r_m) / r_m + network.leak[1]
        away = axons[abs(path.place[axons] - path.bits[network.pre[axons]] * length) > 0.5 * length]
        times = {int(k): length / abs(speed[network.pre[k]]) for k in away}
        assert arrival == pytest.approx(max(times.values()), rel=1e-4)
        assert times[int(axon)] == pytest.approx(max(times.values()), rel=1e-9)


def test_axons_that_come_too_late_break_the_rule():
    design, process, network, protocol = made(4, ohm=5.0)
    cases = cases_of(design, process, network, protocol)
    found = drive_path(cases, ideal_paths(cases))
    assert same_way(cases, found).margin > 0
    hasty = cases_of(design, process, network, replace(protocol, time_limit=0.9 * float(found.arrival.max())))
    late = same_way(hasty, found)
    assert late.margin == pytest.approx(-0.1) and "to follow its soma" in late.message and late.unit == "s"
    assert late.place.name.startswith("axon ")


def test_few_states_of_a_large_network_judge_its_ends_alike(monkeypatch):
    cases = cases_of(*made(4, ohm=60.0))
    many = drive_path(cases, ideal_paths(cases))
    monkeypatch.setattr(rule, "LARGE", 8)
    few = drive_path(cases, ideal_paths(cases))
    assert len(many.trial) == 3 * (STATES + 1) and len(few.trial) == 3 * (FEW + 1)
    assert same_way(cases, few).margin == pytest.approx(same_way(cases, many).margin, rel=1e-6)


def outcome(design, process, network, protocol):
    report = operating_point_report(
        network, protocol, design.device, process, patterns=stored_patterns(design), starts=sim.starts(design)
    )  # fmt: skip
    return next(o for o in report.outcomes if o.rule == "drive.path"), report.values["pattern_margin"]


def test_wires_that_spoil_recall_break_the_rule_and_short_ones_keep_it():
    for ohm, works in ((5.0, True), (400.0, False)):
        design, process, network, protocol = made(4, ohm=ohm)
        found, margins = outcome(design, process, network, protocol)
        result = sim.run_task(network, design, process)
        assert bool(result.recalled.all()) == works == found.passed
        if not works:  # two somas turn back, and so many bits are wrong
            assert found.message.startswith("2 of 9 somas") and result.accuracy.values == pytest.approx(7 / 9)
        assert len(margins) == 9 and (min(margins) > 0) == works and found.severity == "warning"
        assert found.place.name.startswith("soma ") and "ideal end of trial" in found.state


@pytest.mark.parametrize(("raised", "passes"), [(0.0, True), (0.05, True), (-0.05, True), (-0.3, True), (-1.5, False),
                                                (1.5, False)])  # fmt: skip
def test_where_somas_are_driven_as_the_weights_come_on_is_what_dividers_say(raised, passes):
    """All lines raised by as much, which no wire but the sources does: conductances of a dendrite against its track."""
    design, process, network, protocol = made(4, ohm=1e-6, load="rest")
    levels, n, r_m, stored = protocol.levels, network.neurons, network.r_m[0], stored_patterns(design)
    lines = {f"w_{i}_{j}": levels[i, j] + raised for i in range(n) for j in range(n) if i != j}
    protocol = replace(protocol, net_levels=lines)
    cases = cases_of(design, process, network, protocol)
    found = rule.release(cases, drive_path(cases, ideal_paths(cases)))
    leak, margins = network.leak[network.somas[0]] / network.mobility[network.somas[0]], []

    def beyond_balance(bits, levels):
        siemens = np.where(bits == 1, 1 / network.r_p[0], 1 / network.r_ap[0]) * (1 - np.eye(n))
        return (siemens * levels).sum(axis=1) * protocol.weight / (siemens.sum(axis=1) * r_m + 1) + leak

    for bits in sim.starts(design):
        driven = beyond_balance(bits, levels + raised) > 0
        held = (np.where(driven, 1, -1) * beyond_balance(driven, levels + raised)).min()
        answer = (driven == stored).all() or (driven == 1 - stored).all()
        margins.append(np.inf if answer else -held / abs(beyond_balance(bits, levels)).mean())
    assert found.margin == pytest.approx(min(margins), rel=1e-6) and found.passed == passes
    assert ("no answer" in found.message) != passes
    ends = [sim.run(network, replace(protocol, start=start), record=False).state.values for start in sim.starts(design)]
    if passes:
        assert all((end == stored).all() or (end == 1 - stored).all() for end in ends)
    else:
        assert all((end == (raised > 0)).all() for end in ends)
