"""The driver of trials: phases and their sources, rest and limits, energies, traces, checkpoints, trials side by side.

An engine's ``prepare`` makes a ``Solver`` of a network; that makes a ``Stepper`` for each phase of a trial. Engines do
nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock

import numpy as np

from hwlib.network import Network
from sim.checkpoint import CheckpointError, identity, read_state, write_state
from sim.engines.engine_interface import Engine, Options, Progress
from sim.engines.stepper import CONVERGENCE, LOAD, REST, RUNNING, Phase, Solver, Stepper
from sim.engines.trial_under_way import STATE, refuse_impossible, refuse_unlike
from sim.protocol import Protocol
from sim.result import Trace, Trials, joined

TELL_EVERY = 1.0  # s between two words about a trial under way


class TrialRun:
    """A trial that can stop after any step and go on, bit for bit where the engine can.

    Args:
        solver: the network.
        protocol: what is done to it.
        options: as of every engine.
    """

    def __init__(self, solver: Solver, protocol: Protocol, options: Options):
        self.solver, self.protocol, self.options = solver, protocol, options
        self.recorder = solver.recorder(options.samples) if options.record else None
        self.phase = LOAD if protocol.start is not None else CONVERGENCE
        self.phase_time, self.at_rest = [0.0, 0.0], [True, False]
        self._energy, self._residual, self._steps = np.zeros(6), 0.0, 0  # of phases that are over
        self._enter()

    def _enter(self, before: Stepper | None = None, wall: np.ndarray | None = None) -> None:
        """Begin the present phase."""
        phase = Phase(self.solver.network, self.protocol, self.phase, self.options.tolerance, before, wall)
        self.stepper = self.solver.begin(phase)
        if before is not None:
            before.leave()
        if self.recorder is None:
            self.stepper.check()
        else:
            place, speed, _ = self.stepper.course()
            self.recorder.begin(self.phase, self.time, place, speed, self._look)

    def _look(self) -> tuple[np.ndarray, ...]:
        """What a sample keeps of the stepper's look."""
        seen = self.stepper.look()
        return seen if self.options.voltages else self.solver.without_voltages(seen)

    @property
    def time(self) -> float:
        """From the start of the trial, s."""
        return sum(self.phase_time[: self.phase]) + self.stepper.time

    @property
    def steps(self) -> int:
        """Accepted so far."""
        return self._steps + self.stepper.steps

    @property
    def share_done(self) -> float:
        """How much of the trial is over, 0 … 1, each of its phases an equal part; an estimate."""
        share = self.stepper.share_done()
        return share if self.protocol.start is None else (self.phase + share) / 2

    def go(self, steps: int | None = None) -> bool:
        """Take some steps (all that fit between two looks by default, one when recorded); whether the trial is over."""
        stepper = self.stepper
        before = stepper.steps
        return self.took(stepper.advance(1 if self.recorder else steps or stepper.between), before)

    def took(self, status: int, before: int) -> bool:
        """Look at what the stepper did with ``status``; ``before``: its steps until then. Whether the trial is over."""
        stepper = self.stepper
        if self.recorder is None:
            stepper.check()
        elif stepper.steps > before:
            place, speed, middle = stepper.course()
            self.recorder.step(self.time, place, speed, self._look, middle)
        if status == RUNNING:
            return False
        self._leave(status)
        if self.phase == CONVERGENCE:
            return True
        self.phase = CONVERGENCE
        self._enter(stepper)
        return False

    def _leave(self, status: int) -> None:
        """Add up what the phase was that is over."""
        stepper = self.stepper
        self.phase_time[self.phase] = stepper.time
        self.at_rest[self.phase] = status == REST or not stepper.phase.until_rest
        self._energy = self._energy + stepper.energy
        self._residual, self._steps = max(self._residual, stepper.residual), self._steps + stepper.steps
        if self.recorder is not None:
            self.recorder.end_phase(sum(self.phase_time[: self.phase + 1]), self._look)
            self._residual = max(self._residual, stepper.residual)

    def result(self) -> Trials:
        """The finished trial, whose stepper's room is free then."""
        stepper = self.stepper
        if self.recorder is not None:
            self.recorder.end(stepper.course()[0])
        trials = Trials(
            time_load=np.array(self.phase_time[:1]), time_convergence=np.array(self.phase_time[1:]),
            at_rest=np.array([all(self.at_rest)]), wall_final=stepper.walls()[None],
            energy_source=self._energy[None, :3], energy_sink=self._energy[None, 3:],
            kcl_residual=np.array([self._residual]), steps=np.array([self._steps]),
            growth=np.array([stepper.growth()]), margin=np.array([stepper.margin()]), state_final=stepper.state[None],
            trace=self._trace(),
        )  # fmt: skip
        stepper.leave()
        return trials

    def _trace(self) -> Trace | None:
        if self.recorder is None:
            return None
        trace = self.solver.trace(self.recorder, self.protocol)
        return trace if self.options.voltages else replace(trace, node_voltage=None)

    def _identity(self) -> str:
        """Names this network, protocol and tolerance; a checkpoint fits no other."""
        return identity(self.solver.network, [self.protocol], type(self.stepper).__name__, self.options.tolerance)

    def save(self, path: Path) -> None:
        """Write everything that the rest of the run depends on."""
        state = {
            "phase": np.array(self.phase), "phase_time": np.array(self.phase_time),
            "at_rest": np.array(self.at_rest), "energy": self._energy,
            "residual": np.array(max(self._residual, self.stepper.residual)), "steps": np.array(self._steps),
            "wall": self.stepper.phase.wall,
        }  # fmt: skip
        kept = {f"motion_{name}": each for name, each in self.stepper.kept().items()}
        write_state(path, self._identity(), {**state, **kept})

    def load(self, path: Path) -> None:
        """Take over the state of a checkpoint.

        Raises:
            CheckpointError: no checkpoint, or of another run.
        """
        own = self.stepper.kept()
        names = (*STATE, *(f"motion_{name}" for name in own))
        state = read_state(path, self._identity(), names, "network, protocol or tolerance")
        try:
            self._take(state, {name: state[f"motion_{name}"] for name in own})
        except (TypeError, ValueError, IndexError):
            raise CheckpointError(path, "damaged, or no checkpoint (arrays of other shapes or numbers)") from None

    def _take(self, state: dict[str, np.ndarray], kept: dict[str, np.ndarray]) -> None:
        refuse_impossible(state, self.solver.network, self.protocol)
        self.phase = int(state["phase"])
        self.phase_time, self.at_rest = state["phase_time"].tolist(), [bool(x) for x in state["at_rest"]]
        self._energy, self._residual, self._steps = state["energy"], float(state["residual"]), int(state["steps"])
        self._enter(wall=state["wall"])
        refuse_unlike(self.stepper.kept(), kept)
        self.stepper.take(kept)


