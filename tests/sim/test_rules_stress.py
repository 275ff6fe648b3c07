"""Barriers, tracks, wires and heat while a pattern loads: the task's own starts are errors, the worst one warns."""

import math
from dataclasses import replace

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.network import MTJ_IN, MTJ_OUT
from hwlib.schematic import ideal_network
from hwlib.weights import weight_levels
from sim.rules import Limits, operating_point_report
from sim.rules.cases import Cases
from sim.rules.starts import loaded_starts
from tests.support.plain_nodal import currents, march
from tests.support.random_trials import wired
from tests.support.rule_bench import Bench

GRID = dict.fromkeys(("dendrite", "drive", "ground", "vdw", "rail"), "resistor")


class Loaded:
    """Small designs with resistors in every net, all on one layer of one current limit."""

    def __init__(self, seed, rails="floating"):
        rng = np.random.default_rng([seed, 11])
        point = {"v_charge": 0.2, "rails_while_loading": rails}
        self.design = Design(
            name="t", seed=seed, network={"neurons": int(rng.integers(4, 6))}, operating_point=point, task={"trials": 3}
        )
        self.process = self.design.load_process()
        network = wired(ideal_network(self.design, self.process), rng, 10 ** rng.uniform(0.3, 1.3), GRID)
        layer = np.zeros(len(network.resistor_ohm), np.int32)
        self.network = replace(network, layers=("m3",), resistor_layer=layer)
        self.protocol = sim.protocol_for(self.design, self.process, levels=weight_levels(self.design))
        self.starts = sim.starts(self.design)

    def outcomes(self, limit=1.0, starts="task", **device):
        network = replace(self.network, resistor_limit=np.full(len(self.network.resistor_ohm), limit))
        starts = self.starts if isinstance(starts, str) else starts
        changed = self.design.device.model_copy(update=device)
        report = operating_point_report(network, self.protocol, changed, self.process, starts=starts)
        return {o.rule: o for o in report.outcomes}

    def voltages(self, trial):
        return replace(self.protocol, start=self.starts[trial]).load_voltages(self.network)

    def sizes(self, trial, wall):
        """Largest track current density, pillar voltage and wire current, by dense nodal analysis."""
        track, pillar, wire = currents(self.network, self.voltages(trial), wall)
        return np.array([np.abs(track / self.network.area).max(), np.abs(pillar).max(), np.abs(wire).max()])


RULES = ("current.track", "barrier.voltage", "current.m3")


@pytest.mark.parametrize("rails", ["floating", "grounded"])
@pytest.mark.parametrize("seed", range(3))
def test_own_starts_are_judged_with_walls_off_and_as_loaded(seed, rails):
    bench = Loaded(seed, rails)
    found, told = bench.outcomes(), 0
    sizes = np.array([
        [bench.sizes(trial, bench.network.length * on) for on in (0.0, start[bench.network.pre])]
        for trial, start in enumerate(bench.starts)
    ])  # fmt: skip
    for k, rule in enumerate(RULES):
        outcome, each = found[rule], sizes[..., k].max(axis=1)
        assert outcome.severity == "error" and outcome.measured >= each.max() * (1 - 1e-9)
        if outcome.state.startswith("load"):  # else the convergence phase carries more
            told += 1
            assert outcome.measured == pytest.approx(each.max(), rel=1e-9)
            assert outcome.state == f"load, start of trial {each.argmax()}"
            assert outcome.message.endswith(f"in the start of trial {each.argmax()}")
    assert told >= 2


def test_peaks_of_every_wire_and_device_are_those_of_the_states_they_are_from():
    """Contacts of a device alone carry what it does; here every wire by the potentials at its ends."""
    bench = Loaded(1)
    rng, shapes = np.random.default_rng(2), dict.fromkeys(GRID, "star")
    network = wired(ideal_network(bench.design, bench.process), rng, 20.0, shapes)
    cases = Cases(network, bench.protocol, bench.design.device, bench.process, Limits(), starts=bench.starts)
    peaks, held = loaded_starts(cases).peaks, cases.held(*cases.load_classes)
    assert len(cases.circuits.wires.first) < len(network.resistor_ohm)  # some wires are such contacts
    sizes = {name: [] for name in peaks.trial}
    for start in bench.starts:
        volts = cases.protocol.loading_voltages(network, start[None])[0]
        for parallel in (np.zeros(network.devices, bool), start[network.pre] != 0):
            solution = cases.circuits.at(parallel, held).solve(volts)
            at = solution.voltage
            ends, pillar = at[network.resistor_nodes], at[network.terminals[:, [MTJ_IN, MTJ_OUT]]]
            sizes["resistor_current"].append(np.abs(ends[:, 0] - ends[:, 1]) / network.resistor_ohm)
            sizes["pillar_voltage"].append(np.abs(pillar[:, 0] - pillar[:, 1]))
            sizes["track_current"].append(np.abs(solution.track_current))
    for name, each in sizes.items():
        largest = np.max(each, axis=0)
        assert np.allclose(getattr(peaks, name), largest, rtol=1e-6, atol=1e-12), name
        at_trial = np.reshape(each, (len(bench.starts), 2, -1)).max(axis=1)[peaks.trial[name], np.arange(len(largest))]
        assert np.allclose(at_trial, largest, rtol=1e-6, atol=1e-12), name


