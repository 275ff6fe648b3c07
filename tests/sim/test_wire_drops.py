"""What wires take at every device: against dense nodal analysis of every bounding state, and the rules' own numbers."""

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import weight_levels
from sim.protocol import protocol_for
from tests.support.plain_nodal import potentials

DESIGN = Design(name="drops", network={"neurons": 5}, operating_point={"v_dw": "45 mV"})


def by_hand(network, levels):
    """The drops of the four bounding states, with nothing of the rules' code."""
    process = DESIGN.load_process()
    protocol = protocol_for(DESIGN, process, start=np.zeros(5, int), levels=levels)
    source = protocol.net_voltages(network)
    soma, pre, post = network.is_soma, network.pre, network.post
    weight = np.where(soma, 0.0, levels[post, pre] * protocol.weight)
    somas = [int(np.flatnonzero(soma & (post == k))[0]) for k in range(5)]
    found = {}
    for parallel, axons in ((1, np.ones_like(soma)), (0, np.zeros_like(soma)), (1, weight > 0), (0, weight < 0)):
        wall = np.where(np.where(soma, parallel, axons), network.length, 0.0)
        volts = potentials(network, source, wall)[network.terminals]
        feed = np.array([abs(volts[somas[k], MTJ_OUT]) for k in pre])
        largest = abs(weight).max()
        drops = {
            "dendrite": abs(volts[:, MTJ_OUT] - np.array([volts[somas[k], DW_IN] for k in post])) / largest,
            "drive": abs(np.array([volts[somas[k], MTJ_OUT] for k in pre]) - volts[:, DW_IN]) / feed,
            "ground": abs(volts[:, DW_OUT]) / feed,
            "weight": abs(volts[:, MTJ_IN] - weight) / largest,
            "vdw": abs(protocol.v_dw - volts[:, MTJ_IN]) / protocol.v_dw,
        }
        for kind, values in drops.items():
            found.setdefault(kind, []).append(np.where(soma == (kind == "vdw"), values, np.nan))
    return {kind: np.max(values, axis=0) for kind, values in found.items()}


@pytest.mark.parametrize("ohm", [1.0, 40.0])
def test_drops_are_those_of_dense_nodal_analysis_and_of_the_rules(ohm):
    process = DESIGN.load_process()
    network = ladder_network(DESIGN, process, ohm)
    drops = sim.wire_drops(network, DESIGN, process)
    expected = by_hand(network, weight_levels(DESIGN))
    assert set(drops) == set(expected)
    rules = {outcome.rule: outcome for outcome in sim.judge(network, DESIGN, process).outcomes}
    for kind, values in drops.items():
        assert np.allclose(values, expected[kind], rtol=1e-6, atol=1e-9, equal_nan=True), kind
        assert np.nanmax(values) == pytest.approx(rules[f"ir.{kind}"].measured, rel=1e-9)


def test_ideal_wires_take_nothing():
    process = DESIGN.load_process()
    assert sim.wire_drops(ideal_network(DESIGN, process), DESIGN, process) == {}
