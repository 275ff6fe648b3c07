"""The result of a simulation: plain arrays from an engine, and the xarray dataset made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from hwlib.network import Network
from hwlib.node_names import netlist_nodes
from hwlib.quantities import whole_number
from hwlib.storage.made_with import versions, versions_line
from sim.dynamics import WallDynamics, law_of
from sim.energies import SINKS, SOURCES
from sim.protocol import OFF_BELOW, ON_ABOVE, Protocol
from sim.trial_parameters import operating_point_text, trial_coordinates
from sim.walls import Pillars

UNDECIDED = -1
EVENT_KINDS = ("begin", "start", "stop", "turn", "enter", "leave", "release", "bend", "end")
_MOST_SAMPLES = 1_000_000_000  # that can be asked for; fewer fit
_SAMPLE_BYTES = 24e6  # what all samples of a trial may take
_META = {  # name: (dimensions, unit, meaning)
    "time_load": ((), "s", "length of the load phase"),
    "time_convergence": ((), "s", "from release until every wall is at rest, or the limit"),
    "time_to_solution": ((), "s", "load and convergence; an answer only when at_rest"),
    "at_rest": ((), "1", "every wall came to rest, or with noise the time is over; false: the time limit was reached"),
    "state": (("neuron",), "1", "read-out of the somas: 0 OFF, 1 ON, -1 undecided"),
    "wall_final": (("device",), "m", "wall position at the end, from the DW_IN end"),
    "energy_source": (("source",), "J", "energy delivered by the sources"),
    "energy_sink": (("sink",), "J", "energy turned into heat"),
    "kcl_residual": ((), "A", "largest current missing at a node during the run"),
    "energy_balance": ((), "1", "relative difference of delivered energy and heat"),
    "steps": ((), "1", "accepted time steps"),
    "event_device": (("event",), "1", "whose wall this point is of; points are sorted by device, then by time"),
    "event_time": (("event",), "s", "time from the start of the load"),
    "event_wall": (("event",), "m", "wall position, from the DW_IN end; straight from point to point within 1e-3 L"),
    "event_kind": (("event",), "1", "what the wall does there; bend: a point that straight lines need"),
    "undetermined": ((), "1", "the outcome hangs on rounding: currents changed by 1e-9 end in another state or time"),
    "other_state": (("neuron",), "1", "state with currents changed; the same where the outcome is determined"),
    "other_time": ((), "s", "time to solution with currents changed; the same where the outcome is determined"),
    "sensitivity": (
        (),
        "1",
        "largest way of a soma's wall, in its L, per relative change of the currents (first order)",
    ),
    "soma_current": (("time", "neuron"), "A", "track current of the soma, positive toward ON"),
    "track_current": (("time", "device"), "A", "track current, positive toward ON"),
    "node_voltage": (("time", "node"), "V", "node voltage"),
    "phase": (("time",), "1", "0 load, 1 convergence"),
}


def meters(network: Network) -> np.ndarray:
    """Which of ``SOURCES`` each net's source counts to, by its index; −1: none, shape (nets,)."""
    names = (net.net_class.meter for net in network.parsed_nets())
    return np.array([-1 if name is None else SOURCES.index(name) for name in names])


@dataclass(frozen=True)
class WallEvents:
    """Points of every wall's way, by device, then by time (strictly increasing); shapes (events,).

    Between two points a wall is on the straight line that joins them, within 1e-3 of its L.

    Attributes:
        device: index of the device.
        time: s from the start of the load phase.
        position: m from the DW_IN end.
        kind: index into ``EVENT_KINDS``: the trial begins, the wall starts from or stops at an end of its track,
            turns, enters or leaves its pillar, is on its way when the load phase ends (release), bends, the trial ends.
            Turns and ways from an end and back of less than 1e-4 L are left out.
    """

    device: np.ndarray
    time: np.ndarray
    position: np.ndarray
    kind: np.ndarray


@dataclass(frozen=True)
class Trace:
    """One trial over time: its walls as events, currents and voltages as samples.

    Attributes:
        events: of all walls.
        time: of the samples, strictly increasing, s from the start of the load phase, shape (times,). Both ends of
            every phase are among them: a phase begins one rounding after the one before ended.
        phase: 0 load, 1 convergence, shape (times,).
        track_current: A, shape (times, devices).
        node_voltage: V, shape (times, nodes); None: not asked for.
        state: state variables of the walls besides their places, shape (times, states, devices); None: there are none.
    """

    events: WallEvents
    time: np.ndarray
    phase: np.ndarray
    track_current: np.ndarray
    node_voltage: np.ndarray | None
    state: np.ndarray | None = None


