"""One trial with the layout-aware engine: load phase, release, convergence; trace; state to and from a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from hwlib.network import MTJ_IN, Network
from sim.checkpoint import CheckpointError, identity, read_state, write_state
from sim.engines.ideal.gains import margin_of, strongest_weights
from sim.engines.layout.partition.blocks import Structure, build_structure, source_nodes
from sim.engines.layout.partition.plan import Plan, build_plan
from sim.engines.layout.probe import node_voltages, residual, track_currents
from sim.engines.layout.stepping.active_set import places, speeds
from sim.engines.layout.stepping.column import INSIDE
from sim.engines.layout.stepping.layout_growth import Watch, led, make_watch, watch_nothing
from sim.engines.layout.stepping.motion import LASTING, Motion, make_motion
from sim.engines.layout.stepping.runge_kutta import LIMIT, REST, RUNNING, advance, begin
from sim.engines.layout.system import System, Walls, make_system, make_walls
from sim.engines.stale import drop_stale
from sim.protocol import Protocol
from sim.recorder import Recorder
from sim.result import Trace, Trials
from sim.wall_events import EventStore

_STATE = "phase", "phase_time", "at_rest", "energy", "residual", "steps", "wall"  # of a checkpoint
_STEPS = 256  # steps between two looks at the run, unless it is recorded
Plans = dict[bytes, tuple[Structure, Plan]]


@cache
def _own_code() -> None:
    """Once a process, before anything is compiled or loaded: see that no code from other sources is used."""
    here = Path(__file__).parent
    drop_stale(here, [here / "jit_options.py", here / "system.py", *here.glob("*/*.py")])


def plan_for(network: Network, voltages: np.ndarray, plans: Plans) -> tuple[Structure, Plan]:
    """Structure and plan of a network for the nets that have a source, kept in ``plans``."""
    _own_code()
    sources = source_nodes(network, voltages)
    key = np.packbits(sources).tobytes()
    if key not in plans:
        structure = build_structure(network, sources)
        plans[key] = structure, build_plan(structure)
    return plans[key]


class TrialRun:
    """A trial that can stop after any step and go on, bit for bit.

    Args:
        network: extracted or ideal.
        protocol: what is done to it.
        plans: plans of this network that exist already.
        tolerance: largest estimated error of a wall in a step, fraction of L.
        threads: threads to share the work; the result does not depend on it.
        samples: most samples of currents and voltages, 0 to record nothing.
    """

    def __init__(
        self, network: Network, protocol: Protocol, plans: Plans, *, tolerance: float, threads: int, samples: int = 0
    ):
        self.network, self.protocol, self.plans = network, protocol, plans
        self.tolerance, self.threads = tolerance, threads
        store = EventStore.of(network, clipped=True) if samples else None
        self.recorder = None if store is None else Recorder(store, network.is_soma, samples)
        initial = np.zeros(network.devices) if protocol.initial is None else np.asarray(protocol.initial, float)
        self.wall = initial * network.length
        self.phase = 0 if protocol.start is not None else 1
        self.phase_time, self.at_rest = [0.0, 0.0], [True, False]
        self.energy, self.residual, self.steps = np.zeros(6), 0.0, 0
        self.motion: Motion | None = None
        self.watch, self.strongest = watch_nothing(), np.zeros(network.neurons)
        self._enter()

    def _enter(self) -> None:
        """Put the circuit of the present phase under its voltages."""
        loading = self.phase == 0
        protocol, network = self.protocol, self.network
        self.voltages = protocol.load_voltages(network) if loading else protocol.net_voltages(network)
        self.structure, self.plan = plan_for(network, self.voltages, self.plans)
        self.walls: Walls = make_walls(network, self.plan, protocol.rest_speed(network))
        self.system: System = make_system(network, self.plan, self.walls, self.voltages, self.threads)
        timed = loading and protocol.load != "rest"
        self.until = float(protocol.load) if timed else protocol.time_limit
        self.timed = timed
        order = self.plan.bundles.device
        s = (self.wall[order] - self._start(order)) / network.pillar_width[order]
        ends = self.wall[order] >= network.length[order]
        s = np.where(ends, self.walls.high, np.clip(s, self.walls.low, self.walls.high))
        self.motion = make_motion(s, self.system, network.neurons)
        self.watch = watch_nothing() if loading else self._make_watch()
        begin(self.system, self.walls, self.motion)
        if self.recorder is None:
            self._look()
        else:
            self.recorder.begin(self.phase, self._time(), self._positions(), self._speeds(), self._look)

    def _make_watch(self) -> Watch:
        network = self.network
        weights = np.nan_to_num(self.voltages[network.node_net[network.terminals[:, MTJ_IN]]])
        self.strongest = strongest_weights(network, weights)
        return make_watch(network, self.plan, weights, self.strongest, self.protocol.v_dw)

    def _time(self) -> float:
        """From the start of the trial, s."""
        assert self.motion is not None
        return sum(self.phase_time[: self.phase]) + float(self.motion.clock[0])

    def _start(self, order: np.ndarray) -> np.ndarray:
        return self.network.pillar_centre[order] - self.network.pillar_width[order] / 2

    def _positions(self) -> np.ndarray:
        assert self.motion is not None
        order, network, s = self.plan.bundles.device, self.network, places(self.system, self.walls, self.motion)
        q = s * network.pillar_width[order] + self._start(order)
        q = np.where(s <= self.walls.low, 0.0, np.minimum(q, network.length[order]))
        q = np.where(s >= self.walls.high, network.length[order], np.maximum(q, 0.0))
        wall = np.empty(network.devices)
        wall[order] = q
        return wall

    def _speeds(self, stage: int = 0) -> np.ndarray:
        """Of every wall in m/s, as if no end of a track held it, now or at a stage of the last Runge-Kutta step."""
        assert self.motion is not None
        order, speed = self.plan.bundles.device, np.empty(self.network.devices)
        speed[order] = speeds(self.system, self.walls, self.motion.y[stage]) * self.network.pillar_width[order]
        return speed

    def _look(self) -> tuple[np.ndarray, np.ndarray]:
        """Check the whole network's currents; those of the tracks, and every node's voltage."""
        v = node_voltages(self.structure, self.plan, self.system, self.voltages)
        track = track_currents(self.plan, self.system, self.walls)
        self.residual = max(self.residual, residual(self.structure, self.plan, self.system, v, track))
        return track, v

    def go(self, steps: int | None = None) -> bool:
        """Take some steps (all that fit between two looks by default, one when recorded); whether the trial is over."""
        assert self.motion is not None
        steps = (steps or _STEPS) if self.recorder is None else 1
        motion = self.motion
        jumps = motion.facts[:, INSIDE].max() == 0
        status = advance(self.system, self.walls, motion, self.watch, steps, self.until, self.tolerance, not self.timed)
        if self.recorder is None:
            self._look()
        elif status == RUNNING:
            middle = None if jumps else self._speeds(1)
            self.recorder.step(self._time(), self._positions(), self._speeds(), self._look, middle)
        if status == RUNNING:
            return False
        self.phase_time[self.phase] = self.until if self.timed and status == REST else float(motion.clock[0])
        self.at_rest[self.phase] = status == REST or (self.timed and status == LIMIT)
        if self.timed and status == REST:  # held to the end of the load time, power flowing, nothing moving
            motion.energy[:] += (self.until - motion.clock[0]) * motion.power[0]
        self.energy = self.energy + motion.energy
        self.steps += int(motion.clock[3])
        self.wall = self._positions()
        if self.recorder is not None:
            self.recorder.end_phase(sum(self.phase_time[: self.phase + 1]), self._look)
        if self.phase == 1:
            return True
        self.phase = 1
        self._enter()
        return False

    def result(self) -> Trials:
        """The finished trial."""
        assert self.motion is not None
        one = np.atleast_1d
        return Trials(
            one(self.phase_time[0]), one(self.phase_time[1]), one(all(self.at_rest)), self.wall[None],
            self.energy[None, :3], self.energy[None, 3:], one(self.residual), one(self.steps),
            one(led(self.network, self.motion.growth, self.wall)),
            one(margin_of(self.network, self.strongest, self._speeds())),
            None if self.recorder is None else self._trace(self.recorder),
        )  # fmt: skip

    def _trace(self, recorder: Recorder) -> Trace:
        recorder.end(self.wall)
        time, phase, seen = recorder.samples()
        current, voltage = (np.array(each) for each in zip(*seen, strict=True))
        return Trace(recorder.events(), time, phase, current, voltage)

    def _identity(self) -> str:
        """Names this network, protocol and tolerance; a checkpoint fits no other."""
        return identity(self.network, [self.protocol], "layout", self.tolerance)

    def save(self, path: Path) -> None:
        """Write everything that the rest of the run depends on."""
        assert self.motion is not None
        motion = {f"motion_{name}": getattr(self.motion, name) for name in LASTING}
        state = {
            "phase": np.array(self.phase), "phase_time": np.array(self.phase_time),
            "at_rest": np.array(self.at_rest), "energy": self.energy, "residual": np.array(self.residual),
            "steps": np.array(self.steps), "wall": self.wall,
        }  # fmt: skip
        write_state(path, self._identity(), {**motion, **state})

    def load(self, path: Path) -> None:
        """Take over the state of a checkpoint.

        Raises:
            CheckpointError: no checkpoint, or of another run.
        """
        names = (*_STATE, *(f"motion_{name}" for name in LASTING))
        state = read_state(path, self._identity(), names, "network, protocol or tolerance")
        try:
            self._take(state)
        except (TypeError, ValueError, IndexError):
            raise CheckpointError(path, "damaged, or no checkpoint (arrays of other shapes)") from None

    def _take(self, state: dict[str, np.ndarray]) -> None:
        for name, shape in (("wall", self.wall.shape), ("energy", (6,)), ("phase_time", (2,)), ("at_rest", (2,))):
            if state[name].shape != shape:
                raise ValueError(name)
        self.phase, self.wall = int(state["phase"]), state["wall"]
        self.phase_time, self.at_rest = list(state["phase_time"]), [bool(x) for x in state["at_rest"]]
        self.energy, self.residual, self.steps = state["energy"], float(state["residual"]), int(state["steps"])
        self._enter()
        assert self.motion is not None
        for name in LASTING:
            if getattr(self.motion, name).shape != state[f"motion_{name}"].shape:
                raise ValueError(name)
            getattr(self.motion, name)[...] = state[f"motion_{name}"]
        begin(self.system, self.walls, self.motion)


def run_trial(run: TrialRun, checkpoint: Path | None = None, looked: Callable[[], None] | None = None) -> Trials:
    """Run a trial to its end.

    Args:
        run: the trial.
        checkpoint: file to go on from when it exists, rewritten during the run and removed at its end.
        looked: called now and then.
    """
    if checkpoint is not None and checkpoint.exists():
        run.load(checkpoint)
    while not run.go():
        if checkpoint is not None:
            run.save(checkpoint)
        if looked is not None:
            looked()
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return run.result()
