"""Voltages that make up for wires: against ladders solved by hand, a dense circuit, and trials wires had spoilt."""

from dataclasses import replace

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import stored_patterns
from sim.compensation import compensate
from tests.support.plain_nodal import currents
from tests.support.random_trials import wired

R_P, R_AP, R_M, W = 500.0, 2000.0, 2000.0, 0.1


def designed(n, patterns=1, style="lines", seed=1, **task):
    return Design.model_validate({
        "name": "t", "seed": seed, "task": task,
        "network": {"neurons": n, "weights": {"random_patterns": patterns}, "weight_style": style},
    })  # fmt: skip


def laddered(n, ohm, **given):
    """A design on ladders of some ohm per cell: network, protocol, and its patterns and inverses as states."""
    design = designed(n, **given)
    process = design.load_process()
    network = ladder_network(design, process, ohm)
    protocol = sim.protocol_on(network, design, process)
    stored = stored_patterns(design)
    return network, protocol, np.concatenate([stored, 1 - stored])[:, network.pre].astype(float)


def parallel(*ohms):
    return 1 / sum(1 / ohm for ohm in ohms)


def test_a_ladder_of_two_neurons_by_hand():
    """One axon a dendrite, r of wire between its pillar and the soma: V·/(R + r + R_M), so V grows by that ratio."""
    r = 300.0
    network, protocol, states = laddered(2, r)
    found = compensate(network, protocol, states[:1], limit=1.0)
    for axon in np.flatnonzero(~network.is_soma):
        ohm = R_P if states[0][axon] else R_AP
        i, j = network.post[axon], network.pre[axon]
        grown = found.net_levels[f"w_{i}_{j}"] / protocol.levels[i, j]
        assert grown == pytest.approx((ohm + r + R_M) / (ohm + R_M), rel=1e-9)
    assert found.before.rms > 0.01 > 1e-9 > found.after.rms


def test_a_ladder_of_three_neurons_by_hand():
    """Dendrite 0 has its soma at the end: r to the first axon, r again to the second; each carries its ideal share."""
    r = 100.0
    network, protocol, states = laddered(3, r)
    found = compensate(network, protocol, states[:1], limit=1.0)
    near, far = (R_P if states[0][(network.post == 0) & (network.pre == j)][0] else R_AP for j in (1, 2))
    ideal = {1: parallel(far, R_M), 2: parallel(near, R_M)}
    carried = {j: shunt / (own + shunt) / R_M for (j, shunt), own in zip(ideal.items(), (near, far), strict=True)}
    shunt = parallel(r + far, r + R_M)  # what the near axon looks into
    by_near = shunt / (near + shunt) / (r + R_M)
    shunt = parallel(near, r + R_M)  # what the far one does, behind its wire
    by_far = shunt / (far + r + shunt) / (r + R_M)
    assert found.net_levels["w_0_1"] == pytest.approx(carried[1] / by_near * protocol.levels[0, 1], rel=1e-9)
    assert found.net_levels["w_0_2"] == pytest.approx(carried[2] / by_far * protocol.levels[0, 2], rel=1e-9)


@pytest.mark.parametrize(("n", "patterns", "near"), [(9, 1, 0.001), (7, 2, 0.06)])
def test_every_soma_sees_what_ideal_wires_would_let_it_see(n, patterns, near):
    """Against a dense nodal solve that shares no code, in the stored states and their inverses.

    Two patterns together ask for up to nine times W, from which each net's own share holds back.
    """
    network, protocol, states = laddered(n, 60.0, patterns=patterns)
    found = compensate(network, protocol, states, limit=1.0)
    design = designed(n, patterns=patterns)
    ideal = ideal_network(design, design.load_process(), style="lines")
    compensated = replace(protocol, net_levels=found.net_levels)
    for state in states:
        wall = state * network.length
        drawn, wanted = (
            currents(net, point.net_voltages(net), wall)[0][net.somas]
            for net, point in ((network, compensated), (ideal, protocol))
        )
        np.testing.assert_allclose(drawn, wanted, rtol=0, atol=near * np.abs(wanted).max())
    assert found.before.rms > 0.2 > 5 * found.after.rms and found.at_limit == 0


def test_other_states_than_those_asked_gain_too():
    network, protocol, states = laddered(9, 60.0)
    found = compensate(network, protocol, states, limit=1.0)
    rng = np.random.default_rng(2)
    others = rng.integers(0, 2, (12, 9))[:, network.pre].astype(float)
    ideal = ideal_network(designed(9), designed(9).load_process(), style="lines")

    def away(point):
        drawn, wanted = (
            np.array([currents(net, p.net_voltages(net), s * net.length)[0][net.somas] for s in others])
            for net, p in ((network, point), (ideal, protocol))
        )
        return np.sqrt(np.mean((drawn - wanted) ** 2))

    assert away(replace(protocol, net_levels=found.net_levels)) < 0.5 * away(protocol)


