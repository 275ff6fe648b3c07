"""A trial simulated by ngspice or VACASK, as the dataset of ``sim.run``."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from hwlib.argument_kinds import takes_kinds
from hwlib.errors import InputError
from hwlib.network import DW_IN, DW_OUT, Network
from hwlib.storage.scratch import scratch_folder
from sim.circuit import joined_pins
from sim.dynamics import WallDynamics, dynamics_of
from sim.engines.reference.reference_circuit import Circuit
from sim.protocol import Protocol
from sim.recorder import Recorder
from sim.result import Trace, Trials, dataset, trace_samples
from sim.spice.deck import Deck, write_deck
from sim.spice.deck_law import deck_law_of
from sim.spice.dialect import dialect_of
from sim.spice.ngspice import find_ngspice, run_deck
from sim.spice.raw_file import SpiceRun
from sim.spice.trial_bench import SWITCHING, Names
from sim.spice.vacask import find_vacask, run_vacask
from sim.wall_events import EventStore
from sim.walls import Pillars

_END_SLACK = 1e-6  # of L: a wall this near an end is held by it
_LOADED_SLACK = 1e-3  # of L: the same at the end of a load whose time comes from another simulator


@takes_kinds
def simulate(
    network: Network, protocol: Protocol, *, load_time: float | str | None = None,
    duration: float | str | None = None, max_step: float | str | None = None,
    samples: int = 100_000, program: str = "ngspice", timeout: float | None = None,
    dialect: str = "ngspice",
) -> xr.Dataset:  # fmt: skip
    """Simulate one trial with ngspice or VACASK.

    Args:
        network: ideal or extracted.
        protocol: the trial.
        load_time: of the load phase in s, or a text such as ``"16 ns"`` (so the other times too), for protocols that
            load until rest; ngspice cannot wait for rest.
        duration: of the convergence phase in s; default the protocol's time limit.
        max_step: longest time step in s, as for ``write_deck``.
        samples: most samples of currents and voltages; fewer for large networks.
        program: name or path of ngspice.
        timeout: longest run of the simulator in s of wall-clock time.
        dialect: ``ngspice`` or ``vacask``.

    Returns:
        The dataset of ``sim.run`` with traces. Energies and ``kcl_residual`` are those of ngspice's node voltages;
        ``at_rest`` is False when some wall still moves at the end, or moved when the load phase was to be at rest.
        The trace goes on to ``duration``; ``wall_final`` and the energies are those at rest.

    Raises:
        InputError: no load time is known, or the simulator is missing or fails.
    """
    with scratch_folder() as folder:
        deck = write_deck(
            network, protocol, folder / "bench.cir", load_time=load_time, duration=duration, max_step=max_step,
            dialect=dialect,
        )  # fmt: skip
        return read_back(network, protocol, deck, run_written(deck, program=program, timeout=timeout), samples)


RUNNABLE = ("ngspice", "vacask")  # dialects whose simulators are free and are run here


def check_simulator(dialect: str) -> None:
    """See that a dialect's simulator can be run.

    Raises:
        InputError: none of that dialect is run here, or it is missing or too old.
    """
    if dialect not in RUNNABLE:
        raise InputError(f"spice: {dialect_of(dialect).title} is not run here; allowed: {', '.join(RUNNABLE)}")
    find_vacask() if dialect == "vacask" else find_ngspice()


def run_written(deck: Deck, *, program: str = "ngspice", timeout: float | None = None) -> SpiceRun:
    """Run a written deck with the simulator of its dialect.

    Raises:
        InputError: no simulator of that dialect is run here, or it is missing or fails.
    """
    if deck.dialect == "ngspice":
        return run_deck(deck.bench, program=program, timeout=timeout)
    check_simulator(deck.dialect)
    return run_vacask(deck.bench, timeout=timeout)


def read_back(network: Network, protocol: Protocol, deck: Deck, result: SpiceRun, samples: int = 100_000) -> xr.Dataset:
    """The dataset of a run of a deck.

    Args:
        network: the network of the deck.
        protocol: the trial of the deck.
        deck: what was written.
        result: what the simulator computed.
        samples: most samples of currents and voltages.
    """
    law = dynamics_of(network)
    points = _points(network, deck, result)
    phases = [number for number in (0, 1) if np.any(points.phase == number)]
    energy, residual, rests, ends = np.zeros(6), 0.0, [], [0.0, 0.0]
    final = points.wall[-1]
    for number in phases:
        chosen = np.flatnonzero(points.phase == number)
        begin, end = (0.0, deck.load_time) if number == 0 else (deck.load_time, points.time[-1])
        rest = _rest(law, protocol, points, chosen, _END_SLACK if number else _LOADED_SLACK)
        if number == 1:
            end = min(rest, end)
            rests.append(bool(np.isfinite(rest)))
            final = _at(points.time[chosen], points.wall[chosen], end)
        elif protocol.load == "rest":
            rests.append(bool(np.isfinite(rest)))
        volts = protocol.net_voltages(network) if number else protocol.load_voltages(network)
        spent, missing = _metered(network, Circuit(network, volts), points, chosen, end)
        energy, residual, ends[number] = energy + spent, max(residual, missing), end - begin
    last = int(np.searchsorted(points.time, ends[0] + ends[1], side="right")) - 1
    trials = Trials(
        time_load=np.array(ends[:1]), time_convergence=np.array(ends[1:]), at_rest=np.array([all(rests)]),
        wall_final=final[None], energy_source=energy[None, :3], energy_sink=energy[None, 3:],
        kcl_residual=np.array([residual]), steps=np.array([len(points.time) - 1]),
        growth=np.array([np.nan]), margin=np.array([np.nan]),
        trace=_trace(law, points, trace_samples(network, samples)), state_final=points.state[max(last, 0)][None],
    )  # fmt: skip
    return dataset(network, trials, deck.dialect, protocols=[protocol], batch=False)


def _trace(law: WallDynamics, points: _Points, samples: int) -> Trace:
    """The trace through the simulator's time points; a wall follows its velocity between them."""
    network = law.network
    recorder = Recorder(EventStore.of(network, clipped=True), network.is_soma, samples)
    speed = _speeds(law, points)
    last = len(points.time) - 1
    for k in range(last + 1):
        moment, number = float(points.time[k]), int(points.phase[k])

        def look(k: int = k) -> tuple[int]:
            return (k,)

        if k == 0 or number != points.phase[k - 1]:
            recorder.begin(number, moment, points.wall[k], speed[k], look)
        else:
            recorder.step(moment, points.wall[k], speed[k], look)
        if k == last or number != points.phase[k + 1]:
            recorder.end_phase(moment, look)
    recorder.end(points.wall[last])
    time, phase, seen = recorder.samples()
    kept = [k for (k,) in seen]
    state = points.state[kept] if law.states else None
    return Trace(recorder.events(), time, phase, points.track_current[kept], points.node_voltage[kept], state)


