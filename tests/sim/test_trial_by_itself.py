"""A trial that was just run by itself is not run again as the first of a task's, and only that one."""

from dataclasses import replace

import numpy as np
import pytest

import sim
import sim.simulate
from sim.simulate import DEFAULT_TOLERANCE
from tests.sim.test_checkpoint import assert_same, trials


@pytest.fixture(autouse=True)
def all_are_large(monkeypatch):
    monkeypatch.setattr(sim.simulate, "_LARGE", 0)
    monkeypatch.setattr(sim.simulate, "_BY_ITSELF", {})


@pytest.mark.parametrize(("engine", "ohm"), [("layout", 2.0), ("ideal", 0.0)])
def test_the_first_trial_is_taken_over(tmp_path, engine_calls, engine, ohm):
    network, protocols = trials(6, ohm, 3)
    whole = sim.run_batch(replace(network), protocols, engine=engine)
    sim.run(network, protocols[0], engine=engine, record=False)
    engine_calls.clear()
    seen = []
    found = sim.run_batch(
        network, protocols, engine=engine, checkpoint=tmp_path / "kept.npz", progress=lambda *x: seen.append(x)
    )
    run = [protocol for protocols, _ in engine_calls for protocol in protocols]
    assert [id(each) for each in run] == [id(each) for each in protocols[1:]]
    assert_same(found, whole)
    np.testing.assert_array_equal(found.kcl_residual, whole.kcl_residual)
    assert seen[-1] == (3, 3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "other", ["network", "network, in place", "start", "voltage", "tolerance", "engine", "recorded", "no file"]
)
def test_any_other_is_run(tmp_path, engine_calls, other):
    network, protocols = trials(6, 0.0, 2)
    first, options = protocols[0], {"engine": "layout"}
    if other == "network":
        sim.run(replace(network, leak=np.nextafter(network.leak, 0.0)), first, record=False, **options)
    elif other == "network, in place":
        sim.run(network, first, record=False, **options)
        network.leak[0] *= 2
    elif other == "start":
        sim.run(network, replace(first, start=1 - first.start), record=False, **options)
    elif other == "voltage":
        sim.run(network, replace(first, v_dw=np.nextafter(first.v_dw, 1.0)), record=False, **options)
    elif other == "tolerance":
        sim.run(network, first, record=False, tolerance=DEFAULT_TOLERANCE / 2, **options)
    elif other == "engine":
        sim.run(network, first, record=False, engine="ideal")
    else:
        sim.run(network, first, record=other == "recorded", **options)
    engine_calls.clear()
    file = None if other == "no file" else tmp_path / "kept.npz"
    sim.run_batch(network, protocols, checkpoint=file, **options)
    run = [protocol for protocols, _ in engine_calls for protocol in protocols]
    assert len(run) >= 2
    assert run[0] is protocols[0]
