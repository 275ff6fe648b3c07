"""State of the walls' motion, and the room that steps work in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hwlib.network import Network
from sim.engines.layout.stepping.column import FACTS
from sim.engines.layout.system import System

# Of ``Motion.course``: where the step under way goes on, whether its circuit is still to be solved, what steps ended
# with and how many are still to be taken; limit of the time (s), whether to end at rest, largest error of a wall
# (fraction of L); of the step, s: time left, its length, the one wanted, that of the next if a wall is let go, and
# between which lengths rest begins.
AT, STALE, STATUS, STEPS, UNTIL, UNTIL_REST, TOLERANCE, LEFT, LENGTH, WANTED, FOLLOWING, MOVING, RESTING = range(13)


class Motion(NamedTuple):
    """State of a run between steps; ``LASTING`` names the part from which ``begin`` finds the rest.

    Attributes:
        s: positions in pillar units; in deferred columns, those when it began (see ``places``).
        trial: positions of the step under way.
        clock: time, next step, last step (s), how many steps and circuit solutions there were, and the time over which
            the present power is what an error of the energy counts against (s).
        course: what steps are asked for, and where one goes on (see above).
        y: potentials of the references that tracks depend on, at the five stages, row 0 now.
        power: powers at the five stages, row 0 now.
        energy: their integral in J.
        free, speed: 1 for walls that nothing holds, and ds/dt now, of the columns that are active.
        mean, end: ds/dt used in a pass.
        state, side: of each column, how passes treat it, and the end that holds all its walls (1 high, −1 low).
        impulse: integrals of a deferred column's potentials since its walls were placed, V·s, as ``Bundles.ref``.
        deferral: of a deferred column, time since then (s), how far a wall was from the pillar ahead, and from the
            end at the most (pillar widths), direction; shape (columns, 4).
        facts: what each share found in its last pass.
        blend: potentials that the next pass uses: of a stage or a mean, half-way through the step, at its end (SCAN:
            at its beginning).
        growth: of a change of the currents (``growth.grow``).
    """

    s: np.ndarray
    trial: np.ndarray
    clock: np.ndarray
    course: np.ndarray
    y: np.ndarray
    power: np.ndarray
    energy: np.ndarray
    free: np.ndarray
    speed: np.ndarray
    mean: np.ndarray
    end: np.ndarray
    state: np.ndarray
    side: np.ndarray
    impulse: np.ndarray
    deferral: np.ndarray
    facts: np.ndarray
    blend: np.ndarray
    growth: np.ndarray


_WITHOUT_LEAK = 50e-9  # s
LASTING = ("s", "clock", "energy", "state", "side", "impulse", "deferral", "growth")


def make_motion(system: System, network: Network) -> Motion:
    """A motion at time 0, all walls at 0; place them and call ``begin`` before ``advance``."""
    walls, columns = len(system.bundles.device), len(system.bundles.first) - 1
    references = max(system.interface.program.n, int(system.bundles.ref.max(initial=-1)) + 1)
    return Motion(
        s=np.zeros(walls),
        trial=np.zeros(walls),
        clock=np.array([0.0, 0.0, 0.0, 0.0, 0.0, _energy_time(network)]),
        course=np.zeros(RESTING + 1),
        y=np.zeros((5, references)),
        power=np.zeros((5, 6)),
        energy=np.zeros(6),
        free=np.zeros(walls),
        speed=np.zeros(walls),
        mean=np.zeros(walls),
        end=np.zeros(walls),
        state=np.zeros(columns, np.int64),
        side=np.zeros(columns, np.int64),
        impulse=np.zeros(len(system.bundles.ref)),
        deferral=np.zeros((columns, 4)),
        facts=np.zeros((len(system.work.chunk_bundle) - 1, FACTS)),
        blend=np.zeros((3, references)),
        growth=np.zeros(2 * network.neurons + 2),
    )


def another_motion(motion: Motion) -> Motion:
    """One of the same walls with its own memory; call ``start_motion`` before anything else."""
    return Motion._make(map(np.copy, motion))


def start_motion(motion: Motion) -> None:
    """A motion that was used, as ``make_motion`` gave it."""
    energy_time = motion.clock[5]
    for values in motion:
        values[...] = 0
    motion.clock[5] = energy_time


def _energy_time(network: Network) -> float:
    """A tenth of the time in which a soma's leak moves its wall along the track: 50 ns with the paper's device."""
    somas = network.somas
    leak = np.abs(network.leak[somas])
    moving = leak > 0
    return float(np.median(network.length[somas][moving] / leak[moving])) / 10 if moving.any() else _WITHOUT_LEAK