def run_trial(run: TrialRun, checkpoint: Path | None = None, looked: Callable[[], None] | None = None) -> Trials:
    """Run a trial to its end.

    Args:
        run: the trial.
        checkpoint: file to go on from when it exists, rewritten during the run and removed at its end; left alone where
            the engine cannot stop within a trial.
        looked: called now and then.
    """
    if not run.stepper.resumable:
        checkpoint = None
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


def run_trials(engine: Engine, network: Network, protocols: Sequence[Protocol], options: Options) -> Trials:
    """Run every protocol on a network with an engine: one after the other, or side by side where that pays.

    Raises:
        InputError: a protocol that does not fit the network, or a checkpoint of another run.
    """
    solver = engine.prepare(network)
    together = solver.abreast > 1 and not options.record and (solver.side_by_side > 1 or options.checkpoint is None)
    if len(protocols) > 1 and together:
        return joined(_Abreast(solver, protocols, options).run())
    if len(protocols) > 1 and solver.side_by_side > 1:
        return joined(_side_by_side(solver, protocols, options))
    done: list[Trials] = []
    for protocol in protocols:
        trial = TrialRun(solver, protocol, options)
        looked = None
        if options.progress:
            looked = _Within(trial, len(done), len(protocols), options.progress)
        done.append(run_trial(trial, options.checkpoint, looked))
        if options.progress:
            options.progress(len(done), len(protocols))
    return joined(done)


class _Within:
    """Progress within a trial, now and then, never backwards.

    Args:
        trial: under way.
        done, total: trials before it, and in all.
        progress: who is told.
    """

    def __init__(self, trial: TrialRun, done: int, total: int, progress: Progress):
        self._trial, self._done, self._total, self._progress = trial, done, total, progress
        self._share, self._next = 0.0, time.monotonic() + TELL_EVERY

    def __call__(self) -> None:
        if time.monotonic() >= self._next:
            self._share = max(self._share, self._trial.share_done)
            self._progress(self._done + self._share, self._total)
            self._next = time.monotonic() + TELL_EVERY


