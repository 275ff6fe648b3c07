"""What steppers of one plan have in common, and the rooms that they work in, one after the other."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from hwlib.network import MTJ_IN, Network
from sim.engines.handles import Handle
from sim.engines.ideal.gains import strongest_weights
from sim.engines.layout.elimination.trial_lanes import make_lane_room
from sim.engines.layout.partition.plan import Plan
from sim.engines.layout.stepping.layout_growth import make_watch, watch_nothing
from sim.engines.layout.stepping.motion import Motion, another_motion, make_motion, start_motion
from sim.engines.layout.system import System, Walls, another_system, make_system, make_walls, put_under
from sim.engines.stepper import CONVERGENCE, Phase


class Room:
    """A system of a plan and a motion of its walls, with their handles as compiled code takes them."""

    def __init__(self, held_system: Handle, held_motion: Handle):
        self.held_system, self.held_motion = held_system, held_motion
        self.system: System = held_system.values
        self.motion: Motion = held_motion.values

    def another(self) -> Room:
        """One with memory of its own."""
        system, motion = another_system(self.system), another_motion(self.motion)
        return Room(self.held_system.another(system), self.held_motion.another(motion))

    @cached_property
    def lanes(self) -> Handle:
        """Room of steppers that advance abreast, this one's the first of them."""
        return Handle(make_lane_room(self.system.interface))


class Constants(NamedTuple):
    """Constants of the walls, with their handle."""

    walls: Walls
    held: Handle


class Followed(NamedTuple):
    """With what growth is followed, and ``strongest_weights``."""

    held: Handle
    strongest: np.ndarray


class Workplaces:
    """Of a plan: constants, once in memory and in caches, and what compiled code takes. Threads may share it.

    Args:
        network: what is simulated.
        plan: the plan.
        threads: how many share a trial.

    Attributes:
        parts: handles of the plan's parts and of theirs, by identity.
        calls: of their systems, None before the first.
    """

    def __init__(self, network: Network, plan: Plan, threads: int):
        self.parts: dict[int, Handle] = {}
        for part in plan:
            if isinstance(part, tuple):
                self.parts |= {id(inner): Handle(inner) for inner in part if isinstance(inner, tuple)}
                self.parts[id(part)] = Handle(part, self.parts)
        self.calls: np.ndarray | None = None
        self._network, self._plan, self._threads = network, plan, threads
        self._empty: list[Room] = []
        self._first: Room | None = None
        self._constants: tuple[np.ndarray, Constants] | None = None
        self._followed: tuple[np.ndarray, float, Followed] | None = None
        self._nothing = Followed(held=Handle(watch_nothing()), strongest=np.zeros(network.neurons))

    def enter(self, phase: Phase, walls: Walls) -> Room:
        """A room under the voltages of a phase, nothing solved: one that was left, or a new one."""
        room = self._room()
        if room is None:
            system = make_system(self._network, self._plan, walls, phase.voltages, self._threads, self.parts)
            self._first = Room(Handle(system, self.parts), Handle(make_motion(system, self._network)))
            return self._first
        put_under(room.system, self._network, self._plan, phase.voltages, self.parts)
        start_motion(room.motion)
        return room

    def _room(self) -> Room | None:
        """A used room, or one like the first; None before the first."""
        try:
            return self._empty.pop()
        except IndexError:
            pass
        return self._first and self._first.another()

    def leave(self, room: Room) -> None:
        """Another stepper may have the room."""
        self._empty.append(room)

    def constants(self, rest_speed: np.ndarray) -> Constants:
        """``make_walls``, or what it gave for the same speeds at rest."""
        known = self._constants
        if known is None or not np.array_equal(known[0], rest_speed):
            walls = make_walls(self._network, self._plan, rest_speed)
            self._constants = known = rest_speed, Constants(walls=walls, held=Handle(walls))
        return known[1]

    def followed(self, phase: Phase) -> Followed:
        """Of a phase, or what it was for the last one with the same voltages."""
        network, v_dw = self._network, phase.protocol.v_dw
        if phase.number != CONVERGENCE:
            return self._nothing
        weights = np.nan_to_num(phase.voltages[network.node_net[network.terminals[:, MTJ_IN]]])
        known = self._followed
        if known is None or known[1] != v_dw or not np.array_equal(known[0], weights):
            strongest = strongest_weights(network, weights)
            watch = make_watch(network, self._plan, weights, strongest, v_dw)
            followed = Followed(held=Handle(watch), strongest=strongest)
            self._followed = known = weights, v_dw, followed
        return known[2]
