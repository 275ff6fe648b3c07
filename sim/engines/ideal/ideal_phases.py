"""Compiled trials of the ideal engine: phases of a trial, and trials one after the other, outside the interpreter."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from sim.dynamics import compiled
from sim.engines.ideal.ideal_circuit import (
    BEFORE,
    LOAD,
    PAST,
    UNDER,
    VDW,
    WEIGHT,
    Drive,
    IdealWork,
    imbalance,
    jit,
    rates,
    rebuild,
)
from sim.engines.ideal.ideal_growth import forget_growth, grow, led
from sim.engines.ideal.ideal_steps import reach, resting, step, switch
from sim.engines.tableau import STAGES, B

_ENERGY_TIME = 1e-8  # s: energies are as exact, relative to power times this, as walls relative to L
_CHECK_EVERY = 16  # steps between two checks of Kirchhoff's law
_GROW_EVERY = 2  # steps for one that is followed to see what grows: what hangs on rounding hovers for hundreds
_FIRST_STEP = 1e-10  # s


class Batch(NamedTuple):
    """Trials: which weights, sources, starts and limits, one row each; and what comes of them."""

    weights: np.ndarray  # (different ones, N pre, N post)
    weight: np.ndarray  # which of them, (trials,)
    v_dw: np.ndarray
    load: np.ndarray  # dendrite voltages, (trials, N)
    load_time: np.ndarray  # s; inf: until rest; 0: no load phase
    limit: np.ndarray
    rail_load: np.ndarray  # (trials, R, N)
    rail_square: np.ndarray  # (trials, N)
    rest_speed: np.ndarray  # m/s, (trials, 2N)
    q: np.ndarray  # start, then end, (trials, 2N)
    time: np.ndarray  # load and convergence, (trials, 2)
    rest: np.ndarray  # bool, (trials, 2)
    energy: np.ndarray  # (trials, 5)
    residual: np.ndarray
    steps: np.ndarray
    growth: np.ndarray  # of a change of the currents, in tracks
    speed: np.ndarray  # at the end, if nothing held the walls, m/s, (trials, 2N)


def new_work(n: int) -> IdealWork:
    """Scratch for trials of N neurons, one after the other."""
    walls = 2 * n
    return IdealWork(
        q=np.zeros(walls),
        q_new=np.zeros(walls),
        rate=np.zeros((STAGES, walls)),
        power=np.zeros((STAGES, 5)),
        mode=np.zeros(walls, np.int8),
        free=np.zeros(walls),
        base=np.zeros((2, n)),
        total=np.zeros((2, n)),
        square=np.zeros(n),
        still_square=np.zeros(1),
        volt=np.zeros(n),
        active=np.zeros(n + 1, np.int64),
        energy=np.zeros(5),
    )


@jit
def _copy(source, target):
    for k in range(len(source)):
        target[k] = source[k]


@jit
def _keep(record, work, time, mark):
    """Keep a point of the trial where it is wanted."""
    if len(record.time) == 0:
        return
    k = record.counts[0] - record.counts[1]
    record.counts[0] += 1
    if k < 0 or k >= len(record.time):
        return
    record.time[k], record.mark[k] = time, mark
    _copy(work.q, record.wall[k])
    _copy(work.rate[0], record.rate[k])
    _copy(work.volt, record.volt[k])


@jit
def _begin(walls, circuit, drive, work, loading):
    """Modes, sums and velocities at the start of a phase."""
    for w in range(len(work.q)):
        q = work.q[w]
        work.mode[w] = BEFORE if q < walls.enter[w] else (PAST if q > walls.leave[w] else UNDER)
        work.free[w] = 1.0
    rebuild(walls, circuit, drive, work)
    for settled in range(2):
        rates(walls, circuit, drive, work, work.q, 0, loading)
        if not settled:
            switch(walls, circuit, drive, work)


@jit
def _accept(work, h):
    """Go to the end of the step: energies, places, velocities."""
    for p in range(5):
        total = 0.0
        for s in range(STAGES):
            total += B[s] * work.power[s, p]
        work.energy[p] += h * total
        work.power[0, p] = work.power[STAGES - 1, p]
    for w in range(len(work.q)):
        work.q[w] = work.q_new[w]
        work.rate[0, w] = work.rate[STAGES - 1, w]


@jit
def _phase(walls, circuit, drive, work, growth, record, begin, limit, phase, until_rest, tolerance):
    """One phase; its length, whether every wall came to rest, the worst current residual and the steps."""
    loading = phase == 0
    _begin(walls, circuit, drive, work, loading)
    _keep(record, work, begin, 3 * phase)
    scale = _ENERGY_TIME * (work.power[0, WEIGHT] + work.power[0, VDW] + work.power[0, LOAD] + 1e-30)
    residual = imbalance(walls, circuit, drive, work, loading)
    time, control, steps = 0.0, _FIRST_STEP, 0
    while True:
        switch(walls, circuit, drive, work)
        still = resting(drive, work, 0)
        if time >= limit or (still and until_rest):
            break
        longest = min(reach(walls, work), limit - time)
        h, control = step(
            walls, circuit, drive, work, min(control, longest), control, loading, until_rest, scale, tolerance
        )
        _accept(work, h)
        if not loading and steps % _GROW_EVERY == 0:
            grow(walls, circuit, drive, work, growth, _GROW_EVERY * h)
        time = limit if limit - time - h <= 1e-15 * limit else time + h
        if steps % _CHECK_EVERY == 0:
            residual = max(residual, imbalance(walls, circuit, drive, work, loading))
        steps += 1
        _keep(record, work, begin + time, 3 * phase + 1)
    _keep(record, work, begin + time, 3 * phase + 2)
    return time, still, residual, steps


@jit
def _trial(walls, circuit, rail_count, batch, t, work, growth, record, tolerance):
    drive = Drive(
        weight=batch.weights[batch.weight[t]],
        v_dw=batch.v_dw[t],
        load=batch.load[t],
        rail_count=rail_count,
        rail_load=batch.rail_load[t],
        rail_square=batch.rail_square[t],
        rest=batch.rest_speed[t],
    )
    _copy(batch.q[t], work.q)
    for p in range(len(work.energy)):
        work.energy[p] = 0.0
    forget_growth(growth)
    begin = 0.0
    for phase in range(2):
        until_rest = phase == 1 or np.isinf(batch.load_time[t])
        limit = batch.limit[t] if until_rest else batch.load_time[t]
        if phase == 0 and batch.load_time[t] == 0:
            batch.rest[t, 0] = True
            continue
        time, rest, residual, steps = _phase(
            walls, circuit, drive, work, growth, record, begin, limit, phase, until_rest, tolerance
        )
        begin += time
        batch.time[t, phase], batch.rest[t, phase] = time, rest or not until_rest
        batch.residual[t] = max(batch.residual[t], residual)
        batch.steps[t] += steps
    _copy(work.q, batch.q[t])
    _copy(work.energy, batch.energy[t])
    _copy(work.rate[0], batch.speed[t])
    batch.growth[t] = led(walls, work, growth)


def _fingerprint() -> str:
    folder, laws = Path(__file__).parent, Path(compiled.__file__).parent
    own = (folder / f"ideal_{name}.py" for name in ("circuit", "steps", "growth"))
    digest = hashlib.sha256()
    for path in (*own, folder.parent / "tableau.py", laws / "compiled.py", laws / "kinematic.py"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _compiled(fingerprint: str) -> Any:
    """The function for some trials; the cache of compiled code watches this file and what it closes over."""
    options: Any = {"cache": True, "error_model": "numpy", "nogil": True, "_nrt": False}

    @njit(**options)
    def run_trials(walls, circuit, rail_count, batch, first, last, work, growth, record, tolerance):
        if len(fingerprint) == 0:
            return
        for t in range(first, last):
            _trial(walls, circuit, rail_count, batch, t, work, growth, record, tolerance)

    return run_trials


run_trials = _compiled(_fingerprint())