@dataclass(frozen=True)
class Trials:
    """What an engine returns: arrays with one row per trial.

    Attributes:
        time_load, time_convergence: s, shape (trials,).
        at_rest: every wall came to rest, in the load phase too when that waits for it, shape (trials,).
        wall_final: m, shape (trials, devices).
        energy_source: J delivered by weight, V_DW and load sources, shape (trials, 3).
        energy_sink: J in pillars, tracks and wires, shape (trials, 3).
        kcl_residual: A, shape (trials,).
        steps: accepted steps, shape (trials,).
        growth: largest way of a soma's wall, in its L, per relative change of the currents as of
            ``sim.perturbation``, to first order; positive where it is the way that the wall went in the end; NaN: not
            known, shape (trials,).
        margin: how surely walls are held where they ended (``sim.ties.rest_margin``), shape (trials,).
        trace: of the only trial, when recorded.
        state_final: state variables of the walls besides their places (``sim.dynamics``), SI, shape (trials, states,
            devices); none by default.
    """

    time_load: np.ndarray
    time_convergence: np.ndarray
    at_rest: np.ndarray
    wall_final: np.ndarray
    energy_source: np.ndarray
    energy_sink: np.ndarray
    kcl_residual: np.ndarray
    steps: np.ndarray
    growth: np.ndarray
    margin: np.ndarray
    trace: Trace | None = None
    state_final: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0)))

    def __post_init__(self) -> None:
        if not self.state_final.size:
            object.__setattr__(self, "state_final", np.zeros((len(self.steps), 0, self.wall_final.shape[1])))


@dataclass(frozen=True)
class Verdicts:
    """What is known of each trial's outcome.

    Attributes:
        undetermined: it hangs on rounding, shape (trials,).
        state: another read-out seen, or the same, shape (trials, N).
        time: time to solution with it in s, shape (trials,).
    """

    undetermined: np.ndarray
    state: np.ndarray
    time: np.ndarray


def joined(trials: Sequence[Trials]) -> Trials:
    """Trials of several calls, one after the other; the trace of the last."""
    arrays = [name for name in Trials.__dataclass_fields__ if name != "trace"]
    stacked: dict[str, Any] = {name: np.concatenate([getattr(each, name) for each in trials]) for name in arrays}
    return Trials(**stacked, trace=trials[-1].trace)


def trace_samples(network: Network, most: int, *, voltages: bool = True) -> int:
    """How many samples of currents, and of node voltages, fit memory: at most ``most``, at least 20.

    Raises:
        InputError: ``most`` is no whole number from 1 on.
    """
    most = whole_number(most, "samples", most=_MOST_SAMPLES)
    numbers = network.devices + (network.nodes if voltages else 0)
    return int(np.clip(_SAMPLE_BYTES / (8 * numbers), 20, max(most, 20)))


def read_out(network: Network, wall: np.ndarray, *, by_pillar: bool = False) -> np.ndarray:
    """Bits of the somas: 0 below 5 %, 1 above 95 % of L, −1 between.

    Args:
        network: the network.
        wall: positions in m, shape (…, devices).
        by_pillar: of the pillar instead of L, which is what its resistance tells: walls at a temperature never rest at
            an end.

    Returns:
        int8, shape (…, N).
    """
    somas = network.somas
    share = wall[..., somas] / network.length[somas]
    if by_pillar:
        share = Pillars.of(network).share(wall)[..., somas]
    return np.where(share < OFF_BELOW, 0, np.where(share > ON_ABOVE, 1, UNDECIDED)).astype(np.int8)


def dataset(
    network: Network, trials: Trials, engine: str, *, protocols: Sequence[Protocol], batch: bool,
    verdicts: Verdicts | None = None, by_pillar: bool = False,
) -> xr.Dataset:  # fmt: skip
    """The public dataset of an engine's trials; every variable and coordinate carries units and long_name.

    Args:
        network: the network simulated.
        trials: an engine's arrays.
        engine: its name.
        protocols: of the trials: their parameters become coordinates.
        batch: keep the leading dimension ``trial``, else the only trial without it.
        verdicts: what hangs on rounding; None: not known.
        by_pillar: as of ``read_out``.
    """
    law = law_of(network.dynamics.model)
    values = _values(network, trials, verdicts, by_pillar)
    variables = {name: _variable(name, value if batch else value[0], batch) for name, value in values.items()}
    for k, state in enumerate(law.states):
        final = trials.state_final[:, k]
        about = {"units": state.unit, "long_name": f"{state.meaning}, at the end"}
        dims = (("trial",) if batch else ()) + ("device",)
        variables[f"{state.name}_final"] = xr.Variable(dims, final if batch else final[0], about)
    coords = _coordinates(network) | trial_coordinates(network, protocols, batch=batch)
    if trials.trace is not None:
        variables |= _trace_variables(network, trials.trace, law)
        coords |= {name: variables.pop(name) for name in ("event_device", "event_time")}
        coords |= _trace_coordinates(network, trials.trace)
    attrs = {
        **network.attrs, "dynamics": law.name, "engine": engine, "spinhop_version": versions()["spinhop"],
        "operating_point": operating_point_text(network, protocols), "versions": versions_line(),
    }  # fmt: skip
    return xr.Dataset(variables, coords=coords, attrs=attrs)


