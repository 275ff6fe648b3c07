"""Progress within trials: shares that grow to the number of trials, and do not touch what is simulated."""

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.schematic import ideal_network, ladder_network
from sim.engines import driver
from sim.engines.layout.layout_stepper import LayoutStepper
from sim.engines.stepper import Stepper
from sim.protocol import protocol_for

DESIGN = Design(name="within", network={"neurons": 4})
PROCESS = DESIGN.load_process()


@pytest.mark.parametrize(("engine", "wires"), [("reference", False), ("layout", True)])
@pytest.mark.parametrize("kept", [False, True])
def test_shares_grow_and_change_nothing(engine, wires, kept, monkeypatch, tmp_path):
    monkeypatch.setattr(driver, "TELL_EVERY", 0.0)
    monkeypatch.setattr(Stepper, "between", 4)
    monkeypatch.setattr(LayoutStepper, "between", 4)
    network = ladder_network(DESIGN, PROCESS, 1.0) if wires else ideal_network(DESIGN, PROCESS, style="lines")
    levels = np.ones((4, 4)) - np.eye(4)
    starts = np.array([[1, 1, 1, 0], [0, 1, 0, 0]])
    protocols = [
        protocol_for(DESIGN, PROCESS, start=start, levels=levels, load=10e-9) for start in starts[: 1 if wires else 2]
    ]
    told = []
    file = tmp_path / "kept.npz" if kept else None
    result = sim.run_batch(
        network, protocols, engine=engine, progress=lambda done, total: told.append((done, total)), checkpoint=file
    )
    done = np.array([share for share, _ in told])
    assert (
        {total for _, total in told} == {len(protocols)} and done[-1] == len(protocols) and (np.diff(done) >= 0).all()
    )
    within = done[(done > 0) & (done < 1)]
    assert len(np.unique(within)) > 5 and within.min() < 0.5 < within.max()
    plain = sim.run_batch(network, protocols, engine=engine)
    for name in ("wall_final", "time_convergence", "energy_source"):
        np.testing.assert_array_equal(result[name], plain[name])


WARM = {"temperature": "300 K", "load": "2 ns"}


@pytest.mark.parametrize("engine", ["ideal", "layout"])
def test_trials_on_several_threads_are_told_within(engine, monkeypatch):
    """Trials at a temperature run side by side, as those of small networks with wires do abreast."""
    monkeypatch.setattr(driver, "TELL_EVERY", 1e-3)
    monkeypatch.setattr(LayoutStepper, "between", 4)
    point = WARM if engine == "ideal" else {"load": "10 ns"}
    design = Design.model_validate({"name": "warm", "network": {"neurons": 4}, "operating_point": point})
    network = (
        ideal_network(design, PROCESS, style="lines") if engine == "ideal" else ladder_network(design, PROCESS, 1.0)
    )
    starts = np.random.default_rng(0).integers(0, 2, (6, 4))
    levels = np.ones((4, 4)) - np.eye(4)
    protocols = [protocol_for(design, PROCESS, start=start, levels=levels, time_limit=100e-9) for start in starts]
    told = []
    result = sim.run_batch(network, protocols, engine=engine, progress=lambda done, total: told.append((done, total)))
    done = np.array([share for share, _ in told])
    assert {total for _, total in told} == {6} and done[-1] == 6 and (np.diff(done) >= 0).all()
    assert (done % 1 > 0).any()  # how often hangs on the machine
    plain = sim.run_batch(network, protocols, engine=engine)
    for name in ("wall_final", "time_convergence", "energy_source"):
        np.testing.assert_array_equal(result[name], plain[name])
