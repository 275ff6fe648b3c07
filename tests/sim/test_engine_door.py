"""An engine from outside the package: chosen by name, and by ``auto`` where no other comes before it."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.schematic import ideal_network
from sim.engines import ENGINES, reference

DESIGN = Design(name="three", network={"neurons": 3})
PROCESS = DESIGN.load_process()


@pytest.fixture
def slow(monkeypatch):
    """The reference engine under another name, for at most four neurons."""
    module = ModuleType("slow_engine")
    module.refusal = lambda network, protocols: None if network.neurons <= 4 else "more than four neurons"
    module.simulate = reference.simulate
    module.__spec__ = sys.modules[__name__].__spec__  # a module that can be found
    monkeypatch.setitem(sys.modules, "slow_engine", module)
    monkeypatch.setitem(ENGINES, "slow", "slow_engine")


def run(network, **options):
    return sim.run(network, sim.protocol_for(DESIGN, PROCESS, start=np.array([1, 0, 1])), record=False, **options)


def test_it_runs_by_its_name(slow):
    network = ideal_network(DESIGN, PROCESS)
    other, ours = run(network, engine="slow"), run(network, engine="reference")
    assert other.attrs["engine"] == "slow" and np.array_equal(other.wall_final, ours.wall_final)


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
