"""Netlists of the extracted wires: SPEF there and back, SPICE against the dense solution."""

import shutil
import subprocess

import numpy as np
import pytest
from hand_drawn import design, draw_network, hebbian_levels, resistances

from hwlib.errors import InputError
from hwlib.extraction import extract, read_spef, write_spef, write_spice
from hwlib.network import TERMINALS, Network
from hwlib.schematic import ideal_network


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> Network:
    path = tmp_path_factory.mktemp("drawn") / "three.oas"
    sheet = draw_network(hebbian_levels(3))
    sheet.layout.write(str(path))
    return extract(path, sheet.process, design(3))


def test_spef_reads_back_as_the_same_network(network, tmp_path):
    again = read_spef(write_spef(network, tmp_path / "wires.spef"))
    assert again.net_names == network.net_names
    np.testing.assert_array_equal(again.post, network.post)
    np.testing.assert_array_equal(again.pre, network.pre)
    assert len(again.node_net) == network.nodes
    np.testing.assert_allclose(np.sort(again.resistor_ohm), np.sort(network.resistor_ohm), rtol=1e-11)
    # Same graph: terminals map nodes to nodes, and from them every resistance between pin and terminal follows.
    mapping = dict(zip(network.terminals.ravel().tolist(), again.terminals.ravel().tolist(), strict=True))
    assert len(set(mapping.values())) == len(mapping)
    copy = Network(**{
        **{k: getattr(network, k) for k in network.__dataclass_fields__},
        "node_net": again.node_net, "resistor_nodes": again.resistor_nodes, "resistor_ohm": again.resistor_ohm,
        "pin_node": again.pin_node, "terminals": again.terminals, "node_x": np.zeros(network.nodes),
        "node_y": np.arange(network.nodes),
    })  # fmt: skip
    expected, found = resistances(network), resistances(copy)
    single = [k for k in expected if np.sum(network.node_net[network.pin_node] == network.net_index(k[0])) == 1]
    assert len(single) == 36
    np.testing.assert_allclose([found[k] for k in single], [expected[k] for k in single], rtol=1e-9)


def test_spef_has_the_sections_of_the_standard(network, tmp_path):
    text = write_spef(network, tmp_path / "wires.spef").read_text()
    lines = text.splitlines()
    assert lines[0] == '*SPEF "IEEE 1481-1998"'
    order = [lines.index(k) for k in ("*R_UNIT 1 OHM", "*NAME_MAP", "*PORTS", "*CONN", "*RES", "*END")]
    assert order == sorted(order)
    assert sum(line.startswith("*D_NET") for line in lines) == len(network.net_names) == lines.count("*END")
    assert sum(line.startswith("*I ") for line in lines) == 4 * network.devices
    assert text == write_spef(network, tmp_path / "again.spef").read_text()


def test_spef_of_an_ideal_network_joins_all_terminals_of_a_net(tmp_path):
    three = design(3)
    ideal = ideal_network(three, three.load_process())
    again = read_spef(write_spef(ideal, tmp_path / "ideal.spef"))
    assert len(again.node_net) == len(ideal.net_names) and len(again.resistor_ohm) == 0
    np.testing.assert_array_equal(again.node_net[again.terminals], ideal.terminals)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("module top;", "not a SPEF file"),
        ('*SPEF "x"\n*NAME_MAP\n*1 gnd\n*D_NET *1 0\n*RES\n1 *1 *1:4 two\n*END\n', ":6: cannot be used"),
        ('*SPEF "x"\n*D_NET *9 0\n', ":2: cannot be used"),
        ('*SPEF "x"\n*R_UNIT 1 FURLONG\n', ":2: cannot be used"),
        ('*SPEF "x"\n*NAME_MAP\n*1 clk\n*D_NET *1 0\n*END\n', "net 'clk' is not a name"),
        ('*SPEF "x"\n*NAME_MAP\n*1 gnd\n*2 u1\n*D_NET *1 0\n*CONN\n*I *2:A B\n*END\n', "u1:A is no device terminal"),
    ],
)
def test_bad_spef(tmp_path, text, message):
    path = tmp_path / "bad.spef"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_spef(path)
    with pytest.raises(InputError, match="no such SPEF file"):
        read_spef(tmp_path / "none.spef")


@pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")
def test_spice_subcircuit_measures_the_same_resistance(network, tmp_path):
    """1 A from each net's pin to one device terminal, solved by ngspice."""
    deck = write_spice(network, tmp_path / "wires.sp")
    lines = deck.read_text().splitlines()
    pins = " ".join(x[2:] for x in lines if x.startswith("+ ")).split()
    expected = {k: v for k, v in resistances(network).items() if k[0].startswith(("dend", "drive", "vdw"))}
    chosen = dict(list(expected.items())[::2])
    names = {}
    for net, device, terminal in chosen:
        i, j = network.post[device], network.pre[device]
        names[net, device, terminal] = f"{f'soma_{i}' if i == j else f'axon_{i}_{j}'}.{TERMINALS[terminal].lower()}"
    text = ["* resistance of wires", ".include wires.sp"]
    for k, ((net, _, _), pin) in enumerate(names.items()):
        text.append(f"x{k} " + " ".join(f"{p}_{k}" for p in pins) + " drawn_wires")
        text += [f"v{k} {net}_{k} 0 0", f"i{k} 0 {pin}_{k} 1"]
    text += [".options gmin=1e-18 rshunt=1e15", ".op", ".control", "run"]
    text += [f"print v({pin}_{k})" for k, pin in enumerate(names.values())] + [".endc", ".end"]
    (tmp_path / "deck.sp").write_text("\n".join(text) + "\n")
    out = subprocess.run(["ngspice", "-b", "deck.sp"], cwd=tmp_path, capture_output=True, text=True, check=False)
    found = [float(line.split("=")[1]) for line in out.stdout.splitlines() if line.startswith("v(")]
    assert len(found) == len(names), out.stdout[-500:] + out.stderr[-500:]
    np.testing.assert_allclose(found, list(chosen.values()), rtol=1e-5)
