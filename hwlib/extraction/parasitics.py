"""Wires from a file of parasitics in place of a network's own: any tool's extraction, through the same engines."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from hwlib.argument_kinds import takes_kinds
from hwlib.connected_parts import connected_parts, first_of_part
from hwlib.errors import InputError, shown
from hwlib.extraction.spef_reader import Element, ParasiticNet, Parasitics, SpefNode
from hwlib.nets import Net
from hwlib.network import TERMINALS, Network
from hwlib.node_names import instance_names, parse_instance

_UM = 1e-6  # in which coordinates are written
_NAMED = 3  # in a message


@takes_kinds
def with_parasitics(network: Network, parasitics: Parasitics) -> Network:
    """A network's devices on the wires of a file.

    Nets and device terminals are found by their names (``dend_0``, ``soma_2:DW_IN``, ``axon_5_3:MTJ_OUT``); ports of
    any name are where a net's sources attach; inner nodes are the file's own. Capacitors are summed per net and per
    pair of nets. The file knows no layers, so that no wire has a current limit.

    Args:
        network: drawn or ideal; its own wires and capacitances are left out.
        parasitics: what ``read_spef`` has read.

    Returns:
        The network with the attribute ``parasitics``: file, digest and tool.

    Raises:
        InputError: the file is of another design: nets or terminals that the network does not have, that are missing,
            or on another net; a net without the port that it needs, or in parts that no resistor joins.
    """
    return _Mapping(network, parasitics).network()


class _Resistors(NamedTuple):
    ends: np.ndarray
    ohm: np.ndarray


class _Couplings(NamedTuple):
    nets: np.ndarray
    farad: np.ndarray


class _Mapping:
    def __init__(self, network: Network, parasitics: Parasitics):
        self.base, self.file = network, parasitics
        self.nets = [parasitics.nets[name] for name in network.net_names if name in parasitics.nets]
        self.number_of = {name: k for k, name in enumerate(network.net_names)}
        self.node: dict[SpefNode, int] = {}
        self.node_net: list[int] = []
        self.port_nodes: list[SpefNode] = []

    def network(self) -> Network:
        self._check_nets()
        for k, net in enumerate(self.nets):
            self._number(k, net)
        terminals = self._terminals()
        pins = np.array([self.node[port] for port in self.port_nodes], np.int64)
        node_net, rows = np.array(self.node_net, np.int32), self._resistors()
        joined = rows.ohm == 0
        stands = first_of_part(len(node_net), rows.ends[joined, 0], rows.ends[joined, 1])
        kept, number = np.unique(stands, return_inverse=True)  # ascending: nodes stay net by net
        ends = number[rows.ends]
        real = ~joined & (ends[:, 0] != ends[:, 1])  # a loop carries nothing
        ends = ends[real].reshape(-1, 2)
        self._check_joined(node_net[kept], ends, number[pins])
        x, y = self._places(kept, terminals)
        ground, couplings = self._capacitances()
        return replace(
            self.base, node_net=node_net[kept], node_x=x, node_y=y, resistor_nodes=ends.astype(np.int32),
            resistor_ohm=rows.ohm[real], resistor_layer=np.full(len(ends), -1, np.int32),
            resistor_limit=np.full(len(ends), np.inf), layers=(), pin_node=np.unique(number[pins]).astype(np.int32),
            terminals=number[terminals].astype(np.int32), net_capacitance=ground, coupling_nets=couplings.nets,
            coupling_farad=couplings.farad,
            attrs=self.base.attrs | {"wires": "parasitics of a file", "parasitics": self.file.title},
        ).validate()  # fmt: skip

    def _refuse(self, what: str, line: int | None = None) -> InputError:
        return InputError(f"{self.file.path}{f':{line}' if line else ''}: {what}")

    def _check_nets(self) -> None:
        known, design = set(self.base.net_names), self.base.attrs.get("design", "the network")
        for name, net in self.file.nets.items():
            if name not in known:
                raise self._refuse(f"net {shown(name)} is not of design {shown(str(design), 30)}", net.line)
        missing = [name for name in self.base.net_names if name not in self.file.nets]
        if missing:
            of = f"of design {shown(str(design), 30)}"
            raise self._refuse(f"{_several(missing, 'net')} {of} missing; another design, or cut off?")
        for net, parsed in zip(self.nets, self.base.parsed_nets(), strict=True):
            if not net.ports and _needs_port(parsed):
                raise self._refuse(f"net {net.name} has no port (*P) where its source attaches", net.line)

    def _number(self, k: int, net: ParasiticNet) -> None:
        """Give every node of a net its number."""
        for port in net.ports:
            if port in self.node:
                raise self._refuse(f"port {shown(port.base)} is on two nets", net.ports[port])
            self._add(port, k)
        self.port_nodes += net.ports
        for node in net.terminals:
            self._add(node, k)
        elements = (*net.resistors, *net.capacitors)
        for end in (*net.places, *(row.first for row in elements), *(row.second for row in elements)):
            if end is not None and end not in self.node and net.holds(end):
                self._add(end, k)

    def _add(self, node: SpefNode, net: int) -> None:
        if node not in self.node:
            self.node[node] = len(self.node_net)
            self.node_net.append(net)

    def _terminals(self) -> np.ndarray:
        """Node of every device terminal, shape (devices, 4)."""
        base = self.base
        device = {name: k for k, name in enumerate(instance_names(base))}
        expected = base.node_net[base.terminals]
        found = np.full((base.devices, len(TERMINALS)), -1, np.int64)
        for k, net in enumerate(self.nets):
            for node, line in net.terminals.items():
                if node.base not in device:
                    forms = "" if parse_instance(node.base) else " (soma_0, axon_1_0, …)"
                    raise self._refuse(f"{shown(node.base)} is no device of this design{forms}", line)
                if node.pin not in TERMINALS:
                    raise self._refuse(f"{shown(str(node))}: allowed terminals {', '.join(TERMINALS)}", line)
                d, t = device[node.base], TERMINALS.index(node.pin)
                if found[d, t] >= 0 or expected[d, t] != k:
                    right = base.net_names[expected[d, t]]
                    raise self._refuse(f"{node} is on net {net.name}, in this design on {right}", line)
                found[d, t] = self.node[node]
        lost = np.argwhere(found < 0)
        if len(lost):
            names = instance_names(base)
            lost_names = [f"{names[d]}:{TERMINALS[t]}" for d, t in lost[:_NAMED].tolist()]
            raise self._refuse(f"{_several(lost_names, 'device terminal', len(lost))} on no net (*I)")
        return found

    def _resistors(self) -> _Resistors:
        rows = [(self.node[row.first], self.node[_end(row)], row.value) for net in self.nets for row in net.resistors]
        return _Resistors(
            np.array([row[:2] for row in rows], np.int64).reshape(-1, 2), np.array([row[2] for row in rows], float)
        )  # fmt: skip

    def _check_joined(self, node_net: np.ndarray, ends: np.ndarray, pins: np.ndarray) -> None:
        """Refuse nets in parts: every node must lead to a port; ports of one net count as joined by their source."""
        one_piece = np.array([net.net_class.one_piece for net in self.base.parsed_nets()])
        count, nets = len(node_net), len(self.nets)
        source = pins[~one_piece[node_net[pins]]]
        first, second = np.concatenate([ends[:, 0], source]), np.concatenate([ends[:, 1], count + node_net[source]])
        _, part = connected_parts(count + nets, first, second)
        begins = np.minimum(np.searchsorted(node_net, np.arange(nets)), count - 1)
        root = np.where(one_piece, part[begins], part[count:])
        loose = np.flatnonzero(part[:count] != root[node_net])
        if len(loose):
            k = int(node_net[loose[0]])
            net, lost = self.nets[k], int((node_net[loose] == k).sum())
            raise self._refuse(f"net {net.name} falls apart: no resistors lead to {lost} of its nodes", net.line)

    def _places(self, kept: np.ndarray, terminals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places of nodes in m: of terminals as drawn, of others as the file says."""
        x, y = np.full(len(self.node), np.nan), np.full(len(self.node), np.nan)
        for net in self.nets:
            for node, place in net.places.items():
                x[self.node[node]], y[self.node[node]] = place[0] * _UM, place[1] * _UM
        base = self.base
        x[terminals], y[terminals] = base.node_x[base.terminals], base.node_y[base.terminals]
        return x[kept], y[kept]

    def _capacitances(self) -> tuple[np.ndarray, _Couplings]:
        """Of each net to ground, and of pairs; a net without *CAP has its total to ground.

        A coupling stands in both its nets; where they differ, or one lacks it, the larger counts.
        """
        ground = np.zeros(len(self.nets))
        sides: list[dict[tuple[int, int], float]] = [{}, {}]
        for k, net in enumerate(self.nets):
            if not net.capacitors:
                ground[k] = net.farad
            for row in net.capacitors:
                far = row.second
                if far is None:
                    ground[k] += row.value
                    continue
                if not net.holds(row.first):
                    far = row.first
                other = self._net_of(far, row.line)
                if other != k:
                    pair = (min(k, other), max(k, other))
                    side = sides[k > other]
                    side[pair] = side.get(pair, 0.0) + row.value
        pairs = sorted({*sides[0], *sides[1]})
        farad = np.array([max(side.get(pair, 0.0) for side in sides) for pair in pairs])
        if not ground.any() and not farad.any():
            return np.zeros(0), _Couplings(np.zeros((0, 2), np.int32), np.zeros(0))
        return ground, _Couplings(np.array(pairs, np.int32).reshape(-1, 2), farad)

    def _net_of(self, node: SpefNode, line: int) -> int:
        if node in self.node:
            return self.node_net[self.node[node]]
        if node.base in self.number_of:
            return self.number_of[node.base]
        raise self._refuse(f"*CAP: {shown(str(node))} is of no net of the file", line)


def _end(row: Element) -> SpefNode:
    assert row.second is not None  # of a resistor
    return row.second


def _needs_port(net: Net) -> bool:
    """Whether a source holds the net in any phase."""
    return net.net_class.loading is not None or net.net_class.converging is not None


def _several(names: list[str], what: str, count: int | None = None) -> str:
    count = count or len(names)
    more = f" and {count - _NAMED} more" if count > _NAMED else ""
    return f"{what}{'s' * (count > 1)} {', '.join(names[:_NAMED])}{more}"
