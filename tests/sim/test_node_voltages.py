"""Node voltages in traces: kept when asked for, named as in the SPICE netlist, in Ohm's law with the currents."""

import re

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.extraction import write_spice
from hwlib.network import DW_IN, DW_OUT
from hwlib.schematic import ideal_network, ladder_network
from sim.protocol import protocol_for

DESIGN = Design(name="volts", network={"neurons": 3, "weight_style": "rails"})
PROCESS = DESIGN.load_process()


@pytest.mark.parametrize("wires", [False, True])
@pytest.mark.parametrize("engine", ["reference", "auto"])
def test_voltages_are_kept_when_asked_and_follow_ohms_law(wires, engine, tmp_path):
    network = ladder_network(DESIGN, PROCESS, 2.0) if wires else ideal_network(DESIGN, PROCESS, style="rails")
    levels = np.array([[0, 1, -1], [1, 0, 1], [-1, 1, 0]]) if wires else None  # ladders have lines
    protocol = protocol_for(DESIGN, PROCESS, start=np.array([1, 0, 1]), levels=levels)
    plain, asked = (sim.run(network, protocol, engine=engine, samples=8, voltages=each) for each in (False, True))
    assert "node_voltage" not in plain and "node" not in plain.sizes
    np.testing.assert_array_equal(plain.track_current, asked.track_current)
    volts, at = asked.node_voltage.values, network.terminals
    across = (volts[:, at[:, DW_IN]] - volts[:, at[:, DW_OUT]]) / network.r_m
    np.testing.assert_allclose(across, asked.track_current, rtol=1e-6, atol=1e-12)
    text = write_spice(network, tmp_path / "network.spice").read_text(encoding="ascii")
    words = set(re.findall(r"[\w.]+", text))
    assert len(set(asked.node_name.values)) == network.nodes
    assert {name for name in asked.node_name.values if "." not in name or "pin" in name} <= words


def test_asked_for_without_a_trace_they_are_refused():
    network = ideal_network(DESIGN, PROCESS)
    with pytest.raises(InputError, match="voltages: sampled only with record=True"):
        sim.run(network, protocol_for(DESIGN, PROCESS), record=False, voltages=True)
