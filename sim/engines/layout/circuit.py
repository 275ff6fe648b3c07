"""Solving the circuit for the walls' present pillars: rows, interface, rows again; powers as it goes."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange

from hwlib.network import Network
from sim.engines.layout.chains import Chains, Taps, chain_powers, join_ports, make_taps, sweep_packs
from sim.engines.layout.plan import Bundles, Columns, Interface, Plan, Rows
from sim.engines.layout.program import Program, backward, forward, port_power

WEIGHT, VDW, LOAD, PILLAR, TRACK, WIRE = range(6)  # columns of powers: delivered, then turned to heat
SILENT = -1
_FAR_FROM_REST = 1000.0  # times the speed at rest
_CLASS = {"line": WEIGHT, "rail": WEIGHT, "vdw": VDW, "dendrite": LOAD}

# Called from compiled code alone: no wrappers, they double the time to compile.
_inner: Any = partial(njit, cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)


class Walls(NamedTuple):
    """Constants of each wall, and its place in pillar units: s = 0 where the wall enters the pillar, 1 where it leaves.

    Attributes:
        low, high: s at the ends of the track.
        rate: ds/dt per track current, 1/(s·A).
        leak: ds/dt of the leak, 1/s.
        still: |ds/dt| below which the wall is at rest, 1/s.
        slow: |ds/dt| of a wall far from rest still, 1/s: while one is faster no step needs to look for rest.
        share: pillar width as a fraction of L.
        pillar: conductance at s = 0, and what it gains up to s = 1, in S; wire in series in Ω; shape (walls, 3).
    """

    low: np.ndarray
    high: np.ndarray
    rate: np.ndarray
    leak: np.ndarray
    still: np.ndarray
    slow: float
    share: np.ndarray
    pillar: np.ndarray


class Work(NamedTuple):
    """Arrays of a board that change, or that every pass needs (flat, as threads take no nested tuples).

    Attributes:
        pillar_group: of the plan.
        rate: ds/dt of the walls per reference potential, a matrix (references, walls) per bundle.
        bound: least and largest rate of a bundle's walls for each of its references; leak_bound: of their leaks.
        nothing: zeros, one per wall.
        here: room for three potentials of every bundle's references.
        row_b, row_c: what the sources put into the rows' fixed part.
        source_class: class of each reference's source, −1 for none that counts.
        pillar: the part of each pillar that is ON, its resistance in Ω, its conductance with its wire in S, (3, walls).
        dirty: groups of rows, or packs of chains, whose pillars changed since they were solved.
        tap, tap_siemens, tap_heat: tap of each wall, and what its pillar is there (of ``Taps``).
        values, b, c, x: of the rows.
        ref: potentials of the references.
        group_power: powers inside each group, WEIGHT … WIRE.
        chunk_group, chunk_pack, chunk_bundle: first group, pack and bundle of each thread's share.
    """

    pillar_group: np.ndarray
    rate: np.ndarray
    bound: np.ndarray
    leak_bound: np.ndarray
    nothing: np.ndarray
    here: np.ndarray
    row_b: np.ndarray
    row_c: np.ndarray
    source_class: np.ndarray
    pillar: np.ndarray
    dirty: np.ndarray
    tap: np.ndarray
    tap_siemens: np.ndarray
    tap_heat: np.ndarray
    values: np.ndarray
    b: np.ndarray
    c: np.ndarray
    x: np.ndarray
    ref: np.ndarray
    group_power: np.ndarray
    chunk_group: np.ndarray
    chunk_pack: np.ndarray
    chunk_bundle: np.ndarray


class Face(NamedTuple):
    """What the interface and the columns work on: sources' part of b, matrix, b, c, potentials; columns' ports."""

    source_b: np.ndarray
    values: np.ndarray
    b: np.ndarray
    c: np.ndarray
    x: np.ndarray
    column_x: np.ndarray


class Board(NamedTuple):
    """A plan under voltage, and the work space of its solution."""

    program: Program
    rows: Rows
    chains: Chains
    columns: Columns
    interface: Interface
    bundles: Bundles
    taps: Taps
    work: Work
    face: Face


def make_walls(network: Network, plan: Plan, rest_speed: float) -> Walls:
    """Constants of the walls in the plan's order."""
    d = plan.bundles.device
    width, length = network.pillar_width[d], network.length[d]
    pillar = np.stack([1 / network.r_ap[d], 1 / network.r_p[d] - 1 / network.r_ap[d], plan.series], axis=1)
    start = network.pillar_centre[d] - width / 2
    return Walls(
        -start / width, (length - start) / width, network.mobility[d] / width, network.leak[d] / width,
        rest_speed / width, float(_FAR_FROM_REST * rest_speed / width.max()), width / length, pillar,
    )  # fmt: skip


