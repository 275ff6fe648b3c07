"""Steppers that work one after the other in one room: the same bits as in a new one, whatever was done there before."""

from dataclasses import replace

import numpy as np
import pytest

from hwlib.network import Network
from hwlib.schematic import ideal_network
from hwlib.weights import hebbian
from sim.engines import Options
from sim.engines.driver import TrialRun, run_trial
from sim.engines.layout.layout_stepper import LayoutSolver
from sim.protocol import Protocol, protocol_for
from sim.result import Trials
from sim.tasks.setup import paper_design, with_levels
from tests.support.random_trials import wired

N = 5
SHAPES = {"swept": "ladder", "eliminated": "mesh"}


def _network(style: str, shape: str) -> tuple[Network, Protocol]:
    rng = np.random.default_rng(8)
    levels = hebbian(rng.integers(0, 2, (1, N)))
    design = with_levels(paper_design(N, load="rest"), levels)
    process = design.load_process()
    shapes = dict.fromkeys(("dendrite", "drive", "ground", "vdw", "rail", "line"), SHAPES[shape])
    network = wired(ideal_network(design, process, style=style), rng, 2.0, shapes)
    given = {"levels": levels} if style == "lines" else {}
    return network, protocol_for(design, process, start=np.zeros(N, int), time_limit=200e-9, **given)


def _different(protocol: Protocol, network: Network) -> list[Protocol]:
    """Trials that differ in every voltage, in where walls begin and in whether anything is loaded."""
    rng = np.random.default_rng(3)
    starts = [replace(protocol, start=rng.integers(0, 2, N)) for _ in range(2)]
    higher = replace(
        starts[0], v_dw=protocol.v_dw * 1.1, weight=protocol.weight * 0.9, v_charge=protocol.v_charge * 1.2
    )
    elsewhere = replace(protocol, start=None, initial=rng.uniform(0, 1, network.devices), time_limit=20e-9)
    return [*starts, higher, elsewhere, starts[1]]


def _same_bits(found: Trials, expected: Trials) -> None:
    for name in ("wall_final", "time_load", "time_convergence", "energy_source", "energy_sink", "steps", "growth",
                 "margin", "kcl_residual", "at_rest"):  # fmt: skip
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("style", ["lines", "rails"])
def test_a_used_room_gives_the_bits_of_a_new_one(style, shape):
    network, protocol = _network(style, shape)
    solver, options, rooms = LayoutSolver(network, 1), Options(tolerance=1e-8), []
    for each in _different(protocol, network):
        trial = TrialRun(solver, each, options)
        rooms.append(trial.stepper.system)
        used = run_trial(trial)
        new = run_trial(TrialRun(LayoutSolver(network, 1), each, options))
        _same_bits(used, new)
    assert rooms[0] is rooms[1] is rooms[2] is rooms[4]  # of the load phases; the other trial has none


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("style", ["lines", "rails"])
def test_rooms_in_use_at_once_share_nothing_that_changes(style, shape):
    network, protocol = _network(style, shape)
    solver, options, different = LayoutSolver(network, 1), Options(tolerance=1e-8), _different(protocol, network)[1:3]
    runs = [TrialRun(solver, each, options) for each in different]
    going = list(runs)
    while going:
        going = [run for run in going if not run.go(3)]
    for run, each in zip(runs, different, strict=True):
        alone = TrialRun(LayoutSolver(network, 1), each, options)
        while not alone.go(3):
            pass
        _same_bits(run.result(), alone.result())


def test_a_room_is_not_given_twice():
    network, protocol = _network("rails", "swept")
    solver = LayoutSolver(network, 1)
    runs = [TrialRun(solver, protocol, Options(tolerance=1e-8)) for _ in range(2)]
    assert runs[0].stepper.system is not runs[1].stepper.system
    for run in runs:
        run_trial(run)
    again = [TrialRun(solver, protocol, Options(tolerance=1e-8)) for _ in range(2)]
    assert again[0].stepper.system is not again[1].stepper.system
