"""Every device of an extracted netlist with its nets, size and place, flattened into arrays."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

import klayout.db as kdb
import numpy as np

from hwlib.checks.device_extractor import PARAMETERS
from hwlib.network import TERMINALS

_MEASURED = [name for name, (_, primary, _) in PARAMETERS.items() if primary]


@dataclass(frozen=True)
class PlacedNet:
    """A net of a circuit, the labels on it, and where that circuit's cell sits on top. Net numbers stand for these."""

    net: kdb.Net
    place: kdb.DCplxTrans
    text: str


@dataclass
class DeviceTable:
    """Devices as arrays; positions in µm in the top cell, parameters in SI units.

    Attributes:
        nets: number of the net at each terminal (order of ``hwlib.network.TERMINALS``), shape (devices, 4);
            −1 for none.
        place: pillar, DW_IN contact and DW_OUT contact, shape (devices, 3, 2).
        values: A, L, W, X, H, N, M (see ``PARAMETERS``), shape (devices, 7).
        pieces: nets by number: those of the top circuit, and those that end inside a cell.
        ends: of each circuit, by its cell, the nets that lead to a device, as KLayout's clusters.
    """

    nets: np.ndarray
    place: np.ndarray
    values: np.ndarray
    pieces: dict[int, PlacedNet]
    ends: dict[int, set[int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.nets)

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """The measured parameters by name."""
        return {name: self.values[:, k] for k, name in enumerate(_MEASURED)}


def device_table(netlist: kdb.Netlist) -> DeviceTable:
    """Flatten a netlist's devices, circuit by circuit: each distinct cell is read once, its instances are arrays."""
    tables: dict[int, _CircuitTable] = {}
    table = _CircuitTable()
    for circuit in netlist.each_circuit_bottom_up():
        table = tables[circuit.cell_index] = _read_circuit(circuit, tables)
    ends = {cell: set(each.number) for cell, each in tables.items()}
    top = next(iter(netlist.top_circuits()), None)
    if top is not None:
        for net in top.each_net():
            table.pieces[table.number_of(net)] = PlacedNet(net, kdb.DCplxTrans(), net.name)
    return DeviceTable(table.nets, table.place, table.values, table.pieces, ends)


class _Devices(NamedTuple):
    """Some devices of a circuit, as in ``DeviceTable``."""

    nets: np.ndarray
    place: np.ndarray
    values: np.ndarray


class _CircuitTable:
    """The devices in and below one circuit; nets are numbered per circuit, as they are met."""

    def __init__(self) -> None:
        self.count = 0  # nets numbered so far
        self.number: dict[int, int] = {}  # of nets of this circuit, by KLayout's cluster
        self.pieces: dict[int, PlacedNet] = {}  # nets that end further down
        self.nets = np.empty((0, 4), np.int64)
        self.place = np.empty((0, 3, 2))
        self.values = np.empty((0, len(_MEASURED)))
        self.ways_out: tuple[list[int], list[tuple[int, int]], list[tuple[int, PlacedNet]]] | None = None  # kept

    def take(self, parts: list[_Devices]) -> None:
        """Have the devices of all parts, in their order."""
        if parts:
            self.nets, self.place, self.values = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))

    def fresh(self) -> int:
        self.count += 1
        return self.count - 1

    def number_of(self, net: kdb.Net | None) -> int:
        if net is None:
            return -1
        cluster = net.cluster_id
        found = self.number.get(cluster)
        if found is None:
            found = self.number[cluster] = self.fresh()
        return found


def _read_circuit(circuit: kdb.Circuit, tables: dict[int, _CircuitTable]) -> _CircuitTable:
    table = _CircuitTable()
    parts = _own_devices(circuit, table)
    users: dict[int, list[kdb.SubCircuit]] = defaultdict(list)
    for sub in circuit.each_subcircuit():
        users[sub.circuit_ref().cell_index].append(sub)
    for cell, subs in users.items():
        if len(tables[cell].nets):
            parts.append(_instances(tables[cell], subs, table))
    table.take(parts)
    return table


