"""Solving the circuit for the walls' present pillars: rows, interface, rows again; powers as it goes."""

from __future__ import annotations

import numpy as np
from numba import prange

from sim.engines.function_pointers import call
from sim.engines.jit_options import kernel, outer, parallel_kernel, plain
from sim.engines.layout.elimination.numeric import backward, forward, port_power
from sim.engines.layout.ladders.coupled_ladders import join_coupled
from sim.engines.layout.ladders.single_ladders import join_ports, single_powers, sweep_single
from sim.engines.layout.partition.block_records import (
    ALL_SHARES,
    ELIMINATE,
    INTERFACE,
    POWERS,
    SUBSTITUTE,
    SWEEP,
    SWEPT_POWERS,
)

# Indices are np.int64 in every call: another type would compile the callee again.


@outer()
def _reset(fixed, values, first, last):
    for k in range(first, last):
        values[k] = fixed[k]


@outer()
def _clear(values):
    for k in range(len(values)):
        values[k] = 0.0


@outer()
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


@outer()
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


@outer()
def _group_forward(work, rows, program, group):
    _restart(work, rows, program, group)
    _add_pillars(work, rows, program, rows.wall_group[group], rows.wall_group[group + 1])
    forward(program, work.values, work.b, work.c, program.group[group], program.group[group + 1])


@outer()
def _rows_forward(work, rows, program, share):
    for group in range(work.chunk_group[share], work.chunk_group[share + 1]):
        if work.dirty[rows.first_dirty + group]:
            _group_forward(work, rows, program, group)


@outer()
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


@outer()
def _group_backward(work, rows, program, group):
    """Potentials inside a group of rows for those of the references."""
    n, x, ref = program.n, work.x, work.ref
    block, block_end = program.group_block[group], program.group_block[group + 1]
    for port in range(program.port_first[block], program.port_first[block_end]):
        x[n + port] = ref[rows.port_ref[port]]
    backward(program, work.values, work.b, x, program.group[group], program.group[group + 1])


@outer()
def _rows_backward(work, rows, program, share):
    ref, x, source_class = work.ref, work.x, work.source_class
    for group in range(work.chunk_group[share], work.chunk_group[share + 1]):
        _group_backward(work, rows, program, group)
        block, block_end = program.group_block[group], program.group_block[group + 1]
        power = work.group_power[group]
        _clear(power)
        _pillar_power(work, rows, rows.wall_group[group], rows.wall_group[group + 1], power)
        for e in range(rows.source_group[group], rows.source_group[group + 1]):
            source = rows.source_ref[e]
            current = rows.source_siemens[e] * (ref[source] - x[rows.source_slot[e]])
            if source_class[source] >= 0:
                power[source_class[source]] += current * ref[source]
        power[5] = port_power(program, work.values, work.b, work.c, x, block, block_end) - power[3]


@outer()
def _gather(values, rows, program, block_values, b, blocks_b):
    first, entry, port_ref, block = program.s_first[0], rows.entry, rows.port_ref, rows.first_block
    for e in range(program.s_first[block] - first, len(entry)):
        values[entry[e]] += block_values[first + e]
    for port in range(program.port_first[block], len(port_ref)):
        b[port_ref[port]] += blocks_b[program.n + port]


@outer()
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


@outer()
def assemble_interface(system, values, b):
    """Add what rows and ladders leave at their ports to the interface's fixed values and sources."""
    joint, rows, inner, work = system.interface, system.rows, system.program, system.work
    program, ref = joint.program, work.ref
    n = program.n
    if system.coupled.rails > 0:
        join_coupled(system.coupled, system.coupled_state, values, b, ref, n)
    _gather(values, rows, inner, work.values, b, work.b)
    join_ports(system.single.entry, system.single.port_ref, system.taps.port, values, b)
    _add_joint_pillars(values, b, program.diag, n, joint, ref, work.pillar)


@kernel()
def solve_interface(system):
    """Potentials of the references, from what rows and ladders leave at their ports."""
    program, values, b = system.interface.program, system.face.values, system.face.b
    n, still = program.n, program.still
    _reset(system.interface.values, values, still, n)
    _reset(system.interface.values, values, n + program.column[still], len(values))
    _reset(system.face.source_b, b, 0, n)
    assemble_interface(system, values, b)
    forward(program, values, b, system.face.c, still, n)
    backward(program, values, b, system.face.x, 0, n)
    _reset(system.face.x, system.work.ref, 0, n)


@outer()
def _edge_current(ref, source_class, power, a, b, siemens):
    """Current of an edge between references; what sources at its ends deliver goes into ``power``."""
    current = siemens * (ref[a] - ref[b])
    if source_class[a] >= 0:
        power[source_class[a]] += current * ref[a]
    if source_class[b] >= 0:
        power[source_class[b]] -= current * ref[b]
    return current


@outer()
def _joint_power(joint, ref, source_class, pillar, power):
    """Powers of the edges between sources and other references, and of the pillars between references."""
    a, b, siemens = joint.a, joint.b, joint.siemens
    for e in range(joint.sources):
        current = _edge_current(ref, source_class, power, a[e], b[e], siemens[e])
        power[5] += current * (ref[a[e]] - ref[b[e]])
    walls, a, b = joint.wall, joint.pillar_a, joint.pillar_b
    for e in range(len(walls)):
        wall = walls[e]
        current = _edge_current(ref, source_class, power, a[e], b[e], pillar[2, wall])
        heat = current * current * pillar[1, wall]
        power[3] += heat
        power[5] += current * current / pillar[2, wall] - heat


