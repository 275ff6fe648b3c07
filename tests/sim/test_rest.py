"""When a wall is at rest: by its neuron's leaks and its drive, so that networks scaled in time end alike."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import sim
from hwlib.network import Network
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import hebbian
from sim.protocol import Protocol, protocol_for
from sim.tasks.setup import paper_design
from tests.support.random_trials import wired

ENGINES = pytest.mark.parametrize("engine", ["reference", "ideal", "layout"])
VOLTS = ("v_dw", "v_charge", "weight")


def paper_case(neurons, ohm=0.0, seed=1, patterns=1, **changes):
    design = paper_design(neurons, load="rest")
    process, rng = design.load_process(), np.random.default_rng(seed)
    levels, start = hebbian(rng.integers(0, 2, (patterns, neurons))), rng.integers(0, 2, neurons)
    network = ladder_network(design, process, ohm) if ohm else ideal_network(design, process, style="lines")
    return network, protocol_for(design, process, levels=levels, start=start, **changes)


def slower(network: Network, protocol: Protocol, s: float) -> tuple[Network, Protocol]:
    """All resistances times s, leaks over s, limits times s: everything takes s times as long."""
    ohms = {name: getattr(network, name) * s for name in ("r_p", "r_ap", "r_m")}
    slow = replace(network.with_devices(**ohms, leak=network.leak / s), resistor_ohm=network.resistor_ohm * s)
    load = protocol.load if protocol.load == "rest" else protocol.load * s
    return slow, replace(protocol, time_limit=protocol.time_limit * s, load=load)


def stronger(network: Network, protocol: Protocol, b: float) -> tuple[Network, Protocol]:
    """All voltages and leaks times b: everything takes 1/b of the time."""
    volts = {name: getattr(protocol, name) * b for name in VOLTS}
    load = protocol.load if protocol.load == "rest" else protocol.load / b
    strong = network.with_devices(leak=network.leak * b)
    return strong, replace(protocol, **volts, time_limit=protocol.time_limit / b, load=load)


def assert_same_in_time(one, other, factor, rtol):
    np.testing.assert_array_equal(one.state, other.state)
    np.testing.assert_array_equal(one.at_rest, other.at_rest)
    np.testing.assert_allclose(other.wall_final, one.wall_final, atol=1e-6 * float(one.wall_final.max()))
    for name in ("time_load", "time_convergence"):
        np.testing.assert_allclose(other[name], factor * one[name], rtol=rtol)


def balanced(neurons, **changes):
    """All walls OFF, no load: drives of one half of the pattern cancel, the other half is held; leaks alone decide."""
    network, protocol = paper_case(neurons, **changes)
    return network, replace(protocol, start=None, levels=hebbian((np.arange(neurons) < neurons // 2).astype(int)))


@pytest.mark.parametrize("load", ["rest", 16e-9])
@pytest.mark.parametrize("s", [2, 10, 100, 200, 400])
def test_a_network_of_s_times_the_resistance_takes_s_times_as_long(s, load):
    network, protocol = paper_case(29, seed=3, patterns=2, load=load)
    rng = np.random.default_rng(4)
    one = [balanced(29)[1], *(replace(protocol, start=rng.integers(0, 2, 29)) for _ in range(8))]
    slow_network, _ = slower(network, protocol, s)
    slow = [slower(network, each, s)[1] for each in one]
    known, seen = sim.run_batch(network, one, engine="ideal"), sim.run_batch(slow_network, slow, engine="ideal")
    assert known.at_rest.all() and known.time_convergence.min() > 1e-9
    assert_same_in_time(known, seen, s, 1e-6)
    np.testing.assert_allclose(seen.energy_source, known.energy_source, rtol=1e-5)


@pytest.mark.parametrize("b", [1 / 400, 0.5, 2])
def test_a_network_of_b_times_the_voltages_takes_a_bth_of_the_time(b):
    for network, protocol in (paper_case(29, seed=3, patterns=2), balanced(29)):
        known = sim.run(network, protocol, engine="ideal", record=False)
        seen = sim.run(*stronger(network, protocol, b), engine="ideal", record=False)
        assert known.at_rest and known.time_convergence > 0
        assert_same_in_time(known, seen, 1 / b, 1e-6)
        np.testing.assert_allclose(seen.energy_source, b * known.energy_source, rtol=1e-5)


@pytest.mark.parametrize("engine", ["reference", "layout"])
@pytest.mark.parametrize(("scale", "factor"), [(slower, 10), (slower, 200), (stronger, 2)])
def test_drawn_networks_scale_with_their_wires(engine, scale, factor):
    """With devices that differ, each by its own leak."""
    network, protocol, known = wired_case(engine)
    seen = sim.run(*scale(network, protocol, factor), engine=engine, record=False)
    assert known.at_rest and known.time_convergence > 0
    assert_same_in_time(known, seen, factor if scale is slower else 1 / factor, 1e-6)
    if engine == "layout":
        assert int(seen.steps) == pytest.approx(int(known.steps), rel=0.02)


@cache
def wired_case(engine):
    """A network, its protocol, and what they do."""
    network, protocol = paper_case(5, seed=2)
    network = wired(network, np.random.default_rng(2), 1.0, dict.fromkeys(
        ("dendrite", "drive", "ground", "vdw", "line"), "ladder"))  # fmt: skip
    network = network.with_devices(leak=network.leak * np.random.default_rng(3).uniform(0.8, 1.2, network.devices))
    return network, protocol, sim.run(network, protocol, engine=engine, record=False)


@ENGINES
@pytest.mark.parametrize("part", [200, 400])
def test_leaks_of_a_two_hundredth_move_walls_that_are_all_off(engine, part):
    """They bring the half of the pattern that nothing holds ON, only later."""
    network, protocol = balanced(5)
    known = sim.run(network, protocol, engine=engine, record=False)
    weak = replace(protocol, v_dw=protocol.v_dw / part, time_limit=part * protocol.time_limit)
    result = sim.run(network.with_devices(leak=network.leak / part), weak, engine=engine, record=False)
    assert known.at_rest and result.at_rest
    np.testing.assert_array_equal(result.state, [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(result.state, known.state)
    assert result.time_convergence > 0.2 * part * known.time_convergence


@ENGINES
@pytest.mark.parametrize("leak", [0.2, -0.2, 1e-3, 1e-6])
def test_a_leak_alone_is_no_rest(engine, leak):
    """Without weights and V_DW only the somas' leak moves anything: for the time limit, or against the end."""
    network, _ = paper_case(3)
    network = network.with_devices(leak=np.where(network.is_soma, leak, network.leak))
    idle = Protocol(
        v_dw=0.0, v_charge=0.1, weight=0.1, levels=np.zeros((3, 3)), time_limit=10e-9,
        initial=np.where(network.is_soma, 0.2, 0.0),
    )  # fmt: skip
    result = sim.run(network, idle, engine=engine, record=False)
    assert not result.at_rest
    assert float(result.time_convergence) == pytest.approx(10e-9)
    np.testing.assert_allclose(result.wall_final[network.somas], 20e-9 + leak * 10e-9, rtol=1e-9)


