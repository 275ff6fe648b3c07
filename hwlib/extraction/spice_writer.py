"""Wires of a network as a SPICE subcircuit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from hwlib.argument_kinds import takes_kinds
from hwlib.extraction.lumps import capacitors
from hwlib.nets import in_comment
from hwlib.network import Network
from hwlib.node_names import netlist_nodes
from hwlib.storage.writing import write_lines

PER_LINE = 8


@takes_kinds
def write_spice(network: Network, path: str | Path, *, name: str | None = None) -> Path:
    """Write the wires as one subcircuit whose pins are the nets' pins and then all device terminals.

    Pins are called like their net (``ground`` for the net ``gnd``), further ones ``ground.pin2``; terminals
    ``axon_5_3.dw_in`` or ``soma_2.mtj_out``. Names that share a node are joined by 0 V sources.

    Args:
        network: the network.
        path: file to write.
        name: of the subcircuit; the design's name and ``_wires`` when None.

    Raises:
        StorageError: the file cannot be written.
    """
    title = re.sub(r"[^A-Za-z0-9_]", "_", name or f"{network.attrs.get('design', 'network')}_wires")
    return write_lines(Path(path), _lines(network, title))


def _lines(network: Network, title: str) -> Iterator[str]:
    names = netlist_nodes(network)
    pins = [pin.lower() for pin, _ in [*names.pins, *names.terminals]]
    yield f"* wires of {in_comment(network.attrs.get('design', 'network'))}: resistances in ohm, capacitances in farad"
    yield f".subckt {title}"
    for k in range(0, len(pins), PER_LINE):
        yield "+ " + " ".join(pins[k : k + PER_LINE])
    ends = network.resistor_nodes.tolist()
    for k, (ohm, (a, b)) in enumerate(zip(network.resistor_ohm.tolist(), ends, strict=True), start=1):
        yield f"r{k} {names.of_node[a].lower()} {names.of_node[b].lower()} {ohm:.12g}"
    caps, last = capacitors(network), 0
    for last, node in enumerate(caps.ground.nonzero()[0].tolist(), start=1):
        yield f"c{last} {names.of_node[node].lower()} 0 {caps.ground[node]:.6g}"
    for k, ((a, b), farad) in enumerate(zip(caps.nodes.tolist(), caps.farad.tolist(), strict=True), start=last + 1):
        yield f"c{k} {names.of_node[a].lower()} {names.of_node[b].lower()} {farad:.6g}"
    for k, (other, node) in enumerate(names.joined, start=1):
        yield f"v{k} {names.of_node[node].lower()} {other.lower()} 0"
    yield f".ends {title}"
