"""Steps of the layout engine: a phase of a trial on an assembled system."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from threading import Lock
from typing import Any

import numba
import numpy as np

from hwlib.freed_memory import give_back
from hwlib.network import Network
from sim.engines.ideal.gains import margin_of
from sim.engines.layout.elimination.schur import row_potentials
from sim.engines.layout.partition.blocks import Structure, build_structure, source_nodes
from sim.engines.layout.partition.made_before import MadeBefore
from sim.engines.layout.partition.plan import Plan, build_plan
from sim.engines.layout.probe import node_voltages, pillar_ohm, residual, track_currents
from sim.engines.layout.stepping.active_set import DEFERRED, INACTIVE, places, speeds
from sim.engines.layout.stepping.column import INSIDE
from sim.engines.layout.stepping.kernels import link
from sim.engines.layout.stepping.layout_growth import led
from sim.engines.layout.stepping.motion import (
    LASTING,
    STATUS,
    STEPS,
    TOLERANCE,
    UNTIL,
    UNTIL_REST,
)  # fmt: skip
from sim.engines.layout.stepping.runge_kutta import SOLVE, advance, begin
from sim.engines.layout.stepping.trials_abreast import advance_abreast
from sim.engines.layout.workplaces import Workplaces
from sim.engines.stepper import REST, RUNNING, Phase, Solver, Stepper
from sim.engines.trial_under_way import impossible, longest
from sim.engines.vector_code import LANES
from sim.last_network import LastNetwork
from sim.recorder import Recorder
from sim.wall_events import EventStore

_WALLS_PER_THREAD = 30_000  # fewer are done sooner by one thread
_WALLS_ALONE = 64  # a second thread saves nothing for trials of fewer
_WALLS_KEPT = 60_000  # plans of networks with fewer are made in less than a second
_FINITE = float(np.finfo(float).max)
_COUNTED = 2.0**53  # whole numbers are exact below
Plans = dict[bytes, tuple[Structure, Plan]]

# A pass takes a millisecond. Where others compute too, a thread that waits for another in a loop, which is OpenMP's
# way, keeps that one from its processor: ten times the time at a load of three to a processor.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "100")


def plan_for(
    network: Network, voltages: np.ndarray, plans: Plans, before: MadeBefore | None = None
) -> tuple[Structure, Plan]:
    """Structure and plan of a network for the nets with a source, kept in ``plans``; ``before``: parts of others."""
    sources = source_nodes(network, voltages)
    key = np.packbits(sources).tobytes()
    if key not in plans:
        give_back(network.devices)
        structure = build_structure(network, sources)
        plan = build_plan(structure, before or MadeBefore())
        plans[key] = structure.planned(), plan
        del structure
        give_back(network.devices)
    return plans[key]


# A copy of the network, which shares its arrays, and its plans: whoever runs it twice, at other voltages, waits for
# them once.
_KEPT = LastNetwork[tuple[Network, Plans, MadeBefore]]()


def forget_plans() -> None:
    """Let go of the plans of the last large network: with a million devices they are two gigabytes."""
    _KEPT.forget()


def _planned(network: Network) -> tuple[Network, Plans, MadeBefore]:
    """What plans are to be made of, those that there are, and what they have in common."""
    if network.devices < _WALLS_KEPT:
        return network, {}, MadeBefore()
    return _KEPT.get(network) or _KEPT.keep(network, (copy.copy(network), {}, MadeBefore()))


class LayoutSolver(Solver):
    """A network with its plans, one for each set of nets that have a source.

    Args:
        network: extracted or ideal.
        threads: how many share a trial; the result is the same to the last bit. By default what pays.
    """

    def __init__(self, network: Network, threads: int | None = None):
        super().__init__(network)
        self.threads = threads or threads_for(network)
        alone = self.threads > 1 or network.devices < _WALLS_ALONE
        self.side_by_side = 1 if alone else numba.get_num_threads()
        self.abreast = LANES if self.threads == 1 else 1
        self._planned, self._plans, self._before = _planned(network)
        self._planning, self._workplaces = Lock(), dict[int, Workplaces]()

    def begin(self, phase: Phase) -> Stepper:
        """Put the circuit of a phase under its voltages."""
        with self._planning:  # the first of several threads makes the plan
            structure, plan = plan_for(self._planned, phase.voltages, self._plans, self._before)
            if id(plan) not in self._workplaces:
                self._workplaces[id(plan)] = Workplaces(self.network, plan, self.threads)
        return LayoutStepper(phase, structure, plan, self.threads, self._workplaces[id(plan)])

    def recorder(self, samples: int) -> Recorder:
        """Walls may meet an end of their track within a step."""
        return Recorder(EventStore.of(self.network, clipped=True), self.network.is_soma, samples)


class LayoutStepper(Stepper):
    """Walls in an assembled system.

    Attributes:
        structure, plan, constants, system, motion: see their classes.
        held: the last three as compiled code takes them, system first.
    """

    between = 256
    resumable = True

    def __init__(self, phase: Phase, structure: Structure, plan: Plan, threads: int, workplaces: Workplaces):
        super().__init__(phase)
        network = phase.network
        self.structure, self.plan, self._workplaces = structure, plan, workplaces
        self.constants, held_constants = workplaces.constants(phase.rest_speed)
        self._room = workplaces.enter(phase, self.constants)
        self.system, self.motion = self._room.system, self._room.motion
        order = plan.bundles.device
        s = (phase.wall[order] - self._start(order)) / network.pillar_width[order]
        ends = phase.wall[order] >= network.length[order]
        s = np.where(ends, self.constants.high, np.clip(s, self.constants.low, self.constants.high))
        self.motion.s[:] = self.motion.trial[:] = s
        self._held_watch, self._strongest = workplaces.followed(phase)
        self._jumped = False
        self.held = self._room.held_system, held_constants, self._room.held_motion
        if workplaces.calls is None:
            link(self.system, *self.held, self._held_watch, threads, self._called())
            workplaces.calls = self.system.calls
        self.system.calls[:] = workplaces.calls
        begin(*self.held)

    def leave(self) -> None:
        """Another stepper may have the room."""
        self._workplaces.leave(self._room)
        del self._room, self.system, self.motion, self.held

    def _called(self) -> list[tuple[Any, Any]]:
        """Functions that are called from here, with their arguments."""
        called = [
            (begin, self.held), (advance, (*self.held, self._held_watch)), (places, self.held),
            (speeds, (*self.held[:2], self.motion.y[0])),
        ]  # fmt: skip
        return [*called, (row_potentials, self.held[:1])] if self.plan.coupled.rails else called

    def advance(self, steps: int) -> int:
        """Go on from event to event."""
        self._ask(steps)
        advance(*self.held, self._held_watch)
        return self._answer()

    def _ask(self, steps: int) -> None:
        """Say what steps are to be taken."""
        course, phase = self.motion.course, self.phase
        self._jumped = self.motion.facts[:, INSIDE].max() == 0
        course[[STEPS, STATUS]] = steps, RUNNING
        course[[UNTIL, UNTIL_REST, TOLERANCE]] = phase.until, phase.until_rest, phase.tolerance

    def _answer(self) -> int:
        """What steps ended with."""
        motion, phase = self.motion, self.phase
        status = int(motion.course[STATUS])
        if status == REST and not phase.until_rest:  # held to the end of the phase, power flowing, nothing moving
            motion.energy[:] += (phase.until - motion.clock[0]) * motion.power[0]
            motion.clock[0] = phase.until
        self._tell()
        return status

    @property
    def kin(self) -> int:
        """Those with one plan may advance abreast."""
        return id(self.plan)

    @staticmethod
    def advance_abreast(steppers: Sequence[LayoutStepper], steps: int) -> list[int | None]:
        """As of ``Stepper``."""
        for each in steppers:
            if each.motion.course[STATUS] != SOLVE:
                each._ask(steps)
        handles = [(*each.held, each._held_watch) for each in steppers]
        table = np.array([[handle.address for handle in each] for each in handles])
        advance_abreast(table.astype(np.int64), steppers[0]._room.lanes, *handles[0])
        return [None if each.motion.course[STATUS] == SOLVE else each._answer() for each in steppers]

    def _range(self, name: str) -> tuple[np.ndarray | float, np.ndarray | float]:
        """Least and largest values of a part of the motion that lasts."""
        if name == "s":
            return self.constants.low, self.constants.high
        if name == "clock":
            until = longest(self.phase)
            most = np.array([until, _FINITE, until, _COUNTED, _COUNTED, self.motion.clock[5]])
            return np.array([0.0, 0.0, 0.0, 0.0, 0.0, self.motion.clock[5]]), most
        if name == "growth":
            soma = len(self.motion.growth) - 1  # that of the largest growth, by its number
            most = np.full(soma + 1, _FINITE)
            most[soma] = max(len(self.phase.network.somas) - 1, 0)
            return np.where(np.arange(soma + 1) < soma, -most, 0.0), most
        ranges = {"state": (INACTIVE, DEFERRED), "side": (-1, 1), "deferral": (-np.inf, np.inf)}
        return ranges.get(name, (-_FINITE, _FINITE))

    def _tell(self) -> None:
        self.time, self.steps, self.energy = float(self.motion.clock[0]), int(self.motion.clock[3]), self.motion.energy

    def _start(self, order: np.ndarray) -> np.ndarray:
        network = self.phase.network
        return network.pillar_centre[order] - network.pillar_width[order] / 2

    def walls(self) -> np.ndarray:
        """In m, deferred ones where they are."""
        constants, network, order = self.constants, self.phase.network, self.plan.bundles.device
        s = places(*self.held)
        q = s * network.pillar_width[order] + self._start(order)
        q = np.where(s <= constants.low, 0.0, np.minimum(q, network.length[order]))
        q = np.where(s >= constants.high, network.length[order], np.maximum(q, 0.0))
        wall = np.empty(network.devices)
        wall[order] = q
        return wall

    def speeds(self, half_way: bool = False) -> np.ndarray:
        """In m/s, now or half-way through the last Runge-Kutta step."""
        order, speed = self.plan.bundles.device, np.empty(self.phase.network.devices)
        potential = self.motion.blend[1] if half_way else self.motion.y[0]
        speed[order] = speeds(*self.held[:2], potential) * self.phase.network.pillar_width[order]
        return speed

    def course(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """A Runge-Kutta step has its speeds half-way as well."""
        return self.walls(), self.speeds(), None if self._jumped else self.speeds(half_way=True)

    def look(self) -> tuple[np.ndarray, ...]:
        """Check the whole network's currents; those of the tracks, and every node's voltage."""
        parts, pillar = self._workplaces.parts, pillar_ohm(self.plan, self.system)
        v = node_voltages(self.structure, self.plan, self.system, self.held[0], self.phase.voltages, pillar, parts)
        track = track_currents(self.plan, self.system, parts)
        self.residual = max(self.residual, residual(self.structure, v, track, pillar))
        return track, v

    def check(self) -> None:
        """Check the whole network's currents."""
        self.look()

    def growth(self) -> float:
        """As of ``Trials``."""
        return led(self.phase.network, self.motion.growth, self.walls())

    def margin(self) -> float:
        """As of ``Trials``."""
        return margin_of(self.phase.network, self._strongest, self.speeds())

    def kept(self) -> dict[str, np.ndarray]:
        """The part of the motion from which the rest is found."""
        return {name: getattr(self.motion, name) for name in LASTING}

    def take(self, kept: dict[str, np.ndarray]) -> None:
        """Go on from there, bit for bit."""
        for name, values in kept.items():
            least, most = self._range(name)
            if not ((values >= least) & (values <= most)).all():  # a NaN is neither
                raise ValueError(name)
            getattr(self.motion, name)[...] = values
        if impossible(self.motion.energy) or self.motion.growth[-1] % 1:
            raise ValueError("energy or growth")
        begin(*self.held)
        self._tell()


def threads_for(network: Network) -> int:
    """How many threads pay for a network."""
    return max(1, min(numba.get_num_threads(), network.devices // _WALLS_PER_THREAD))
