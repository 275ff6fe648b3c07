"""Compiled circuit of the ideal engine: velocities and powers of one trial's 2N walls.

Walls are numbered somas first (0 … N−1), then axons (N + j: all axons of neuron j, which move alike). Functions here
and in ``ideal_steps`` are compiled into ``ideal_phases.advance``, which alone is cached.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.contained_code import contained
from sim.dynamics.compiled import kinematic_law

BEFORE, UNDER, PAST = 0, 1, 2  # mode of a wall: where it is from its pillar
WEIGHT, VDW, LOAD, PILLAR, TRACK = range(5)


class IdealWalls(NamedTuple):
    """Per wall, shape (2N,): geometry in m, conductances in S, slope in S/m, mobility in m/s per A, leak in m/s."""

    length: np.ndarray
    enter: np.ndarray  # pillar edges within the track
    leave: np.ndarray
    edge: np.ndarray  # drawn left edge of the pillar
    g_ap: np.ndarray
    g_p: np.ndarray
    slope: np.ndarray
    mobility: np.ndarray
    leak: np.ndarray


class IdealCircuit(NamedTuple):
    """What all trials share: tracks in Ω (N,), number of axons (N,), who feeds whom (N pre, N post) as 0 or 1."""

    r_soma: np.ndarray
    r_axon: np.ndarray
    fan_out: np.ndarray
    joined: np.ndarray


class Drive(NamedTuple):
    """One trial's sources in V; sums over the axons that conduct in the load phase (``WeightNets.loads``)."""

    weight: np.ndarray  # (N pre, N post)
    v_dw: float
    load: np.ndarray  # dendrite voltage in the load phase, (N,)
    rail_count: np.ndarray  # axons of neuron j on net r, (R, N)
    rail_load: np.ndarray  # Σ of the load voltages of their dendrites, (R, N)
    rail_square: np.ndarray  # Σ of the squares of those voltages, (N,)
    rest: np.ndarray  # m/s below which each wall is at rest, (2N,)


class IdealWork(NamedTuple):
    """State and scratch of one trial."""

    q: np.ndarray  # (2N,)
    q_new: np.ndarray
    rate: np.ndarray  # velocity each wall would have if nothing stopped it, (stages, 2N)
    power: np.ndarray  # (stages, 5)
    mode: np.ndarray
    free: np.ndarray  # 0 where pinned, (2N,)
    base: np.ndarray  # Σ G·W and Σ G over axons that are not moving under their pillar, (2, N)
    total: np.ndarray  # the same over all axons, (2, N)
    square: np.ndarray  # Σ_i W_ij² of each axon column, (N,)
    still_square: np.ndarray  # Σ G·W² over axons that are not moving under their pillar, (1,)
    volt: np.ndarray  # dendrite voltages, (N,)
    active: np.ndarray  # neurons whose axons move under their pillars; count in the last place, (N + 1,)
    energy: np.ndarray  # (5,)


# Compiled into one function; all memory comes from outside: no reference counts.
jit: Any = contained(optimized=False, error_model="numpy", _nrt=False)


@jit
def conductance(walls, w, q, mode):
    """Of a wall's pillar with the wall at ``q``, in S."""
    if mode == BEFORE:
        return walls.g_ap[w]
    if mode == PAST:
        return walls.g_p[w]
    return walls.g_ap[w] + walls.slope[w] * (q - walls.edge[w])


@jit
def _feed(walls, circuit, drive, work, q, s):
    """Axon velocities from the soma pillars; V_DW's power and where it goes."""
    n = len(circuit.r_soma)
    pillar = track = vdw = 0.0
    for j in range(n):
        fan = circuit.fan_out[j]
        if fan == 0:
            work.rate[s, n + j] = 0.0
            continue
        g = conductance(walls, j, q[j], work.mode[j])
        tracks = circuit.r_axon[j] / fan
        current = drive.v_dw * g / (1 + g * tracks)
        work.rate[s, n + j] = kinematic_law(walls.mobility[n + j], current, walls.leak[n + j], fan)
        vdw += drive.v_dw * current
        pillar += current * current / g
        track += current * current * tracks
    work.power[s, VDW], work.power[s, PILLAR], work.power[s, TRACK] = vdw, pillar, track


