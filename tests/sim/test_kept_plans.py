"""Plans of a large network serve its next trials too, and go with the network."""

import gc
from dataclasses import replace

import numpy as np
import pytest

import sim
from hwlib.schematic import ladder_network
from hwlib.weights import hebbian
from sim.engines.layout import layout_stepper
from sim.engines.layout.layout_stepper import plan_for
from sim.engines.layout.partition.made_before import MadeBefore
from sim.protocol import protocol_for
from sim.tasks.setup import paper_design


@pytest.fixture
def made(monkeypatch):
    """Every network is large; numbers of the plans that are made."""
    monkeypatch.setattr(layout_stepper, "_WALLS_KEPT", 0)
    count, build = [], layout_stepper.build_plan
    monkeypatch.setattr(layout_stepper, "build_plan", lambda *given: count.append(1) or build(*given))
    return count


def drawn(ohm):
    design = paper_design(4)
    return ladder_network(design, design.load_process(), ohm)


def trial(seed, **changes):
    design, rng = paper_design(4), np.random.default_rng(seed)
    start, pattern = rng.integers(0, 2, (2, 4))
    protocol = protocol_for(design, design.load_process(), levels=hebbian(pattern), start=start)
    return replace(protocol, load=5e-9, time_limit=10e-9, **changes)


def run(network, protocol):
    return sim.run(network, protocol, engine="layout", record=False)


def test_plans_are_made_once_for_a_network(made):
    network = drawn(1.0)
    first = run(network, trial(1))
    assert len(made) == 2  # of the two phases
    run(network, trial(2, v_dw=0.01))
    again = run(network, trial(1))
    assert len(made) == 2
    for name in ("wall_final", "energy_sink", "time_load"):
        assert np.array_equal(first[name], again[name])
    other = drawn(2.0)
    run(other, trial(1))
    assert len(made) == 4
    assert np.array_equal(run(network, trial(1)).wall_final, first.wall_final)
    assert len(made) == 6


def test_plans_of_arrays_that_were_changed_in_place_are_made_anew(made):
    """A network keeps its identity then; its trials had the wires of before."""
    network, other = drawn(1.0), drawn(4.0)
    first = run(network, trial(1))
    network.resistor_ohm[:] = other.resistor_ohm
    again, right = run(network, trial(1)), run(other, trial(1))
    assert np.array_equal(again.energy_sink, right.energy_sink)
    assert not np.array_equal(again.energy_sink, first.energy_sink)


def test_plans_go_with_their_network(made):
    network = drawn(1.0)
    run(network, trial(1))
    assert layout_stepper._KEPT._kept is not None
    del network
    gc.collect()
    assert layout_stepper._KEPT._kept is None


def arrays(part):
    """All arrays of a plan, in order."""
    return (
        [part]
        if isinstance(part, np.ndarray)
        else [a for each in part if hasattr(each, "__len__") for a in arrays(each)]
    )


def test_plans_of_both_phases_have_columns_in_common():
    network, protocol, before = drawn(1.0), trial(1), MadeBefore()
    phases = protocol.load_voltages(network), protocol.net_voltages(network)
    load, convergence = (plan_for(network, volts, {}, before)[1] for volts in phases)
    assert load.columns.values is convergence.columns.values
    assert load.columns.program is convergence.columns.program
    for plan, volts in ((load, phases[0]), (convergence, phases[1])):
        alone = plan_for(network, volts, {})[1]
        assert all(np.array_equal(a, b) for a, b in zip(arrays(plan), arrays(alone), strict=True))


def test_a_part_is_taken_over_for_the_same_inputs_alone():
    before, made = MadeBefore(), []
    ohm = np.ones(3)

    def part(*inputs):
        return before.get(lambda: made.append(1) or len(made), *inputs)

    assert part("a", (ohm, 1)) == part("a", (np.ones(3), 1)) == 1
    others = [("b", (ohm, 1)), ("a", (ohm, 2)), ("a", (2 * ohm, 1)), ("a", (ohm.astype(np.float32), 1)), ("a", ohm, 1)]
    assert [part(*each) for each in others] == [2, 3, 4, 5, 6]
