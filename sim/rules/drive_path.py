"""Does the drawn network turn the same way? Its soma currents along the way that ideal wires would take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from hwlib.quantities import in_percent, printed
from sim.rules.cases import Cases
from sim.rules.drawn_end import DrawnEnd, drawn_end, held_toward, released_tracks
from sim.rules.ideal_path import IdealPath, IdealWires
from sim.rules.outcome import Outcome, above, first_largest, first_smallest
from sim.rules.window import v_dw_windows

MOST_PATHS, STATES = 3, 8  # trials followed; states of each that the drawn network is solved in
_LEAST = 1e-30  # A: ideal drives of weights of 0 against leaks of 0
LARGE, FEW = 48, 3  # neurons beyond which these few states have to do: a solve costs what N² devices cost


@dataclass(frozen=True)
class DrivePath:
    """Soma currents along ideal paths, as drawn and ideal.

    Attributes:
        drawn, ideal: track currents of the somas less what holds their walls against the leak, A, shape (states, N).
        trial: which start each state belongs to, shape (states,).
        ends: bits in which each path ended, shape (paths, N).
        last_axon: of each path, the axon that is the last to follow the somas as drawn, shape (paths,).
        arrival: when it does, s from the release, shape (paths,).
    """

    drawn: np.ndarray
    ideal: np.ndarray
    trial: np.ndarray
    ends: np.ndarray
    last_axon: np.ndarray
    arrival: np.ndarray

    @property
    def last(self) -> np.ndarray:
        """Index of each path's last state, axons settled, shape (paths,)."""
        return np.flatnonzero(np.append(self.trial[1:] != self.trial[:-1], True))

    @property
    def first(self) -> np.ndarray:
        """Index of each path's first state, the weights just switched on, shape (paths,)."""
        return np.flatnonzero(np.append(True, self.trial[1:] != self.trial[:-1]))

    @property
    def toward(self) -> np.ndarray:
        """Currents as drawn toward the ends of the paths, axons settled, A, shape (paths, N)."""
        return self.drawn[self.last] * np.where(self.ends == 1, 1.0, -1.0)

    @property
    def alike(self) -> np.ndarray:
        """Share of the ideal currents that turns the walls the same way as drawn, 1 to −1, shape (states,).

        ``Σ min(|drawn|, |ideal|)·sign / Σ |ideal|``: 1 when no current is smaller than on ideal wires, negative when
        more is turned round than kept. 1 where there is none to keep.
        """
        size = np.abs(self.ideal)
        kept = np.sign(self.drawn * self.ideal) * np.minimum(np.abs(self.drawn), size)
        whole = size.sum(axis=1)
        share: np.ndarray = np.divide(kept.sum(axis=1), whole, out=np.ones(len(whole)), where=whole > 0)
        return share


def ideal_paths(cases: Cases, most: int = MOST_PATHS, states: int | None = None) -> list[tuple[int, IdealPath]]:
    """Some of the task's own trials on ideal wires, spread over its starts; empty where they are unknown.

    Args:
        cases: the network at its operating point.
        most: trials, at most.
        states: of each to keep; default few of large networks.
    """
    if cases.starts is None and cases.loads:
        return []
    plain = cases.network.without_wires() if cases.network.has_wires else cases.network
    point = replace(cases.protocol, initial=None, net_levels=None)
    if cases.network.has_wires:
        without = Cases(plain, point, cases.device, cases.process, cases.limits)
        point = replace(point, v_dw=v_dw_windows(without).recommended or point.v_dw)
        without.circuits.forget()
    wires, states = IdealWires(plain, point), states or (FEW if plain.neurons > LARGE else STATES)
    if cases.starts is None:
        start = None if point.start is None else point.start[None]
        return [(0, path) for path in wires.paths(start, most * states)]
    count = min(most, len(cases.starts))
    trials = np.unique(np.linspace(0, len(cases.starts) - 1, count).round().astype(int))
    return list(zip(trials.tolist(), wires.paths(cases.starts[trials], states), strict=True))


