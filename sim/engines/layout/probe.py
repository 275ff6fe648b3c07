"""Looking at a solved circuit from outside: every node's potential, every current, and what is missing at a node."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT
from sim.engines.handles import Handle
from sim.engines.layout.elimination.numeric import backward
from sim.engines.layout.elimination.schur import row_potentials
from sim.engines.layout.ladders.single_ladders import single_potentials
from sim.engines.layout.partition.blocks import ROW, STATIC, Structure
from sim.engines.layout.partition.plan import Plan
from sim.engines.layout.partition.reduction import add_currents, restore
from sim.engines.layout.system import System, Walls


def node_voltages(
    structure: Structure, plan: Plan, system: System, held: Handle, voltages: np.ndarray, parts: Mapping[int, Handle]
) -> np.ndarray:
    """Potential of every node of the network for the last solution, V, shape (nodes,)."""
    network, place = structure.network, structure.place
    v = np.zeros(network.nodes)
    driven = voltages[network.node_net]
    sources = structure.held & np.isfinite(driven)
    v[sources] = driven[sources]
    known = plan.node_ref >= 0
    v[known] = system.work.ref[plan.node_ref[known]]
    rows = place == ROW
    inside = system.work.x
    if plan.coupled.rails:
        row_potentials(held)
    if len(plan.single.wall):
        inside = np.zeros(1 + int(plan.single.slot.max()))
        single_potentials(held, inside)
    v[rows] = inside[plan.node_slot[rows]]
    columns = plan.columns
    x, zero = np.zeros(len(columns.program.diag)), np.zeros(len(columns.program.diag))
    x[columns.program.n :] = system.work.ref[columns.port_ref]
    backward(parts[id(columns.program)], columns.values, zero, x, 0, columns.program.n)
    inner = place == STATIC
    v[inner] = x[plan.node_slot[inner]]
    pillar = np.empty(network.devices)
    pillar[plan.bundles.device] = system.work.pillar[1]
    restore(structure.removed, v, pillar)
    return v[structure.alias]


def track_currents(plan: Plan, system: System, walls: Walls) -> np.ndarray:
    """Track current of every device as the engine moves its wall with it, A, shape (devices,)."""
    bundles = plan.bundles
    current = np.empty(len(bundles.device))
    refs = np.diff(bundles.ref_first)
    per_wall = np.repeat(refs, np.diff(bundles.first))
    start = np.concatenate([[0], np.cumsum(per_wall)])
    owner = np.repeat(np.arange(len(refs)), np.diff(bundles.first))
    place = np.arange(start[-1]) - np.repeat(start[:-1], per_wall)
    ref = bundles.ref[np.repeat(bundles.ref_first[owner], per_wall) + place]
    terms = bundles.siemens * system.work.ref[ref]
    wall = np.repeat(np.arange(len(per_wall)), per_wall)
    current[bundles.device] = np.bincount(wall, terms, minlength=len(per_wall))
    return current


def residual(structure: Structure, plan: Plan, system: System, v: np.ndarray, track: np.ndarray) -> float:
    """Largest current in A missing at a node of the whole network, or between a track and its transfer."""
    network = structure.network
    pillar = np.empty(network.devices)
    pillar[plan.bundles.device] = system.work.pillar[1]
    ends = [network.resistor_nodes, network.terminals[:, [DW_IN, DW_OUT]], network.terminals[:, [MTJ_IN, MTJ_OUT]]]
    ohms = [network.resistor_ohm, network.r_m, pillar]
    missing = np.zeros(network.nodes)
    for pair, ohm in zip(ends, ohms, strict=True):
        first, second = np.ascontiguousarray(pair.T)
        add_currents(missing, structure.alias, first, second, ohm, v)
    drop = v[network.terminals[:, DW_IN]] - v[network.terminals[:, DW_OUT]]
    worst = np.abs(missing[~structure.held]).max(initial=0.0)
    return float(max(worst, np.abs(drop / network.r_m - track).max(initial=0.0)))
