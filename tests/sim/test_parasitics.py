"""Wires from a SPEF file: the circuit of a dense solve of its text, whoever wrote it, and the same trials."""

from dataclasses import replace

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.extraction import extract, read_spef, with_parasitics, write_spef
from hwlib.network import TERMINALS, Network
from hwlib.node_names import instance_names
from hwlib.schematic import ideal_network
from sim.protocol import protocol_for
from sim.rules.statics import StaticCircuits
from tests.support import foreign_spef, spef_grammar
from tests.support.dense_circuit import dense_potentials
from tests.support.hand_drawn import design, draw_network, hebbian_levels


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Network:
    path = tmp_path_factory.mktemp("drawn") / "three.oas"
    sheet = draw_network(hebbian_levels(3))
    sheet.layout.write(str(path))
    network = extract(path, sheet.process, design(3))
    nets = len(network.net_names)
    pairs = np.array([(0, 1), (2, 5), (3, 4)], np.int32)
    return replace(
        network, net_capacitance=np.linspace(1e-17, 4e-16, nets), coupling_nets=pairs,
        coupling_farad=np.array([1e-18, 3e-17, 2e-17]),
    )  # fmt: skip


def terminal_volts(text: str, network: Network, parallel: np.ndarray, volts: dict[str, float]) -> np.ndarray:
    """Voltages at all device terminals, from the file's text and Ohm's law alone, shape (devices, 4)."""
    file = spef_grammar.parse(text)
    scale = float(file.header["*R_UNIT"][0]) * {"OHM": 1.0, "KOHM": 1e3}[file.header["*R_UNIT"][1]]
    number: dict[str, int] = {}
    at = lambda name: number.setdefault(name, len(number))  # noqa: E731
    elements, shorts, held = [], [], []
    for net in file.nets:
        for a, b, ohm in net.resistors:
            if ohm == 0:
                shorts.append((at(a), at(b)))
            else:
                elements.append((at(a), at(b), 1 / (ohm * scale)))
        held += [(at(pin), volts[net.name]) for pin in net.pins if net.name in volts]
    ends = [[at(f"{name} {terminal}") for terminal in TERMINALS] for name in instance_names(network)]
    siemens = np.where(parallel, 1 / network.r_p, 1 / network.r_ap)
    for (a, b, c, d), track, pillar in zip(ends, 1 / network.r_m, siemens, strict=True):
        elements += [(a, b, track), (c, d, pillar)]
    return dense_potentials(len(number), elements, held, shorts)[np.array(ends)]


VOLTS = {"gnd": 0.0, "vdw": 0.021, "w_p1": 0.1, "w_m1": -0.1}


def solved(network: Network, parallel: np.ndarray) -> np.ndarray:
    held = np.array([name in VOLTS for name in network.net_names])
    volts = np.array([VOLTS.get(name, 0.0) for name in network.net_names])
    return StaticCircuits(network).at(parallel, held).solve(volts).voltage[network.terminals]


def test_what_was_written_reads_back_as_the_circuit_of_the_text(drawn, tmp_path):
    path = write_spef(drawn, tmp_path / "wires.spef")
    again, parallel = with_parasitics(drawn, read_spef(path)), np.arange(drawn.devices) % 3 == 0
    expected = terminal_volts(path.read_text(), drawn, parallel, VOLTS)
    assert np.ptp(expected) > 0.15
    np.testing.assert_allclose(solved(again, parallel), expected, rtol=1e-9, atol=1e-12)
    assert again.nodes == drawn.nodes and len(again.pin_node) == len(drawn.pin_node)
    np.testing.assert_allclose(again.net_capacitance, drawn.net_capacitance, rtol=1e-5)
    np.testing.assert_array_equal(again.coupling_nets, drawn.coupling_nets)
    np.testing.assert_allclose(again.coupling_farad, drawn.coupling_farad, rtol=1e-5)
    np.testing.assert_allclose(again.node_x, drawn.node_x[_same(again, drawn)], atol=1e-12)