def drive_path(cases: Cases, paths: list[tuple[int, IdealPath]]) -> DrivePath | None:
    """Solve the network in the states of ideal paths; None without any."""
    if not paths:
        return None
    balance = cases.leak_current[cases.network.somas]
    along = [_along(cases, path) for _, path in paths]
    drawn = np.concatenate([each.currents for each in along]) - balance
    ideal = np.concatenate([np.append(path.soma_current, path.soma_current[-1:], axis=0) for _, path in paths])
    trial = np.concatenate([np.full(len(path.share) + 1, k) for k, path in paths])
    last, arrival = np.array([each.last_axon for each in along]), np.array([each.arrival for each in along])
    return DrivePath(drawn, ideal - balance, trial, np.array([path.bits for _, path in paths]), last, arrival)


class _Along(NamedTuple):
    """The drawn network along one ideal path."""

    currents: np.ndarray  # track currents of the somas, A, shape (states + 1, N)
    last_axon: int
    arrival: float


def _along(cases: Cases, path: IdealPath) -> _Along:
    """Somas go the ideal way; axons where drawn drives take them, state by state, at last to the end of their track."""
    network, place, currents = cases.network, path.place.copy(), []
    somas = network.somas
    for ideal, step in zip(path.share[:, somas], [*np.diff(path.time), np.inf], strict=True):
        track = released_tracks(cases, place, ideal)
        currents.append(track[somas])
        speed = cases.dynamics.steady_velocity(track)
        far = np.where(speed > 0, network.length, 0.0)
        to_go = np.abs(far - place)
        place = far if np.isinf(step) else np.clip(place + speed * step, 0.0, network.length)
    currents.append(released_tracks(cases, place, path.share[-1, somas])[somas])
    moving = np.abs(speed) >= cases.protocol.rest_speed(network)
    time = np.divide(to_go, np.abs(speed), out=np.zeros(network.devices), where=moving)[cases.axons]
    last = first_largest(time)
    return _Along(np.array(currents), int(cases.axons[last]), float(path.time[-1] + time[last]))


@dataclass(frozen=True)
class _Held:
    """The soma that is held least where a trial ends, as drawn: the ideal end, or another that answers as well."""

    margin: float
    soma: int
    drawn: float
    end: str


def same_way(cases: Cases, found: DrivePath | None) -> Outcome | None:
    """Does the drawn network end where ideal wires do, or where the answer is as good, and in time?

    The margin is of the soma that is driven least toward its end, or of the last axon's arrival before the time limit;
    how much of the ideal drive is left on the way is said beside it.
    """
    if found is None:
        return None
    return min(_ends(cases, found), _arrives(cases, found), key=lambda outcome: outcome.margin)


def release(cases: Cases, found: DrivePath | None) -> Outcome | None:
    """When the weights come on, do wires drive somas to a state that holds itself and answers nothing?

    A random start is like a stored pattern by about 1 in √N, which is all that ideal wires drive somas with at first.
    What lifts the ground, or has one rail lose more than the other, drives all of them one way: mostly OFF. Axons
    follow, and where the network does not leave that state it ends there.
    """
    if found is None:
        return None
    sizes = np.maximum(np.abs(found.ideal[found.first]).mean(axis=1), _LEAST)
    driven = (found.drawn[found.first] > 0).astype(np.int8)
    held = {bits.tobytes(): held_toward(cases, bits) for bits in np.unique(driven, axis=0)}
    least = np.array([held[bits.tobytes()].min() for bits in driven])
    good = [cases.as_good(bits, end) for bits, end in zip(driven, found.ends, strict=True)]
    margins = np.where(good, np.inf, -least / sizes)
    path = first_smallest(margins)
    bits, trial = driven[path], int(found.trial[found.first[path]])
    place = cases.device_place(int(cases.network.somas[first_smallest(held[bits.tobytes()])]))
    state = "held there, though it is no answer" if margins[path] < 0 else "an answer" if good[path] else "left again"
    message = (
        f"as the weights come on in trial {trial}, {int(bits.sum())} of {len(bits)} somas are driven ON "
        f"({cases.wires}): a state that is {state}, {place.name} by the least: {printed(least[path], 'A')}, mean ideal "
        f"drive at first {printed(sizes[path], 'A')}"
    )
    return Outcome(
        rule="drive.release", message=message, margin=float(margins[path]), severity="warning",
        formula="min ±(I − I_leak) < 0 where somas are driven at first, axons settled, or an answer; over mean "
        "|I − I_leak| ideal at first",
        source="currents solved on the network in the state that the task's start is loaded in",
        measured=float(least[path]), required=0.0, unit="A", place=place, state=f"release of trial {trial}",
    )  # fmt: skip


