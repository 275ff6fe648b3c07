"""The extracted network of a layout: nets named by labels, devices by the nets at their terminals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import klayout
import numpy as np

from hwlib.argument_kinds import takes_kinds
from hwlib.design import Design
from hwlib.drawing.reader import LayoutSource, open_layout
from hwlib.errors import InputError
from hwlib.extraction.compose import Assembly, assemble
from hwlib.extraction.conductors import capacitance_of
from hwlib.extraction.point_touches import held_by_point
from hwlib.extraction.reduce import Resistors, reduce
from hwlib.extraction.roles import NetNames, device_roles, name_pieces
from hwlib.network import Network
from hwlib.process import Process
from hwlib.storage.made_with import design_attributes
from hwlib.temperature import at_temperature


@takes_kinds
def extract(layout: LayoutSource, process: Process, design: Design, *, capacitance: bool = False) -> Network:
    """Extract the resistor network and the devices of a layout, from its polygons and labels alone.

    Repeated cells are extracted once and composed; a flat or hand-edited layout gives the same network, slower.
    Wires count by squares along straight runs; corners, junctions and the spreading at contacts by a field solution (an
    L corner is 0.56 squares). Contacts let current through over their whole area; a device's current is spread evenly
    over its pillar and over its track's contacts.

    Args:
        layout: GDSII or OASIS file of the process, with one top cell and labelled nets (see ``hwlib.nets``), or an
            open one.
        process: the process it is drawn in.
        design: gives device materials, leaks, temperature and the number of neurons; geometry comes from the layout.
        capacitance: extract the nets' capacitances too, as ``with_capacitance``.

    Returns:
        The network, with a node at every device terminal, pin and junction.

    Raises:
        InputError: not a layout of the process; a broken device, a short between labelled nets, or a net without
            label at a device terminal, with its place; devices that do not make the design's network.
    """
    drawing = open_layout(layout, process, devices=design.topology.devices)
    drawing.refuse_for(design.topology.devices)
    design, process = at_temperature(design, process)
    drawing = replace(drawing, process=process)
    try:
        assembly = assemble(drawing)
        network = _extracted(assembly, process, design)
    except InputError as error:
        raise InputError(f"{drawing.name}: {error}") from None
    return capacitance_of(network, assembly) if capacitance else network


def _extracted(assembly: Assembly, process: Process, design: Design) -> Network:
    drawing = assembly.drawing
    names = name_pieces(assembly)
    terminals = _all([p.nodes(p.net.terminals).reshape(-1, 4) for p in assembly.parts], (0, 4))
    shape = _device_shapes(assembly)
    pieces = _all([assembly.piece[p.nets(p.net.net[p.net.terminals])].reshape(-1, 4) for p in assembly.parts], (0, 4))
    post, pre = device_roles(assembly, names, pieces, shape, design.topology)
    _refuse_points(assembly, names)
    order = np.lexsort((pre, post))
    post, pre = post[order], pre[order]
    terminals = assembly.joined[terminals[order]]
    pins = assembly.joined[names.pin_node]
    resistors, nodes = _wires(assembly, terminals, pins)
    # Pieces that carry no terminal and no label are dropped with their nodes; nets get the order of their names.
    number = np.full(assembly.nodes, -1, np.int32)
    number[nodes] = np.arange(len(nodes), dtype=np.int32)
    x, y, piece = _node_places(assembly, nodes)
    return Network(
        neurons=design.network.neurons, net_names=names.names, node_net=names.net_of_piece[piece],
        node_x=x, node_y=y, resistor_nodes=number[np.stack([resistors.a, resistors.b], axis=1)],
        resistor_ohm=resistors.ohm, resistor_layer=resistors.layer.astype(np.int32), resistor_limit=resistors.limit,
        layers=assembly.layers, pin_node=np.unique(number[pins]), terminals=number[terminals],
        pre=pre, post=post, **_parameters(shape[order], drawing.dbu, process, design, pre == post),
        attrs={**design_attributes(design), "process": process.name, "wires": "extracted",
               "layout": Path(drawing.name).name, "klayout": klayout.__version__},
    ).validate()  # fmt: skip


def _refuse_points(assembly: Assembly, names: NetNames) -> None:
    if not assembly.points:
        return
    ends = [(p.net.terminals, p.net.pin_node) for p in assembly.parts]
    used = [p.nets(p.net.net[own]).ravel() for p, both in zip(assembly.parts, ends, strict=True) for own in both]
    point = held_by_point(assembly.points, np.concatenate(used))
    if point is not None:
        name = names.names[names.net_of_piece[assembly.piece[point.nets[0][0]]]]
        where = assembly.drawing.where(point.x, point.y)
        raise InputError(f"net {name}: two parts touch in a point on {point.layer} at {where}, where no current passes")


def _all(parts: list[np.ndarray], empty: tuple[int, ...]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(empty, np.int32)


def _node_places(assembly: Assembly, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Place in m and piece of conductor of each of ``nodes`` (ascending)."""
    x, y, piece = np.empty(len(nodes)), np.empty(len(nodes)), np.empty(len(nodes), np.int32)
    for part in assembly.parts:
        count = len(part.net.x)
        mine = slice(*np.searchsorted(nodes, (part.first_node, part.first_node + count * len(part.dx))))
        if mine.stop > mine.start:
            k, own = np.divmod((nodes[mine] - part.first_node).astype(np.int32), count)
            x[mine], y[mine] = part.net.x[own] + part.dx[k], part.net.y[own] + part.dy[k]
            piece[mine] = assembly.piece[part.first_net + part.net.nets * k + part.net.net[own]]
    return x * assembly.drawing.dbu, y * assembly.drawing.dbu, piece


