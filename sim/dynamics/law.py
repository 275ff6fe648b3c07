"""What a law of wall motion is: its parameters, its state, how fast both go, when a wall rests.

A law is one class, made for a network's devices; ``sim.dynamics.register`` adds it by name. The position of a wall is
known to every engine; a law may give walls further state variables, such as the angle of a wall's magnetisation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from hwlib.errors import InputError, shown
from hwlib.network import Network
from sim.dynamics.parameter import DAMPING, WALL_WIDTH, Parameter
from sim.dynamics.pinning import Pinning

REST_OF_LEAK = 200.0  # a wall is at rest when this much slower than the slowest leak of its neuron
_REST_OF_DRIVE = 1e-8  # … or than this part of the fastest drive: the rounding of currents is 1e-16 to 1e-10 of it


@dataclass(frozen=True)
class StateVariable:
    """What a wall has besides its position: name, SI unit, meaning."""

    name: str
    unit: str
    meaning: str


class WallDynamics:
    """A law of wall motion on the devices of a network. Subclasses give at least ``name`` and ``velocity``.

    Attributes:
        name: in design and network files.
        meaning: in a line.
        parameters: what the law needs of each device.
        states: state variables besides the position.
        network: the network.
        values: the parameters by name, shape (devices,).

    Raises:
        InputError: a network whose parameters the law does not know, or that are out of range.
    """

    name: ClassVar[str]
    meaning: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    states: ClassVar[tuple[StateVariable, ...]] = ()

    def __init__(self, network: Network):
        self.network = network
        given = network.dynamics.values
        known = {parameter.name: parameter for parameter in self.parameters}
        strange = [name for name in given if name not in known and name not in _MATERIALS]
        if strange:
            allowed = ", ".join(known) or "none"
            raise InputError(f"network: dynamics {self.name} has no parameter {shown(strange[0])}; allowed: {allowed}")
        defaults = np.array([parameter.default for parameter in known.values()], float).reshape(-1, 1)
        everywhere = np.broadcast_to(defaults, (len(defaults), network.devices))
        self.values: dict[str, np.ndarray] = dict(zip(known, everywhere, strict=True))
        for name in filter(given.__contains__, known):
            parameter, values = known[name], np.asarray(given[name], float)
            bad = values[~((values >= parameter.low) & (values <= parameter.high))]
            if len(bad):
                where = f"network: dynamics {self.name}: {name}"
                raise InputError(f"{where} is {parameter.written(float(bad[0]), 6)}, allowed {parameter.range}")
            self.values[name] = values

    @cached_property
    def pinning(self) -> Pinning:
        """What pins the walls; only trials at a temperature have it."""
        return Pinning(self.values, self.network.length)

    def velocity(self, current: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Velocity in m/s toward ON that walls would have if no end of their track held them.

        Args:
            current: of the track in A, shape (devices,).
            state: state variables, shape (states, devices).
        """
        raise NotImplementedError

    def state_rates(self, current: np.ndarray, state: np.ndarray, held: np.ndarray) -> np.ndarray:
        """Rates of the state variables per s, shape (states, devices); ``held``: an end of the track holds the wall."""
        return np.zeros_like(state)

    def first_state(self) -> np.ndarray:
        """State variables at the beginning of a trial, shape (states, devices)."""
        return np.zeros((len(self.states), self.network.devices))

    def scale(self) -> np.ndarray:
        """Of each state variable, as L is of the position: errors of steps are relative to it, shape (states, 1)."""
        return np.ones((len(self.states), 1))

    def at_rest(
        self, current: np.ndarray, state: np.ndarray, held: np.ndarray, rest_speed: np.ndarray
    ) -> np.ndarray:  # fmt: skip
        """Whether each wall rests: an end of its track holds it, or it is slower than ``rest_speed`` m/s."""
        return held | (np.abs(self.velocity(current, state)) < rest_speed)

    def steady_velocity(self, current: np.ndarray) -> np.ndarray:
        """Mean velocity in m/s of a free wall long after its current was switched on, shape (…, devices).

        Laws with state variables give their own.
        """
        return self.velocity(current, self.first_state())

    def balance(self) -> np.ndarray:
        """Current in A with which a free wall has no way to go, shape (devices,)."""
        return -self.network.leak / self.network.mobility

    def fastest(self, current: np.ndarray) -> np.ndarray:
        """Bound of the speed in m/s with track currents up to a size in A, shape (…, devices)."""
        return np.abs(self.steady_velocity(np.abs(current))) + 2 * np.abs(self.network.leak)

    def rest_speed(self, volts: float) -> np.ndarray:
        """Speed in m/s below which a free wall counts as at rest, shape (devices,).

        A two-hundredth of the smallest |leak| of its neuron (soma and the axons that it drives): while the slowest wall
        crosses its track by its leak alone, a wall at rest goes 0.5 % of its own. With Table I 1 mm/s for all. Without
        a leak rest is what rounding leaves of a drive: 1e-8 of the velocity that the largest source would give. Both
        scale with leaks and drives, so that a network scaled in time has the same outcome.

        Args:
            volts: of the largest source.
        """
        network = self.network
        slowest = np.full(network.neurons, np.inf)
        np.minimum.at(slowest, network.pre, np.abs(network.leak))
        drive = np.abs(network.mobility) * volts / network.r_m
        speed = np.maximum(slowest[network.pre] / REST_OF_LEAK, _REST_OF_DRIVE * drive)
        return np.maximum(speed, np.finfo(float).tiny)  # nothing moves anything: at rest all the same

    def diffusion(self, agitation: np.ndarray) -> np.ndarray | None:
        """Noise amplitudes √(2D) at a temperature, of position (m/√s) and state variables, shape (1 + states, devices).

        None: the law knows no thermal motion.

        Args:
            agitation: ``k_B T γ/(2 M_s A)`` in m/s, shape (devices,).
        """
        return None

    def einstein(self, agitation: np.ndarray) -> np.ndarray | None:
        """k_B T times the velocity per force of a slow wall, α-damped, in m²/s, shape (devices,); None: not known."""
        if DAMPING.name not in self.values or WALL_WIDTH.name not in self.values:
            return None
        return agitation * self.values[WALL_WIDTH.name] / self.values[DAMPING.name]

    def pushed(self, way: np.ndarray) -> np.ndarray:
        """What it does to the state variables when an end of the track pushes walls by ``way`` m, (states, devices)."""
        return np.zeros((len(self.states), len(way)))

    def under_force(
        self, speed: np.ndarray, rates: np.ndarray, force: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """Velocities and rates of the state variables with a force added, told by the velocity that it alone gives."""
        return speed + force, rates

    def quickest(self) -> np.ndarray:
        """Shortest time in s in which walls follow their pinning, or state variables change, shape (devices,)."""
        return self.pinning.quickest


_MATERIALS = ("lande_factor", "saturation_magnetization")  # of the device, in the file of every other law's network
