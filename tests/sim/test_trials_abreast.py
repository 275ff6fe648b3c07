"""Trials that a thread moves at once, their circuits solved together: the same bits as of each alone."""

from dataclasses import replace

import numpy as np
import pytest

from hwlib.errors import InputError
from hwlib.network import Network
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import hebbian
from sim.engines import Options
from sim.engines.driver import TrialRun, run_trials
from sim.engines.handles import Handle
from sim.engines.layout.layout_stepper import LayoutSolver
from sim.engines.vector_code import LANES
from sim.protocol import Protocol, protocol_for
from sim.tasks.setup import paper_design, with_levels
from tests.support.layout_trials import simulate_trial
from tests.support.random_trials import wired

TRIALS = LANES + 3  # more than a thread moves at once


def _lines(rng: np.random.Generator) -> tuple[Network, Protocol]:
    """Single ladders, which leave conductances and currents at the interface."""
    design = paper_design(6)
    process, levels = design.load_process(), hebbian(rng.integers(0, 2, (1, 6)))
    return ladder_network(design, process, 2.0), protocol_for(design, process, levels=levels, start=np.zeros(6, int))


def _rails(rng: np.random.Generator) -> tuple[Network, Protocol]:
    """Dendrites beside two rails, which are swept as coupled ladders."""
    design = with_levels(paper_design(6, load="rest"), hebbian(rng.integers(0, 2, (1, 6))))
    process = design.load_process()
    shapes = dict.fromkeys(("dendrite", "drive", "ground", "vdw", "rail"), "ladder")
    network = wired(ideal_network(design, process, style="rails"), rng, 2.0, shapes)
    return network, protocol_for(design, process, start=np.zeros(6, int), time_limit=300e-9)


@pytest.mark.parametrize("make", [_lines, _rails])
def test_trials_moved_at_once_have_the_bits_of_each_alone(make):
    rng = np.random.default_rng(4)
    network, protocol = make(rng)
    protocols = [replace(protocol, start=rng.integers(0, 2, 6)) for _ in range(TRIALS)]
    told: list[float] = []
    options = Options(tolerance=1e-7, progress=lambda done, _: told.append(done))
    found = run_trials(_OneThread, network, protocols, options)
    assert told == sorted(told) and told[-1] == TRIALS
    for k, each in enumerate(protocols):
        alone = simulate_trial(network, each, Options(tolerance=1e-7), threads=1)
        for name in ("wall_final", "time_load", "time_convergence", "energy_source", "energy_sink", "steps"):
            np.testing.assert_array_equal(getattr(found, name)[k], getattr(alone, name)[0], err_msg=name)


class _OneThread:
    """The engine on one thread, whatever the machine has."""

    @staticmethod
    def prepare(network: Network) -> LayoutSolver:
        solver = LayoutSolver(network, 1)
        solver.side_by_side = 1
        return solver


def test_an_error_in_one_of_the_trials_ends_all():
    network, protocol = _lines(np.random.default_rng(1))
    bad = replace(protocol, net_levels={"NO_SUCH_NET": 1.0})
    with pytest.raises(InputError, match="NO_SUCH_NET"):
        run_trials(_OneThread, network, [protocol] * 3 + [bad], Options(tolerance=1e-6))


def test_a_handle_takes_the_tables_of_its_parts_as_they_are():
    network, protocol = _lines(np.random.default_rng(1))
    stepper = TrialRun(LayoutSolver(network, 1), protocol, Options()).stepper
    anew = Handle(stepper.system)
    assert anew._numba_type_ is stepper.held[0]._numba_type_
    assert anew._table.tolist() == stepper.held[0]._table.tolist()
