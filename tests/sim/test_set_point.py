"""V_DW on a network: the centre of the window that its own wires leave, the same wherever the network is used."""

import gc
import re
import weakref
from dataclasses import replace

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.extraction import extract
from hwlib.operating_point import resolve_v_dw
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import stored_patterns, weight_levels
from layouts import hopfield, write_layout
from sim import judgement, set_point
from sim.rules.statics import StaticCircuits
from sim.set_point import SetVoltage
from sim.spice import write_deck
from sim.tasks import maxcut
from sim.tasks.random_recall import image_recall, random_recall

N, OHM = 9, 20.0


def designed(v_dw="auto", n=N, **point):
    return Design(name="t", network={"neurons": n}, operating_point={"v_dw": v_dw, **point}, task={"trials": 2})


def on_ladder(design, ohm=OHM):
    process = design.load_process()
    network = ladder_network(design, process, ohm)
    return network, process, sim.v_dw_on(network, design, process)


def test_auto_is_the_centre_of_the_drawn_window():
    """The window of the report made at that V_DW has its centre there, and it is not the ideal one."""
    design = designed()
    network, process, voltage = on_ladder(design)
    values = sim.judge(network, design, process).values
    assert voltage.volts == pytest.approx((max(values["low"]) + min(values["high"])) / 2, rel=1e-8)
    assert abs(voltage.volts / resolve_v_dw(design, process) - 1) > 0.02
    assert (values["v_dw"], values["v_dw_origin"]) == voltage
    assert str(voltage) == f"V_DW {1e3 * voltage.volts:.4g} mV, centre of the drawn window"


def test_it_is_found_once_while_one_network_is_asked_for_one_design(monkeypatch):
    solved, windows = [], set_point.v_dw_windows
    monkeypatch.setattr(set_point, "v_dw_windows", lambda cases: solved.append(1) or windows(cases))
    design = designed()
    network, process, first = on_ladder(design)
    count = len(solved)
    assert sim.v_dw_on(network, designed(), process) == first
    assert len(solved) == count > 0
    for changes in (
        {"design": designed(v_charge=0.2)},
        {"levels": weight_levels(design)},
        {"levels": -weight_levels(design)},
    ):
        count = len(solved)
        sim.v_dw_on(network, **{"design": design, "process": process, **changes})
        assert len(solved) > count
    assert sim.v_dw_on(network, design, process) == first
    count = len(solved)
    assert on_ladder(design, 2 * OHM)[2] != first
    assert len(solved) > count


def test_each_network_is_run_at_its_own_centre():
    design = designed()
    process = design.load_process()
    voltage = sim.v_dw_on(ideal_network(design, process), design, process)
    assert voltage == SetVoltage(resolve_v_dw(design, process), "centre of the ideal window")


def test_weights_above_v_c_move_the_window_over_the_ground_and_the_centre_settles():
    """Where the dendrites' bound depends on V_DW itself, the centre is that of the window at the centre."""
    from test_rules_window import with_ground_wire

    design = designed(v_charge=1e-3, weight=0.3)
    process = design.load_process()
    network = with_ground_wire(ladder_network(design, process, 5.0), 10.0)
    voltage = sim.v_dw_on(network, design, process)
    values = sim.judge(network, design, process).values
    assert voltage.volts == pytest.approx(values["recommended_v_dw"], rel=1e-7)


def test_a_closed_drawn_window_falls_back_to_the_ideal_centre_and_says_so():
    design = designed()
    _, process, voltage = on_ladder(design, 400.0)
    assert voltage == (resolve_v_dw(design, process), "centre of the ideal window, as the drawn one is closed")


@pytest.mark.parametrize(("setting", "origin"), [(0.06, "as stated"), ("eq4", "the paper's eq. (4)")])
def test_a_stated_v_dw_and_equation_4_stay(setting, origin):
    design = designed(setting)
    _, process, voltage = on_ladder(design)
    assert voltage == (resolve_v_dw(design, process), origin)


