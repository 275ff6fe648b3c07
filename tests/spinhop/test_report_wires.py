"""The resistance table of the report against closed forms and a dense solve."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import sim.circuit.series_nodes
import spinhop.pages.resistance_table
from hwlib.design import Design
from hwlib.network import MTJ_OUT, Network
from hwlib.process import load_process
from hwlib.schematic import ideal_network, ladder_network
from sim.circuit.resistor_network import ResistorGraph
from spinhop.pages.resistance_table import farthest_resistance, resistance_table


def _design(n: int) -> Design:
    return Design(name="wires", network={"neurons": n})


def test_ladder_is_the_distance_from_the_soma_to_the_farther_end():
    n, ohm = 7, 0.75
    network = ladder_network(_design(n), load_process("ebeam"), ohm)
    got = dict(zip(network.net_names, farthest_resistance(network), strict=True))
    for k in range(n):
        expected = ohm * max(k, n - 1 - k)  # pin at the soma's tap, straight ladder
        assert got[f"dend_{k}"] == pytest.approx(expected, rel=1e-12)
        assert got[f"drive_{k}"] == pytest.approx(expected, rel=1e-12)
    assert got["gnd"] == got["vdw"] == 0.0


def test_drives_are_fed_by_their_soma_wherever_their_label_is():
    n, ohm = 6, 1.25
    network = ladder_network(_design(n), load_process("ebeam"), ohm)
    pins = network.pin_node.copy()
    net = network.net_index("drive_1")
    pins[network.node_net[pins] == net] = np.flatnonzero(network.node_net == net)[-1]  # the far end
    moved = replace(network, pin_node=pins)
    assert farthest_resistance(moved)[net] == pytest.approx(ohm * (n - 2))


def test_lines_that_close_into_loops_are_solved_by_their_ends(monkeypatch):
    """Of a large network they are nearly all of it, and to order their nodes takes longer than all the rest."""
    n = 60
    network = ladder_network(_design(n), load_process("ebeam"), 2.0)
    of = [np.flatnonzero(network.node_net == network.net_index(f"dend_{k}")) for k in range(n)]
    ends = np.concatenate([network.resistor_nodes, [nodes[[0, -1]] for nodes in of]]).astype(np.int32)
    rings = replace(
        network, resistor_nodes=ends, resistor_ohm=np.full(len(ends), 2.0),
        resistor_layer=np.full(len(ends), -1, np.int32), resistor_limit=np.full(len(ends), np.inf),
    ).validate()  # fmt: skip
    solved = []

    class Counted(ResistorGraph):
        def __init__(self, ends, nodes):
            super().__init__(ends, nodes)
            solved.append(nodes)

    monkeypatch.setattr(spinhop.pages.resistance_table, "ResistorGraph", Counted)
    by_ends = farthest_resistance(rings)
    monkeypatch.setattr(sim.circuit.series_nodes, "_FEW", n**2)
    assert by_ends == pytest.approx(farthest_resistance(rings), rel=1e-12, nan_ok=True)
    one_by_one = solved.pop()
    assert one_by_one >= n * n / 2
    assert solved[0] < one_by_one - n * n / 4


def _with_random_mesh(network: Network, seed: int) -> Network:
    """Every pair of nodes of dendrite 0 joined by another resistor: no ladder any more."""
    rng = np.random.default_rng(seed)
    members = np.flatnonzero(network.node_net == network.net_index("dend_0"))
    pairs = np.array([(a, b) for a in members for b in members if a < b], dtype=np.int32)
    ohm = rng.uniform(0.5, 20.0, len(pairs))
    return replace(
        network,
        resistor_nodes=np.concatenate([network.resistor_nodes, pairs]),
        resistor_ohm=np.concatenate([network.resistor_ohm, ohm]),
        resistor_layer=np.full(len(network.resistor_ohm) + len(pairs), -1, np.int32),
        resistor_limit=np.full(len(network.resistor_ohm) + len(pairs), np.inf),
    ).validate()


def test_mesh_against_dense_pseudo_inverse():
    network = _with_random_mesh(ladder_network(_design(5), load_process("ebeam"), 2.0), seed=11)
    net = network.net_index("dend_0")
    members = np.flatnonzero(network.node_net == net)
    local = {node: k for k, node in enumerate(members)}
    laplacian = np.zeros((len(members), len(members)))
    for (a, b), r in zip(network.resistor_nodes, network.resistor_ohm, strict=True):
        if a in local:
            i, j = local[a], local[b]
            laplacian[[i, j], [i, j]] += 1 / r
            laplacian[[i, j], [j, i]] -= 1 / r
    inverse = np.linalg.pinv(laplacian)
    pin = local[next(p for p in network.pin_node if network.node_net[p] == net)]
    resistance = np.array([inverse[k, k] + inverse[pin, pin] - 2 * inverse[k, pin] for k in range(len(members))])
    currents = np.ones(len(members))
    currents[pin] -= len(members)
    far = np.argmax(inverse @ currents)
    assert farthest_resistance(network)[net] == pytest.approx(resistance[far], rel=1e-9)


def test_farthest_loses_most_and_need_not_have_most_ohms():
    """Dendrite 0 fed at both ends of 10 Ω, its terminals 0, 1, 2, 3, 5 and 10 Ω along it.

    With 1 A at each the one at 3 Ω is at 5.7 V and that at 5 Ω at 5.5 V; 3 Ω ∥ 7 Ω are 2.1 Ω, 5 Ω ∥ 5 Ω are 2.5 Ω.
    """
    network = ladder_network(_design(6), load_process("ebeam"), 1.0)
    net = network.net_index("dend_0")
    taps, ohm = np.flatnonzero(network.node_net == net), network.resistor_ohm.copy()
    ohm[np.isin(network.resistor_nodes, taps).all(axis=1)] = [1.0, 1.0, 1.0, 2.0, 5.0]
    others = network.pin_node[network.node_net[network.pin_node] != net]
    both = replace(network, resistor_ohm=ohm, pin_node=np.append(others, taps[[0, -1]]))
    assert farthest_resistance(both)[net] == pytest.approx(2.1, rel=1e-12)


def test_terminal_cut_off_is_infinite_and_others_stay():
    network = ladder_network(_design(4), load_process("ebeam"), 1.0)
    soma_tap = network.terminals[network.somas[2], MTJ_OUT]
    keep = ~np.any(network.resistor_nodes == soma_tap, axis=1)
    cut = replace(
        network, resistor_nodes=network.resistor_nodes[keep], resistor_ohm=network.resistor_ohm[keep],
        resistor_layer=network.resistor_layer[keep], resistor_limit=network.resistor_limit[keep],
    )  # fmt: skip
    got = dict(zip(cut.net_names, farthest_resistance(cut), strict=True))
    assert np.isinf(got["drive_2"])
    assert got["drive_1"] == pytest.approx(2.0)


def test_table_orders_classes_and_names_the_worst_net():
    network = ladder_network(_design(6), load_process("ebeam"), 3.0)
    table = {row.net_class.name: row for row in resistance_table(network)}
    assert list(table) == ["dendrite", "drive", "ground", "vdw", "line"]
    dendrite = table["dendrite"]
    assert (dendrite.nets, dendrite.resistors) == (6, 30)
    assert (dendrite.low, dendrite.median, dendrite.high) == pytest.approx((9.0, 12.0, 15.0))
    assert dendrite.worst in ("dend_0", "dend_5")
    assert table["line"].nets == 30


def test_ideal_network_has_no_resistance():
    values = farthest_resistance(ideal_network(_design(3), load_process("ebeam")))
    assert np.array_equal(values, np.zeros_like(values))
