"""Looking at a solved circuit from outside: every node's potential, every current, and what is missing at a node."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT
from sim.engines.handles import Handle
from sim.engines.jit_options import plain
from sim.engines.layout.elimination.numeric import backward
from sim.engines.layout.elimination.schur import row_potentials
from sim.engines.layout.ladders.single_ladders import single_potentials
from sim.engines.layout.partition.blocks import ROW, STATIC, Structure
from sim.engines.layout.partition.plan import Plan
from sim.engines.layout.partition.reduction import restore
from sim.engines.layout.system import System


def pillar_ohm(plan: Plan, system: System) -> np.ndarray:
    """Pillar resistance of every device for the last solution, Ω, shape (devices,)."""
    ohm = np.empty(len(plan.bundles.device))
    ohm[plan.bundles.device] = system.work.pillar[1]
    return ohm


def node_voltages(
    structure: Structure, plan: Plan, system: System, held: Handle, voltages: np.ndarray, pillar: np.ndarray,
    parts: Mapping[int, Handle],
) -> np.ndarray:  # fmt: skip
    """Potential of every node of the network for the last solution, V, shape (nodes,).

    Args:
        structure: of the network.
        plan: made of it.
        system: the plan under voltage, solved.
        held: its handle.
        voltages: of each net's source, V, NaN without.
        pillar: ``pillar_ohm``.
        parts: handles of the plan's parts, by identity.
    """
    inside = system.work.x
    if plan.coupled.rails:
        row_potentials(held)
    if len(plan.single.wall):
        inside = np.zeros(1 + int(plan.single.slot.max()))
        single_potentials(held, inside)
    columns = plan.columns
    x, zero = np.zeros(len(columns.program.diag)), np.zeros(len(columns.program.diag))
    x[columns.program.n :] = system.work.ref[columns.port_ref]
    backward(parts[id(columns.program)], columns.values, zero, x, 0, columns.program.n)
    v = np.zeros(structure.network.nodes)
    _put_sources(structure.held, structure.network.node_net, voltages, v)
    _put_solved(structure.place, plan.node_ref, plan.node_slot, system.work.ref, inside, x, v)
    restore(structure.removed, v, pillar)
    return v[structure.alias]


@plain()
def _put_sources(held, net, voltages, v):
    for node in range(len(v)):
        if held[node] and np.isfinite(voltages[net[node]]):
            v[node] = voltages[net[node]]


@plain()
def _put_solved(place, node_ref, node_slot, ref, in_row, in_column, v):
    for node in range(len(v)):
        if place[node] == ROW:
            v[node] = in_row[node_slot[node]]
        elif place[node] == STATIC:
            v[node] = in_column[node_slot[node]]
        elif node_ref[node] >= 0:
            v[node] = ref[node_ref[node]]


def track_currents(plan: Plan, system: System, parts: Mapping[int, Handle]) -> np.ndarray:
    """Track current of every device as the engine moves its wall with it, A, shape (devices,)."""
    current = np.empty(len(plan.bundles.device))
    _put_currents(parts[id(plan.bundles)], system.work.ref, current)
    return current


@plain()
def _put_currents(bundles, ref, current):
    for bundle in range(len(bundles.first) - 1):
        begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
        at = bundles.siemens_first[bundle]
        for wall in range(bundles.first[bundle], bundles.first[bundle + 1]):
            total = 0.0
            for k in range(begin, end):
                total += bundles.siemens[at] * ref[bundles.ref[k]]
                at += 1
            current[bundles.device[wall]] = total


def residual(structure: Structure, v: np.ndarray, track: np.ndarray, pillar: np.ndarray) -> float:
    """Largest current in A missing at a node of the whole network, or between a track and its transfer.

    Args:
        structure: of the network.
        v: potential of every node, V.
        track: track current of every device, A.
        pillar: ``pillar_ohm``.
    """
    network, alias, missing = structure.network, structure.alias, np.zeros(structure.network.nodes)
    add_currents(missing, alias, network.resistor_nodes, 0, 1, network.resistor_ohm, v)
    add_currents(missing, alias, network.terminals, DW_IN, DW_OUT, network.r_m, v)
    add_currents(missing, alias, network.terminals, MTJ_IN, MTJ_OUT, pillar, v)
    return float(_worst(missing, structure.held, network.terminals, network.r_m, v, track))


@plain()
def add_currents(missing, alias, nodes, first, second, ohm, voltage):
    """Add what resistors take from nodes, in A, to ``missing``; nodes that stand for others are in ``alias``.

    ``first``, ``second``: columns of ``nodes`` that have a resistor's ends.
    """
    for e in range(len(ohm)):
        a, b = nodes[e, first], nodes[e, second]
        current = (voltage[a] - voltage[b]) / ohm[e]
        missing[alias[a]] += current
        missing[alias[b]] -= current


@plain()
def _worst(missing, held, terminals, r_m, v, track):
    """As of ``residual``."""
    worst = 0.0
    for node in range(len(missing)):
        if not held[node]:
            worst = max(worst, abs(missing[node]))
    for device in range(len(track)):
        drop = v[terminals[device, DW_IN]] - v[terminals[device, DW_OUT]]
        worst = max(worst, abs(drop / r_m[device] - track[device]))
    return worst
