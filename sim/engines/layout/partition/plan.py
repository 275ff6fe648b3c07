"""A circuit's blocks as elimination programs, with everything that no source voltage and no wall changes.

Potentials that matter to a wall are the interface's and the sources'. Both stand in one vector of references: the
interface by position, then the sources. A track's current is a fixed linear combination of a few references (the
transfer of its column), computed here once.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np

from hwlib.freed_memory import give_back
from hwlib.nets import DENDRITE, LINE, RAIL
from sim.engines.handles import Handle
from sim.engines.jit_options import plain
from sim.engines.layout.elimination.numeric import (
    TOGETHER,
    Program,
    add_edges,
    entry_index,
    forward,
    make_program,
)
from sim.engines.layout.elimination.symbolic import distinct
from sim.engines.layout.ladders.coupled_ladders import CoupledLadders, no_coupled
from sim.engines.layout.ladders.coupled_search import find_coupled
from sim.engines.layout.ladders.single_ladders import RowEdges, SingleLadders, find_single, no_single
from sim.engines.layout.partition.block_records import Bundles, Columns, Interface, Rows
from sim.engines.layout.partition.blocks import INTERFACE, ROW, SOURCE, STATIC, Structure
from sim.engines.layout.partition.bundles import make_bundles
from sim.engines.layout.partition.drafts import Draft, draft_blocks, no_blocks
from sim.engines.layout.partition.made_before import MadeBefore
from sim.engines.layout.partition.reduction import PILLAR, TRACK, CircuitEdges

_NO_LEAK = 1e-14  # of a node's conductance: less is rounding


class Plan(NamedTuple):
    """A whole circuit.

    Attributes:
        row_program, rows, single, columns, interface, bundles: its parts; rows that are single ladders are no others.
        coupled: those of the rows that are swept instead of eliminated, once more; they come before the others.
        source_node: node of each source reference.
        node_ref: reference of each node, −1 without.
        node_slot: slot of each node of a row or column, −1 without.
        series: wire in series with each wall's pillar in Ω.
        pillar_group: group of rows or batch of ladders that a wall's pillar belongs to, −1 the interface, −2 a pillar
            without current.
    """

    row_program: Program
    rows: Rows
    single: SingleLadders
    coupled: CoupledLadders
    columns: Columns
    interface: Interface
    bundles: Bundles
    source_node: np.ndarray
    node_ref: np.ndarray
    node_slot: np.ndarray
    series: np.ndarray
    pillar_group: np.ndarray


def _sources(structure: Structure) -> np.ndarray:
    """Nodes that sources hold, those at tracks first: a step then needs the first references alone."""
    edges, place = structure.edges, structure.place
    track = edges.kind == TRACK
    ends = np.concatenate([edges.a[track], edges.b[track], edges.a[~track], edges.b[~track]])
    nodes = distinct(ends[place[ends] == SOURCE])
    at_tracks = np.isin(nodes, ends[: 2 * np.count_nonzero(track)])
    return np.concatenate([nodes[at_tracks], nodes[~at_tracks]])


def build_plan(structure: Structure, before: MadeBefore) -> Plan:
    """Order, place and eliminate what is fixed; ``before``: parts of the network's other plan."""
    edges, network = structure.edges, structure.network
    node_slot, node_ref = np.full(network.nodes, -1, np.int32), np.full(network.nodes, -1, np.int32)
    rows = draft_blocks(structure, ROW, node_slot)  # sources hold others of their nodes in each phase
    columns = draft_blocks(structure, STATIC, node_slot, before)
    give_back(network.devices)
    program = _interface_program(structure, (rows, columns), node_ref, before)
    source_node = _sources(structure)
    node_ref[source_node] = program.n + np.arange(len(source_node))
    done = _columns(columns, structure, node_ref, before)
    bundles = make_bundles(structure, columns, done, node_ref, before)
    del columns  # as large as the network
    wall_of = np.full(network.devices, -1, np.int64)
    wall_of[bundles.device] = np.arange(network.devices)
    interface = _interface(structure, program, done, node_ref, wall_of)
    single = None
    if _only_weights(rows, structure):
        single = find_single(_ladder(rows, structure, node_ref, wall_of), program, network.devices)
    if single is not None:
        rows = no_blocks(len(edges.a))
    row_part = _rows(rows, structure, node_ref, program, wall_of)
    coupled = None
    if single is None:
        dendrite = _dendrites(structure, rows, node_slot)
        # The ladder has no name here: it goes as soon as it is let go of there.
        coupled, odd = find_coupled(
            _ladder(rows, structure, node_ref, wall_of), dendrite, row_part.entry, network.devices
        )
        if coupled is not None:
            first = _first_odd(odd)
            if odd[:first].any() or (odd.any() and first % TOGETHER):
                return build_plan(_odd_rows_last(structure, odd), before)
            row_part = row_part._replace(
                first_block=first, first_group=-(-first // TOGETHER), first_dirty=len(coupled.work) - 1
            )
    single, coupled = single or no_single(network.devices), coupled or no_coupled(network.devices)
    return Plan(
        row_program=rows.program,
        rows=row_part,
        single=single,
        coupled=coupled,
        columns=done,
        interface=interface,
        bundles=bundles,
        source_node=source_node,
        node_ref=node_ref,
        node_slot=node_slot,
        series=_series(edges, wall_of),
        pillar_group=_pillar_groups(network.devices, interface, row_part, single, coupled),
    )


def _series(edges: CircuitEdges, wall_of: np.ndarray) -> np.ndarray:
    """Wire in series with each wall's pillar in Ω, shape (walls,)."""
    series = np.zeros(len(wall_of))
    pillar = edges.kind == PILLAR
    series[wall_of[edges.device[pillar]]] = edges.ohm[pillar]
    return series


def _pillar_groups(
    devices: int, interface: Interface, rows: Rows, single: SingleLadders, coupled: CoupledLadders
) -> np.ndarray:
    """What each wall's pillar belongs to, as ``Plan`` has it."""
    group = np.full(devices, -2, np.int64)
    group[interface.wall] = -1
    marks = rows.first_dirty + np.arange(len(rows.wall_group) - 1)
    group[rows.wall] = np.repeat(marks, np.diff(rows.wall_group))
    for swept in (single, coupled):
        group[swept.wall] = np.repeat(np.arange(len(swept.work) - 1), np.diff(swept.work))
    return group


def _refs(node_ref: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """References of some nodes, as wide as compiled code takes them; kept for all nodes they are half as wide."""
    return node_ref[nodes].astype(np.int64)


def _first_odd(odd: np.ndarray) -> int:
    """First of the rows at the end that are eliminated."""
    return len(odd) - int(np.argmin(np.append(odd[::-1], False)))


def _odd_rows_last(structure: Structure, odd: np.ndarray) -> Structure:
    """Rows that cannot be swept numbered behind the others, from a new group of blocks on."""
    number, swept = np.empty(len(odd), np.int64), int(np.count_nonzero(~odd))
    number[~odd] = np.arange(swept)
    number[odd] = -(-swept // TOGETHER) * TOGETHER + np.arange(len(odd) - swept)
    block, rows = structure.block.copy(), structure.place == ROW
    block[rows] = number[block[rows]]
    return replace(structure, block=block)


def _dendrites(structure: Structure, rows: Draft, node_slot: np.ndarray) -> np.ndarray:
    """Whether each slot of the rows is a node of a dendrite."""
    network = structure.network
    of_dendrite = network.nets_of(DENDRITE)[network.node_net]
    nodes = np.flatnonzero(structure.place == ROW)
    dendrite = np.zeros(len(rows.program.diag), bool)
    dendrite[node_slot[nodes]] = of_dendrite[nodes]
    dendrite[rows.program.n :] = of_dendrite[rows.port_node]
    return dendrite


def _only_weights(draft: Draft, structure: Structure) -> bool:
    """Whether weights are the only sources inside the blocks: what single ladders deliver is counted as theirs."""
    edges, network = structure.edges, structure.network
    weights = network.nets_of(LINE, RAIL)[network.node_net]
    ends = np.where(draft.u < 0, edges.a[draft.mine], edges.b[draft.mine])[(draft.u < 0) | (draft.v < 0)]
    return bool(weights[ends].all())


def _ladder(draft: Draft, structure: Structure, node_ref: np.ndarray, wall_of: np.ndarray) -> RowEdges:
    edges, mine = structure.edges, draft.mine
    pillar = edges.kind[mine] == PILLAR
    end = np.where(draft.u < 0, edges.a[mine], edges.b[mine])
    return RowEdges(
        program=draft.program,
        u=draft.u,
        v=draft.v,
        siemens=np.where(pillar, 0.0, 1 / np.where(pillar, 1.0, edges.ohm[mine])),
        series=np.where(pillar, edges.ohm[mine], 0.0),
        wall=np.where(pillar, wall_of[edges.device[mine]], -1),
        source=np.where((draft.u < 0) | (draft.v < 0), _refs(node_ref, end), -1),
        port_ref=_refs(node_ref, draft.port_node),
    )


def _interface_program(
    structure: Structure, drafts: tuple[Draft, ...], node_ref: np.ndarray, before: MadeBefore
) -> Program:
    """Plan the interface, every block joining all its ports to one another; fills in its nodes' references.

    Args:
        structure: the circuit.
        drafts: rows, whose pillars change, and columns.
        node_ref: filled in.
        before: parts of the network's other plan.
    """
    edges, place = structure.edges, structure.place
    nodes = np.flatnonzero(place == INTERFACE)
    local = np.full(len(place), -1, np.int64)
    local[nodes] = np.arange(len(nodes))
    u, v = [local[edges.a]], [local[edges.b]]
    for draft in drafts:
        ports, first = local[draft.port_node], draft.program.port_first
        for count in set(np.diff(first).tolist()) - {0, 1}:
            i, j = _pairs(count)
            at = first[:-1][np.diff(first) == count, None]
            u.append(ports[at + i].ravel())
            v.append(ports[at + j].ravel())
    all_u, all_v = np.concatenate(u), np.concatenate(v)
    inner = (all_u >= 0) & (all_v >= 0)
    none = np.zeros(0, np.int64)
    changing = np.zeros(len(place), bool)
    changing[drafts[0].port_node] = True
    pillar = edges.kind == PILLAR
    changing[edges.a[pillar]] = changing[edges.b[pillar]] = True
    shape, changes = (np.zeros(len(nodes), np.int64), none, all_u[inner], all_v[inner]), changing[nodes]
    program, slot = before.get(lambda: make_program(*shape, changing=changes), "interface", shape, changes)
    node_ref[nodes] = slot
    return program


@cache
def _pairs(ports: int) -> tuple[np.ndarray, np.ndarray]:
    """Every pair of a block's ports."""
    return np.tril_indices(ports, -1)


def _columns(draft: Draft, structure: Structure, node_ref: np.ndarray, before: MadeBefore) -> Columns:
    ohm = structure.edges.ohm[draft.mine]
    made_of = draft.program, draft.port_block, draft.u, draft.v, ohm
    values = before.get(lambda: _eliminated(draft, ohm), "columns", made_of)
    return Columns(program=draft.program, values=values, port_ref=_refs(node_ref, draft.port_node))


def _eliminated(draft: Draft, ohm: np.ndarray) -> np.ndarray:
    """Values of blocks without pillars after their elimination; ``ohm`` of their edges."""
    program = draft.program
    values, held, blocks = np.zeros(program.values), Handle(program), len(program.port_first) - 1
    add_edges(held, values, draft.port_block, draft.u, draft.v, 1 / ohm)
    forward(held, values, np.zeros(len(program.diag)), np.zeros(blocks), 0, program.n)
    return values


def _interface(
    structure: Structure, program: Program, columns: Columns, node_ref: np.ndarray, wall_of: np.ndarray
) -> Interface:
    edges, place = structure.edges, structure.place
    outside = (SOURCE, INTERFACE)
    joint = np.isin(place[edges.a], outside) & np.isin(place[edges.b], outside)
    a, b = _refs(node_ref, edges.a[joint]), _refs(node_ref, edges.b[joint])
    fixed = edges.kind[joint] != PILLAR
    siemens = np.where(fixed, 1 / np.where(fixed, edges.ohm[joint], 1.0), 0.0)
    none = np.zeros(0, np.int64)
    values = np.zeros(program.values)
    u, v = np.where(a < program.n, a, -1), np.where(b < program.n, b, -1)
    entries = add_edges(Handle(program), values, none, u, v, siemens)
    inner = columns.program
    np.add.at(values, _entries(program, inner, columns.port_ref), columns.values[inner.s_first[0] :])
    wall = wall_of[edges.device[joint][~fixed]]
    ends = np.stack([a[fixed], b[fixed]])
    to_source = (ends >= program.n).any(axis=0)
    each, leak = _conductances(program, values, ends[:, to_source], siemens[fixed][to_source])
    forward(Handle(program), values, np.zeros(program.n), np.zeros(1), 0, program.still)
    return Interface(
        program=program,
        values=values,
        a=each[0],
        b=each[1],
        siemens=each[2],
        sources=int(np.count_nonzero(to_source)),
        leak=leak,
        wall=wall,
        pillar_a=a[~fixed],
        pillar_b=b[~fixed],
        joint=entries[~fixed],
    )


def _conductances(
    program: Program, values: np.ndarray, ends: np.ndarray, siemens: np.ndarray
) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Ends and siemens of all fixed conductances, those given to sources first, and what each node has to ground."""
    n = program.n
    own = np.repeat(np.arange(n), np.diff(program.column))
    other, between = program.rows.astype(np.int64), -values[n : n + len(program.rows)]
    leak = values[:n].copy()
    for node, taken in ((own, between), (other, between), (ends[0], siemens), (ends[1], siemens)):
        inner = node < n
        np.subtract.at(leak, node[inner], taken[inner])
    leak[np.abs(leak) < _NO_LEAK * values[:n]] = 0.0
    some = between != 0
    each = np.concatenate([ends[0], own[some]]), np.concatenate([ends[1], other[some]])
    return (*each, np.concatenate([siemens, between[some]])), leak


def _rows(draft: Draft, structure: Structure, node_ref: np.ndarray, interface: Program, wall_of: np.ndarray) -> Rows:
    program, edges = draft.program, structure.edges
    pillar = edges.kind[draft.mine] == PILLAR
    siemens = np.where(pillar, 0.0, 1 / np.where(pillar, 1.0, edges.ohm[draft.mine]))
    values = np.zeros(program.values)
    joint = add_edges(Handle(program), values, draft.port_block, draft.u, draft.v, siemens)
    slot = np.where(draft.u < 0, draft.v, draft.u)
    end = np.where(draft.u < 0, edges.a[draft.mine], edges.b[draft.mine])
    at_source = (draft.u < 0) | (draft.v < 0)
    source = np.where(at_source, _refs(node_ref, end), -1)
    block = np.concatenate([program.block, draft.port_block]).astype(np.int64)
    group = np.searchsorted(program.group_block, block[slot], side="right") - 1
    fixed = np.flatnonzero(~pillar & at_source)
    fixed = fixed[np.argsort(group[fixed], kind="stable")]
    moving = np.flatnonzero(pillar)
    moving = moving[np.lexsort((slot[moving], group[moving]))]
    groups = np.arange(len(program.group))
    port_ref = _refs(node_ref, draft.port_node)
    return Rows(
        first_block=0,
        first_group=0,
        first_dirty=0,
        values=values,
        port_ref=port_ref,
        entry=_entries(interface, program, port_ref),
        source_slot=slot[fixed],
        source_ref=source[fixed],
        source_siemens=siemens[fixed],
        source_group=np.searchsorted(group[fixed], groups),
        wall=wall_of[edges.device[draft.mine][moving]],
        a=draft.u[moving],
        b=draft.v[moving],
        joint=joint[moving],
        source=source[moving],
        wall_group=np.searchsorted(group[moving], groups),
    )


def _entries(interface: Program, program: Program, port_ref: np.ndarray) -> np.ndarray:
    """Where each entry of the blocks' S goes among the interface's values."""
    none = np.zeros(0, np.int64)
    count = int(program.s_first[-1] - program.s_first[0])
    return _entry_loop(Handle(interface), none, program.port_first, port_ref, count)


@plain()
def _entry_loop(interface, none, port_first, port_ref, count):
    entries = np.empty(count, np.int64)
    at = 0
    for block in range(len(port_first) - 1):
        for i in range(port_first[block], port_first[block + 1]):
            for j in range(port_first[block], i + 1):
                u, v = port_ref[i], port_ref[j]
                if u == v:
                    entries[at] = interface.diag[u]
                else:
                    entries[at] = entry_index(
                        interface.n, interface.column, interface.rows, none, none, interface.s_first, u, v
                    )
                at += 1
    return entries
