"""Recording of one trial: the walls' events, and samples of what the circuit does at a bounded number of moments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sim.result import WallEvents
from sim.wall_events import EventStore

Look = Callable[[], tuple[Any, ...]]  # what is sampled, at the moment when it is called
OTHER, EVENT, PHASE = range(3)  # samples by rank: the lowest goes first


class Sample(NamedTuple):
    """A moment in s, its phase, what was looked at, and its rank."""

    time: float
    phase: int
    seen: tuple[Any, ...]
    rank: int


class Recorder:
    """Takes a trial step by step.

    Samples are taken at both ends of every phase, at steps in which a watched wall has an event, and at other steps;
    where there are too many, every second one of the lowest rank goes, and of those to come. Their times strictly
    increase: a phase begins one rounding after the one before ended.

    Args:
        store: keeps the events.
        watched: walls whose events are worth a sample, shape (walls,).
        most: samples, at least 8.
    """

    def __init__(self, store: EventStore, watched: np.ndarray, most: int):
        self._store, self._watched, self._most = store, watched, most
        self._samples: list[Sample] = []
        self._phase, self._steps, self._time, self._begun = 0, 0, 0.0, False
        self._event_steps, self._stride = 0, {OTHER: 1, EVENT: 1}

    def begin(self, phase: int, time: float, place: np.ndarray, speed: np.ndarray, look: Look) -> None:
        """Begin a phase (0 load, 1 convergence); arguments as of ``EventStore.begin``."""
        self._store.begin(time, place, speed, first=not self._begun)
        self._phase, self._begun = phase, True
        self._add(time, look, PHASE)

    def step(
        self, time: float, place: np.ndarray, speed: np.ndarray, look: Look, middle: np.ndarray | None = None
    ) -> None:
        """Go on to the end of a step; arguments as of ``EventStore.step``."""
        count = self._store.count
        self._follow(time, place, speed, middle)
        self._steps += 1
        if self._watched[self._store.walls_since(count)].any():
            self._event_steps += 1
            if self._event_steps % self._stride[EVENT] == 0:
                self._add(time, look, EVENT)
        elif self._steps % self._stride[OTHER] == 0:
            self._add(time, look, OTHER)

    def _follow(self, time: float, place: np.ndarray, speed: np.ndarray, middle: np.ndarray | None) -> None:
        self._store.step(time, place, speed, middle)

    def end_phase(self, time: float, look: Look) -> None:
        """End a phase at the time of its last step, or later when nothing moves."""
        self._time = time
        if self._samples[-1].time == time and self._samples[-1].rank != PHASE:
            self._samples.pop()
        self._add(time, look, PHASE)

    def end(self, place: np.ndarray) -> None:
        """End the trial with its last phase, walls at ``place`` m."""
        self._store.end(self._time, place)

    def events(self, wall_of: np.ndarray | None = None) -> WallEvents:
        """The walls' events (``EventStore.events``)."""
        return self._store.events(wall_of)

    def samples(self) -> tuple[np.ndarray, np.ndarray, list[tuple[Any, ...]]]:
        """Times in s, phases, and what was seen then."""
        time, phase, seen, _ = zip(*self._samples, strict=True)
        return np.array(time), np.array(phase, np.int8), list(seen)

    def _add(self, time: float, look: Look, rank: int) -> None:
        if self._samples and time <= self._samples[-1].time:
            time = float(np.nextafter(self._samples[-1].time, np.inf))
        self._samples.append(Sample(time, self._phase, look(), rank))
        if len(self._samples) > self._most:
            self._thin()

    def _thin(self) -> None:
        """Drop every second sample of the lowest rank that there is."""
        rank = min(each.rank for each in self._samples)
        if rank in self._stride:  # those to come are as rare: else a long trial would lose its beginning
            self._stride[rank] *= 2
        of_rank = [k for k, each in enumerate(self._samples) if each.rank == rank]
        dropped = set(of_rank[::2])
        self._samples = [each for k, each in enumerate(self._samples) if k not in dropped]