def shared_rails():
    """Rails, ground and V_DW with wires that all neurons share."""
    design = designed(6, patterns=2, style="rails", seed=3)
    process = design.load_process()
    shapes = dict.fromkeys(("dendrite", "drive", "ground", "vdw", "rail"), "row")
    network = wired(ideal_network(design, process), np.random.default_rng(1), 20.0, shapes)
    stored = stored_patterns(design)
    states = np.concatenate([stored, 1 - stored])[:, network.pre].astype(float)
    return design, process, network, sim.protocol_on(network, design, process), states


def test_rails_are_at_the_best_of_their_few_voltages():
    """No other voltages of the rails come nearer, by a dense solve: tried to both sides of each."""
    design, process, network, protocol, states = shared_rails()
    ideal = ideal_network(design, process)
    found = compensate(network, protocol, states, limit=1.0)
    wanted = [currents(ideal, protocol.net_voltages(ideal), s * network.length)[0][network.somas] for s in states]

    def away(levels):
        source = replace(protocol, net_levels=levels).net_voltages(network)
        drawn = [currents(network, source, s * network.length)[0][network.somas] for s in states]
        return np.sum((np.array(drawn) - wanted) ** 2)

    least = away(found.net_levels)
    assert least < 0.5 * away({}) and set(found.net_levels) == set(network.weight_nets)
    for name, level in found.net_levels.items():
        for change in (-0.05, 0.05):
            assert away(found.net_levels | {name: level + change}) > least


@pytest.mark.parametrize("volts", [0.12, 0.08])
def test_voltages_stay_within_their_limit(volts):
    network, protocol, states = laddered(9, 200.0)
    found = compensate(network, protocol, states, limit=volts)
    assert np.abs(list(found.net_levels.values())).max() <= volts / W * (1 + 1e-9) and found.at_limit > 0
    assert (found.after.rms < found.before.rms) == (volts > W)


@pytest.mark.parametrize("style", ["lines", "rails"])
def test_without_wires_nothing_changes(style):
    design = designed(7, patterns=2, style=style)
    process = design.load_process()
    network = ideal_network(design, process)
    protocol = sim.protocol_on(network, design, process)
    states = stored_patterns(design)[:, network.pre].astype(float)
    found = compensate(network, protocol, states, limit=1.0)
    given = protocol.net_voltages(network)
    assert found.net_levels == pytest.approx({k: given[v] / W for k, v in network.weight_nets.items()}, abs=1e-12)
    assert found.before.rms < 1e-12 and found.before.turned == 0


def test_power_is_what_the_sources_deliver():
    network, protocol, states = laddered(5, 50.0)
    found = compensate(network, protocol, states, limit=1.0)
    for point, told in ((protocol, found.before), (replace(protocol, net_levels=found.net_levels), found.after)):
        power = []
        for state in states:
            track, pillar, wire = currents(network, point.net_voltages(network), state * network.length)
            siemens = state / network.r_p + (1 - state) / network.r_ap
            heat = (track**2 * network.r_m).sum() + (pillar**2 * siemens).sum()
            power.append(heat + (wire**2 * network.resistor_ohm).sum())
        assert told.power == pytest.approx(np.mean(power), rel=1e-9)


# --- what a protocol does with them


def test_engines_take_the_voltages_and_agree():
    """The judge and the fast engine give one end, another than without."""
    network, protocol, _ = laddered(5, 150.0)
    levels = dict.fromkeys(network.weight_nets, 0.0) | {f"w_0_{j}": 2.0 for j in range(1, 5)}
    start = np.array([0, 1, 1, 0, 1])
    ends = {}
    for name, point in (("plain", protocol), ("other", replace(protocol, net_levels=levels))):
        for engine in ("reference", "layout"):
            found = sim.run(network, replace(point, start=start), engine=engine, record=False, tolerance=1e-5)
            ends[name, engine] = float(found.time_to_solution), float(found.energy_source.sum())
        assert ends[name, "reference"] == pytest.approx(ends[name, "layout"], rel=1e-3)
    assert ends["plain", "layout"] != pytest.approx(ends["other", "layout"], rel=1e-2)


def test_ideal_wires_take_none_and_no_net_is_invented():
    network, protocol, _ = laddered(3, 10.0)
    with pytest.raises(InputError, match="net_levels: 'w_9_9' is no weight net of this network"):
        replace(protocol, net_levels={"w_9_9": 1.0}).net_voltages(network)
    with pytest.raises(InputError, match="net_levels: 'gnd' is no weight net"):
        replace(protocol, net_levels={"gnd": 1.0}).net_voltages(network)
    design = designed(3)
    plain = ideal_network(design, design.load_process())
    with pytest.raises(InputError, match="net_levels make up for wires, and this network has none"):
        sim.run(plain, replace(protocol, net_levels={"w_0_1": 1.0}, start=np.ones(3, int)))
