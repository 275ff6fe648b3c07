"""Networks made from a design alone, without a layout: ideal wires, or uniform ladders put in by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hwlib import nets
from hwlib.argument_kinds import takes_kinds
from hwlib.arrangement import block_of_neuron
from hwlib.design import Design
from hwlib.errors import InputError, shown
from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT, Network
from hwlib.operating_point import nominal_track
from hwlib.process import Process
from hwlib.quantities import in_si
from hwlib.storage.made_with import design_attributes
from hwlib.temperature import at_temperature
from hwlib.weight_styles import LINES, WEIGHT_STYLES
from hwlib.weights import weight_levels


@takes_kinds
def ideal_network(design: Design, process: Process, *, style: str | None = None) -> Network:
    """The design's network with perfect wires: one node per net, nominal devices at the design's temperature.

    Args:
        design: the design.
        process: its process.
        style: a weight style instead of the design's own.

    Raises:
        InputError: a style that there is not.
    """
    n = design.network.neurons
    style = design.network.weight_style if style is None else style
    if style not in WEIGHT_STYLES:
        raise InputError(f"style: {shown(style)}, allowed: {', '.join(WEIGHT_STYLES)}")
    net_names, weight_net = _nets(design, style)
    post, pre = design.topology.ends
    terminals = _terminal_nets(n, weight_net)[post, pre]
    count = len(net_names)
    none = np.zeros(0)
    return Network(
        neurons=n, net_names=net_names, node_net=np.arange(count, dtype=np.int32),
        node_x=np.full(count, np.nan), node_y=np.full(count, np.nan),
        resistor_nodes=np.zeros((0, 2), np.int32), resistor_ohm=none, resistor_layer=np.zeros(0, np.int32),
        resistor_limit=none.copy(), layers=(), pin_node=np.arange(count, dtype=np.int32),
        terminals=terminals, **_nominal_devices(design, process),
        attrs={**design_attributes(design), "process": process.name, "wires": "ideal"},
    ).validate()  # fmt: skip


@takes_kinds
def ladder_network(design: Design, process: Process, ohm_per_cell: float | str) -> Network:
    """The ideal network with a uniform ladder of ``ohm_per_cell`` Ω on every dendrite row and drive column.

    Cell (i, j) of an N × N grid taps dendrite i and drive j; the soma of neuron i sits on the diagonal cell (i, i).
    Ground, V_DW and weights stay ideal. The load source attaches at the soma's tap, where the paper drives it.

    Args:
        design: the design.
        process: its process.
        ohm_per_cell: Ω, or a text such as ``"2 ohm"``; 0: the ideal network.

    Raises:
        InputError: no resistance, or a negative one.
    """
    ohm_per_cell = in_si(ohm_per_cell, "ohm", "ohm_per_cell", sign="not negative")
    ideal = ideal_network(design, process, style=LINES.name)
    if ohm_per_cell == 0:
        return ideal
    n, count = ideal.neurons, len(ideal.net_names)
    cell = count + np.arange(n * n, dtype=np.int32).reshape(n, n)  # extra nodes; net nodes stay for undivided nets
    row_node, column_node = cell, cell + n * n
    terminals, soma, diagonal = ideal.terminals.copy(), ideal.is_soma, np.arange(n)
    row, column = row_node[ideal.post, ideal.pre], column_node[ideal.post, ideal.pre]
    terminals[:, DW_IN] = np.where(soma, row, column)
    terminals[:, MTJ_OUT] = np.where(soma, column, row)
    rows = np.stack([row_node[:, :-1], row_node[:, 1:]], axis=-1).reshape(-1, 2)
    columns = np.stack([column_node[:-1, :], column_node[1:, :]], axis=-1).reshape(-1, 2)
    resistors = np.concatenate([rows, columns])
    first_row, first_column = ideal.net_index(nets.DENDRITE.net_name(0)), ideal.net_index(nets.DRIVE.net_name(0))
    node_net = np.concatenate([
        np.arange(count), np.repeat(first_row + np.arange(n), n), np.tile(first_column + np.arange(n), n)
    ])  # fmt: skip
    pins = ideal.pin_node.copy()
    pins[first_row : first_row + n] = row_node[diagonal, diagonal]
    pins[first_column : first_column + n] = column_node[diagonal, diagonal]
    # The nets' own nodes of dendrites and drives would float: drop them and renumber.
    used = np.ones(len(node_net), bool)
    used[first_row : first_row + n] = used[first_column : first_column + n] = False
    renumber = np.cumsum(used) - 1
    return replace(
        ideal, node_net=node_net[used].astype(np.int32),
        node_x=np.full(used.sum(), np.nan), node_y=np.full(used.sum(), np.nan),
        resistor_nodes=renumber[resistors].astype(np.int32), resistor_ohm=np.full(len(resistors), float(ohm_per_cell)),
        resistor_layer=np.full(len(resistors), -1, np.int32), resistor_limit=np.full(len(resistors), np.inf),
        pin_node=renumber[pins].astype(np.int32), terminals=renumber[terminals].astype(np.int32),
        attrs={**ideal.attrs, "wires": f"uniform ladder, {ohm_per_cell:g} ohm per cell"},
    ).validate()  # fmt: skip


def _nets(design: Design, style: str) -> tuple[tuple[str, ...], np.ndarray]:
    """Net names, and the weight net of each device (post, pre); the diagonal is V_DW."""
    n = design.network.neurons
    names = [nets.GROUND.net_name(), nets.V_DW.net_name()]
    names += [nets.DENDRITE.net_name(i) for i in range(n)] + [nets.DRIVE.net_name(j) for j in range(n)]
    weights, place = WEIGHT_STYLES[style].nets(
        weight_levels(design), design.topology.joined, block_of_neuron(design.network)
    )
    weight_net = len(names) + place
    names += weights
    np.fill_diagonal(weight_net, 1)
    return tuple(names), weight_net


def _terminal_nets(n: int, weight_net: np.ndarray) -> np.ndarray:
    dendrite, drive = 2 + np.arange(n)[:, None], 2 + n + np.arange(n)[None, :]
    nets = np.empty((n, n, 4), np.int32)
    nets[:, :, DW_IN], nets[:, :, DW_OUT] = drive, 0
    nets[:, :, MTJ_IN], nets[:, :, MTJ_OUT] = weight_net, dendrite
    i = np.arange(n)
    nets[i, i, DW_IN], nets[i, i, MTJ_OUT] = 2 + i, 2 + n + i
    return nets


def _nominal_devices(design: Design, process: Process) -> dict[str, Any]:
    design, process = at_temperature(design, process)
    device = design.device
    mobility, r_m = nominal_track(design, process)
    post, pre = design.topology.ends
    values = {
        "area": device.track_width * process.layers["track"].thickness, "length": device.track_length,
        "pillar_width": device.pillar_width, "pillar_centre": device.pillar_position * device.track_length,
        "r_p": device.r_p, "r_ap": device.r_ap, "r_m": r_m, "mobility": mobility,
        "device_x": np.nan, "device_y": np.nan,
    }  # fmt: skip
    point, materials = design.operating_point, device.materials
    arrays = {name: np.full(len(post), value) for name, value in values.items()}
    return {
        "pre": pre,
        "post": post,
        "leak": np.where(pre == post, point.soma_leak, point.axon_leak),
        **arrays,
        "dynamics": device.dynamics.arrays(len(post), **materials),
    }
