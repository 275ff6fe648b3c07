"""How long all axons take to follow somas that all turn the same way: static solves along their way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwlib.nets import DENDRITE, LINE, RAIL, V_DW
from hwlib.quantities import printed
from sim.rules.cases import Cases

_LEVELS = np.linspace(0, 1, 3)  # of a pillar's passing, at which the network is looked at again
_NEAR, _MOST = 1e-12, 4  # of L: a level that is reached; times as many stages as there should be
_ALIKE, _STAGES = 1e-3, 8  # speeds at both ends closer than this: the slower one holds; else so many stages
_LARGE, _ALIKE_LARGE, _FEW = 48, 1e-2, 3  # the same beyond so many neurons: a solve costs what N² devices cost


@dataclass(frozen=True)
class AxonCourse:
    """All somas on one side, all axons on their way there from the other end of their tracks.

    Attributes:
        state: of the somas, and the phase.
        on: whether the axons go toward ON.
        time: from end to end, s, inf for axons that never arrive; shape (axons,).
    """

    state: str
    on: bool
    time: np.ndarray


def axon_courses(cases: Cases) -> list[AxonCourse]:
    """Both ways with the weights on, and both with every dendrite at the most that it can be at, as ``vdw.window`` has.

    All somas P take most from V_DW and, with all dendrites positive, lift the ground most; all AP and negative, least.
    """
    network, most = cases.network, cases.dendrite_bound
    charged = cases.loads and most == cases.protocol.v_charge
    bounded = cases.held(*(cases.load_classes if charged else (DENDRITE,)))
    run = cases.run_volts
    courses = []
    for on in (True, False):
        volts = np.where(network.nets_of(V_DW), run, 0.0)
        volts[network.nets_of(DENDRITE)] = most if on else -most
        somas = "somas P" if on else "somas AP"
        courses.append(AxonCourse(f"{somas}, weights on", on, _Course(cases, on, cases.held(LINE, RAIL), run).time()))
        if network.has_wires:  # else dendrites and axons do not know of each other
            held = f"{somas}, dendrites at {'+' if on else '−'}{printed(most, 'V')}"
            courses.append(AxonCourse(held, on, _Course(cases, on, bounded, volts).time()))
    return courses


class _Course:
    """The axons' walls in one phase, somas on one side; ways and speeds count toward that side, shape (axons,)."""

    def __init__(self, cases: Cases, on: bool, held: np.ndarray, volts: np.ndarray):
        self.cases, self.on, self.held, self.volts = cases, on, held, volts
        self.pillars, self.axons = cases.pillars, cases.axons
        self.length = cases.network.length[self.axons]
        edge, width = self.pillars.edge[self.axons], self.pillars.width[self.axons]
        near = edge if on else self.length - edge - width
        self.levels = near + _LEVELS[:, None] * width
        large = cases.network.neurons > _LARGE
        self.alike, self.stages = (_ALIKE_LARGE, _FEW) if large else (_ALIKE, _STAGES)

    def speed(self, way: np.ndarray) -> np.ndarray:
        """In m/s when each axon has gone ``way`` m."""
        network = self.cases.network
        place = np.where(network.is_soma, network.length * self.on, 0.0)
        place[self.axons] = way if self.on else self.length - way
        track = self.cases.circuits.track_current(self.pillars.share(place), self.held, self.volts)
        speed = self.cases.dynamics.steady_velocity(track)[self.axons]
        return speed if self.on else -speed

    def time(self) -> np.ndarray:
        """Of each axon from end to end in s."""
        start = self.speed(np.zeros_like(self.length))
        end = self.speed(self.length) if self.cases.network.has_wires else start
        slower = np.minimum(start, end)
        if (np.abs(start - end) <= self.alike * slower).all():
            return _over(self.length, slower)
        return self._in_stages(start)

    def _in_stages(self, speed: np.ndarray) -> np.ndarray:
        """By the midpoint rule; a stage ends when so many more levels have been passed."""
        way, time, now = np.zeros_like(self.length), np.full(len(self.length), np.inf), 0.0
        for _ in range(_MOST * self.stages):
            togo = self.levels - way
            ahead = np.sort(_over(np.where(togo > _NEAR * self.length, togo, np.inf), speed), axis=None)
            ahead = ahead[np.isfinite(ahead)]
            if not len(ahead):
                break
            step = ahead[min(self.levels.size // self.stages, len(ahead) - 1)]
            middle = self.speed(np.clip(way + speed * step / 2, 0.0, self.length))
            arriving = now + _over(self.length - way, middle)
            time = np.where(np.isinf(time) & (arriving <= now + step), arriving, time)
            way, now = np.clip(way + middle * step, 0.0, self.length), now + step
            speed = self.speed(way)
        return np.where(np.isinf(time), now + _over(self.length - way, speed), time)


def _over(way: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """Times in s, inf for walls that do not move forward."""
    return np.divide(way, speed, out=np.full(np.broadcast(way, speed).shape, np.inf), where=speed > 0)