def _own_devices(circuit: kdb.Circuit, table: _CircuitTable) -> list[_Devices]:
    nets, place, values = [], [], []
    for device in circuit.each_device():
        nets.append([table.number_of(device.net_for_terminal(k)) for k in range(len(TERMINALS))])
        here = device.trans.disp
        ix, iy, ox, oy = (device.parameter(name) for name in ("IX", "IY", "OX", "OY"))
        place.append([[here.x, here.y], [here.x + ix, here.y + iy], [here.x + ox, here.y + oy]])
        values.append([device.parameter(name) * PARAMETERS[name][2] for name in _MEASURED])
    return [_Devices(np.array(nets), np.array(place), np.array(values))] if nets else []


def _instances(inner: _CircuitTable, subs: list[kdb.SubCircuit], table: _CircuitTable) -> _Devices:
    """The devices of all instances of one circuit, with nets of the circuit they sit in."""
    if inner.ways_out is None:
        used = np.unique(inner.nets).tolist()
        inner.ways_out = used, *_ways_out(subs[0].circuit_ref(), inner, used)
    used, pins, ending = inner.ways_out
    pin_ids, number, number_of = [pin for _, pin in pins], table.number, table.number_of
    # Lists: a large layout has millions of pins, and an array takes a number several times as slowly.
    outer, fresh, turns, shifts = [], [], [], []
    for sub in subs:
        trans = sub.trans
        disp = trans.disp
        shifts.append((disp.x, disp.y))
        turns.append(round(trans.angle / 90) % 4 + 4 * trans.is_mirror())
        for pin in pin_ids:
            net = sub.net_for_pin(pin)
            found = number.get(net.cluster_id) if net is not None else -1
            outer.append(number_of(net) if found is None else found)
        for _, piece in ending:
            fresh.append(table.fresh())
            table.pieces[fresh[-1]] = PlacedNet(piece.net, trans * piece.place, piece.text)
    outside = np.full((len(subs), len(used)), -1, np.int64)
    for columns, numbers in ((pins, outer), (ending, fresh)):
        outside[:, [column for column, _ in columns]] = np.array(numbers, np.int64).reshape(len(subs), -1)
    nets = outside[:, np.searchsorted(used, inner.nets)]
    place = np.einsum("sab,dpb->sdpa", _TURNS[turns], inner.place) + np.array(shifts)[:, None, None, :]
    values = np.broadcast_to(inner.values, (len(subs), *inner.values.shape))
    return _Devices(nets.reshape(-1, 4), place.reshape(-1, 3, 2), values.reshape(-1, values.shape[-1]))


def _ways_out(
    circuit: kdb.Circuit, inner: _CircuitTable, used: list[int]
) -> tuple[list[tuple[int, int]], list[tuple[int, PlacedNet]]]:
    """For the nets used by devices: (column, pin) of those that leave the circuit, (column, piece) of the others."""
    pin_of: dict[int, int] = {}
    number_at = inner.number.get
    for pin in circuit.each_pin():
        key = pin.id()
        net = circuit.net_for_pin(key)
        number = number_at(net.cluster_id) if net is not None else None
        if number is not None:
            pin_of.setdefault(number, key)
    cluster_of = {number: cluster for cluster, number in inner.number.items()}
    pins, ending = [], []
    for column, number in enumerate(used):
        if number in pin_of:
            pins.append((column, pin_of[number]))
        elif number in inner.pieces:
            ending.append((column, inner.pieces[number]))
        elif number >= 0:
            net = circuit.net_by_cluster_id(cluster_of[number])
            ending.append((column, PlacedNet(net, kdb.DCplxTrans(), net.name)))
    return pins, ending


_TURNS = np.empty((8, 2, 2))  # by a quarter of the angle, and 4 more where mirrored
for _angle in range(4):
    _c, _s = [(1, 0), (0, 1), (-1, 0), (0, -1)][_angle]
    _TURNS[_angle] = [[_c, -_s], [_s, _c]]
    _TURNS[_angle + 4] = [[_c, _s], [_s, -_c]]  # mirrored at the x axis first