def _speeds(law: WallDynamics, points: _Points) -> np.ndarray:
    """Velocities of free walls in m/s, shape (times, devices)."""
    rows = zip(points.track_current, points.state, strict=True)
    return np.array([law.velocity(current, state) for current, state in rows])


class _Points(NamedTuple):
    time: np.ndarray
    phase: np.ndarray
    wall: np.ndarray
    track_current: np.ndarray
    node_voltage: np.ndarray
    state: np.ndarray  # (times, states, devices)


def _points(network: Network, deck: Deck, result: SpiceRun) -> _Points:
    """The simulator's time points but those within the switching."""
    load = deck.load_time
    phase = (result.time > load).astype(int) if load else np.ones(len(result.time), int)
    keep = (result.time <= load) | (result.time >= load + SWITCHING * (1 - 1e-6)) if load else phase == 1
    law = deck_law_of(network.dynamics.model)
    names = Names(network, law, dialect_of(deck.dialect).most_ports)
    vectors = result.vectors
    voltage = np.stack([vectors[names.vector(name)] for name in names.node], axis=1)[keep]
    share = np.stack([vectors[names.vector(name)] for name in names.walls], axis=1)[keep]
    across = voltage[:, network.terminals[:, DW_IN]] - voltage[:, network.terminals[:, DW_OUT]]
    wall = np.clip(share, 0.0, 1.0) * network.length
    first = dynamics_of(network).first_state()
    state = np.zeros((int(keep.sum()), len(law.states), network.devices))
    for k, nodes in enumerate(names.states.values()):
        state[:, k] = first[k] + np.stack([vectors[names.vector(node)] for node in nodes], axis=1)[keep]
    return _Points(result.time[keep], phase[keep], wall, across / network.r_m, voltage, state)


def _rest(law: WallDynamics, protocol: Protocol, points: _Points, chosen: np.ndarray, end_slack: float) -> float:
    """First moment of a phase at which every free wall is as slow as at rest; inf when there is none."""
    wall, network = points.wall[chosen], law.network
    speed = _speeds(law, points)[chosen]
    slack = end_slack * network.length
    held = ((speed <= 0) & (wall <= slack)) | ((speed >= 0) & (wall >= network.length - slack))
    slowest = protocol.rest_speed(network)
    moving = ~np.array([
        law.at_rest(points.track_current[k], points.state[k], held[row], slowest) for row, k in enumerate(chosen)
    ])  # fmt: skip
    still = np.flatnonzero(~moving.any(axis=1))
    if len(still) == 0:
        return np.inf
    k = int(still[0])
    if k == 0:
        return float(points.time[chosen[0]])
    # Between two time points the last walls arrive at their ends, each with its velocity.
    before, after = points.time[chosen[k - 1]], points.time[chosen[k]]
    late = moving[k - 1]
    way = np.where(speed[k - 1] > 0, network.length - wall[k - 1], wall[k - 1])[late]
    return float(min(before + (way / np.maximum(abs(speed[k - 1][late]), 1e-30)).max(), after))


def _at(time: np.ndarray, values: np.ndarray, moment: float) -> np.ndarray:
    """Values at a moment, linear between time points."""
    k = int(np.clip(np.searchsorted(time, moment), 1, len(time) - 1))
    share = np.clip((moment - time[k - 1]) / (time[k] - time[k - 1]), 0.0, 1.0)
    return values[k - 1] + share * (values[k] - values[k - 1])


def _metered(
    network: Network, circuit: Circuit, points: _Points, chosen: np.ndarray, end: float
) -> tuple[np.ndarray, float]:
    """Energies of sources and sinks in J until ``end`` (trapezoidal rule), and the largest current missing in A."""
    pillars, place = Pillars.of(network), np.unique(joined_pins(network)[0], return_index=True)[1]
    powers, missing = [], 0.0
    for k in chosen:
        siemens, voltage = pillars.conductance(points.wall[k]), points.node_voltage[k][place]
        powers.append(np.concatenate(circuit.powers(voltage, siemens)))
        missing = max(missing, circuit.residual(voltage, siemens))
    time, power = points.time[chosen], np.array(powers)
    inside = time < end
    time, power = np.r_[time[inside], end], np.vstack([power[inside], _at(time, power, end)])
    return np.trapezoid(power, time, axis=0), missing
