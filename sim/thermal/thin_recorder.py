"""Recording of a trial at a temperature: a Brownian path turns at every step, so only some moments of it are kept."""

from __future__ import annotations

import numpy as np

from sim.recorder import Look, Recorder
from sim.wall_events import EventStore

MOST_POINTS = 2e5  # of all walls before every second step is left out, and so on
_LEAST_STEPS = 64


class ThinRecorder(Recorder):
    """A recorder that passes on every step at first, every second one after so many, every fourth after as many again.

    Walls are where they are told to be at the moments that are kept, and on straight lines between.

    Args:
        store, watched, most: as of ``Recorder``.
        walls: how many walls there are.
    """

    def __init__(self, store: EventStore, watched: np.ndarray, most: int, walls: int):
        super().__init__(store, watched, most)
        self._room = max(_LEAST_STEPS, int(MOST_POINTS / walls))
        self._passed, self._every, self._waiting = 0, 1, 0
        self._last: tuple[float, np.ndarray, np.ndarray, Look] | None = None

    def step(
        self, time: float, place: np.ndarray, speed: np.ndarray, look: Look, middle: np.ndarray | None = None
    ) -> None:
        """Go on to the end of a step, and keep it where it is its turn."""
        self._waiting += 1
        self._last = time, place, speed, look
        if self._waiting == self._every:
            self._pass_on()

    def _follow(self, time: float, place: np.ndarray, speed: np.ndarray, middle: np.ndarray | None) -> None:
        # Velocities are those of the drift alone: a curve through them would turn at every step, in twenty points.
        self._store.straight_step(time, place)

    def _pass_on(self) -> None:
        if self._last is None:
            return
        super().step(*self._last)
        self._last, self._waiting = None, 0
        self._passed += 1
        if self._passed == self._room:
            self._passed, self._every = 0, 2 * self._every

    def end_phase(self, time: float, look: Look) -> None:
        """End a phase where its last step ended."""
        self._pass_on()
        super().end_phase(time, look)
