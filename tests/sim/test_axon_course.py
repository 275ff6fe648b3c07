"""Time that all axons take to follow their somas: quadrature by hand, dense nodal analysis of every wall."""

import os
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

import sim
from hwlib.design import Design
from hwlib.nets import LINE, RAIL
from hwlib.schematic import ideal_network
from hwlib.weights import weight_levels
from sim.rules import Limits, operating_point_report
from sim.rules.axon_course import axon_courses
from sim.rules.cases import Cases
from tests.support.plain_nodal import march
from tests.support.random_trials import wired

FULL = bool(os.environ.get("SPINHOP_FULL"))
MOBILITY = 2.1 * 9.2740100783e-24 * 0.7 / (2 * 1.602176634e-19 * 8e5 * 50e-18)
POINTS = dict.fromkeys(("dendrite", "drive", "ground", "vdw", "rail", "line"), "point")
GRID = {"dendrite": "ladder", "drive": "ladder", "ground": "chain", "vdw": "star", "rail": "ladder", "line": "point"}
LONGEST, STEP = 5e-6, 0.3e-9  # s that is waited for axons; while they are under their pillars


def courses(design, process, network, protocol):
    """Time of the slowest axon by the rule's states."""
    found = axon_courses(Cases(network, protocol, design.device, process, Limits()))
    return {course.state: float(course.time.max()) for course in found}


def test_two_neurons_on_one_resistor_to_ground():
    """While both axons cross, their pillars feed the dendrites more, whose somas lift the ground against them."""
    weights = {"matrix": [[0, 1], [1, 0]]}
    design = Design(name="t", network={"neurons": 2, "weights": weights, "weight_style": "lines"},
                    operating_point={"v_dw": 0.015, "v_charge": 0.2})  # fmt: skip
    process = design.load_process()
    network = wired(ideal_network(design, process), np.random.default_rng(1), 4.0, POINTS | {"ground": "resistor"})
    ground = float(network.resistor_ohm.sum())
    protocol = sim.protocol_for(design, process, levels=weight_levels(design))

    def speed(dendrite, ohm, feed):  # toward ON; dendrites behind ``ohm``, drives behind the somas' ``feed``
        drive, soma = 1 / (feed + 2000), 1 / (ohm + 2000)
        lift = 2 * (0.015 * drive + dendrite * soma) / (1 / ground + 2 * (drive + soma))
        return MOBILITY * (0.015 - lift) * drive - 5

    def crossing(feed):
        ends = speed(0.1, 2000, feed), speed(0.1, 500, feed)
        under = quad(lambda f: 1 / speed(0.1, 1 / (f / 500 + (1 - f) / 2000), feed), 0, 1)[0]
        return abs(40e-9 / ends[0] + 20e-9 * under + 40e-9 / ends[1])

    by_hand = {
        "somas P, weights on": crossing(500), "somas P, dendrites at +200 mV": 100e-9 / speed(0.2, 0, 500),
        "somas AP, weights on": crossing(2000), "somas AP, dendrites at −200 mV": -100e-9 / speed(-0.2, 0, 2000),
    }  # fmt: skip
    assert courses(design, process, network, protocol) == pytest.approx(by_hand, rel=5e-4, abs=0)
    ends = 100e-9 / speed(0.1, 2000, 500), 100e-9 / speed(0.1, 500, 500)
    assert min(abs(by_hand["somas P, weights on"] / end - 1) for end in ends) > 0.01  # neither end alone tells


def resistive(seed):
    """A random design with tens of ohms in every net, the ground too, and V_DW in the middle of its window."""
    rng = np.random.default_rng([seed, 17])
    design = Design(
        name="t", seed=seed,
        network={"neurons": int(rng.integers(3, 7)), "weight_style": str(rng.choice(["lines", "rails"]))},
        operating_point={"rails_while_loading": str(rng.choice(["floating", "grounded"]))},
    )  # fmt: skip
    process = design.load_process()
    network = wired(ideal_network(design, process), rng, 10 ** rng.uniform(0.5, 2), GRID)
    return design, process, network, sim.protocol_on(network, design, process, levels=weight_levels(design))


def simulated(network, protocol):
    """Seconds until every axon has followed, weights on with the somas' walls pinned and V_C on; dense analysis."""
    soma = network.is_soma
    # No device of a network file is as still as that: with_devices would refuse it.
    pinned = replace(network, mobility=np.where(soma, 0, network.mobility), leak=np.where(soma, 0, network.leak))
    run = np.where(network.held_nets(LINE, RAIL), protocol.net_voltages(network), np.nan)
    times = []
    for on in (True, False):
        load = replace(protocol, start=np.full(network.neurons, int(on))).load_voltages(network)
        for source in (run, load):
            wall, time = march(pinned, source, network.length * np.where(soma, on, not on), LONGEST, STEP)
            times.append(time if np.allclose(wall, network.length * on, rtol=0, atol=1e-12) else np.inf)
    return times


def test_axons_of_resistive_networks_take_as_long_as_the_rule_says():
    """Of limits 2 % to either side of what the simulation needs 98 % are told right, by one solve a state 54 %."""
    told = []
    for seed in range(80) if FULL else (4, 7, 14):
        here = resistive(seed)
        needed, found = max(simulated(*here[2:])), max(courses(*here).values())
        if np.isinf(needed):
            told.append(found > LONGEST)
        else:
            told += [0.98 * needed < found, found < 1.02 * needed]
    assert np.mean(told) >= 0.98


@pytest.mark.parametrize("seed", [3, 6])
def test_each_state_takes_as_long_as_its_simulation(seed):
    """Weight lines and rails; somas P and AP, weights on and dendrites held: within 0.3 % in each of the four."""
    here = resistive(seed)
    assert list(courses(*here).values()) == pytest.approx(simulated(*here[2:]), rel=3e-3, abs=0)


def test_the_slowest_state_is_what_the_outcome_says():
    design, process, network, protocol = resistive(3)
    report = operating_point_report(network, protocol, design.device, process)
    found = next(o for o in report.outcomes if o.rule == "leak.axon_time")
    times = courses(design, process, network, protocol)
    assert found.state == max(times, key=times.get) == "somas AP, dendrites at −100 mV"
    assert found.measured == times[found.state] and "switch off" in found.message
