import numpy as np
import pytest

import sim
from hwlib.operating_point import resolve_v_dw
from hwlib.schematic import ideal_network
from hwlib.weights import hebbian
from sim.protocol import Protocol
from sim.tasks import comparison, estimate
from sim.tasks.setup import paper_design


def of(neurons, **changes):
    design = paper_design(neurons, **changes)
    return estimate.authors_estimate(design, design.load_process())


def test_published_power_and_energy():
    recall = of(60)
    assert recall.energy(81.2e-9) == pytest.approx(3.599e-9, abs=0.5e-12)
    assert recall.power(81.2e-9) == pytest.approx(44.33e-3, abs=5e-6)
    assert of(100).energy(78.14e-9) == pytest.approx(11.043e-9, abs=0.5e-12)
    assert recall.energy(344e-9) == pytest.approx(17.396e-9, abs=0.6e-12)
    assert recall.power(344e-9) == pytest.approx(50.57e-3, abs=5e-6)
    # Fig. 8's point, with V_C at Table I's 0.1 V.
    small = of(60, weight=0.04).energy(102e-9)
    assert small == pytest.approx(1.525e-9, abs=0.5e-12)
    assert small * 102e-9 == pytest.approx(156e-18, rel=0.005)


def test_branches_add_up():
    recall = of(60)
    branches = recall.branches(81.2e-9)
    assert sum(branches.values()) == pytest.approx(float(recall.energy(81.2e-9)))
    design = paper_design(60)
    v_dw, r = resolve_v_dw(design, design.load_process()), 2000 / 59
    assert branches["vdw"] == pytest.approx(81.2e-9 * 60 * v_dw**2 * (1 / (500 + r) + 1 / (2000 + r)) / 2)
    assert branches["load"] == pytest.approx(60 * 0.1**2 / 2000 * recall.load_time)
    assert sum(recall.unloaded().branches(1e-9).values()) == pytest.approx(1e-9 * recall.run_power)


def test_weighted_estimate_by_hand():
    """Weights of ±3 W cost nine times as much, and V_DW no more."""
    recall = of(60)
    nine = recall.weighted(9.0).branches(81.2e-9)
    assert nine["weight"] == pytest.approx(9 * recall.branches(81.2e-9)["weight"])
    assert nine["vdw"] == recall.branches(81.2e-9)["vdw"] and nine["load"] == recall.branches(81.2e-9)["load"]


def test_weight_power_of_a_recalled_pattern_is_what_the_engine_meters():
    """Somas on their last way to the end, past their pillars: no conductance changes, so energy is power times time."""
    n = 10
    design = paper_design(n)
    pattern = np.array([1, 0] * (n // 2))
    network = ideal_network(design, design.load_process(), style="lines")
    walls = pattern[network.pre] * np.where(network.pre == network.post, 0.9, 1.0)
    v_dw = resolve_v_dw(design, design.load_process())
    protocol = Protocol(v_dw=v_dw, v_charge=0.1, weight=0.1, levels=hebbian(pattern), initial=walls)
    result = sim.run(network, protocol, engine="reference")
    assert result["at_rest"] and 0 < result["time_to_solution"] < 5e-9
    power = result["energy_source"].sel(source="weight").item() / result["time_to_solution"].item()
    assert estimate.recalled_weight_power(design, design.load_process()) == pytest.approx(power, rel=1e-6)


def test_time_inverts_energy():
    recall = of(60)
    assert recall.time(float(recall.energy(113e-9))) == pytest.approx(113e-9)


def test_dendrite_power_against_a_direct_sum():
    """Two random synapses by hand: both +W, both −W (equal power), or one of each (the node at 0)."""
    r, w, r_m = 500.0, 0.1, 2000.0
    alike = w**2 / (r / 2 + r_m)
    opposed = 2 * w**2 / r
    assert estimate.dendrite_power(r, 2, w, r_m) == pytest.approx((alike + opposed) / 2)


def test_dendrite_power_against_random_draws():
    rng, r, w, r_m, n = np.random.default_rng(3), 2000.0, 0.1, 2000.0, 59
    volts = w * rng.choice([-1, 1], (20000, n))
    node = volts.sum(1) / r / (n / r + 1 / r_m)
    power = (volts * (volts - node[:, None]) / r).sum(1)
    error = power.std() / np.sqrt(len(power))
    assert abs(power.mean() - estimate.dendrite_power(r, n, w, r_m)) < 3 * error


def test_table_two():
    quoted, modelled, worst, best, sonos, ramp = comparison.other_machines()
    kinds = [machine.kind for machine in (quoted, modelled, worst, best, sonos, ramp)]
    assert kinds == ["quoted", "modelled", "modelled", "modelled", "quoted", "modelled"]
    assert (quoted.time, quoted.energy, sonos.energy) == (600e-9, 72e-9, 33e-9)
    assert modelled.time == pytest.approx(50 * 12e-9) and modelled.energy == pytest.approx(50 * 1.44e-9)
    assert worst.time == pytest.approx(13 * 600e-9) and best.time == pytest.approx(10 * 600e-9)
    assert ramp.power == pytest.approx(33e-6)
    assert modelled.time == pytest.approx(quoted.time) and modelled.energy == pytest.approx(quoted.energy)
    assert quoted.power == pytest.approx(0.12)
    assert sonos.time is None and sonos.power is None
    assert worst.energy == pytest.approx(13 * 72e-9) and best.energy == pytest.approx(10 * 72e-9)


@pytest.mark.parametrize(("success", "runs"), [(0.3, 13), (0.4, 10), (0.5, 7), (0.9, 2), (0.99, 1)])
def test_repeats_reach_the_target(success, runs):
    assert comparison.repeats(success) == runs
    assert 1 - (1 - success) ** runs >= 0.99 - 1e-12
    assert runs == 1 or 1 - (1 - success) ** (runs - 1) < 0.99


@pytest.mark.parametrize("success", [0, 1, -0.1])
def test_repeats_need_a_probability(success):
    with pytest.raises(ValueError, match="probabilities"):
        comparison.repeats(success)


@pytest.mark.parametrize("target", [0, 1, 1.5, -0.1])
def test_targets_are_probabilities_too(target):
    with pytest.raises(ValueError, match="probabilities"):
        comparison.repeats(0.5, target)


def test_repeats_to_another_target():
    """One half: 1 − 2⁻³ is below 90 %, 1 − 2⁻⁴ above."""
    found = comparison.memristor_to_success(0.5, 0.9, cycles=10)
    assert found.time == pytest.approx(4 * 10 * 12e-9) and found.energy == pytest.approx(4 * 10 * 1.44e-9)
    assert "90%" in found.name and "4 runs of 10 cycles at 50%" in found.note
    machines = comparison.other_machines()
    assert len({machine.name for machine in machines}) == 5 and all(machine.note for machine in machines)
