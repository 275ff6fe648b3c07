"""Wires of a network written in the Standard Parasitic Exchange Format, SPEF (IEEE 1481)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hwlib.argument_kinds import takes_kinds
from hwlib.errors import InputError, shown
from hwlib.extraction.lumps import capacitors
from hwlib.nets import in_comment
from hwlib.network import Network
from hwlib.node_names import NodeNames, instance_names, node_names
from hwlib.storage.writing import write_lines
from hwlib.units import NM_PER_M

UM_PER_M = NM_PER_M / 1000
FF_PER_F = 1e15


@takes_kinds
def write_spef(network: Network, path: str | Path) -> Path:
    """Write the wires as SPEF: name map, ports, and per net its connections, capacitors and resistors (fF, Ω, µm).

    Pins that share a node are joined by resistors of 0 Ω. A coupling capacitor stands in both its nets.

    Raises:
        StorageError: the file cannot be written.
    """
    return write_lines(Path(path), _lines(network))


def _lines(network: Network) -> Iterator[str]:
    design = in_comment(network.attrs.get("design", "network"))
    nets, instances = network.net_names, instance_names(network)
    ports: dict[str, str] = {}  # of pins that are not called like their net: names of their own, with an index each

    def pin(net: int, number: int) -> str:
        if number == 1:
            return f"*{net + 1}"
        return ports.setdefault(f"{nets[net]}_pin{number}", f"*{len(nets) + len(instances) + len(ports) + 1}")

    names = node_names(network, lambda net: f"*{net + 1}", pin, lambda device: f"*{len(nets) + 1 + device}")
    yield from (
        '*SPEF "IEEE 1481-1998"', f'*DESIGN "{design}"', '*DATE "none"', '*VENDOR "spinhop"', '*PROGRAM "spinhop"',
        '*VERSION "1"', '*DESIGN_FLOW "PIN_CAP NONE"', "*DIVIDER /", "*DELIMITER :", "*BUS_DELIMITER [ ]",
        "*T_UNIT 1 NS", "*C_UNIT 1 FF", "*R_UNIT 1 OHM", "*L_UNIT 1 HENRY", "", "*NAME_MAP",
    )  # fmt: skip
    yield from (f"*{k} {_identifier(name)}" for k, name in enumerate([*nets, *instances, *ports], start=1))
    if names.pins:
        yield from ("", "*PORTS")
        yield from (f"{name} B" for name, _ in names.pins)
    yield from _nets(network, names)


def _identifier(name: str) -> str:
    """A name as the standard writes it: what is neither letter, digit nor underscore is escaped.

    Raises:
        InputError: the name holds what no SPEF name can: blanks, control characters, or other than ASCII.
    """
    if not re.fullmatch(r"[\x21-\x7e]+", name):
        raise InputError(f"SPEF: {shown(name)} cannot be a name: only printable ASCII without blanks can")
    return re.sub(r"([^A-Za-z0-9_])", r"\\\1", name)


def _nets(network: Network, names: NodeNames) -> Iterator[str]:
    """The section of each net; what a net does not have is left out, as the standard has no empty sections."""
    nets = len(network.net_names)
    first = np.argsort(network.node_net[network.resistor_nodes[:, 0]], kind="stable")
    bounds = np.searchsorted(network.node_net[network.resistor_nodes[first, 0]], np.arange(nets + 1))
    conn: list[list[str]] = [[] for _ in range(nets)]
    for kind, named in (("*P", names.pins), ("*I", names.terminals)):
        for name, node in named:
            conn[network.node_net[node]].append(f"{kind} {name} B{_place(network, node)}")
    for name, node in names.inner:
        if place := _place(network, node):
            conn[network.node_net[node]].append(f"*N {name}{place}")
    joined: list[list[str]] = [[] for _ in range(nets)]
    for name, node in names.joined:
        joined[network.node_net[node]].append(f"{names.of_node[node]} {name} 0.0")
    ends, ohm = network.resistor_nodes.tolist(), network.resistor_ohm.tolist()
    caps, total = _capacitors(network, names.of_node)
    for k in range(nets):
        yield from ("", f"*D_NET *{k + 1} {_number(total[k], 6)}")
        rows = [f"{names.of_node[ends[r][0]]} {names.of_node[ends[r][1]]} {_number(ohm[r], 12)}"
                for r in first[bounds[k] : bounds[k + 1]]]  # fmt: skip
        if conn[k]:
            yield from ("*CONN", *conn[k])
        for head, lines in (("*CAP", caps[k]), ("*RES", rows + joined[k])):
            if lines:
                yield from (head, *(f"{n} {line}" for n, line in enumerate(lines, start=1)))
        yield "*END"


def _number(value: float, digits: int) -> str:
    """A number that the standard takes for one with a fraction."""
    text = f"{value:.{digits}g}"
    return text if "." in text or "e" in text else f"{text}.0"


def _capacitors(network: Network, of_node: list[str]) -> tuple[list[list[str]], np.ndarray]:
    """Rows of each net's *CAP section, and each net's total in fF."""
    found = capacitors(network)
    rows: list[list[str]] = [[] for _ in network.net_names]
    total = np.bincount(network.node_net, found.ground * FF_PER_F, minlength=len(rows))
    for node in np.flatnonzero(found.ground > 0).tolist():
        rows[network.node_net[node]].append(f"{of_node[node]} {_number(found.ground[node] * FF_PER_F, 6)}")
    for (a, b), farad in zip(found.nodes.tolist(), (found.farad * FF_PER_F).tolist(), strict=True):
        for mine, other in ((a, b), (b, a)):
            rows[network.node_net[mine]].append(f"{of_node[mine]} {of_node[other]} {_number(farad, 6)}")
            total[network.node_net[mine]] += farad
    return rows, total


def _place(network: Network, node: int) -> str:
    x, y = network.node_x[node] * UM_PER_M, network.node_y[node] * UM_PER_M
    return "" if np.isnan(x) else f" *C {x:.9g} {y:.9g}"