def make_board(network: Network, plan: Plan, walls: Walls, voltages: np.ndarray, threads: int) -> Board:
    """Put a plan under the source voltages of each net (NaN: none)."""
    rows, program, interface, bundles = plan.rows, plan.row_program, plan.interface, plan.bundles
    n = interface.program.n
    at_source = network.node_net[plan.source_node]
    ref = np.concatenate([np.zeros(n), np.nan_to_num(voltages[at_source])])
    classes = np.array([_CLASS.get(net.net_class, SILENT) for net in network.parsed_nets()])
    source_class = np.concatenate([np.full(n, SILENT), classes[at_source]]).astype(np.int64)
    slots, blocks = len(program.diag), len(program.port_first) - 1
    row_b, row_c = np.zeros(slots), np.zeros(blocks)
    current = rows.source_siemens * ref[rows.source_ref]
    np.add.at(row_b, rows.source_slot, current)
    owner = np.concatenate([program.block, np.repeat(np.arange(blocks), np.diff(program.port_first))])
    np.add.at(row_c, owner[rows.source_slot].astype(np.int64), current * ref[rows.source_ref])
    source_b = np.zeros(n)
    for here, there in ((interface.a, interface.b), (interface.b, interface.a)):
        to_source = (here < n) & (there >= n)
        np.add.at(source_b, here[to_source], interface.siemens[to_source] * ref[there[to_source]])
    count, groups, packs = len(walls.low), len(program.group) - 1, len(plan.chains.lane_first) - 1
    rate, bound, leak_bound = _rates(bundles, walls)
    taps = make_taps(plan.chains, ref)
    work = Work(
        plan.pillar_group, rate, bound, leak_bound, np.zeros(count), np.zeros((3, len(bundles.ref))), row_b, row_c,
        source_class, np.full((3, count), -1.0), np.ones(max(groups, packs), np.bool_), plan.chains.tap, taps.siemens,
        taps.heat, rows.values.copy(), np.zeros(slots), np.zeros(blocks), np.zeros(slots), ref, np.zeros((groups, 6)),
        _shares(program.group, threads), _shares(plan.chains.work, threads), _shares(bundles.first, threads),
    )  # fmt: skip
    face = Face(
        source_b, np.zeros(interface.program.values), np.zeros(n), np.zeros(1), np.zeros(n),
        np.zeros(len(plan.columns.program.diag)),
    )  # fmt: skip
    return Board(program, rows, plan.chains, plan.columns, interface, bundles, taps, work, face)


def _rates(bundles: Bundles, walls: Walls) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rates, their bounds and the leaks' bounds of every bundle, as ``Work`` has them."""
    rate, bound = np.empty(len(bundles.siemens)), np.zeros((len(bundles.ref), 2))
    leak_bound = np.zeros((len(bundles.first) - 1, 2))
    _fill_rates(bundles, walls.rate, walls.leak, rate, bound, leak_bound)
    return rate, bound, leak_bound


@njit(cache=True)
def _fill_rates(bundles, per_ampere, leak, rate, bound, leak_bound):
    for bundle in range(len(bundles.first) - 1):
        first, last = bundles.first[bundle], bundles.first[bundle + 1]
        begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
        at = bundles.siemens_first[bundle]
        if first == last:
            continue
        leak_bound[bundle, 0], leak_bound[bundle, 1] = leak[first:last].min(), leak[first:last].max()
        for k in range(end - begin):
            here = rate[at + k * (last - first) : at + (k + 1) * (last - first)]
            for i in range(last - first):
                here[i] = bundles.siemens[at + i * (end - begin) + k] * per_ampere[first + i]
            bound[begin + k, 0], bound[begin + k, 1] = here.min(), here.max()


def _shares(first: np.ndarray, threads: int) -> np.ndarray:
    """Cut items with ``first[k]`` work before item k into ``threads`` runs of about equal work."""
    targets = first[-1] * np.arange(1, threads) / threads
    inner = np.searchsorted(first, targets)
    return np.concatenate([[0], inner, [len(first) - 1]]).astype(np.int64)


# Kernels take plain arrays out of their tuples first: every access through a tuple counts references.