def _values(network: Network, trials: Trials, verdicts: Verdicts | None, by_pillar: bool) -> dict[str, np.ndarray]:
    """Variables that are one row per trial, by name."""
    delivered, heat = trials.energy_source.sum(1), trials.energy_sink.sum(1)
    scale = np.maximum(np.maximum(abs(delivered), heat), np.finfo(float).tiny)
    values = {
        "time_load": trials.time_load, "time_convergence": trials.time_convergence,
        "time_to_solution": trials.time_load + trials.time_convergence, "at_rest": trials.at_rest.astype(bool),
        "state": read_out(network, trials.wall_final, by_pillar=by_pillar), "wall_final": trials.wall_final,
        "energy_source": trials.energy_source, "energy_sink": trials.energy_sink,
        "kcl_residual": trials.kcl_residual, "energy_balance": abs(delivered - heat) / scale, "steps": trials.steps,
        "sensitivity": abs(trials.growth),
    }  # fmt: skip
    if verdicts is not None:
        values |= {
            "undetermined": verdicts.undetermined, "other_state": verdicts.state, "other_time": verdicts.time,
        }  # fmt: skip
    return values


def _coordinates(network: Network) -> dict[str, Any]:
    return {
        "source": ("source", list(SOURCES), {"units": "1", "long_name": "kind of voltage source"}),
        "sink": ("sink", list(SINKS), {"units": "1", "long_name": "where energy becomes heat"}),
        "neuron": ("neuron", np.arange(network.neurons), {"units": "1", "long_name": "number of the neuron, from 0"}),
        "pre": ("device", network.pre, {"units": "1", "long_name": "presynaptic neuron; equals post for a soma"}),
        "post": ("device", network.post, {"units": "1", "long_name": "postsynaptic neuron"}),
    }  # fmt: skip


def _trace_coordinates(network: Network, trace: Trace) -> dict[str, Any]:
    """Times of the samples, and names of the nodes where their voltages are kept."""
    coords: dict[str, Any] = {
        "time": ("time", trace.time, {"units": "s", "long_name": "time from the start of the load"})
    }  # fmt: skip
    if trace.node_voltage is not None:
        about = {"units": "1", "long_name": "name of the node in the SPICE netlist"}
        coords["node_name"] = ("node", [name.lower() for name in netlist_nodes(network).of_node], about)
        about = {"units": "1", "long_name": "name of the node's net"}
        coords["net_name"] = ("node", [network.net_names[k] for k in network.node_net.tolist()], about)
    return coords


def _trace_variables(network: Network, trace: Trace, law: type[WallDynamics]) -> dict[str, xr.Variable]:
    """Events as CF's indexed ragged array, and the samples."""
    events = trace.events
    values = {
        "event_device": events.device.astype(np.int32), "event_time": events.time, "event_wall": events.position,
        "event_kind": events.kind.astype(np.int8), "phase": trace.phase.astype(np.int8),
        "track_current": trace.track_current, "soma_current": trace.track_current[:, network.somas],
    }  # fmt: skip
    if trace.node_voltage is not None:
        values["node_voltage"] = trace.node_voltage
    variables = {name: _variable(name, value, False) for name, value in values.items()}
    if trace.state is not None:
        for k, state in enumerate(law.states):
            about = {"units": state.unit, "long_name": state.meaning}
            variables[state.name] = xr.Variable(("time", "device"), trace.state[:, k], about)
    variables["event_device"].attrs["instance_dimension"] = "device"
    variables["event_kind"].attrs |= {
        "flag_values": np.arange(len(EVENT_KINDS), dtype=np.int8), "flag_meanings": " ".join(EVENT_KINDS),
    }  # fmt: skip
    return variables


def _variable(name: str, value: np.ndarray, batch: bool) -> xr.Variable:
    dims, unit, meaning = _META[name]
    return xr.Variable((("trial",) if batch else ()) + dims, value, {"units": unit, "long_name": meaning})
