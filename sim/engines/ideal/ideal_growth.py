"""How a small change of the currents grows along a trial of the ideal engine, to first order.

The change of a current moves its wall a little. A soma's wall that is elsewhere under its pillar changes the speed of
its axons; axons' walls elsewhere under their pillars change the speeds of somas. A wall held at an end forgets. Going
on from step to step is exact enough: what matters is whether a way grows tenfold or a billionfold.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.engines.ideal.ideal_circuit import UNDER, conductance, jit
from sim.perturbation import tilt

_ENOUGH = 1e10  # tracks per relative change of the currents: nothing is learned beyond


class IdealGrowth(NamedTuple):
    """What is followed in one trial.

    Attributes:
        tilt: relative change of each wall's current, shape (2N,).
        way: how far it moved each wall, m per change, shape (2N,).
        leader: the largest way of a soma's wall so far, in tracks, and which soma's.
    """

    tilt: np.ndarray
    way: np.ndarray
    leader: np.ndarray


def new_growth(n: int) -> IdealGrowth:
    """For a trial of N neurons."""
    return IdealGrowth(tilt=tilt(n).copy(), way=np.zeros(2 * n), leader=np.zeros(2))


@jit
def grow(walls, circuit, drive, work, growth, h):
    """Go on by a step of length ``h`` of the convergence phase just accepted, in which modes did not change."""
    n = len(circuit.r_soma)
    if abs(growth.leader[0]) > _ENOUGH:
        return
    for i in range(n):
        if work.free[i] == 0:
            growth.way[i] = 0.0
            continue
        change = (work.rate[0, i] - walls.leak[i]) * growth.tilt[i]
        if work.active[n] > 0:
            change += _of_axons(walls, circuit, drive, work, growth, i)
        growth.way[i] += h * change
        if abs(growth.way[i]) > abs(growth.leader[0]) * walls.length[i]:
            growth.leader[0], growth.leader[1] = growth.way[i] / walls.length[i], i
    for j in range(n):
        if work.free[n + j] == 0:
            growth.way[n + j] = 0.0
        elif work.mode[j] == UNDER and work.free[j] == 1:
            growth.way[n + j] += h * _of_soma(walls, circuit, drive, work, growth, j)


@jit
def _of_axons(walls, circuit, drive, work, growth, i):
    """What axons under their pillars do to the speed of soma ``i``."""
    ampere = 0.0
    for a in range(work.active[len(circuit.r_soma)]):
        j = work.active[a]
        w = len(circuit.r_soma) + j
        ampere += walls.slope[w] * growth.way[w] * (drive.weight[j, i] - circuit.joined[j, i] * work.volt[i])
    return walls.mobility[i] * ampere / (work.total[1, i] * circuit.r_soma[i] + 1)


@jit
def _of_soma(walls, circuit, drive, work, growth, j):
    """What soma ``j`` under its pillar does to the speed of its axons."""
    fan_out = circuit.fan_out[j]
    if fan_out == 0:
        return 0.0
    drop = 1 + conductance(walls, j, work.q[j], UNDER) * circuit.r_axon[j] / fan_out
    gain = walls.mobility[len(circuit.r_soma) + j] * walls.slope[j] * drive.v_dw / (drop * drop * fan_out)
    return gain * growth.way[j]


def led(length, wall, growth) -> float:
    """The largest way of a soma's wall, in tracks per change; positive where it went the way its wall ended."""
    leader = int(growth.leader[1])
    return float(growth.leader[0] if wall[leader] > length[leader] / 2 else -growth.leader[0])