def test_no_moment_of_a_load_has_more_than_its_first_and_last():
    """Every wall by small steps: between OFF and loaded nothing grows more than 3 % beyond what is judged."""
    for seed in range(2):
        bench = Loaded(seed)
        found, most = bench.outcomes(), np.zeros(3)
        for trial, start in enumerate(bench.starts[:2]):
            wall = np.zeros(bench.network.devices)
            for _ in range(150):
                most = np.maximum(most, bench.sizes(trial, wall))
                wall, took = march(bench.network, bench.voltages(trial), wall, 1e-9, 1e-9)
                if took < 1e-9:
                    break
            np.testing.assert_allclose(wall, bench.network.length * start[bench.network.pre], atol=1e-12)
        for size, rule in zip(most, RULES, strict=True):
            assert size <= 1.03 * found[rule].measured, (seed, rule)


def test_worst_start_beyond_a_limit_that_the_task_keeps_is_a_warning():
    kinds = set()
    for seed in range(4):
        bench = Loaded(seed)
        bench.starts = bench.starts[:1]
        plain = bench.outcomes(1e-6)
        own, worst = plain["current.m3"].measured, plain["current.load_any"]
        if worst.measured is None or "m3" not in worst.message or worst.measured < 1.01 * own:
            continue
        limit = np.sqrt(own * worst.measured)
        between = bench.outcomes(limit)
        assert between["current.m3"].passed
        assert not between["current.load_any"].passed and between["current.load_any"].severity == "warning"
        below = bench.outcomes(0.99 * own)
        assert not below["current.m3"].passed and below["current.m3"].severity == "error"
        kinds.add(seed)
    assert kinds


def test_without_starts_only_the_convergence_phase_is_an_error():
    bench = Loaded(0)
    known, unknown = bench.outcomes(), bench.outcomes(starts=None)
    assert unknown["current.track"].measured < known["current.track"].measured
    assert not unknown["current.track"].state.startswith("load")
    for rule in ("current.load_any", "barrier.load_any"):
        assert unknown[rule].state == known[rule].state == "load, worst start, somas P, axons ON"
        assert unknown[rule].measured == known[rule].measured
    volts = known["barrier.load_any"].measured
    for side in (0.999, 1.001):
        assert bench.outcomes(breakdown_voltage=side * volts)["barrier.load_any"].passed == (side > 1)


def test_the_most_loaded_of_too_many_starts_are_judged(monkeypatch):
    """As many as there is time for, hardest to load and most current: a few of all 16 find what all find."""
    bench = Loaded(1)
    n = bench.network.neurons
    starts = np.array([[k >> bit & 1 for bit in range(n)] for k in range(2**n)])
    every = bench.outcomes(starts=starts)
    monkeypatch.setattr("sim.rules.starts.MOST_WALLS", 0)
    monkeypatch.setattr("sim.rules.starts.FEWEST_STARTS", 8)
    few = bench.outcomes(starts=starts)
    assert few["current.m3"].measured == pytest.approx(every["current.m3"].measured, rel=0.02)
    assert few["leak.load"].measured == pytest.approx(every["leak.load"].measured, rel=0.02)


def test_power_of_a_load_that_takes_more_than_all_axons_on_is_that_of_its_start():
    """By hand, rails at 0 V: V_C across every axon, ON where its neuron loads an ON, across every soma's track too."""
    n, v_c = 8, 0.2
    bench = Bench(n, v_charge=v_c).place_devices()
    bench.protocol = replace(bench.protocol, rails_while_loading="grounded")
    starts = np.array([[1, 0, 0, 0, 1, 0, 0, 1], [1, 1, 1, 0, 1, 1, 1, 1], [0, 1, 0, 1, 1, 0, 1, 0]], np.uint8)
    pillar = np.where(starts[1] == 1, 500, 2000)
    power = ((n - 1) * v_c**2 / pillar).sum() + n * v_c**2 / 2000
    power += (bench.protocol.v_dw**2 / (pillar + 2000 / (n - 1))).sum()
    given = bench.network, bench.protocol, bench.device, bench.process
    report, running = operating_point_report(*given, starts=starts), operating_point_report(*given)
    hot = next(o for o in report.outcomes if o.rule == "power.density")
    assert report.values["power"] == pytest.approx(power, rel=1e-9, abs=0) and power > 2 * running.values["power"]
    assert hot.state == "load, start of trial 1" and hot.message.endswith("K, in the start of trial 1")
    assert hot.measured == pytest.approx(power / (4 * 148 * math.sqrt((n * 240e-9) ** 2 / math.pi)), rel=1e-9, abs=0)
