"""Compiled phases of the ideal engine: some steps of a trial, outside the interpreter."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from sim import contained_code
from sim.compile_turns import in_turn
from sim.dynamics import compiled
from sim.engines.ideal.ideal_circuit import (
    BEFORE,
    LOAD,
    PAST,
    UNDER,
    VDW,
    WEIGHT,
    IdealWork,
    imbalance,
    jit,
    rates,
    rebuild,
)
from sim.engines.ideal.ideal_growth import grow
from sim.engines.ideal.ideal_steps import reach, resting, step, switch
from sim.engines.stepper import LIMIT, REST, RUNNING
from sim.engines.tableau import STAGES, B

_ENERGY_TIME = 1e-8  # s: energies are as exact, relative to power times this, as walls relative to L
_CHECK_EVERY = 16  # steps between two checks of Kirchhoff's law
_GROW_EVERY = 2  # steps for one that is followed to see what grows: what hangs on rounding hovers for hundreds
_FIRST_STEP = 1e-10  # s
TIME, CONTROL, STEPS, RESIDUAL, SCALE = range(5)  # a phase's clock: s, next step in s, steps, A, J; zeros to begin


def new_work(n: int) -> IdealWork:
    """State and scratch for a phase of a trial of N neurons, all walls OFF."""
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
def _start(walls, circuit, drive, work, clock, loading):
    """Begin a phase with the walls at ``work.q``."""
    _begin(walls, circuit, drive, work, loading)
    clock[SCALE] = _ENERGY_TIME * (work.power[0, WEIGHT] + work.power[0, VDW] + work.power[0, LOAD] + 1e-30)
    clock[RESIDUAL], clock[CONTROL] = imbalance(walls, circuit, drive, work, loading), _FIRST_STEP


@jit
def _go(walls, circuit, drive, work, growth, clock, most, until, until_rest, loading, tolerance):
    """Go on until rest or ``until``, ``most`` steps at most."""
    for _ in range(most):
        switch(walls, circuit, drive, work)
        still, left = resting(drive, work, 0), until - clock[TIME]
        if left <= 0 or (still and until_rest):
            return REST if still else LIMIT
        longest = min(clock[CONTROL], min(reach(walls, work), left))
        h, clock[CONTROL] = step(
            walls, circuit, drive, work, longest, clock[CONTROL], loading, until_rest, clock[SCALE], tolerance
        )
        _accept(work, h)
        steps = int(clock[STEPS])
        if not loading and steps % _GROW_EVERY == 0:
            grow(walls, circuit, drive, work, growth, _GROW_EVERY * h)
        clock[TIME] = until if left - h <= 1e-15 * until else clock[TIME] + h
        if steps % _CHECK_EVERY == 0:
            clock[RESIDUAL] = max(clock[RESIDUAL], imbalance(walls, circuit, drive, work, loading))
        clock[STEPS] += 1
    return RUNNING


def _fingerprint() -> str:
    folder, laws = Path(__file__).parent, Path(compiled.__file__).parent
    own = (folder / f"ideal_{name}.py" for name in ("circuit", "steps", "growth"))
    digest = hashlib.sha256()
    shared = Path(contained_code.__file__), folder.parent / "tableau.py"
    for path in (*own, *shared, laws / "compiled.py", laws / "kinematic.py"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _compiled(fingerprint: str) -> Any:
    """The function for some steps of a phase; the cache of compiled code watches this file and what it closes over."""
    options: Any = {"cache": True, "error_model": "numpy", "nogil": True, "_nrt": False}

    @njit(**options)
    def advance(walls, circuit, drive, work, growth, clock, most, until, until_rest, loading, tolerance):
        if len(fingerprint) == 0:
            return -1
        if clock[CONTROL] == 0:
            _start(walls, circuit, drive, work, clock, loading)
        return _go(walls, circuit, drive, work, growth, clock, most, until, until_rest, loading, tolerance)

    return in_turn(advance)


advance = _compiled(_fingerprint())