def test_recall_decks_and_rules_take_the_same_v_dw(tmp_path):
    design = designed()
    network, process, voltage = on_ladder(design)
    result = sim.recall(network, design, process)
    assert (float(result.v_dw), result.attrs["v_dw_origin"]) == voltage and result.v_dw.units == "V"
    stated = sim.recall(network, designed(voltage.volts), process)
    np.testing.assert_array_equal(result.time_to_solution, stated.time_to_solution)
    assert (result.time_to_solution != sim.recall(network, designed(resolve_v_dw(design, process)), process)
            .time_to_solution).any()  # fmt: skip
    protocol = sim.protocol_on(network, design, process, start=sim.starts(design)[0])
    deck = write_deck(network, protocol, tmp_path / "bench.cir", load_time=16e-9, duration=1e-7)
    said = float(re.search(r"v_dw=(\S+)", deck.bench.read_text())[1])
    assert said == protocol.v_dw == voltage.volts == sim.judge(network, design, process).values["v_dw"]


@pytest.mark.parametrize("task", ["random", "images", "maxcut"])
def test_tasks_take_the_same_v_dw(task):
    design = designed()
    network, process, voltage = on_ladder(design)
    rng = np.random.default_rng(3)
    picture, graph = stored_patterns(design), np.triu(rng.integers(0, 2, (N, N)), 1)

    def run(design):
        how = {"process": process, "network": network, "engine": "layout"}
        if task == "random":
            return random_recall(design, 1, 2, 5, **how).time_to_solution
        if task == "images":
            return image_recall(design, picture, np.array([0.2]), 2, 5, **how).time_to_solution
        return maxcut.solve([graph + graph.T], design=design, **how).time_to_solution

    auto = run(design)
    np.testing.assert_array_equal(auto, run(designed(voltage.volts)))
    assert (auto != run(designed(resolve_v_dw(design, process)))).any()


def test_rails_say_their_weights_so_that_a_run_finds_it_once(monkeypatch, tmp_path):
    """Rules give no weights, tasks and what is foretold of them do: the same set point, and one search for it."""
    design = Design(name="t", network={"neurons": 4}, task={"trials": 2})
    process, solved, windows = design.load_process(), [], set_point.v_dw_windows
    network = extract(write_layout(hopfield(design, process), tmp_path / "t.oas"), process, design)
    monkeypatch.setattr(set_point, "v_dw_windows", lambda cases: solved.append(1) or windows(cases))
    first = sim.v_dw_on(network, design, process)
    count = len(solved)
    assert first.origin == "centre of the drawn window" and count > 0
    sim.foretold(network, design, process)
    assert float(sim.recall(network, design, process).v_dw) == first.volts
    assert sim.v_dw_on(network, design, process, levels=weight_levels(design)) == first and len(solved) == count
    set_point._LAST = type(set_point._LAST)()
    assert sim.v_dw_on(network, design, process, levels=-weight_levels(design)) == first and len(solved) > count


@pytest.mark.parametrize(("name", "factor"), [("resistor_ohm", 0.2), ("r_p", 1.1), ("leak", 2.0)])
def test_the_set_point_of_arrays_that_were_changed_in_place_is_another(name, factor):
    """The last network's was kept by its identity, which does not tell such changes."""
    design = designed()
    network, process, first = on_ladder(design)
    getattr(network, name)[:] *= factor
    again = sim.v_dw_on(network, design, process)
    assert again != first and again == sim.v_dw_on(replace(network), design, process)


@pytest.mark.parametrize("ask", [sim.v_dw_on, sim.judge, sim.wire_drops])
def test_what_was_solved_is_let_go_at_once(monkeypatch, ask):
    """Nothing waits for the collector, whose turn comes by numbers of objects: of a large network it is gigabytes."""
    design, made = designed(n=5), []

    class Watched(StaticCircuits):
        def __init__(self, network):
            super().__init__(network)
            made.extend((weakref.ref(self), weakref.ref(self.graph)))

    for module in (set_point, judgement):
        monkeypatch.setattr(module, "StaticCircuits", Watched)
    process = design.load_process()
    network = ladder_network(design, process, OHM)
    gc.disable()
    try:
        ask(network, design, process)
        assert made and all(ref() is None for ref in made)
    finally:
        gc.enable()
