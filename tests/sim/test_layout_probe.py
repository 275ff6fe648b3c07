"""What is missing at a node is seen: currents of a solved circuit that was falsified by hand."""

import numpy as np
import pytest

from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT
from hwlib.schematic import ideal_network
from hwlib.weights import hebbian
from sim.engines import Options
from sim.engines.driver import TrialRun
from sim.engines.layout.layout_stepper import LayoutSolver
from sim.engines.layout.probe import pillar_ohm, residual
from sim.protocol import protocol_for
from sim.tasks.setup import paper_design, with_levels
from tests.support.random_trials import wired

N = 4
NETS = "dendrite", "drive", "ground", "vdw", "rail", "line"


@pytest.fixture(scope="module")
def looked():
    """A stepper in the middle of a load phase, track currents and potentials."""
    rng = np.random.default_rng(5)
    design = with_levels(paper_design(N), hebbian(rng.integers(0, 2, (1, N))))
    process = design.load_process()
    network = wired(ideal_network(design, process, style="rails"), rng, 2.0, dict.fromkeys(NETS, "ladder"))
    run = TrialRun(LayoutSolver(network, 1), protocol_for(design, process, start=rng.integers(0, 2, N)), Options())
    run.go(5)
    return run.stepper, *run.stepper.look()


def test_every_node_but_those_of_sources_is_looked_at(looked):
    stepper, track, v = looked
    structure, network, pillar = stepper.structure, stepper.phase.network, pillar_ohm(stepper.plan, stepper.system)
    assert residual(structure, v, track, pillar) < 1e-12 * np.abs(track).max()
    at = network.terminals
    ends = np.concatenate([network.resistor_nodes, at[:, [DW_IN, DW_OUT]], at[:, [MTJ_IN, MTJ_OUT]]])
    siemens = 1 / np.concatenate([network.resistor_ohm, network.r_m, pillar])
    free = np.flatnonzero(~structure.held & (structure.alias == np.arange(network.nodes)))
    assert len(free) > 50
    for node in free[:: len(free) // 20]:
        wrong = v.copy()
        wrong[node] += 1e-3
        around = (ends == node).sum(axis=1) == 1
        missing = 1e-3 * siemens[around].sum()
        np.testing.assert_allclose(residual(structure, wrong, track, pillar), missing, rtol=1e-6)


def test_every_track_is_looked_at(looked):
    stepper, track, v = looked
    pillar = pillar_ohm(stepper.plan, stepper.system)
    for device in range(len(track)):
        wrong = track.copy()
        wrong[device] += 1e-6
        np.testing.assert_allclose(residual(stepper.structure, v, wrong, pillar), 1e-6, rtol=1e-6)
