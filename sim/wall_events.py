"""Recording of walls: every wall's events, and the points between them that straight lines need."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hwlib.network import Network
from sim.result import WallEvents
from sim.wall_course import ROOM, Course, Points, Tracks, begin_phase, end_all, follow_step


class EventStore:
    """Takes the walls step by step, and keeps what ``WallEvents`` needs.

    Args:
        length: L of each wall's track in m.
        enter, leave: edges of its pillar in m.
        clipped: a wall may meet an end of its track, or leave it, within a step; otherwise steps end there.
    """

    def __init__(self, length: np.ndarray, enter: np.ndarray, leave: np.ndarray, *, clipped: bool):
        walls = len(length)
        self._tracks = Tracks(*(np.ascontiguousarray(each, float) for each in (length, enter, leave)))
        self._clipped, self._time = clipped, 0.0
        real, none = (lambda: np.zeros(walls)), np.full(walls, np.nan)
        self._course = Course(
            real(), real(), np.zeros(walls, np.int8), np.zeros(walls, np.int64), real(), real(), real(), real(),
            real(), real(), none,
        )  # fmt: skip
        room = 2 * walls + ROOM
        self._points = Points(
            np.empty(room, np.int32), np.empty(room), np.empty(room), np.empty(room, np.int8), np.zeros(1, np.int64)
        )

    @classmethod
    def of(cls, network: Network, *, clipped: bool) -> EventStore:
        """A store for every device of a network."""
        enter = network.pillar_centre - network.pillar_width / 2
        return cls(network.length, enter, enter + network.pillar_width, clipped=clipped)

    @property
    def count(self) -> int:
        """How many points are kept."""
        return int(self._points.filled[0])

    def walls_since(self, count: int) -> np.ndarray:
        """Walls of the points kept since there were ``count``."""
        return self._points.wall[count : self.count]

    def begin(self, time: float, place: np.ndarray, speed: np.ndarray, *, first: bool) -> None:
        """Begin a phase at a time in s with walls at ``place`` m and ``speed`` m/s; ``first``: the trial begins."""
        self._each(lambda wall: begin_phase(self._points, self._course, self._tracks, time, place, speed, first, wall))
        self._time = time

    def step(self, time: float, place: np.ndarray, speed: np.ndarray, middle: np.ndarray | None = None) -> None:
        """Go on to the end of a step.

        Args:
            time: s from the start of the trial.
            place: of the walls in m.
            speed: in m/s; of a wall that an end holds what it would have without.
            middle: the same half-way; by default the mean of both ends.
        """
        half = (self._course.speed + speed) / 2 if middle is None else middle
        self._each(
            lambda wall: follow_step(
                self._points, self._course, self._tracks, self._time, time, place, half, speed, self._clipped, wall
            )
        )
        self._time = time

    def straight_step(self, time: float, place: np.ndarray) -> None:
        """Go on along a straight line to the end of a step, also of a wall that leaves an end of its track."""
        course, length = self._course, self._tracks.length
        slope = (place - course.place) / max(time - self._time, np.finfo(float).tiny)
        inside = (course.place > 0) & (course.place < length)
        course.speed[inside] = slope[inside]
        self.step(time, place, slope, slope)

    def end(self, time: float, place: np.ndarray) -> None:
        """End the trial."""
        self._each(lambda wall: end_all(self._points, self._course, self._tracks, time, place, wall))

    def events(self, wall_of: np.ndarray | None = None) -> WallEvents:
        """What was kept, by device and time.

        Args:
            wall_of: wall of each device when several have the same; default: walls are devices.
        """
        points, count, walls = self._points, self.count, len(self._tracks.length)
        order = np.argsort(points.wall[:count], kind="stable")
        first = np.searchsorted(points.wall[order], np.arange(walls + 1))
        wall_of = np.arange(walls) if wall_of is None else wall_of
        sizes = np.diff(first)[wall_of]
        ends = np.cumsum(sizes)
        rows = order[np.arange(ends[-1]) + np.repeat(first[wall_of] - (ends - sizes), sizes)]
        device = np.repeat(np.arange(len(wall_of), dtype=np.int32), sizes)
        return WallEvents(device, points.time[rows], points.place[rows], points.kind[rows])

    def _each(self, some: Callable[[int], int]) -> None:
        """Do something for every wall, with more room whenever there is too little."""
        done, walls = 0, len(self._tracks.length)
        while (done := some(done)) < walls:
            room = 2 * len(self._points.time) + ROOM
            wall, time, place, kind = (np.resize(each, room) for each in self._points[:-1])
            self._points = Points(wall, time, place, kind, self._points.filled)
