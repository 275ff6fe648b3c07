"""Netlists of the extracted wires: SPEF there and back, SPICE against the dense solution."""

import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from hwlib.errors import InputError
from hwlib.extraction import extract, read_spef, with_parasitics, write_spef, write_spice
from hwlib.network import TERMINALS, Network
from hwlib.schematic import ideal_network
from tests.support import spef_grammar
from tests.support.hand_drawn import design, draw_network, hebbian_levels, resistances


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> Network:
    path = tmp_path_factory.mktemp("drawn") / "three.oas"
    sheet = draw_network(hebbian_levels(3))
    sheet.layout.write(str(path))
    return extract(path, sheet.process, design(3))


def test_spef_reads_back_as_the_same_network(network, tmp_path):
    again = with_parasitics(network, read_spef(write_spef(network, tmp_path / "wires.spef")))
    assert again.net_names == network.net_names and again.nodes == network.nodes
    np.testing.assert_allclose(np.sort(again.resistor_ohm), np.sort(network.resistor_ohm), rtol=1e-11)
    expected, found = resistances(network), resistances(again)
    single = [k for k in expected if np.sum(network.node_net[network.pin_node] == network.net_index(k[0])) == 1]
    assert len(single) == 36
    np.testing.assert_allclose([found[k] for k in single], [expected[k] for k in single], rtol=1e-9)


def with_two_pins(network: Network) -> Network:
    """A second pin on ground and on a rail, each at another of the net's nodes, and capacitances of all kinds."""
    more = []
    for name in ("gnd", "w_p1"):
        own = np.flatnonzero(network.node_net == network.net_index(name))
        more.append([node for node in own if node not in network.pin_node][-1])
    nets, rng = len(network.net_names), np.random.default_rng(4)
    pairs = np.array([(a, b) for a in range(nets) for b in range(a) if rng.random() < 0.3], np.int32)
    return replace(
        network, pin_node=np.r_[network.pin_node, more].astype(np.int32),
        net_capacitance=rng.uniform(1e-18, 1e-15, nets), coupling_nets=pairs,
        coupling_farad=rng.uniform(1e-18, 1e-16, len(pairs)),
    )  # fmt: skip


@pytest.mark.parametrize("change", [lambda network: network, with_two_pins], ids=["plain", "two pins"])
def test_spef_keeps_to_the_grammar_of_the_standard(network, tmp_path, change):
    network = change(network)
    text = write_spef(network, tmp_path / "wires.spef").read_text()
    assert text == write_spef(network, tmp_path / "again.spef").read_text()
    file = spef_grammar.parse(text)
    assert [net.name for net in file.nets] == list(network.net_names)
    assert len(file.ports) == len(network.pin_node) == sum(len(net.pins) for net in file.nets)
    assert sum(len(net.instance_pins) for net in file.nets) == 4 * network.devices
    expected = np.bincount(network.node_net[network.resistor_nodes[:, 0]], network.resistor_ohm, len(file.nets))
    np.testing.assert_allclose([sum(row[2] for row in net.resistors) for net in file.nets], expected, rtol=1e-11)
    farad = np.zeros(len(file.nets)) if not network.has_capacitance else network.net_capacitance.copy()
    for end in (0, 1):
        np.add.at(farad, network.coupling_nets[:, end], network.coupling_farad)
    np.testing.assert_allclose([net.total * 1e-15 for net in file.nets], farad, rtol=1e-5)
    again = with_parasitics(network, read_spef(tmp_path / "wires.spef"))
    assert len(again.pin_node) == len(network.pin_node) and again.nodes == network.nodes


def test_spef_escapes_names(network, tmp_path):
    names = [f"a:b/{k}[{k}]*$" if name.startswith("dend") else name for k, name in enumerate(network.net_names)]
    text = write_spef(with_two_pins(replace(network, net_names=tuple(names))), tmp_path / "wires.spef").read_text()
    assert [net.name for net in spef_grammar.parse(text).nets] == names
    for bad in ("a b", "a\nb", "ä", ""):
        with pytest.raises(InputError, match="cannot be a name"):
            write_spef(replace(network, net_names=(bad, *names[1:])), tmp_path / "bad.spef")


