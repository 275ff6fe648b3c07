"""Rules on walls at a temperature: do leaks and drives hold them off their pillars, and move them off their pinning?

They are judged where the design states a temperature above 0 K. Λ = v L/D compares what drives a wall with its noise: a
wall is beyond a place x for exp(−Λ x/L) of the time.
"""

from __future__ import annotations

import math

import numpy as np

from hwlib.quantities import printed
from sim.rules.cases import Cases
from sim.rules.outcome import TIE, Outcome, above, first_largest, first_smallest
from sim.rules.stored_states import RestStates
from sim.thermal.escape import chance, held_for, log_passages, passage, places, tail

ALLOWED = 1e-3  # share of the time that a held wall may be under its pillar
_COARSE, _AT_ONCE, _TRIED = 400, 4096, 16  # points of a coarse passage, walls at a time, walls of exact passages
_FORMULA = "Λ = v·L/D ≥ ln(1000)·L/x, x: way from the end to the pillar; D = k_B·T·γ·Δ/(2·α·M_s·A)"
_SOURCE = "Einstein relation, Boltzmann tail exp(−Λ·x/L); allowed: 10⁻³ of the time under the pillar"


class WarmWalls:
    """What noise does to the walls of a network in its bounding states.

    Attributes:
        diffusion: D in m²/s, shape (devices,).
        room: from the OFF end to the pillar, and from the ON end to it, m, shape (2, devices).
        notch: depth of the notches in k_B T, shape (devices,).
    """

    def __init__(self, cases: Cases, diffusion: np.ndarray):
        network, law = cases.network, cases.dynamics
        self.cases, self.diffusion, self.pinning = cases, diffusion, law.pinning
        enter = network.pillar_centre - network.pillar_width / 2
        self.room = np.stack([enter, network.length - enter - network.pillar_width])
        deep = np.minimum(self.room / self.pinning.width, 1.0)
        depth = self.pinning.notch * self.pinning.width / diffusion
        self.notch = depth * 1.5 * math.sqrt(3) * (deep**2 / 2 - deep**4 / 4)

    def held(self, speed: np.ndarray, on: np.ndarray) -> np.ndarray:
        """Λ of walls that velocities toward their ends hold, m/s; notches count as what they add before the pillar."""
        network, at = self.cases.network, on.astype(int)
        room, devices = self.room[at, np.arange(network.devices)], np.arange(network.devices)
        rise = speed * room / self.diffusion + self.notch[at, devices]
        return np.divide(rise * network.length, room, out=np.zeros(network.devices), where=room > 0)

    def required(self, device: int, on: bool) -> float:
        """Λ that keeps a wall off its pillar but for ``ALLOWED`` of the time; inf where the pillar is at the end."""
        room = float(self.room[int(on), device])
        return math.log(1 / ALLOWED) * float(self.cases.network.length[device]) / room if room > 0 else math.inf

    def room_left(self, values: np.ndarray, on: np.ndarray) -> np.ndarray:
        """Λ of walls over what each needs: a pillar off the middle wants more at one end than at the other."""
        room, length = self.room[on.astype(int), np.arange(len(values))], self.cases.network.length
        return values * room / (length * math.log(1 / ALLOWED))

    def told(self, device: int, on: bool, speed: float, value: float) -> str:
        """Share of the time under the pillar, and chance to pass half of it in the task's time."""
        network, time = self.cases.network, self.cases.protocol.time_limit
        room = float(self.room[int(on), device])
        way, d = room + float(network.pillar_width[device]) / 2, float(self.diffusion[device])
        if self.pinning.any:
            mean = passage(self._pinning(device, places(way), on) - speed, way, d)
        else:
            mean = held_for(speed, way, d)
        share = float(tail(np.array(value * room / network.length[device])))
        return (
            f"{share:.2g} of the time under its pillar, past half of it in {chance(time, mean):.2g} of the trials "
            f"of {printed(time, 's')}"
        )

    def _pinning(self, device: int, way: np.ndarray, on: bool) -> np.ndarray:
        """Velocity that pinning gives a wall at some ways from its OFF or ON end, away from it, m/s."""
        return self._pinnings(np.array([device]), way[:, None], on)[:, 0]

    def _pinnings(self, devices: np.ndarray, way: np.ndarray, on: bool) -> np.ndarray:
        """The same of many walls, shape (points, walls) as ``way``."""
        some = self.pinning.of(devices)
        return -some.velocity(some.length - way) if on else some.velocity(way)

    def slowest(self, devices: np.ndarray, speed: np.ndarray, on: bool) -> tuple[int, float]:
        """Which wall drives take longest to bring from its OFF or ON end to the other pillar edge, and how long.

        Where walls are alike it is the one that is driven least. Of others all passages are worked out coarsely, and
        those of the slowest ones exactly.

        Args:
            devices: walls, by their numbers.
            speed: of their drives that way, m/s.
            on: which end they come from.

        Returns:
            Its place among ``devices``, and the mean time in s, inf beyond e⁷⁰⁰.
        """
        way = self.cases.network.length - self.room[int(not on)]
        own = np.stack([way, self.diffusion, self.pinning.length, *self.pinning.values])[:, devices]
        if (np.ptp(own, axis=1) <= TIE * np.abs(own).max(axis=1)).all():
            tried = np.array([first_smallest(speed)])
        else:
            parts = range(0, len(devices), _AT_ONCE)
            coarse = np.concatenate([self._passages(devices, speed, on, way, slice(k, k + _AT_ONCE)) for k in parts])
            tried = np.sort(np.argsort(-coarse, kind="stable")[:_TRIED])
        times = [self._moved(int(devices[k]), float(speed[k]), on, float(way[devices[k]])) for k in tried]
        k = first_largest(np.array(times))
        return int(tried[k]), times[k]

    def _passages(
        self, devices: np.ndarray, speed: np.ndarray, on: bool, way: np.ndarray, part: slice
    ) -> np.ndarray:  # fmt: skip
        """Logarithms of passages, coarsely."""
        some, far = devices[part], way[devices[part]]
        velocity = speed[part] + self._pinnings(some, places(far, _COARSE), on)
        return log_passages(velocity, far, self.diffusion[some])

    def _moved(self, device: int, speed: float, on: bool, way: float) -> float:
        return passage(speed + self._pinning(device, places(way), on), way, float(self.diffusion[device]))