def _same(again: Network, drawn: Network) -> np.ndarray:
    """The drawn network's node at the place of each node of the other."""
    far = (again.node_x[:, None] - drawn.node_x) ** 2 + (again.node_y[:, None] - drawn.node_y) ** 2
    return (far + (again.node_net[:, None] != drawn.node_net)).argmin(1)


@pytest.mark.parametrize("merged", [False, True], ids=["split", "merged"])
def test_another_tools_file_of_the_same_wires_is_the_same_circuit(drawn, tmp_path, merged):
    file = spef_grammar.parse(write_spef(drawn, tmp_path / "wires.spef").read_text())
    if merged:
        file.nets = [foreign_spef.eliminated(net) for net in file.nets]
    (tmp_path / "other.spef").write_text(foreign_spef.foreign(file, 3, split=not merged))
    other = with_parasitics(drawn, read_spef(tmp_path / "other.spef"))
    assert other.nodes < drawn.nodes if merged else other.nodes > drawn.nodes
    parallel = np.arange(drawn.devices) % 3 == 0
    np.testing.assert_allclose(solved(other, parallel), solved(drawn, parallel), rtol=1e-9, atol=1e-12)
    assert (
        other.attrs["parasitics"].startswith("other.spef, SHA-256 ") and "by A Other 9.9" in other.attrs["parasitics"]
    )

    process = design(3).load_process()
    protocol = protocol_for(design(3), process, start=np.array([1, 0, 1]), v_dw=0.021)
    for engine in ("layout", "reference") if merged else ("layout",):
        known, seen = (sim.run(network, protocol, engine=engine, record=False) for network in (drawn, other))
        assert known.at_rest and seen.at_rest
        np.testing.assert_array_equal(seen.state, known.state)
        np.testing.assert_allclose(seen.wall_final, known.wall_final, atol=1e-12)
        close = 1e-9 if engine == "layout" else 1e-4  # the reference's steps follow what it sees
        np.testing.assert_allclose(seen.time_to_solution, known.time_to_solution, rtol=close)


def by_hand() -> tuple[Design, str]:
    """Two neurons on stars: from each net's port 1 Ω to its first terminal, 2 Ω to the next …, in kΩ, in few words."""
    two = Design(name="two", network={"neurons": 2})
    network = ideal_network(two, two.load_process())
    names, text = instance_names(network), [
        '*SPEF "x"', "*DELIMITER :", "*C_UNIT 1 FF", "*R_UNIT 1 KOHM"
    ]  # fmt: skip
    for k, net in enumerate(network.net_names):
        ends = [f"{names[d]}:{TERMINALS[t]}" for d, t in np.argwhere(network.terminals == k)]
        text += [f"*D_NET {net} {k}.5", "*CONN", f"*P pad{k} B", *(f"*I {end} B" for end in ends), "*RES"]
        text += [f"{n} pad{k} {end} {n}e-3" for n, end in enumerate(ends, 1)] + ["*END"]
    return two, "\n".join(text)


def test_a_file_by_hand(tmp_path):
    two, text = by_hand()
    (tmp_path / "hand.spef").write_text(text)
    ideal = ideal_network(two, two.load_process())
    network = with_parasitics(ideal, read_spef(tmp_path / "hand.spef"))
    np.testing.assert_allclose(network.net_capacitance, (np.arange(len(ideal.net_names)) + 0.5) * 1e-15)
    for k in range(len(ideal.net_names)):
        mine = network.node_net[network.resistor_nodes[:, 0]] == k
        np.testing.assert_allclose(network.resistor_ohm[mine], 1 + np.arange(mine.sum()), rtol=1e-12)
        ends = network.terminals[network.node_net[network.terminals] == k]
        assert set(network.resistor_nodes[mine, 1]) == set(ends.tolist())
    result = sim.run(network, protocol_for(two, two.load_process(), v_dw=0.02), engine="layout", record=False)
    assert "hand.spef" in result.attrs["parasitics"] and result.attrs["wires"] == "parasitics of a file"
    resting = sim.run(network, protocol_for(two, two.load_process(), v_dw=0.02), engine="reference", record=False)
    np.testing.assert_array_equal(result.state, resting.state)