def _arrives(cases: Cases, found: DrivePath) -> Outcome:
    path = first_largest(found.arrival)
    time, limit = float(found.arrival[path]), cases.protocol.time_limit
    place, trial = cases.device_place(int(found.last_axon[path])), int(found.trial[found.last[path]])
    return Outcome(
        rule="drive.path",
        message=f"{place.name} takes {printed(time, 's')} to follow its soma to where ideal wires end in trial {trial} "
        f"({cases.wires}); the convergence phase is limited to {printed(limit, 's')}",
        margin=above(limit, time), severity="warning",
        formula="time of the ideal path + way left / |k·I + v_leak| of its axons as drawn ≤ time limit",
        source="currents solved on the network in states that ideal wires pass; limit: task.time_limit of the design "
        "file",
        measured=time, required=limit, unit="s", place=place, state=f"ideal end of trial {trial}",
    )  # fmt: skip


def _ends(cases: Cases, found: DrivePath) -> Outcome:
    held = [_held(cases, found, path, other) for path, other in enumerate(_others(cases, found))]
    path = first_smallest(np.array([each.margin for each in held]))
    least, trial = held[path], int(found.trial[found.last[path]])
    turned, alike = int((found.toward[path] < 0).sum()), float(found.alike.min())
    place = cases.device_place(int(cases.network.somas[least.soma]))
    ideal = float(found.ideal[found.last[path], least.soma])
    message = (
        f"{turned} of {len(found.ends[path])} somas turn back from where ideal wires end in trial {trial} "
        f"({cases.wires}){least.end}, {place.name} is held least: {printed(least.drawn, 'A')}, "
        f"ideal {printed(ideal, 'A')}; in "
        f"{len(found.trial)} states on the way at least {in_percent(alike)} of the ideal currents "
        "turn walls the same way"
    )
    return Outcome(
        rule="drive.path", message=message, margin=least.margin, severity="warning",
        formula="min ±(I − I_leak) of the somas as drawn, over mean |I − I_leak| ideal; axons where drawn drives end",
        source="currents solved on the network in states that ideal wires pass", measured=least.drawn, required=0.0,
        unit="A", place=place, state=f"ideal end of trial {trial}, axons settled as drawn",
    )  # fmt: skip


def _others(cases: Cases, found: DrivePath) -> list[DrawnEnd | None]:
    """Where the drawn network goes from each path's end, None where it is held; paths may end alike."""
    lost: np.ndarray = np.any(found.toward < 0, axis=1)
    known = {end.tobytes(): drawn_end(cases, end) for end in np.unique(found.ends[lost], axis=0)}
    return [known[end.tobytes()] if turned else None for end, turned in zip(found.ends, lost, strict=True)]


def _held(cases: Cases, found: DrivePath, path: int, other: DrawnEnd | None) -> _Held:
    """Of one path."""
    size = max(float(np.abs(found.ideal[found.last[path]]).mean()), _LEAST)
    toward, end = found.toward[path], ""
    drawn = found.drawn[found.last[path]]
    if other is not None and other.holds and cases.as_good(other.bits, found.ends[path]):
        toward, end = other.toward, ", and it rests where the answer is as good"
        drawn = np.where(other.bits == 1, 1.0, -1.0) * toward
    soma = first_smallest(toward)
    return _Held(float(toward[soma]) / size, soma, float(drawn[soma]), end)
