"""Circuits of trials at a temperature, walls anywhere, against the sparse solve of the whole circuit."""

from dataclasses import replace

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.schematic import ideal_network, ladder_network
from sim.engines.reference.reference_circuit import Circuit
from sim.engines.stepper import CONVERGENCE, LOAD, Phase
from sim.thermal import ideal_walls, layout_walls
from sim.thermal.thermal_stepper import ThermalStepper
from sim.walls import Pillars

AXONS = {"topology": {"axons": [[0, 1], [1, 2], [2, 3], [3, 1], [1, 4]]}}  # neurons 0 and 4 drive and feed few


def network_of(wires, style, rails, topology, rng):
    design = Design.model_validate({
        "name": "any", "network": {"neurons": 5, "weight_style": style, **topology},
        "operating_point": {"temperature": 300.0, "load": 1e-9, "rails_while_loading": rails},
    })  # fmt: skip
    process = design.load_process()
    network = ladder_network(design, process, 20.0) if wires else ideal_network(design, process)
    spread = {name: getattr(network, name) * rng.uniform(0.8, 1.2, network.devices) for name in ("r_p", "r_m", "leak")}
    network = network.with_devices(**spread, r_ap=4 * spread["r_p"])
    return network, sim.protocol_on(network, design, process, start=np.array([1, 0, 0, 1, 1]))


@pytest.mark.parametrize(
    ("engine", "wires", "style", "rails", "topology"),
    [
        (ideal_walls, False, "rails", "floating", {}), (ideal_walls, False, "rails", "grounded", AXONS),
        (ideal_walls, False, "lines", "floating", {}), (layout_walls, True, "lines", "floating", {}),
        (layout_walls, False, "rails", "floating", {}), (layout_walls, False, "rails", "grounded", {}),
    ],
)  # fmt: skip
def test_currents_and_powers_are_those_of_the_whole_circuit(engine, wires, style, rails, topology):
    rng = np.random.default_rng(7)
    network, protocol = network_of(wires, style, rails, topology, rng)
    solver = engine.prepare(network)
    for number in (LOAD, CONVERGENCE):
        phase = Phase(network, replace(protocol, initial=rng.uniform(size=network.devices)), number, 1e-9)
        stepper = solver.begin(phase)
        assert isinstance(stepper, ThermalStepper)
        right = Circuit(network, phase.voltages)
        for share in (rng.uniform(size=network.devices), rng.integers(0, 2, network.devices)):
            place = share * network.length
            current, power = stepper._circuit.solve(place)
            siemens = Pillars.of(network).conductance(place)
            voltage = right.solve(siemens)
            np.testing.assert_allclose(current, right.track_current(voltage), rtol=1e-7, atol=1e-14)
            np.testing.assert_allclose(power, np.concatenate(right.powers(voltage, siemens)), rtol=1e-8, atol=1e-15)
            np.testing.assert_allclose(
                stepper._circuit.node_voltages(), right.node_voltage(voltage), rtol=1e-8, atol=1e-10
            )  # fmt: skip
            assert stepper._circuit.residual() < 1e-14
