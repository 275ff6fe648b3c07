"""The task's own starts in the load phase: currents and times with the walls of each start itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sim.rules.cases import Cases
from sim.rules.statics import Solution, StaticCircuit

MOST_WALLS = 250_000  # in all starts that are solved with their own walls: 20 of 60 neurons take a second
FEWEST_STARTS = 16  # solved at any size


class Peaks:
    """Largest sizes over the task's own starts, walls OFF at first and as loaded; named as in ``Solution``.

    Args:
        circuit: of the network, in any state.

    Attributes:
        power: of all sources together in W.
        power_trial: which start that is from.
    """

    def __init__(self, circuit: StaticCircuit):
        self._circuit, devices = circuit, circuit.network.devices
        many = {"track_current": devices, "pillar_current": devices, "pillar_voltage": devices,
                "shared_current": len(circuit.wires.first)}  # fmt: skip
        self._size = {name: np.zeros(count) for name, count in many.items()}
        self._trial = {name: np.zeros(count, np.int32) for name, count in many.items()}
        self.power, self.power_trial = 0.0, 0

    def include(self, solution: Solution, trial: int) -> None:
        """Take in one more state of a start."""
        for name, largest in self._size.items():
            size = np.abs(getattr(solution, name))
            np.copyto(self._trial[name], trial, where=size > largest)
            np.maximum(largest, size, out=largest)
        if solution.power > self.power:
            self.power, self.power_trial = solution.power, trial

    @property
    def track_current(self) -> np.ndarray:
        """In A, shape (devices,)."""
        return self._size["track_current"]

    @property
    def pillar_voltage(self) -> np.ndarray:
        """In V, shape (devices,)."""
        return self._size["pillar_voltage"]

    @property
    def resistor_current(self) -> np.ndarray:
        """In A, shape (resistors,)."""
        return self._of_resistors(self._size)

    @cached_property
    def trial(self) -> dict[str, np.ndarray]:
        """Which start each size is from, by name."""
        own = {name: self._trial[name] for name in ("track_current", "pillar_voltage")}
        return own | {"resistor_current": self._of_resistors(self._trial).astype(np.int32)}

    def _of_resistors(self, of: dict[str, np.ndarray]) -> np.ndarray:
        """A contact's size is that of its device, and from the same start."""
        return np.abs(self._circuit.with_contacts(*(of[f"{kind}_current"] for kind in ("shared", "track", "pillar"))))


@dataclass(frozen=True)
class LoadedStarts:
    """Starts of the task, loaded: walls where each start wants them, V_C still on.

    Attributes:
        trials: which starts, shape (starts,).
        bits: shape (starts, N).
        current: track current of each soma in A, toward the end that its bit says, shape (starts, N).
        soma: time in s that each soma that is to be ON takes past its pillar, 0 for others, shape (starts, N).
        axons: the same of the slowest axon that each of them drives, shape (starts, N); of those that are to be OFF
            inf where an axon does not stay there, else 0.
        peaks: currents and voltages of the whole load phase.
    """

    trials: np.ndarray
    bits: np.ndarray
    current: np.ndarray
    soma: np.ndarray
    axons: np.ndarray
    peaks: Peaks


def loaded_starts(cases: Cases) -> LoadedStarts | None:
    """The starts of the task that are hardest to load or load the wires most; None when the task is unknown.

    Open weight rails join the dendrites through their axons, the more of them ON the more: with the walls of the start
    itself the join is strongest at the end of its load. Where there are too many starts to solve them all, those are
    taken that all axons ON would load least, and those whose currents would be the largest.
    """
    if cases.starts is None:
        return None
    network, somas, held = cases.network, cases.network.somas, cases.held(*cases.load_classes)
    starts, first = np.unique(cases.starts, axis=0, return_index=True)
    volts = cases.protocol.loading_voltages(network, starts)
    chosen = _hardest(cases, starts, volts)
    current, soma, axons = np.zeros((3, len(chosen), network.neurons))
    at_first = cases.circuits.at(cases.parallel(False, "none"), held)
    peaks = Peaks(at_first)
    for k in chosen:  # one circuit after the other: each is factorised once
        peaks.include(at_first.solve(volts[k]), int(first[k]))
    for row, k in enumerate(chosen):
        on = starts[k] != 0
        loaded = cases.circuits.at(on[network.pre], held).solve(volts[k])
        peaks.include(loaded, int(first[k]))
        track = loaded.track_current
        current[row] = np.where(on, 1.0, -1.0) * track[somas]
        soma[row, on] = _travel(cases, somas, track[somas])[on]
        times = _travel(cases, cases.axons, track[cases.axons])
        lost = np.where(np.isfinite(times), np.inf, 0.0)
        pre = network.pre[cases.axons]
        np.maximum.at(axons[row], pre, np.where(on[pre], times, lost))
    return LoadedStarts(first[chosen], starts[chosen], current, soma, axons, peaks)


def _hardest(cases: Cases, starts: np.ndarray, volts: np.ndarray) -> np.ndarray:
    """Indices of the starts to be solved with their own walls, as many as there is time for."""
    most = max(FEWEST_STARTS, MOST_WALLS // cases.network.devices)
    if len(starts) <= most:
        return np.arange(len(starts))
    circuit = cases.circuits.at(cases.parallel(True, "all"), cases.held(*cases.load_classes))
    least, largest = np.zeros((2, len(starts)))
    for k, (start, source) in enumerate(zip(starts, volts, strict=True)):
        solution = circuit.solve(source)
        least[k] = np.min(np.where(start != 0, 1.0, -1.0) * solution.track_current[cases.network.somas])
        wires = np.abs(solution.resistor_current) / cases.network.resistor_limit
        largest[k] = wires.max(initial=0.0) if cases.network.has_wires else np.abs(solution.track_current).max()
    few, much = np.argsort(least, kind="stable"), np.argsort(-largest, kind="stable")
    return np.unique(np.concatenate([few[: most // 2], much[: most - most // 2]]))


def _travel(cases: Cases, devices: np.ndarray, current: np.ndarray) -> np.ndarray:
    """Time in s from the OFF end past the pillar; inf for walls that stand still or move back."""
    network = cases.network
    through = np.zeros(network.devices)
    through[devices] = np.where(np.isfinite(current), current, 0.0)  # none where no start asks for it
    speed = cases.dynamics.steady_velocity(through)[devices]
    way = network.pillar_centre[devices] + network.pillar_width[devices] / 2
    time = np.full(len(devices), np.inf)
    np.divide(way, speed, out=time, where=speed > 0)
    return time
