"""Networks from a design alone: who is connected to whom, against the circuit written out."""

from __future__ import annotations

import numpy as np
import pytest

from hwlib.design import Design
from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT
from hwlib.process import load_process
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import weight_levels

EBEAM = load_process("ebeam")


def _names(network, device: int) -> list[str]:
    return [network.net_names[network.node_net[node]] for node in network.terminals[device]]


@pytest.mark.parametrize("style", ["rails", "lines"])
@pytest.mark.parametrize("neurons", [2, 3, 7])
def test_every_terminal_is_on_its_net(style, neurons):
    design = Design(name="d", network={"neurons": neurons, "weight_style": style})
    network, levels = ideal_network(design, EBEAM), weight_levels(design)
    for post in range(neurons):
        for pre in range(neurons):
            device = post * neurons + pre
            assert (network.post[device], network.pre[device]) == (post, pre)
            if post == pre:
                assert _names(network, device) == [f"dend_{post}", "gnd", "vdw", f"drive_{post}"]
                assert network.leak[device] == 0.2
                continue
            rail = {1: "w_p1", -1: "w_m1"}[int(levels[post, pre])]
            weight = rail if style == "rails" else f"w_{post}_{pre}"
            assert _names(network, device) == [f"drive_{pre}", "gnd", weight, f"dend_{post}"]
            assert network.leak[device] == -5.0


def test_many_levels_reach_their_rails():
    matrix = [[0, 3, -1.05], [0.5, 0, 0], [-2, 3, 0]]
    design = Design(name="d", network={"neurons": 3, "weights": {"matrix": matrix}})
    assert np.array_equal(ideal_network(design, EBEAM).weight_levels(), matrix)


def test_lines_have_no_programmed_levels():
    assert (
        ideal_network(Design(name="d", network={"neurons": 3, "weight_style": "lines"}), EBEAM).weight_levels() is None
    )


def _distance(network, a: int, b: int) -> float:
    """Resistance between two nodes, by the pseudo-inverse of the whole Laplacian."""
    laplacian = np.zeros((network.nodes, network.nodes))
    for (i, j), r in zip(network.resistor_nodes, network.resistor_ohm, strict=True):
        laplacian[[i, j], [i, j]] += 1 / r
        laplacian[[i, j], [j, i]] -= 1 / r
    inverse = np.linalg.pinv(laplacian)
    return float(inverse[a, a] + inverse[b, b] - 2 * inverse[a, b])


def test_ladder_distances_are_cells_times_ohms():
    n, ohm = 5, 0.7
    network = ladder_network(Design(name="d", network={"neurons": n}), EBEAM, ohm)
    assert network.has_wires and len(network.resistor_ohm) == 2 * n * (n - 1)
    device = network.terminals.reshape(n, n, 4)
    for post, pre in ((0, 4), (3, 1), (2, 4)):
        to_soma = _distance(network, device[post, pre, MTJ_OUT], device[post, post, DW_IN])
        from_soma = _distance(network, device[pre, pre, MTJ_OUT], device[post, pre, DW_IN])
        assert to_soma == pytest.approx(ohm * abs(post - pre))
        assert from_soma == pytest.approx(ohm * abs(post - pre))
    assert np.all(network.node_net[device[:, :, DW_OUT]] == network.net_index("gnd"))
    assert len(set(device[:, :, MTJ_IN].ravel())) == n * (n - 1) + 1


def test_ladder_of_nothing_is_ideal():
    design = Design(name="d", network={"neurons": 3})
    assert not ladder_network(design, EBEAM, 0.0).has_wires
