"""Bounds beside a design: the closed forms by hand, and what charging its wires costs."""

from __future__ import annotations

import numpy as np
import pytest

import layouts
import sim
from hwlib.design import Design
from hwlib.extraction import extract
from spinhop.optimize.design_bounds import design_bounds
from spinhop.optimize.wire_charge import WireCharge, wire_charge


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
    rows = design_bounds(design, process, report, WireCharge(1e-15, 1e-12), 0.02, 100e-9, 1e-12)
    found = {row["name"]: row for row in rows}
    assert found["thermal"]["value"] == pytest.approx(5 * 100e-9 / 7.65e-6, rel=5e-3)
    assert found["thermal"]["margin"] == pytest.approx(found["thermal"]["value"] / 17 - 1)
    leak = 5 / 1.0636e6
    assert found["breakdown"]["value"] == pytest.approx(leak * (3 * 1250 + 2000), rel=1e-4)
    assert found["track current"]["value"] == pytest.approx(0.1 / 2000 / 50e-18)
    soma, axon = 1.0636e6 * 50e-6 + 0.2, 1.0636e6 * 0.02 / (500 * 3 + 2000) - 5
    assert found["time"]["value"] == pytest.approx(100e-9 * (1 / soma + 1 / axon), rel=1e-4)
    assert found["time"]["margin"] == pytest.approx(1 - found["time"]["value"] / 100e-9)
    energy = found["C·V² energy"]
    assert (energy["value"], energy["limit"]) == (1e-15, pytest.approx(1e-14))
    assert found["RC time"]["limit"] == pytest.approx(1e-9)


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