@jit
def _loaded(walls, circuit, drive, work, q, s):
    """Soma velocities and power of the load sources; shared weight nets that float couple the dendrites."""
    n = len(circuit.r_soma)
    track = pillar = 0.0
    for i in range(n):
        current = drive.load[i] / circuit.r_soma[i]
        work.volt[i] = drive.load[i]
        work.rate[s, i] = kinematic_law(walls.mobility[i], current, walls.leak[i])
        track += current * drive.load[i]
    for j in range(n):
        pillar += conductance(walls, n + j, q[n + j], work.mode[n + j]) * drive.rail_square[j]
    for r in range(len(drive.rail_count)):
        siemens = ampere = 0.0
        for j in range(n):
            g = conductance(walls, n + j, q[n + j], work.mode[n + j])
            siemens += g * drive.rail_count[r, j]
            ampere += g * drive.rail_load[r, j]
        pillar -= ampere * ampere / siemens
    work.power[s, WEIGHT], work.power[s, LOAD] = 0.0, track + pillar
    work.power[s, PILLAR] += pillar
    work.power[s, TRACK] += track


@jit
def _dendrites(walls, circuit, drive, work, q, s):
    """Soma velocities from the axon pillars; the weight sources' power and where it goes."""
    n = len(circuit.r_soma)
    for i in range(n):
        work.total[0, i], work.total[1, i] = work.base[0, i], work.base[1, i]
    current, siemens = work.total[0], work.total[1]
    square = work.still_square[0]
    for a in range(work.active[n]):
        j = work.active[a]
        g = conductance(walls, n + j, q[n + j], UNDER)
        weight, joined = drive.weight[j], circuit.joined[j]
        for i in range(n):
            current[i] += g * weight[i]
            siemens[i] += g * joined[i]
        square += g * work.square[j]
    weight_power = pillar = square
    track = 0.0
    for i in range(n):
        own = 1 / circuit.r_soma[i]
        volt = current[i] / (siemens[i] + own)
        work.volt[i] = volt
        work.rate[s, i] = kinematic_law(walls.mobility[i] * volt, own, walls.leak[i])  # k·I = (k·V)·(1/R)
        weight_power -= current[i] * volt
        pillar += volt * (siemens[i] * volt - 2 * current[i])
        track += volt * volt * own
    work.power[s, WEIGHT], work.power[s, LOAD] = weight_power, 0.0
    work.power[s, PILLAR] += pillar
    work.power[s, TRACK] += track


@jit
def rates(walls, circuit, drive, work, q, s, loading):
    """Velocities and powers with the walls at ``q``, into stage ``s``."""
    _feed(walls, circuit, drive, work, q, s)
    if loading:
        _loaded(walls, circuit, drive, work, q, s)
    else:
        _dendrites(walls, circuit, drive, work, q, s)


@jit
def column(walls, circuit, drive, work, j, sign):
    """Add or remove the axons of neuron j as they now are to the sums over those that do not change."""
    n = len(circuit.r_soma)
    g = sign * conductance(walls, n + j, work.q[n + j], work.mode[n + j])
    for i in range(n):
        work.base[0, i] += g * drive.weight[j, i]
        work.base[1, i] += g * circuit.joined[j, i]
    work.still_square[0] += g * work.square[j]


@jit
def rebuild(walls, circuit, drive, work):
    """Sums over the axons that do not change, anew, and the list of those that do."""
    n = len(circuit.r_soma)
    for i in range(n):
        work.base[0, i] = work.base[1, i] = 0.0
    work.still_square[0] = 0.0
    work.active[n] = 0
    for j in range(n):
        square = 0.0
        for i in range(n):
            square += drive.weight[j, i] ** 2
        work.square[j] = square
        if work.mode[n + j] == UNDER and work.free[n + j] == 1:
            work.active[work.active[n]] = j
            work.active[n] += 1
        else:
            column(walls, circuit, drive, work, j, 1.0)


@jit
def imbalance(walls, circuit, drive, work, loading):
    """Largest current missing at a dendrite, from sums made anew."""
    n = len(circuit.r_soma)
    worst = 0.0
    if loading:
        return worst
    for i in range(n):
        current = -work.volt[i] / circuit.r_soma[i]
        for j in range(n):
            g = conductance(walls, n + j, work.q[n + j], work.mode[n + j])
            current += g * circuit.joined[j, i] * (drive.weight[j, i] - work.volt[i])
        worst = max(worst, abs(current))
    return worst