@_inner()
def _reset(fixed, values, first, last):
    values[first:last] = fixed[first:last]


@_inner()
def _restart(work, rows, program, group):
    """Put back what a group of rows holds before elimination, without its pillars."""
    n, ports = program.n, program.port_first
    first, last = program.group[group], program.group[group + 1]
    block, block_end = program.group_block[group], program.group_block[group + 1]
    _reset(rows.values, work.values, first, last)
    _reset(rows.values, work.values, n + program.column[first], n + program.column[last])
    _reset(rows.values, work.values, program.s_first[block], program.s_first[block_end])
    _reset(work.row_b, work.b, first, last)
    _reset(work.row_b, work.b, n + ports[block], n + ports[block_end])
    _reset(work.row_c, work.c, block, block_end)


@_inner()
def _add_pillars(work, rows, program, begin, end):
    values, b, c, ref, pillar = work.values, work.b, work.c, work.ref, work.pillar
    walls, us, vs, joint, sources = rows.wall, rows.a, rows.b, rows.joint, rows.source
    diag, block = program.diag, program.block
    for e in range(begin, end):
        g = pillar[2, walls[e]]
        u, v = us[e], vs[e]
        if u >= 0:
            values[diag[u]] += g
        if v >= 0:
            values[diag[v]] += g
        if joint[e] >= 0:
            values[joint[e]] -= g
        else:
            slot, potential = max(u, v), ref[sources[e]]
            b[slot] += g * potential
            c[block[slot]] += g * potential * potential


@_inner()
def _rows_forward(work, rows, program, share):
    for group in range(work.chunk_group[share], work.chunk_group[share + 1]):
        if work.dirty[group]:
            _restart(work, rows, program, group)
            _add_pillars(work, rows, program, rows.wall_group[group], rows.wall_group[group + 1])
            forward(program, work.values, work.b, work.c, program.group[group], program.group[group + 1])


@_inner()
def _pillar_power(work, rows, begin, end, power):
    """Heat in pillars, and what sources at their ends deliver, into ``power``."""
    ref, x, pillar, source_class = work.ref, work.x, work.pillar, work.source_class
    walls, us, vs, sources = rows.wall, rows.a, rows.b, rows.source
    heat = 0.0
    for e in range(begin, end):
        wall, source = walls[e], sources[e]
        if source >= 0:
            current = pillar[2, wall] * (ref[source] - x[max(us[e], vs[e])])
            if source_class[source] >= 0:
                power[source_class[source]] += current * ref[source]
        else:
            current = pillar[2, wall] * (x[us[e]] - x[vs[e]])
        heat += current * current * pillar[1, wall]
    power[3] = heat


@_inner()
def _rows_backward(work, rows, program, share):
    ref, x, source_class = work.ref, work.x, work.source_class
    n = program.n
    for group in range(work.chunk_group[share], work.chunk_group[share + 1]):
        block, block_end = program.group_block[group], program.group_block[group + 1]
        for port in range(program.port_first[block], program.port_first[block_end]):
            x[n + port] = ref[rows.port_ref[port]]
        backward(program, work.values, work.b, x, program.group[group], program.group[group + 1])
        power = work.group_power[group]
        power[:] = 0.0
        _pillar_power(work, rows, rows.wall_group[group], rows.wall_group[group + 1], power)
        for e in range(rows.source_group[group], rows.source_group[group + 1]):
            source = rows.source_ref[e]
            current = rows.source_siemens[e] * (ref[source] - x[rows.source_slot[e]])
            if source_class[source] >= 0:
                power[source_class[source]] += current * ref[source]
        power[5] = port_power(program, work.values, work.b, work.c, x, block, block_end) - power[3]


@_inner(parallel=True)
def _sweep_parallel(chains, taps, dirty, chunk):
    for share in prange(len(chunk) - 1):
        sweep_packs(chains, taps, dirty, chunk[share], chunk[share + 1])


@_inner(parallel=True)
def _rows_forward_parallel(work, rows, program):
    for share in prange(len(work.chunk_group) - 1):
        _rows_forward(work, rows, program, share)


@_inner(parallel=True)
def _rows_backward_parallel(work, rows, program):
    for share in prange(len(work.chunk_group) - 1):
        _rows_backward(work, rows, program, share)


@_inner()
def _gather(values, entry, blocks_values, first, b, port_ref, blocks_b, n):
    for e in range(len(entry)):
        values[entry[e]] += blocks_values[first + e]
    for port in range(len(port_ref)):
        b[port_ref[port]] += blocks_b[n + port]


