"""Progress within a trial: shares that grow to the number of trials, and do not touch what is simulated."""

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
    starts = np.array([[1, 1, 1, 0], [0, 1, 0, 0]])  # the layout engine runs small ones side by side, not told within
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