@ENGINES
@pytest.mark.parametrize("crawl", [0.5e-3, -0.5e-3, 0.0])
def test_a_wall_slower_than_rest_does_not_keep_others_from_arriving(engine, crawl):
    """Wherever its pillar is: the trial ends when the somas' leak has brought theirs to the ends of their tracks."""
    network, _ = paper_case(3)
    slow, v_dw = ~network.is_soma & (network.pre == 0), 10e-3
    leak = np.where(network.is_soma, -0.2, network.leak)
    leak[slow] = crawl - network.mobility[0] * v_dw / (network.r_ap[0] + network.r_m[0] / 2) / 2
    begin = np.where(network.is_soma, 0.1, 0.0)
    begin[slow] = 0.2
    lone = Protocol(v_dw=v_dw, v_charge=0.1, weight=0.1, levels=np.zeros((3, 3)), time_limit=1e-6, initial=begin)
    result = sim.run(network.with_devices(leak=leak), lone, engine=engine, record=False)
    assert result.at_rest
    assert float(result.time_convergence) == pytest.approx(50e-9, rel=1e-6, abs=0)
    np.testing.assert_allclose(result.wall_final[slow], 20e-9 + crawl * 50e-9, rtol=1e-6)


@ENGINES
@pytest.mark.parametrize("levels", [0.0, 1.0])
def test_without_leaks_walls_rest_where_drives_cancel(engine, levels):
    """Weights that cancel exactly, walls anywhere, no leak: what is left of the drives is rounding."""
    network, _ = paper_case(3)
    network = network.with_devices(leak=np.zeros(network.devices))
    weights = levels * np.array([[0, 1, -1], [1, 0, -1], [1, -1, 0]])
    halted = np.array([0.3, 0.2, 0.2, 0.2, 0.3, 0.2, 0.2, 0.2, 0.3])
    still = Protocol(v_dw=0.0, v_charge=0.1, weight=0.1, levels=weights, time_limit=10e-9, initial=halted)
    result = sim.run(network, still, engine=engine, record=False)
    assert result.at_rest and result.time_convergence == 0
    dead = replace(still, v_charge=0.0, weight=0.0)
    assert sim.run(network, dead, engine=engine, record=False).at_rest


def test_the_papers_device_rests_at_one_millimetre_per_second():
    for neurons in (3, 60, 300):
        network, protocol = paper_case(neurons)
        np.testing.assert_array_equal(protocol.rest_speed(network), 1e-3)


def test_each_neuron_rests_by_its_slowest_leak():
    """A soma or an axon with hardly a leak makes its own neuron's rest stricter, no other's."""
    network, protocol = paper_case(3)
    leak = network.leak.copy()
    leak[network.somas[0]] = -0.02
    leak[np.flatnonzero((network.pre == 1) & ~network.is_soma)[0]] = 0.1
    leak[network.somas[2]] = 0.0
    rest = protocol.rest_speed(network.with_devices(leak=leak))
    np.testing.assert_allclose(rest[network.pre == 0], 1e-4)
    np.testing.assert_allclose(rest[network.pre == 1], 5e-4)
    drive = network.mobility * max(getattr(protocol, name) for name in VOLTS) / network.r_m
    np.testing.assert_allclose(rest[network.pre == 2], 1e-8 * drive[network.pre == 2])
