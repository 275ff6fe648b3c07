"""What an engine gives: a solver of a network, and a stepper for each phase of a trial. ``driver`` runs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hwlib.network import Network
from sim.protocol import Protocol
from sim.result import Trace

if TYPE_CHECKING:
    from sim.recorder import Recorder

RUNNING, REST, LIMIT = range(3)  # what a stepper says: goes on, every wall rests, its time is over
LOAD, CONVERGENCE = range(2)  # the phases


@dataclass
class Phase:
    """One phase of a trial: what a stepper is made for.

    Attributes:
        network: what is simulated.
        protocol: what is done to it.
        number: ``LOAD`` or ``CONVERGENCE``.
        tolerance: largest estimated error of a wall in a step, fraction of L.
        before: the stepper of the phase before; None: there was none in this process.
        resumed: where the walls began in a run that goes on, m, shape (devices,).
    """

    network: Network
    protocol: Protocol
    number: int
    tolerance: float
    before: Stepper | None = None
    resumed: np.ndarray | None = None

    @cached_property
    def wall(self) -> np.ndarray:
        """Where the walls begin in m, shape (devices,)."""
        if self.resumed is not None:
            return self.resumed
        if self.before is not None:
            return self.before.walls()
        if self.protocol.initial is None:
            return np.zeros(self.network.devices)
        return np.asarray(self.protocol.initial, float) * self.network.length

    @property
    def until_rest(self) -> bool:
        """Whether the phase ends when every wall rests; otherwise, and always with noise, only at its time."""
        return self.protocol.noise is None and (self.number == CONVERGENCE or self.protocol.load == "rest")

    @property
    def until(self) -> float:
        """Its longest time in s."""
        waits = self.number == CONVERGENCE or self.protocol.load == "rest"
        return self.protocol.time_limit if waits else float(self.protocol.load)

    @cached_property
    def voltages(self) -> np.ndarray:
        """Source voltage of every net in V, NaN where no source is on, shape (nets,)."""
        loading = self.number == LOAD
        return self.protocol.load_voltages(self.network) if loading else self.protocol.net_voltages(self.network)

    @cached_property
    def rest_speed(self) -> np.ndarray:
        """Speed in m/s below which each free wall counts as at rest, shape (devices,)."""
        return self.before.phase.rest_speed if self.before else self.protocol.rest_speed(self.network)


class Stepper:
    """Walls and circuit in one phase. An engine's own gives ``advance``, ``walls``, ``speeds`` and ``look``.

    Attributes:
        phase: what it was made for.
        time: s since the phase began.
        steps: accepted ones.
        energy: J delivered by weight, V_DW and load sources, then turned to heat in pillars, tracks, wires.
        residual: largest current in A seen missing at a node.
        state: state variables of the walls besides their places, shape (states, devices).
        between: steps between two looks at the run, unless it is recorded.
        resumable: whether it can go on from a file (``kept``, ``take``).
    """

    between = 1024
    resumable = False

    def __init__(self, phase: Phase):
        self.phase = phase
        self.time, self.steps, self.residual, self.energy = 0.0, 0, 0.0, np.zeros(6)
        self.state = np.zeros((0, phase.network.devices))

    def advance(self, steps: int) -> int:
        """Take up to so many steps: ``RUNNING``, ``REST`` or ``LIMIT``."""
        raise NotImplementedError

    @property
    def kin(self) -> int:
        """The same for steppers that may advance abreast."""
        return 0

    @staticmethod
    def advance_abreast(steppers: Sequence[Any], steps: int) -> list[int | None]:
        """``advance`` for several of one kin; None for those that are not done when the first of them is."""
        raise NotImplementedError

    def walls(self) -> np.ndarray:
        """Where the walls are in m, shape (devices,)."""
        raise NotImplementedError

    def speeds(self) -> np.ndarray:
        """Of the walls in m/s toward ON, if no end of a track held them, shape (devices,)."""
        raise NotImplementedError

    def look(self) -> tuple[np.ndarray, ...]:
        """Track currents in A, shape (devices,), node voltages in V, shape (nodes,); ``state`` where there is one."""
        raise NotImplementedError

    def share_done(self) -> float:
        """How much of the phase is over, 0 … 1, if every wall kept the speed that it has: for people who wait."""
        wall, speed, length = self.walls(), self.speeds(), self.phase.network.length
        ahead = np.where(speed > 0, length - wall, np.where(speed < 0, wall, 0.0))
        moving = (ahead > 0) & (np.abs(speed) >= self.phase.rest_speed)
        togo = float((ahead[moving] / np.abs(speed[moving])).max(initial=0.0))
        longest = max(self.phase.until - self.time, 0.0)
        togo = min(togo, longest) if self.phase.until_rest else longest
        return self.time / (self.time + togo) if self.time > 0 else 0.0

    def check(self) -> None:
        """Bring ``residual`` up to date, where steps do not."""

    def course(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Places and speeds of the recorder's walls, and speeds half-way through the last step; None: their mean."""
        return self.walls(), self.speeds(), None

    def growth(self) -> float:
        """As of ``Trials``; NaN: not known, so that the trial is run again with other currents."""
        return np.nan

    def margin(self) -> float:
        """As of ``Trials``; NaN: not known."""
        return np.nan

    def leave(self) -> None:
        """Give up its room: nothing is asked of it any more."""

    def kept(self) -> dict[str, np.ndarray]:
        """What the rest of the phase depends on, besides the walls where it began."""
        return {}

    def take(self, kept: dict[str, np.ndarray]) -> None:
        """Go on from what ``kept`` gave, in the same shapes; numbers that cannot be raise ValueError."""
        raise NotImplementedError


class Solver:
    """A network made ready by an engine. An engine's own gives ``begin``.

    Attributes:
        network: the network.
        side_by_side: how many trials may run at once, a thread each.
        together: how many of them, one after the other, are worth handing to a thread.
        abreast: how many at most a thread moves at once, see ``Stepper.advance_abreast``.
    """

    side_by_side = 1
    together = 1
    abreast = 1

    def __init__(self, network: Network):
        self.network = network

    def begin(self, phase: Phase) -> Stepper:
        """A stepper for a phase."""
        raise NotImplementedError

    def recorder(self, samples: int) -> Recorder:
        """A recorder of the walls that ``Stepper.course`` gives; by default steps end where walls meet an end."""
        from sim.recorder import Recorder
        from sim.wall_events import EventStore

        return Recorder(EventStore.of(self.network, clipped=False), self.network.is_soma, samples)

    def without_voltages(self, seen: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """A sample (``Stepper.look``) of which no node voltages are asked for."""
        return seen[0], np.zeros(0), *seen[2:]

    def trace(self, recorder: Recorder, protocol: Protocol) -> Trace:
        """A trace of what was recorded."""
        time, phase, seen = recorder.samples()
        current, voltage, *more = (np.array(each) for each in zip(*seen, strict=True))
        return Trace(recorder.events(), time, phase, current, voltage, more[0] if more and more[0].size else None)
