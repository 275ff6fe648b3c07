"""An engine from outside, which only solves and steps: chosen by name, and by ``auto`` where no other comes first."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.network import DW_IN, DW_OUT
from hwlib.schematic import ideal_network
from sim.engines import ENGINES
from sim.engines.stepper import LIMIT, REST, RUNNING, Solver, Stepper
from sim.traces import walls_at
from tests.support.plain_nodal import potentials

DESIGN = Design(name="three", network={"neurons": 3})
PROCESS = DESIGN.load_process()
STEP = 0.05e-9  # s: a wall goes a few hundredths of its L


class SlowStepper(Stepper):
    """Euler steps of a dense nodal solve."""

    def __init__(self, phase):
        super().__init__(phase)
        self.place = phase.wall.copy()

    def walls(self):
        return self.place

    def speeds(self):
        (track, _), network = self.look(), self.phase.network
        return network.mobility * track + network.leak

    def look(self):
        network, volt = self.phase.network, potentials(self.phase.network, self.phase.voltages, self.place)
        return (volt[network.terminals[:, DW_IN]] - volt[network.terminals[:, DW_OUT]]) / network.r_m, volt

    def advance(self, steps):
        for _ in range(steps):
            speed, length = self.speeds(), self.phase.network.length
            held = ((self.place <= 0) & (speed < 0)) | ((self.place >= length) & (speed > 0))
            still = bool(np.all(held | (abs(speed) < self.phase.rest_speed)))
            left = self.phase.until - self.time
            if left <= 0 or (still and self.phase.until_rest):
                return REST if still else LIMIT
            self.place = np.clip(self.place + min(STEP, left) * speed, 0, length)
            self.time, self.steps = self.time + min(STEP, left), self.steps + 1
        return RUNNING


class SlowSolver(Solver):
    def begin(self, phase):
        return SlowStepper(phase)


@pytest.fixture
def slow(monkeypatch):
    """An engine for at most four neurons."""
    module = ModuleType("slow_engine")
    module.refusal = lambda network, protocols: None if network.neurons <= 4 else "more than four neurons"
    module.prepare = SlowSolver
    module.__spec__ = sys.modules[__name__].__spec__  # a module that can be found
    monkeypatch.setitem(sys.modules, "slow_engine", module)
    monkeypatch.setitem(ENGINES, "slow", "slow_engine")


def run(network, record=False, **options):
    protocol = sim.protocol_for(DESIGN, PROCESS, start=np.array([1, 0, 1]), load=20e-9)
    return sim.run(network, protocol, record=record, **options)


def test_it_runs_by_its_name(slow):
    """Phases, sources, rest and times are the driver's: the same as of any engine, to the step's error."""
    network = ideal_network(DESIGN, PROCESS)
    other, ours = run(network, engine="slow"), run(network, engine="reference")
    assert other.attrs["engine"] == "slow" and other.attrs["dynamics"] == "kinematic"
    np.testing.assert_array_equal(other.state, ours.state)
    assert bool(other.at_rest) and float(other.time_load) == 20e-9
    assert abs(float(other.time_convergence) - float(ours.time_convergence)) < 4 * STEP
    np.testing.assert_allclose(other.wall_final, ours.wall_final, atol=1e-2 * network.length.max())


def test_its_walls_are_recorded_and_its_batches_kept(slow, tmp_path):
    network = ideal_network(DESIGN, PROCESS)
    other, ours = run(network, True, engine="slow"), run(network, True, engine="reference")
    times = np.linspace(0, float(ours.time[-1]), 50)
    assert np.abs(walls_at(other, times) - walls_at(ours, times)).max() < 0.05 * network.length.max()
    assert {0, 1} == set(other.phase.values) and "node_voltage" not in other
    protocols = [sim.protocol_for(DESIGN, PROCESS, start=np.array(bits), load=5e-9) for bits in ([1, 0, 1], [0, 0, 1])]
    batch = sim.run_batch(network, protocols, engine="slow", checkpoint=tmp_path / "kept.npz")
    assert batch.state.shape == (2, 3) and list(tmp_path.iterdir()) == []


def test_auto_takes_it_where_no_other_can(slow, monkeypatch):
    monkeypatch.setattr("sim.engines.ENGINES", {"slow": "slow_engine"})
    assert run(ideal_network(DESIGN, PROCESS)).attrs["engine"] == "slow"


def test_what_it_refuses_is_not_run_as_something_else(slow):
    design = Design(name="five", network={"neurons": 5})
    protocol = sim.protocol_for(design, PROCESS, start=np.ones(5))
    with pytest.raises(InputError, match="engine slow: more than four neurons; use engine auto"):
        sim.run(ideal_network(design, PROCESS), protocol, engine="slow", record=False)


def test_its_name_is_unknown_without_it():
    with pytest.raises(InputError, match="engine: 'slow', allowed: auto, ideal, layout, reference"):
        run(ideal_network(DESIGN, PROCESS), engine="slow")