def _device_shapes(assembly: Assembly) -> np.ndarray:
    """Drawn sizes of all devices, 9 columns in dbu.

    x, y, length, track width, pillar width, centre, area, squares, narrowest track width.
    """
    rows = []
    for part in assembly.parts:
        own = np.array([(d.x, d.y, d.length, d.track_width, d.pillar_width, d.pillar_centre, d.pillar_area,
                         d.track_squares, d.narrowest_width) for d in part.net.devices]).reshape(-1, 9)  # fmt: skip
        placed = np.repeat(own[None], len(part.dx), axis=0)
        placed[:, :, 0] += part.dx[:, None]
        placed[:, :, 1] += part.dy[:, None]
        rows.append(placed.reshape(-1, 9))
    return np.concatenate(rows)


def _wires(assembly: Assembly, terminals: np.ndarray, pins: np.ndarray) -> tuple[Resistors, np.ndarray]:
    """The reduced resistors, and all nodes of the network, ascending."""
    parts, joined = assembly.parts, assembly.joined
    a, b = (_all([joined[p.nodes(getattr(p.net.resistors, end))].ravel() for p in parts], (0,)) for end in "ab")
    ohm, limit, layer = (_all([np.tile(getattr(p.net.resistors, f), len(p.dx)) for p in parts], (0,))
                         for f in ("ohm", "limit", "layer"))  # fmt: skip
    keep = np.zeros(assembly.nodes, bool)
    keep[terminals] = keep[pins] = True
    resistors = reduce(Resistors(a, b, ohm, limit, layer), keep)
    keep[resistors.a] = keep[resistors.b] = True
    return resistors, np.flatnonzero(keep)


def _parameters(shape: np.ndarray, dbu: float, process: Process, design: Design,
                soma: np.ndarray) -> dict[str, Any]:  # fmt: skip
    """Device parameters in SI from drawn sizes: k from A, R_M from the track's squares, R_P and R_AP by pillar area."""
    device, point = design.device, design.operating_point
    thickness = process.layers["track"].thickness
    sheet = device.track_sheet_resistance(process.track_sheet_resistance)
    x, y, length, width, pillar_width, centre = shape[:, :6].T * dbu
    scale = device.pillar_area / (shape[:, 6] * dbu**2)
    bad = np.flatnonzero((centre - pillar_width / 2 < -dbu) | (centre + pillar_width / 2 > length + dbu))
    if len(bad):
        k = bad[0]
        raise InputError(
            f"device at ({x[k] * 1e6:.3f}, {y[k] * 1e6:.3f}) µm: its pillar reaches beyond its track contacts"
        )
    area = width * thickness
    widths, index = np.unique(area, return_inverse=True)
    mobility = np.array([device.mobility(float(w)) for w in widths])[index]
    return {
        "area": area, "narrowest_area": shape[:, 8] * dbu * thickness, "length": length,
        "pillar_width": pillar_width, "pillar_centre": centre,
        "r_p": device.r_p * scale, "r_ap": device.r_ap * scale, "r_m": sheet * shape[:, 7], "mobility": mobility,
        "leak": np.where(soma, point.soma_leak, point.axon_leak), "device_x": x, "device_y": y,
        "dynamics": device.dynamics.arrays(len(shape), **device.materials),
    }  # fmt: skip