def warm_walls(cases: Cases) -> WarmWalls | None:
    """The walls of a network at a temperature; None where the design states none, or 0 K, or the law knows no noise."""
    noise = cases.protocol.noise
    if noise is None or noise.temperature == 0:
        return None
    diffusion = cases.dynamics.einstein(noise.agitation(cases.network))
    return None if diffusion is None else WarmWalls(cases, diffusion)


def thermal_hold(walls: WarmWalls | None) -> Outcome | None:
    """Does its leak alone hold every axon at the OFF end, off its pillar?"""
    if walls is None or not len(walls.cases.axons):
        return None
    cases, off = walls.cases, np.zeros(walls.cases.network.devices, bool)
    speed = -cases.dynamics.steady_velocity(np.zeros(cases.network.devices))
    values = walls.held(speed, off)
    k = int(cases.axons[first_smallest(walls.room_left(values, off)[cases.axons])])
    value, required, place = float(values[k]), walls.required(k, False), cases.device_place(k)
    return Outcome(
        rule="thermal.hold",
        message=f"{place.name}, held at its OFF end by its leak alone, is {walls.told(k, False, speed[k], value)}",
        margin=above(value, required), severity="error", formula=_FORMULA, source=_SOURCE, measured=value,
        required=required, unit="", place=place, state="no current",
    )  # fmt: skip


def thermal_drive(walls: WarmWalls | None, held: RestStates | None) -> Outcome | None:
    """Do the drives of every stored pattern, in the form that rests better, hold each wall off its pillar?"""
    if walls is None or held is None:
        return None
    cases, network = walls.cases, walls.cases.network
    count, least, worst = len(held.states) // 2, math.inf, (0.0, 0, False, 0.0, 0)
    for k in held.margin.reshape(2, count).argmax(axis=0) * count + np.arange(count):
        on = held.states[k][network.pre] == 1
        current = cases.released(on).track_current
        speed = np.where(on, 1.0, -1.0) * cases.dynamics.steady_velocity(current)
        values = walls.held(speed, on)
        left = walls.room_left(values, on)
        device = first_smallest(left)
        if left[device] < least:
            least = float(left[device])
            worst = float(values[device]), device, bool(on[device]), float(speed[device]), int(k)
    value, device, on_end, velocity, k = worst
    place, required = cases.device_place(device), walls.required(device, on_end)
    name = f"pattern {k % count}{' inverted' if k >= count else ''}"
    return Outcome(
        rule="thermal.drive",
        message=f"in {name} {place.name}, driven to its {'ON' if on_end else 'OFF'} end by {velocity:.3g} m/s, is "
        f"{walls.told(device, on_end, velocity, value)}",
        margin=above(value, required), severity="error", formula=_FORMULA, source=_SOURCE, measured=value,
        required=required, unit="", place=place, state=f"every wall as in {name}",
    )  # fmt: skip


def thermal_pinning(walls: WarmWalls | None) -> Outcome | None:
    """Does noise let every axon's drive move it off its pinning and over its track in the task's time?"""
    if walls is None or not walls.pinning.any or not len(walls.cases.axons):
        return None
    cases, axons = walls.cases, walls.cases.axons
    worst = (-math.inf, 0, "")
    for name, solution in cases.run_states.items():
        speed = cases.dynamics.steady_velocity(solution.track_current)[axons]
        on = name.startswith("somas AP")  # where they come from
        k, time = walls.slowest(axons, -speed if on else speed, on)
        if time > worst[0]:
            worst = time, int(axons[k]), name
    time, k, name = worst
    place, limit = cases.device_place(k), cases.protocol.time_limit
    takes = f"takes {printed(time, 's')}" if math.isfinite(time) else "does not come"
    return Outcome(
        rule="thermal.pinning",
        message=f"{place.name} {takes} to leave its pinning and pass its pillar on average; the convergence phase has "
        f"{printed(limit, 's')}",
        margin=above(limit, time) if math.isfinite(time) else -1.0, severity="error",
        formula="mean first passage ∫e^U ∫e^−U/D past the pillar, U of drive, landscape and notches, ≤ time limit",
        source="Risken, The Fokker–Planck Equation, Springer 1989, ch. 5; limit: task.time_limit",
        measured=time if math.isfinite(time) else None, required=limit, unit="s", place=place, state=name,
    )  # fmt: skip
