"""The netlist that a design asks for, made from the design alone: for comparison, and as SPICE."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb
import numpy as np

from hwlib.checks.device_extractor import DEVICE_CLASS, PARAMETERS, device_class
from hwlib.design import Design
from hwlib.network import TERMINALS, Network
from hwlib.process import Process
from hwlib.schematic import ideal_network
from hwlib.storage.writing import write_with_library

TOP = "hopfield"


def drawn_parameters(network: Network, design: Design) -> dict[str, np.ndarray]:
    """What the extractor should measure (see ``device_extractor.PARAMETERS``), SI units, shape (devices,)."""
    return {
        "A": network.area,
        "L": network.length,
        "W": network.pillar_width,
        "X": network.pillar_centre,
        **{name: np.full(network.devices, design.device.track_width) for name in ("H", "N", "M")},
    }


def reference_netlist(design: Design, process: Process) -> kdb.Netlist:
    """A flat KLayout netlist with one circuit, every net named and every net a pin."""
    network = ideal_network(design, process)
    netlist, circuit = kdb.Netlist(), kdb.Circuit()
    made = device_class(process)
    netlist.add(made)
    made = netlist.device_class_by_name(DEVICE_CLASS)
    circuit.name = TOP
    netlist.add(circuit)
    nets = []
    for name in network.net_names:
        net = circuit.create_net(name)
        circuit.connect_pin(circuit.create_pin(name), net)
        nets.append(net)
    values = {name: array / PARAMETERS[name][2] for name, array in drawn_parameters(network, design).items()}
    node_net = network.node_net[network.terminals]
    for index in range(network.devices):
        device = circuit.create_device(made, f"d_{network.post[index]}_{network.pre[index]}")
        for terminal in range(len(TERMINALS)):
            device.connect_terminal(terminal, nets[node_net[index, terminal]])
        for name, array in values.items():
            device.set_parameter(name, float(array[index]))
    return netlist


def write_reference_spice(design: Design, process: Process, path: str | Path) -> Path:
    """Write the reference as a SPICE subcircuit ``hopfield``; its devices are calls of ``DWMTJ`` in µm and µm².

    Raises:
        StorageError: the file cannot be written.
    """
    netlist = reference_netlist(design, process)
    writer = kdb.NetlistSpiceWriter()
    writer.use_net_names = True
    text = f"{design.name}: reference netlist of process {process.name}"
    return write_with_library(Path(path), lambda p: netlist.write(str(p), writer, text))
