"""Topology: a directed graph from the design, which weights, schematic and V_DW follow."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from hwlib.design import Design, load_design
from hwlib.errors import InputError
from hwlib.nets import parse_net
from hwlib.operating_point import resolve_v_dw
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import hebbian, stored_patterns, weight_levels

AXONS = [(0, 1), (1, 0), (1, 2), (2, 3), (3, 1), (0, 3)]  # out-degrees 2, 2, 1, 1


def design(axons=AXONS, **network) -> Design:
    return Design(name="sparse", network={"neurons": 4, "topology": {"axons": axons}, **network})


def test_all_to_all_is_the_default():
    topology = Design(name="a", network={"neurons": 7}).topology
    post, pre = topology.ends
    assert topology.complete and topology.devices == 49
    assert np.array_equal(post * 7 + pre, np.arange(49))


def test_degrees_and_edges_are_those_of_the_graph():
    topology, graph = design().topology, nx.DiGraph(AXONS)
    assert np.argwhere(topology.joined.T).tolist() == sorted(map(list, graph.edges))
    assert topology.out_degree.tolist() == [graph.out_degree(k) for k in range(4)]
    assert topology.joined.sum(axis=1).tolist() == [graph.in_degree(k) for k in range(4)]
    assert (topology.axons, topology.devices, topology.complete) == (6, 10, False)


@pytest.mark.parametrize("style", ["rails", "lines"])
def test_schematic_has_the_axons_of_the_list_and_no_other_weights(style):
    network = ideal_network(design(weight_style=style), design().load_process())
    axons = ~network.is_soma
    assert sorted(zip(network.pre[axons].tolist(), network.post[axons].tolist(), strict=True)) == sorted(AXONS)
    assert network.somas.tolist() == np.flatnonzero(network.pre == network.post).tolist() and len(network.somas) == 4
    lines = {(net.pre, net.neuron) for net in map(parse_net, network.net_names) if net.net_class.name == "line"}
    assert lines == (set(AXONS) if style == "lines" else set())


def test_a_ladder_has_taps_where_there_are_devices():
    network = ladder_network(design(), design().load_process(), 5.0)
    assert network.devices == 10 and len(network.resistor_ohm) == 2 * 4 * 3


def test_patterns_program_axons_alone():
    sparse = design()
    expected = hebbian(stored_patterns(sparse))
    expected[~sparse.topology.joined] = 0
    assert np.array_equal(weight_levels(sparse), expected)


def test_v_dw_is_the_centre_of_the_common_window():
    """Window of fan-out f: I·(f·R + R_M), from R_P with the largest to R_AP with the smallest (2 and 1 here)."""
    sparse = design()
    mobility = 1.0635e6  # m/s per A, Table I
    ampere = 5.0 / mobility
    low, high = ampere * (2 * 500 + 2000), ampere * (1 * 2000 + 2000)
    assert resolve_v_dw(sparse, sparse.load_process()) == pytest.approx((low + high) / 2, rel=1e-3)


@pytest.mark.parametrize(
    ("axons", "says"),
    [
        ([(0, 4)], r"network\.topology\.axons\.0: axon 0→4: neurons count from 0 to 3"),
        ([(0, 1), (2, 2)], r"network\.topology\.axons\.1: axon 2→2: a neuron has no axon onto itself"),
        ([(0, 1), (1, 0), (0, 1)], r"network\.topology\.axons\.2: axon 0→1 is there twice"),
        ([(0, 1, 2)], "network.topology.axons.0"),
        ([], "network.topology.axons"),
    ],
)
def test_wrong_axons_are_named_with_file_and_line(tmp_path, axons, says):
    path = tmp_path / "bad.yaml"
    listed = "".join(f"\n    - [{', '.join(map(str, axon))}]" for axon in axons) or " []"
    path.write_text(f"name: bad\nnetwork:\n  neurons: 4\n  topology:\n   axons:{listed}\n")
    with pytest.raises(InputError, match=rf"bad\.yaml:\d+: {says}"):
        load_design(path)


def test_unknown_kinds_and_weights_where_no_axon_is_are_refused():
    with pytest.raises(InputError, match=r"network\.topology\.kind: found 'star', allowed: all-to-all"):
        Design(name="a", network={"neurons": 4, "topology": {"kind": "star"}})
    matrix = [[0, 1, 0], [1, 0, 2], [0, 1, 0]]
    axons = [(0, 1), (1, 0), (1, 2)]
    with pytest.raises(InputError, match=r"row 2, column 3 is 2, but network\.topology has no axon 2→1"):
        weight_levels(Design(name="a", network={
            "neurons": 3, "topology": {"axons": axons}, "weights": {"matrix": matrix}}))  # fmt: skip