class _Together:
    """Progress of trials on several threads: each as it is over, now and then parts of the others, never backwards.

    Args:
        progress: who is told, if anybody.
        total: how many trials there are.
    """

    def __init__(self, progress: Progress | None, total: int):
        self._progress, self._total = progress, total
        self._share, self._next = [0.0] * total, [time.monotonic() + TELL_EVERY] * total
        self._over, self._told = 0, 0.0

    def look(self, number: int, trial: TrialRun) -> None:
        """Keep how far a trial under way is; called by its own thread."""
        if self._progress and time.monotonic() >= self._next[number]:
            self._share[number] = trial.share_done
            self._next[number] = time.monotonic() + TELL_EVERY

    def end(self, number: int) -> None:
        """A trial is over, and counted as such from now on; called by its own thread."""
        self._share[number] = 0.0

    def tell(self, over: int) -> None:
        """Tell of each trial until so many are over, and of the parts of those under way."""
        for whole in range(self._over + 1, over + 1):
            self._say(whole)
        self._over = over
        if over + sum(self._share) > self._told:
            self._say(over + sum(self._share))

    def _say(self, done: float) -> None:
        self._told = max(self._told, done)
        if self._progress:
            self._progress(self._told, self._total)


class _StoppedError(Exception):
    pass


def _side_by_side(solver: Solver, protocols: Sequence[Protocol], options: Options) -> list[Trials]:
    """A trial a thread; each is the same to the last bit as when it runs alone."""
    stop, together = Event(), _Together(options.progress, len(protocols))

    def one(number: int) -> Trials:
        trial = TrialRun(solver, protocols[number], options)

        def looked() -> None:
            if stop.is_set():
                raise _StoppedError
            together.look(number, trial)

        looked()
        found = run_trial(trial, looked=looked)
        together.end(number)
        return found

    def some(first: int) -> list[Trials]:
        return [one(number) for number in range(first, min(first + solver.together, len(protocols)))]

    with ThreadPoolExecutor(solver.side_by_side) as pool:
        futures = [pool.submit(some, first) for first in range(0, len(protocols), solver.together)]
        try:
            over, left = 0, set(futures)
            while left:
                done, left = wait(left, TELL_EVERY, FIRST_COMPLETED)
                for future in done:
                    over += len(future.result())
                together.tell(over)
        finally:
            stop.set()  # after an error or Ctrl-C nothing goes on
    return [trials for future in futures for trials in future.result()]


class _Abreast:
    """Several trials on every thread, moved at once; each is the same to the last bit as when it runs alone.

    Args:
        solver: one whose steppers advance abreast.
        protocols: of the trials.
        options: as of every engine; nothing is recorded.
    """

    def __init__(self, solver: Solver, protocols: Sequence[Protocol], options: Options):
        self._solver, self._protocols, self._options = solver, protocols, options
        self._waiting, self._stop = list(range(len(protocols)))[::-1], Event()
        # Held while a thread is not in compiled code: the other then waits for that, not for Python's lock, which both
        # would take from one another at every turn, and finish late together.
        self._turn = Lock()
        self._found: dict[int, Trials] = {}
        self._together = _Together(options.progress, len(protocols))

    def run(self) -> list[Trials]:
        """All trials, in their order."""
        with ThreadPoolExecutor(self._solver.side_by_side) as pool:
            threads = {pool.submit(self._thread) for _ in range(self._solver.side_by_side)}
            try:
                left = set(threads)
                while left:
                    done, left = wait(left, TELL_EVERY, FIRST_COMPLETED)
                    for each in done:
                        each.result()
                    self._together.tell(len(self._found))
            finally:
                self._stop.set()  # after an error or Ctrl-C nothing goes on
        return [self._found[k] for k in range(len(self._protocols))]

    def _thread(self) -> None:
        """Move trials until none is left; one that is over makes room for the next."""
        most = min(self._solver.abreast, -(-len(self._protocols) // self._solver.side_by_side))
        live: dict[int, TrialRun] = {}
        with self._turn:
            while not self._stop.is_set():
                while len(live) < most and self._waiting:
                    number = self._waiting.pop()
                    live[number] = TrialRun(self._solver, self._protocols[number], self._options)
                if not live:
                    return
                for number in _moved(live, self._turn):
                    self._found[number] = live.pop(number).result()
                    self._together.end(number)
                for number, trial in live.items():
                    self._together.look(number, trial)


def _moved(live: dict[int, TrialRun], turn: Lock) -> list[int]:
    """Move those trials that are the least far, all of one kin, without ``turn``; which of them are over."""
    kind = min((run.phase, run.stepper.kin) for run in live.values())
    now = [number for number, run in live.items() if (run.phase, run.stepper.kin) == kind]
    steppers = [live[number].stepper for number in now]
    before = [stepper.steps for stepper in steppers]
    turn.release()
    try:
        answers = steppers[0].advance_abreast(steppers, steppers[0].between)
    finally:
        turn.acquire()
    together = zip(now, answers, before, strict=True)
    return [number for number, status, steps in together if status is not None and live[number].took(status, steps)]
