"""What the ideal engine hands to its compiled core, and what it makes of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import get_num_threads

from hwlib.network import DW_IN, MTJ_IN, MTJ_OUT, Network
from sim.engines import Options
from sim.engines.ideal.ideal_circuit import IdealCircuit, IdealWalls, Record
from sim.engines.ideal.ideal_growth import new_growth
from sim.engines.ideal.ideal_phases import Batch, new_work, run_trials
from sim.engines.ideal.weight_nets import WeightNets, per_neuron
from sim.protocol import Protocol
from sim.recorder import Recorder
from sim.result import Trace, Trials
from sim.ties import rest_margin
from sim.wall_events import EventStore

_TRIALS_EACH = 4  # that a thread takes at once
_RECORD_BYTES = 64e6  # of the points of a recorded trial that are kept at once


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
        self._pillar_width = each["pillar_width"]
        self._rest: dict[tuple[float, float, float], np.ndarray] = {}
        idle = np.concatenate([np.zeros(n, bool), fan_out == 0])
        each["leak"] = np.where(idle, 0.0, each["leak"])
        edge = each["pillar_centre"] - each["pillar_width"] / 2
        g_p, g_ap = 1 / each["r_p"], 1 / each["r_ap"]
        self.walls = IdealWalls(
            length=each["length"],
            enter=np.maximum(edge, 0.0),
            leave=np.minimum(edge + each["pillar_width"], each["length"]),
            edge=edge,
            g_ap=g_ap,
            g_p=g_p,
            slope=(g_p - g_ap) / each["pillar_width"],
            mobility=each["mobility"],
            leak=each["leak"],
        )
        self.circuit = IdealCircuit(
            r_soma=network.r_m[network.somas], r_axon=per_neuron(network, network.r_m), fan_out=fan_out, joined=joined
        )

    def _both(self, values: np.ndarray) -> np.ndarray:
        return np.concatenate([values[self.network.somas], per_neuron(self.network, values)]).astype(float)

    def run(self, protocols: Sequence[Protocol], options: Options) -> Trials:
        """Run some trials together."""
        batch, trace = self._batch(protocols), None
        if options.record:
            batch, trace = self._recorded(protocols[0], options)
        else:
            self._run(batch, self._record(0, 0), options.tolerance)
        energy = batch.energy
        sinks = np.column_stack([energy[:, 3], energy[:, 4], np.zeros(len(protocols))])
        return Trials(
            time_load=batch.time[:, 0], time_convergence=batch.time[:, 1], at_rest=np.asarray(batch.rest.all(1)),
            wall_final=batch.q[:, self._wall], energy_source=energy[:, :3], energy_sink=sinks,
            kcl_residual=batch.residual, steps=batch.steps, growth=batch.growth, margin=self._margin(batch),
            trace=trace,
        )  # fmt: skip

    def _record(self, size: int, first: int) -> Record:
        n = self.network.neurons
        return Record(
            time=np.empty(size),
            mark=np.empty(size, np.int8),
            wall=np.empty((size, 2 * n)),
            rate=np.empty((size, 2 * n)),
            volt=np.empty((size, n)),
            counts=np.array([0, first]),
        )

    def _recorded(self, protocol: Protocol, options: Options) -> tuple[Batch, Trace]:
        """Run one trial as often as its points need to be handed over, some at a time."""
        walls, n = self.walls, self.network.neurons
        store = EventStore(walls.length, walls.edge, walls.edge + self._pillar_width, clipped=False)
        recorder = Recorder(store, np.arange(2 * n) < n, options.samples)
        size = int(max(_RECORD_BYTES / (8 * 5 * n), 16))
        first, count = 0, size
        while first < count:
            batch, record = self._batch([protocol]), self._record(size, first)
            self._run(batch, record, options.tolerance)
            count = int(record.counts[0])
            for k in range(min(size, count - first)):
                self._hand_over(recorder, record, k)
            first += size
        recorder.end(batch.q[0])
        return batch, self._trace(recorder, protocol)

    @staticmethod
    def _hand_over(recorder: Recorder, record: Record, k: int) -> None:
        """Give a point of a trial to the recorder."""

        def look() -> tuple[np.ndarray, np.ndarray]:
            return record.wall[k].copy(), record.volt[k].copy()

        phase, step = divmod(int(record.mark[k]), 3)
        if step == 0:
            recorder.begin(phase, record.time[k], record.wall[k], record.rate[k], look)
        elif step == 1:
            recorder.step(record.time[k], record.wall[k], record.rate[k], look)
        else:
            recorder.end_phase(record.time[k], look)

    def _margin(self, batch: Batch) -> np.ndarray:
        """How surely each trial's walls are held where they ended, shape (trials,)."""
        n = self.network.neurons
        fastest = abs(batch.speed - self.walls.leak)
        strongest = np.maximum(batch.weights.max(axis=1), -batch.weights.min(axis=1))[batch.weight]  # of each dendrite
        fastest[:, :n] = self.walls.mobility[:n] * strongest / self.circuit.r_soma
        return rest_margin(batch.speed, self.walls.leak, fastest)

    def _run(self, batch: Batch, record: Record, tolerance: float) -> None:
        """Trials by threads, each its own rows: the same numbers whatever their count."""

        def some(first: int) -> None:
            last = min(first + _TRIALS_EACH, count)
            run_trials(
                self.walls,
                self.circuit,
                self._nets.count,
                batch,
                first,
                last,
                new_work(n),
                new_growth(n),
                record,
                tolerance,
            )

        n = self.network.neurons
        count, workers = len(batch.v_dw), get_num_threads()
        if workers == 1 or count <= _TRIALS_EACH:
            run_trials(
                self.walls,
                self.circuit,
                self._nets.count,
                batch,
                0,
                count,
                new_work(n),
                new_growth(n),
                record,
                tolerance,
            )
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
        rest = np.empty((count, 2 * n))
        for t, protocol in enumerate(protocols):
            key = self._nets.key(protocol)
            if key not in keys:
                keys[key] = len(weights)
                weights.append(self._nets.voltages(protocol))
            index[t] = keys[key]
            rest[t] = self._rest_speed(protocol)
            if protocol.initial is not None:
                q[t] = self._both(np.asarray(protocol.initial, float)) * self.walls.length
            if protocol.start is not None:
                load[t] = np.where(np.asarray(protocol.start) != 0, protocol.v_charge, -protocol.v_charge)
                load_time[t] = np.inf if protocol.load == "rest" else protocol.load
                rail_load[t], rail_square[t] = self._nets.loads(
                    load[t], grounded=protocol.rails_while_loading == "grounded"
                )
        return Batch(
            weights=np.array(weights),
            weight=index,
            v_dw=np.array([float(p.v_dw) for p in protocols]),
            load=load,
            load_time=load_time,
            limit=np.array([float(p.time_limit) for p in protocols]),
            rail_load=rail_load,
            rail_square=rail_square,
            rest_speed=rest,
            q=q,
            time=np.zeros((count, 2)),
            rest=np.zeros((count, 2), bool),
            energy=np.zeros((count, 5)),
            residual=np.zeros(count),
            steps=np.zeros(count, np.int64),
            growth=np.zeros(count),
            speed=np.zeros((count, 2 * n)),
        )

    def _rest_speed(self, protocol: Protocol) -> np.ndarray:
        """Of each wall; a batch has few different ones."""
        key = protocol.v_dw, protocol.v_charge, protocol.weight
        if key not in self._rest:
            self._rest[key] = self._both(protocol.rest_speed(self.network))
        return self._rest[key]

    def _conductance(self, wall: np.ndarray) -> np.ndarray:
        """Pillar conductances in S, shape (times, 2N)."""
        share = np.clip((wall - self.walls.edge) * self.walls.slope / (self.walls.g_p - self.walls.g_ap), 0, 1)
        return self.walls.g_ap + share * (self.walls.g_p - self.walls.g_ap)

    def _trace(self, recorder: Recorder, protocol: Protocol) -> Trace:
        """The trace of the only trial, for every device and node."""
        time, phase, seen = recorder.samples()
        wall, volt = (np.array(each) for each in zip(*seen, strict=True))
        network, n, size = self.network, self.network.neurons, len(time)
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
        floating = phase == 0 if protocol.rails_while_loading == "floating" else np.zeros(size, bool)
        for k in np.flatnonzero(floating):
            siemens = np.bincount(weights, g[k, n + network.pre[axon]], network.nodes)
            ampere = np.bincount(weights, g[k, n + network.pre[axon]] * volt[k, network.post[axon]], network.nodes)
            node[k, siemens > 0] = ampere[siemens > 0] / siemens[siemens > 0]
        return Trace(recorder.events(self._wall), time, phase, current, node)
