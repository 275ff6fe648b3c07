"""What the ideal engine hands to its compiled core, and what it makes of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import get_num_threads

from hwlib.network import DW_IN, MTJ_IN, MTJ_OUT, Network
from sim.engines import Options
from sim.engines._ideal_circuit import Circuit, Record, Walls
from sim.engines._ideal_trials import Batch, new_work, run_trials
from sim.engines.ideal import WeightNets, _per_neuron
from sim.protocol import Protocol
from sim.result import Trace, Trials

_TRIALS_EACH = 4  # that a thread takes at once


class IdealNetwork:
    """An ideal network as arrays of 2N walls: somas, then one wall for all axons of each neuron.

    Args:
        network: a network that the engine accepts.
    """

    def __init__(self, network: Network):
        self.network, n = network, network.neurons
        self._nets = WeightNets(network)
        axon = ~network.is_soma
        joined = np.zeros((n, n))
        joined[network.pre[axon], network.post[axon]] = 1.0
        fan_out = joined.sum(1)
        self._wall = np.where(axon, n + network.pre, network.post)  # wall of each device
        each = {name: self._both(getattr(network, name)) for name in (
            "length", "pillar_width", "pillar_centre", "r_p", "r_ap", "mobility", "leak"
        )}  # fmt: skip
        idle = np.concatenate([np.zeros(n, bool), fan_out == 0])
        each["leak"] = np.where(idle, 0.0, each["leak"])
        edge = each["pillar_centre"] - each["pillar_width"] / 2
        g_p, g_ap = 1 / each["r_p"], 1 / each["r_ap"]
        self.walls = Walls(
            each["length"], np.maximum(edge, 0.0), np.minimum(edge + each["pillar_width"], each["length"]), edge,
            g_ap, g_p, (g_p - g_ap) / each["pillar_width"], each["mobility"], each["leak"],
        )  # fmt: skip
        self.circuit = Circuit(network.r_m[network.somas], _per_neuron(network, network.r_m), fan_out, joined)

    def _both(self, values: np.ndarray) -> np.ndarray:
        return np.concatenate([values[self.network.somas], _per_neuron(self.network, values)]).astype(float)

    def run(self, protocols: Sequence[Protocol], options: Options) -> Trials:
        """Run some trials together."""
        batch = self._batch(protocols)
        n = self.network.neurons
        size = options.samples if options.record else 0
        record = Record(
            np.zeros(size), np.zeros(size, np.int8), np.zeros((size, 2 * n)), np.zeros((size, n)),
            np.array([0, 1, 0]),
        )  # fmt: skip
        self._run(batch, record, options.tolerance)
        energy = batch.energy
        sinks = np.column_stack([energy[:, 3], energy[:, 4], np.zeros(len(protocols))])
        return Trials(
            time_load=batch.time[:, 0], time_convergence=batch.time[:, 1], at_rest=np.asarray(batch.rest.all(1)),
            wall_final=batch.q[:, self._wall], energy_source=energy[:, :3], energy_sink=sinks,
            kcl_residual=batch.residual, steps=batch.steps,
            trace=self._trace(record, protocols[0]) if options.record else None,
        )  # fmt: skip

    def _run(self, batch: Batch, record: Record, tolerance: float) -> None:
        """Trials by threads, each its own rows: the same numbers whatever their count."""

        def some(first: int) -> None:
            last = min(first + _TRIALS_EACH, count)
            run_trials(self.walls, self.circuit, self._nets.count, batch, first, last, new_work(n), record, tolerance)

        n = self.network.neurons
        count, workers = len(batch.v_dw), get_num_threads()
        if workers == 1 or count <= _TRIALS_EACH:
            run_trials(self.walls, self.circuit, self._nets.count, batch, 0, count, new_work(n), record, tolerance)
            return
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(some, range(0, count, _TRIALS_EACH)))

    def _batch(self, protocols: Sequence[Protocol]) -> Batch:
        n, count = self.network.neurons, len(protocols)
        keys: dict[tuple[int, float], int] = {}
        weights: list[np.ndarray] = []
        index = np.zeros(count, np.int64)
        load, q = np.zeros((count, n)), np.zeros((count, 2 * n))
        load_time = np.zeros(count)
        rail_load, rail_square = np.zeros((count, *self._nets.count.shape)), np.zeros((count, n))
        for t, protocol in enumerate(protocols):
            key = self._nets.key(protocol)
            if key not in keys:
                keys[key] = len(weights)
                weights.append(self._nets.voltages(protocol))
            index[t] = keys[key]
            if protocol.initial is not None:
                q[t] = self._both(np.asarray(protocol.initial, float)) * self.walls.length
            if protocol.start is not None:
                load[t] = np.where(np.asarray(protocol.start) != 0, protocol.v_charge, -protocol.v_charge)
                load_time[t] = np.inf if protocol.load == "rest" else protocol.load
                rail_load[t], rail_square[t] = self._nets.loads(load[t])
        return Batch(
            np.array(weights), index, np.array([float(p.v_dw) for p in protocols]), load, load_time,
            np.array([float(p.time_limit) for p in protocols]), rail_load, rail_square, q, np.zeros((count, 2)),
            np.zeros((count, 2), bool), np.zeros((count, 5)), np.zeros(count), np.zeros(count, np.int64),
        )  # fmt: skip

    def _conductance(self, wall: np.ndarray) -> np.ndarray:
        """Pillar conductances in S, shape (times, 2N)."""
        share = np.clip((wall - self.walls.edge) * self.walls.slope / (self.walls.g_p - self.walls.g_ap), 0, 1)
        return self.walls.g_ap + share * (self.walls.g_p - self.walls.g_ap)

    def _trace(self, record: Record, protocol: Protocol) -> Trace:
        """The trace of the only trial, for every device and node."""
        network, n, size = self.network, self.network.neurons, record.counts[0]
        wall, volt, phase = record.wall[:size], record.volt[:size], record.phase[:size]
        g = self._conductance(wall)
        tracks = self.circuit.r_axon / np.maximum(self.circuit.fan_out, 1)
        linked = self.circuit.fan_out > 0
        feed = np.where(linked, protocol.v_dw * g[:, :n] / (1 + g[:, :n] * tracks), 0.0)
        drive = np.where(linked, feed * tracks, protocol.v_dw)  # without axons a drive floats at V_DW
        node = np.zeros((size, network.nodes))
        soma, axon = network.somas, np.flatnonzero(~network.is_soma)
        node[:, network.terminals[soma, MTJ_IN]] = protocol.v_dw
        node[:, network.terminals[soma, DW_IN]] = volt
        node[:, network.terminals[soma, MTJ_OUT]] = drive
        current = np.empty((size, network.devices))
        current[:, soma] = volt / self.circuit.r_soma
        current[:, axon] = (feed / np.maximum(self.circuit.fan_out, 1))[:, network.pre[axon]]
        weights = network.terminals[axon, MTJ_IN]
        held = self._nets.voltages(protocol)[network.pre[axon], network.post[axon]]
        node[:, weights] = np.where(phase[:, None] == 1, held, 0.0)
        for k in np.flatnonzero(phase == 0):
            siemens = np.bincount(weights, g[k, n + network.pre[axon]], network.nodes)
            ampere = np.bincount(weights, g[k, n + network.pre[axon]] * volt[k, network.post[axon]], network.nodes)
            node[k, siemens > 0] = ampere[siemens > 0] / siemens[siemens > 0]
        time = _increasing(record.time[:size])
        return Trace(time, phase, wall[:, self._wall], current, node)


def _increasing(time: np.ndarray) -> np.ndarray:
    """The same times, where two are equal (release) the second one later by rounding."""
    time = time.copy()
    for k in range(1, len(time)):
        if time[k] <= time[k - 1]:
            time[k] = np.nextafter(time[k - 1], np.inf)
    return time
