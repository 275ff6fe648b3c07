"""Bounds beside a design: the closed forms by hand, and what charging its wires costs."""

from __future__ import annotations

import numpy as np
import pytest

import layouts
import sim
from hwlib.design import Design
from hwlib.extraction import extract
from hwlib.schematic import ideal_network
from spinhop.optimize.design_bounds import design_bounds
from spinhop.optimize.wire_charge import WireCharge, wire_charge

NOTHING_JUDGED = sim.rules.OperatingPointReport((), {}, {})


def bounds(design, process, v_dw, time, report=NOTHING_JUDGED):
    """The rows by name, with next to no charge of the wires and 1 pJ."""
    rows = design_bounds(design, process, report, WireCharge(1e-15, 1e-12), v_dw, time, 1e-12)
    return {row["name"]: row for row in rows}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    design = Design(name="bounds", process="copper_thick", network={"neurons": 4})
    process = design.load_process()
    path = layouts.write_layout(layouts.hopfield(design, process), tmp_path_factory.mktemp("bounds") / "x.oas")
    return design, process, extract(path, process, design, capacitance=True)


def test_closed_forms_of_table_one(drawn):
    """Λ: D is 9.6e-6 to 4.8e-6 m²/s for walls 10 to 5 nm wide at α = 0.01 and 300 K; 7.65e-6 at 8 nm."""
    design, process, network = drawn
    report = sim.judge(network, design, process)
    found = bounds(design, process, 0.02, 100e-9, report)
    assert found["thermal"]["value"] == pytest.approx(5 * 100e-9 / 7.65e-6, rel=5e-3)
    assert found["thermal"]["margin"] == pytest.approx(found["thermal"]["value"] / 17.27 - 1, abs=1e-5)
    leak = 5 / 1.0636e6
    assert found["breakdown"]["value"] == pytest.approx(leak * (3 * 1250 + 2000), rel=1e-4)
    assert found["track current"]["value"] == pytest.approx(0.1 / 2000 / 50e-18)
    soma, axon = 1.0636e6 * 50e-6 + 0.2, 1.0636e6 * 0.02 / (500 * 3 + 2000) - 5
    assert found["time"]["value"] == pytest.approx(100e-9 * (0.4 / soma + 1 / axon), rel=1e-4)
    assert found["time"]["margin"] == pytest.approx(1 - found["time"]["value"] / 100e-9)
    energy = found["C·V² energy"]
    assert (energy["value"], energy["limit"]) == (1e-15, pytest.approx(1e-14))
    assert found["RC time"]["limit"] == pytest.approx(1e-9)


def test_no_trial_is_faster_than_the_time_bound():
    """Somas driven little: axons set out when the wall is at the pillar, so whole tracks are more than it takes."""
    design, process = of_table_one(
        {
            "network": {"neurons": 2, "weights": {"matrix": [[0, 1], [1, 0]]}},
            "operating_point": {"v_charge": "2 mV", "v_dw": "18.5 mV"},
        }
    )
    trial = sim.run(ideal_network(design, process), sim.protocol_for(design, process, start=np.ones(2, int)))
    time = float(trial.time_to_solution)
    soma, axon = 1.0636e6 * 1e-6 + 0.2, 1.0636e6 * 18.5e-3 / 2500 - 5
    least = bounds(design, process, 18.5e-3, time)["time"]["value"]
    assert least == pytest.approx(100e-9 * max(1 / soma, 0.4 / soma + 1 / axon), rel=1e-4)
    assert least <= time < 100e-9 * (1 / soma + 1 / axon)


def test_time_bound_takes_what_moves_the_walls():
    """A timed load leaves somas to their weights, which drive tracks too; angles and noise outrun a drive."""
    weights = {"matrix": [[0, 1, 0.5], [1, 0, 0], [-1, 1, 0]]}
    timed = {"network": {"neurons": 3, "weights": weights}, "operating_point": {"load": "1 ns", "v_charge": "10 mV"}}
    found = bounds(*of_table_one(timed), 0.02, 1e-7)
    most = max(  # by all states of the axons
        abs(a * first + b * second) * 0.1 / (a + b + 1 / 2000)
        for first, second in ((1, 0.5), (1, 0), (-1, 1))
        for a in (1 / 500, 1 / 2000)
        for b in (1 / 500, 1 / 2000)
    )
    soma, axon = 1.0636e6 * most / 2000 + 0.2, 1.0636e6 * 0.02 / 3000 - 5
    assert found["time"]["value"] == pytest.approx(1e-7 * (0.4 / soma + 1 / axon), rel=1e-4)
    assert found["track current"]["value"] == pytest.approx(most / 2000 / 50e-18)
    for law in (
        {"device": {"dynamics": {"model": "collective"}}},
        {"operating_point": {"load": "1 ns", "temperature": "300 K"}},
    ):
        assert "time" not in bounds(*of_table_one(law), 0.02, 1e-7)


def test_thermal_bound_is_of_the_place_of_the_pillar_at_300_kelvin():
    """ln(1000) L/x from the OFF end; M_s of 4 K is larger than at 300 K by the three-halves law."""
    design, process = of_table_one({"device": {"pillar_position": 0.35, "pillar_width": "30 nm"}})
    assert bounds(design, process, 0.02, 1e-7)["thermal"]["limit"] == pytest.approx(np.log(1000) / 0.2)
    cold, process = of_table_one({"device": {"reference_temperature": "4 K"}})
    shrunk = (1 - (300 / 1120) ** 1.5) / (1 - (4 / 1120) ** 1.5)
    found = bounds(cold, process, 0.02, 1e-7)["thermal"]["value"]
    assert found == pytest.approx(5 * 100e-9 / 7.65e-6 * shrunk, rel=5e-3)


def test_breakdown_bound_of_few_axons():
    """A ring of four: each neuron drives one."""
    design, process = of_table_one({"network": {"neurons": 4, "topology": {"axons": [[0, 1], [1, 2], [2, 3], [3, 0]]}}})
    assert bounds(design, process, 0.02, 1e-7)["breakdown"]["value"] == pytest.approx(5 / 1.0636e6 * 3250, rel=1e-4)


def of_table_one(changes):
    design = Design.model_validate({"name": "bounds", "network": {"neurons": 4}} | changes)
    return design, design.load_process()


def test_charge_of_the_wires_by_hand(drawn):
    """Names, voltages and capacitances put together without the classes of nets; the Elmore time is the rule's."""
    design, process, network = drawn
    charge = wire_charge(network, design, process, 0.2)
    volts = {"gnd": 0.0, "vdw": 0.2, "dend": 0.1, "drive": 0.2, "w": 0.1}
    of_net = np.array([volts[name.split("_")[0]] for name in network.net_names])
    total = network.net_capacitance @ of_net**2
    for (a, b), farad in zip(network.coupling_nets, network.coupling_farad, strict=True):
        total += 2 * farad * (of_net[a] ** 2 + of_net[b] ** 2)
    assert charge.energy == pytest.approx(total, rel=1e-12)
    outcomes = {outcome.rule: outcome for outcome in sim.judge(network, design, process).outcomes}
    assert charge.settling == pytest.approx(outcomes["rc.time"].measured, rel=1e-6)


def test_a_hundredth_is_counted():
    charge = WireCharge(energy=1e-14, settling=1e-9)
    assert charge.counted(100e-9, 1e-12) == (pytest.approx(102e-9), pytest.approx(1.01e-12))
    assert charge.counted(101e-9, 1.01e-12) == (101e-9, 1.01e-12)