# Sums of four strands each: a processor then adds while it multiplies.
@outer()
def _fixed_power(a, b, siemens, ref, first):
    """Heat of conductances between references, from number ``first`` on."""
    one, two, three, four = 0.0, 0.0, 0.0, 0.0
    last = len(siemens)
    whole = first + (last - first) // 4 * 4
    for e in range(first, whole, 4):
        drop = ref[a[e]] - ref[b[e]]
        one += siemens[e] * drop * drop
        drop = ref[a[e + 1]] - ref[b[e + 1]]
        two += siemens[e + 1] * drop * drop
        drop = ref[a[e + 2]] - ref[b[e + 2]]
        three += siemens[e + 2] * drop * drop
        drop = ref[a[e + 3]] - ref[b[e + 3]]
        four += siemens[e + 3] * drop * drop
    for e in range(whole, last):
        drop = ref[a[e]] - ref[b[e]]
        one += siemens[e] * drop * drop
    return (one + two) + (three + four)


@outer()
def _track_power(a, b, heat, ref):
    one, two, three, four = 0.0, 0.0, 0.0, 0.0
    whole = len(heat) // 4 * 4
    for e in range(0, whole, 4):
        one += heat[e] * ref[a[e]] * ref[b[e]]
        two += heat[e + 1] * ref[a[e + 1]] * ref[b[e + 1]]
        three += heat[e + 2] * ref[a[e + 2]] * ref[b[e + 2]]
        four += heat[e + 3] * ref[a[e + 3]] * ref[b[e + 3]]
    for e in range(whole, len(heat)):
        one += heat[e] * ref[a[e]] * ref[b[e]]
    return (one + two) + (three + four)


@kernel()
def add_powers(system):
    """Powers of all but coupled ladders into ``Face.power``; summed in a fixed order."""
    work, joint, bundles, power = system.work, system.interface, system.bundles, system.face.power
    ref = work.ref
    _clear(power)
    for group in range(len(work.group_power)):
        for k in range(len(power)):
            power[k] += work.group_power[group, k]
    delivered, pillars, wires = single_powers(system.single.port_ref, system.taps.port, ref)
    power[0] += delivered
    power[3] += pillars
    power[5] += wires
    _joint_power(joint, ref, work.source_class, work.pillar, power)
    power[5] += _fixed_power(joint.a, joint.b, joint.siemens, ref, joint.sources)
    for k in range(len(joint.leak)):
        power[5] += joint.leak[k] * ref[k] * ref[k]
    power[4] = _track_power(bundles.heat_a, bundles.heat_b, bundles.heat, ref)
    power[5] -= power[4]


@kernel()
def eliminate_rows(system, share):
    """Rows of a share that are not swept, as far as their pillars changed."""
    _rows_forward(system.work, system.rows, system.program, share)


@kernel()
def eliminate_single(system, share):
    """Single ladders of a share, as far as their pillars changed."""
    chunk = system.work.chunk_batch
    sweep_single(system.single, system.taps, system.work.dirty, chunk[share], chunk[share + 1])


@kernel()
def substitute_rows(system, share):
    """Potentials inside the rows of a share that are not swept, and their powers."""
    _rows_backward(system.work, system.rows, system.program, share)


@parallel_kernel()
def parallel_solution(system, which):
    """One part of a solution, a share a thread."""
    for share in prange(len(system.work.chunk_batch) - 1):
        call(system.calls[which], system, np.int64(share))


@outer()
def _all_shares(system, which):
    if system.calls[ALL_SHARES] != 0:
        call(system.calls[ALL_SHARES], system, np.int64(which))
    else:
        call(system.calls[which], system, np.int64(0))


@outer()
def eliminate_all_rows(system):
    """Rows whose pillars changed, down to their ports."""
    dirty = system.work.dirty
    for which in (SWEEP, ELIMINATE):
        if system.calls[which] != 0:
            _all_shares(system, np.int64(which))
    for k in range(len(dirty)):
        dirty[k] = False


@outer()
def finish_solution(system):
    """Rows and powers for the references' potentials."""
    if system.calls[SUBSTITUTE] != 0:
        _all_shares(system, np.int64(SUBSTITUTE))
    call(system.calls[POWERS], system)
    if system.calls[SWEPT_POWERS] != 0:
        call(system.calls[SWEPT_POWERS], system)


@outer()
def solve_circuit(system):
    """Potentials of every reference for the pillars as they are, and the circuit's powers."""
    eliminate_all_rows(system)
    call(system.calls[INTERFACE], system)
    finish_solution(system)


@plain()
def solve(system):
    """The same, to be called from outside compiled code."""
    solve_circuit(system)


@plain()
def row_potentials(system):
    """Potentials inside rows that are swept as coupled, into ``Work.x``, for those of the references."""
    for group in range(len(system.program.group) - 1):
        _group_forward(system.work, system.rows, system.program, group)
        _group_backward(system.work, system.rows, system.program, group)
