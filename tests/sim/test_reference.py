"""The reference engine against a fixed-step integration written here, and against itself at other tolerances."""

import numpy as np
import pytest

import sim
from sim.protocol import Protocol, protocol_for
from sim.result import EVENT_KINDS
from sim.tasks.setup import paper_design
from sim.traces import wall_points, walls_at
from tests.support.random_trials import paper_trial

STOP = EVENT_KINDS.index("stop")


class Midpoint:
    """Explicit midpoint rule of fixed step on a dense circuit: nothing of the engine is used."""

    def __init__(self, network, volts):
        self.network, self.volts = network, volts
        count = network.nodes
        self.still = np.zeros((count, count))
        for (a, b), r in zip(network.resistor_nodes, network.resistor_ohm, strict=True):
            self.add(self.still, a, b, 1 / r)
        for k, (a, b, _, _) in enumerate(network.terminals):
            self.add(self.still, a, b, 1 / network.r_m[k])
        held = [node for node in network.pin_node if not np.isnan(volts[network.node_net[node]])]
        self.held = np.array(held)
        self.free = np.setdiff1d(np.arange(count), self.held)
        self.known = np.array([volts[network.node_net[node]] for node in held])

    @staticmethod
    def add(matrix, a, b, g):
        np.add.at(matrix, ([a, b, a, b], [a, b, b, a]), [g, g, -g, -g])

    def speed(self, q):
        net = self.network
        share = np.clip((q - net.pillar_centre + net.pillar_width / 2) / net.pillar_width, 0, 1)
        g = share / net.r_p + (1 - share) / net.r_ap
        matrix = self.still.copy()
        top, bottom = net.terminals[:, 2], net.terminals[:, 3]
        np.add.at(matrix, (np.r_[top, bottom, top, bottom], np.r_[top, bottom, bottom, top]), np.r_[g, g, -g, -g])
        volt = np.empty(net.nodes)
        volt[self.held] = self.known
        right = -matrix[np.ix_(self.free, self.held)] @ self.known
        volt[self.free] = np.linalg.solve(matrix[np.ix_(self.free, self.free)], right)
        current = (volt[net.terminals[:, 0]] - volt[net.terminals[:, 1]]) / net.r_m
        return net.mobility * current + net.leak

    def run(self, q, time, step):
        count = round(time / step)
        for _ in range(count):
            middle = np.clip(q + step / 2 * self.speed(q), 0, self.network.length)
            q = np.clip(q + step * self.speed(middle), 0, self.network.length)
        return q


def test_walls_are_those_of_a_fixed_step_integration_of_a_dense_circuit():
    network, protocol = paper_trial(3, 20.0, 1, load=16e-9, time_limit=12e-9)
    result = sim.run(network, protocol, engine="reference")
    q = Midpoint(network, protocol.load_voltages(network)).run(np.zeros(9), 16e-9, 10e-12)
    released = walls_at(result, 16e-9)
    np.testing.assert_allclose(released, q, atol=2e-4 * 100e-9)
    end = Midpoint(network, protocol.net_voltages(network)).run(released, 12e-9, 10e-12)
    assert np.any((end > 1e-9) & (end < 99e-9))  # the comparison is in full motion
    np.testing.assert_allclose(result.wall_final, end, atol=2e-4 * 100e-9)


def test_arrival_times_do_not_depend_on_the_tolerance():
    network, protocol = paper_trial(5, 4.0, 2)
    times = []
    for tolerance in (1e-4, 1e-5, 1e-9, 5e-10):
        result = sim.run(network, protocol, engine="reference", tolerance=tolerance)
        changed = np.flatnonzero(result.wall_final.values > 50e-9)
        arrival = [each.time[each.kind == STOP][-1] for each in wall_points(result, changed)]
        times.append([*arrival, result.time_to_solution.item()])
    loose, less_loose, tight, tighter = np.array(times)
    np.testing.assert_allclose(loose, tighter, rtol=5e-3)
    np.testing.assert_allclose(less_loose, tighter, rtol=5e-4)
    np.testing.assert_allclose(tight, tighter, rtol=1e-8)


def test_a_network_that_never_rests_says_so():
    """Neuron 0 follows 1, neuron 1 inverts 0, neuron 2 is always ON and gives the thresholds: an oscillator."""
    network, _ = paper_trial(3, 2.0, 1)
    levels = np.array([[0, 1, -0.6], [-1, 0, 0.6], [1, 1, 0]])
    window = paper_design(3)
    protocol = protocol_for(
        window, window.load_process(), levels=levels, start=np.array([0, 1, 1]), time_limit=300e-9, load="rest"
    )
    result = sim.run(network, protocol, engine="reference")
    assert not result.at_rest
    assert result.time_convergence == pytest.approx(300e-9)
    soma = wall_points(result, [network.somas[0]])[0].position
    swings = np.flatnonzero(np.diff((soma > 50e-9).astype(int)))
    assert len(swings) >= 4


def test_a_load_that_never_rests_says_so():
    """A V_DW that leaves the axons of an ON soma creeping: the load phase stops at the limit and is no success."""
    network, protocol = paper_trial(3, 0.0, 1, load="rest", time_limit=5e-9)
    result = sim.run(network, protocol, engine="reference")
    assert result.time_load == pytest.approx(5e-9)
    assert not result.at_rest


def test_walls_rest_where_a_given_start_is_stable():
    network, protocol = paper_trial(4, 3.0, 1)
    first = sim.run(network, protocol, engine="reference")
    again = Protocol(
        v_dw=protocol.v_dw, v_charge=0.1, weight=0.1, levels=protocol.levels,
        initial=np.clip(first.wall_final.values / network.length, 0, 1),
    )  # fmt: skip
    result = sim.run(network, again, engine="reference")
    assert result.at_rest
    assert result.time_to_solution == 0
    np.testing.assert_array_equal(result.wall_final, first.wall_final)


def test_the_same_bits_every_time_and_recording_changes_nothing():
    network, protocol = paper_trial(4, 3.0, 3)
    first = sim.run(network, protocol, engine="reference", record=False)
    second = sim.run(network, protocol, engine="reference", samples=40)
    for name in first.data_vars:
        np.testing.assert_array_equal(first[name], second[name])
    assert 20 <= len(second.time) <= 41
    assert np.all(np.diff(second.time) > 0)