BREAKING = {
    "a header line is missing": (r"\*VENDOR.*\n", ""),
    "headers change places": (r"(\*T_UNIT.*\n)(\*C_UNIT.*\n)", r"\2\1"),
    "no unit": (r"1 OHM", "1 FURLONG"), "a name twice": (r"\*2 vdw", "*2 gnd"),
    "not in the map": (r"\*I \*\d+:", "*I *999:"),
    "a delimiter in a port": (r"\*PORTS\n\*(\d+) B", r"*PORTS\n*\1:pin2 B"), "not escaped": (r"\*2 vdw", "*2 v$dw"),
    "not declared": (r"\*PORTS\n.*\n", "*PORTS\n"), "no coordinates": (r"(\*N \S+) .*\n", r"\1\n"),
    "an empty section": (r"\*RES\n(\d.*\n)+", "*RES\n"), "numbers": (r"\*RES\n1 ", "*RES\n2 "),
    "another net's node": (r"(\*RES\n1 )\S+", r"\1*2:1"), "a sum": (r"\*D_NET \*1 \S+", "*D_NET *1 1.0"),
    "no end": (r"\*END\n", ""), "a whole number": (r"(\*RES\n1 \S+ \S+) \S+", r"\1 7"),
}  # fmt: skip


@pytest.mark.parametrize("what", BREAKING)
def test_the_grammar_allows_nothing_else(network, tmp_path, what):
    text = write_spef(with_two_pins(network), tmp_path / "wires.spef").read_text()
    broken = re.sub(*BREAKING[what], text, count=1)
    assert broken != text
    with pytest.raises(spef_grammar.GrammarError):
        spef_grammar.parse(broken)


def test_spef_of_an_ideal_network_joins_all_terminals_of_a_net(tmp_path):
    three = design(3)
    ideal = ideal_network(three, three.load_process())
    path = write_spef(ideal, tmp_path / "ideal.spef")
    spef_grammar.parse(path.read_text())
    again = with_parasitics(ideal, read_spef(path))
    assert again.nodes == len(ideal.net_names) and not again.has_wires
    np.testing.assert_array_equal(again.node_net[again.terminals], ideal.terminals)


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


@pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")
def test_ground_pins_are_driven_like_all_others(network, tmp_path):
    """Ground's two pins at 5 and 6 V, other nets' at others, every terminal loaded: currents as of a nodal solve."""
    network = with_two_pins(network)
    lines = write_spice(network, tmp_path / "wires.sp").read_text().splitlines()
    pins = " ".join(line[2:] for line in lines if line.startswith("+ ")).split()
    assert not {"gnd", "0"} & set(pins) and {"ground", "ground.pin2"} <= set(pins)
    sources = pins[: len(network.pin_node)]
    volts = {pin: 0.1 * k for k, pin in enumerate(sources)} | {"ground": 5.0, "ground.pin2": 6.0}
    deck = ["* bench", ".include wires.sp", f"xwires {' '.join(pins)} drawn_wires"]
    deck += [f"v{k} {pin} 0 {volts[pin]}" for k, pin in enumerate(sources)]
    deck += [f"rload{k} {pin} 0 {100 + k}" for k, pin in enumerate(pins[len(sources) :])]
    deck += [".options gmin=1e-18", ".op", ".control", "run"]
    deck += [f"print i(v{k})" for k in range(len(sources))] + [".endc", ".end"]
    (tmp_path / "bench.sp").write_text("\n".join(deck) + "\n")
    out = subprocess.run(["ngspice", "-b", "bench.sp"], cwd=tmp_path, capture_output=True, text=True, check=False)
    found = [-float(line.split("=")[1]) for line in out.stdout.splitlines() if line.startswith("i(v")]

    laplacian = np.zeros((network.nodes, network.nodes))
    for (a, b), ohm in zip(network.resistor_nodes, network.resistor_ohm, strict=True):
        laplacian[[a, b], [a, b]] += 1 / ohm
        laplacian[[a, b], [b, a]] -= 1 / ohm
    for k, node in enumerate(network.terminals.ravel()):
        laplacian[node, node] += 1 / (100 + k)
    fixed = network.pin_node
    free = np.setdiff1d(np.arange(network.nodes), fixed)
    voltage = np.zeros(network.nodes)
    voltage[fixed] = [volts[pin] for pin in sources]
    voltage[free] = np.linalg.solve(laplacian[np.ix_(free, free)], -laplacian[np.ix_(free, fixed)] @ voltage[fixed])
    expected = (laplacian @ voltage)[fixed]
    assert abs(expected[[sources.index("ground"), sources.index("ground.pin2")]]).min() > 1e-3
    np.testing.assert_allclose(found, expected, rtol=1e-5)