@_inner()
def _add_joint_pillars(values, b, diag, n, joint, ref, pillar):
    walls, us, vs, entry = joint.wall, joint.pillar_a, joint.pillar_b, joint.joint
    for e in range(len(walls)):
        g = pillar[2, walls[e]]
        u, v = us[e], vs[e]
        if u < n:
            values[diag[u]] += g
            if v >= n:
                b[u] += g * ref[v]
        if v < n:
            values[diag[v]] += g
            if u >= n:
                b[v] += g * ref[u]
        if entry[e] >= 0:
            values[entry[e]] -= g


@_inner()
def _solve_interface(board):
    joint, rows, inner, work = board.interface, board.rows, board.program, board.work
    program, ref = joint.program, work.ref
    n, values, b = program.n, board.face.values, board.face.b
    values[:] = joint.values
    b[:] = board.face.source_b
    _gather(values, rows.entry, work.values, inner.s_first[0], b, rows.port_ref, work.b, inner.n)
    join_ports(board.chains.entry, board.chains.port_ref, board.taps.port, values, b)
    _add_joint_pillars(values, b, program.diag, n, joint, ref, work.pillar)
    forward(program, values, b, board.face.c, 0, n)
    backward(program, values, b, board.face.x, 0, n)
    ref[:n] = board.face.x


@_inner()
def _edge_current(ref, source_class, power, a, b, siemens):
    """Current of an edge between references; what sources at its ends deliver goes into ``power``."""
    current = siemens * (ref[a] - ref[b])
    if source_class[a] >= 0:
        power[source_class[a]] += current * ref[a]
    if source_class[b] >= 0:
        power[source_class[b]] -= current * ref[b]
    return current


@_inner()
def _joint_power(joint, ref, source_class, pillar, power):
    """Powers of the edges between references."""
    a, b, siemens = joint.a, joint.b, joint.siemens
    for e in range(len(a)):
        current = _edge_current(ref, source_class, power, a[e], b[e], siemens[e])
        power[5] += current * current / siemens[e]
    walls, a, b = joint.wall, joint.pillar_a, joint.pillar_b
    for e in range(len(walls)):
        wall = walls[e]
        current = _edge_current(ref, source_class, power, a[e], b[e], pillar[2, wall])
        heat = current * current * pillar[1, wall]
        power[3] += heat
        power[5] += current * current / pillar[2, wall] - heat


@_inner()
def _track_power(bundles, ref):
    heat, heat_first, refs, ref_first = bundles.heat, bundles.heat_first, bundles.ref, bundles.ref_first
    total = 0.0
    for bundle in range(len(heat_first) - 1):
        at = heat_first[bundle]
        begin, end = ref_first[bundle], ref_first[bundle + 1]
        for i in range(begin, end):
            for j in range(begin, end):
                total += heat[at] * ref[refs[i]] * ref[refs[j]]
                at += 1
    return total


@_inner()
def _powers(board, power):
    """Powers of the whole circuit into ``power``; summed in a fixed order."""
    work, columns = board.work, board.columns
    power[:] = 0.0
    for group in range(len(work.group_power)):
        power += work.group_power[group]
    delivered, pillars, wires = chain_powers(board.chains.port_ref, board.taps.port, work.ref)
    power[0] += delivered
    power[3] += pillars
    power[5] += wires
    _joint_power(board.interface, work.ref, work.source_class, work.pillar, power)
    x, n = board.face.column_x, columns.program.n
    x[n:] = work.ref[columns.port_ref]
    blocks = len(columns.program.port_first) - 1
    power[5] += port_power(columns.program, columns.values, x, x, x, 0, blocks, False)
    power[4] = _track_power(board.bundles, work.ref)
    power[5] -= power[4]


@njit(cache=True)
def solve(board, power):
    """Potentials of every reference for the pillars as they are, and the circuit's powers."""
    work, rows, program = board.work, board.rows, board.program
    parallel = len(work.chunk_group) > 2
    if parallel:
        _rows_forward_parallel(work, rows, program)
        _sweep_parallel(board.chains, board.taps, work.dirty, work.chunk_pack)
    else:
        _rows_forward(work, rows, program, 0)
        sweep_packs(board.chains, board.taps, work.dirty, 0, work.chunk_pack[-1])
    work.dirty[:] = False
    _solve_interface(board)
    if parallel:
        _rows_backward_parallel(work, rows, program)
    else:
        _rows_backward(work, rows, program, 0)
    _powers(board, power)
