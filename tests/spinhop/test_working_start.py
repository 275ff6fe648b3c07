"""Starters of any size have wires with which they work as drawn; a network that its wires ruin is told of them."""

from __future__ import annotations

import json
import os

import pytest

import sim
from hwlib.design import load_design
from hwlib.process import preset_names, preset_text
from hwlib.schematic import ideal_network
from spinhop.designs.starter import write_starter
from spinhop.designs.working_start import command_for, working_start
from spinhop.optimize.trial_evaluation import STAGES, judged

FULL = os.environ.get("SPINHOP_FULL") == "1"
SAMPLE = [("copper", 13, 1), ("ebeam", 9, 2)]
SIZES = [(2, 1), (5, 1), (9, 1), (13, 2), (24, 1), (40, 1), (41, 1), (50, 2), (60, 1), (60, 2)]
ALL = [(process, neurons, seed) for process in preset_names() for neurons, seed in SIZES]


@pytest.mark.parametrize(("process", "neurons", "seed"), ALL if FULL else SAMPLE)
def test_a_starter_works_as_drawn(tmp_path, process, neurons, seed):
    """Its drawing is clean, it breaks no rule, all trials rest, and it does its task if ideal wires do.

    On ideal wires some trials fail too: a start that is orthogonal to a balanced pattern leads nowhere.
    """
    path = write_starter(tmp_path / "mine.yaml", neurons=neurons, process=process)
    seeded = path.read_text().replace("# seed: 1 ", f"seed: {seed} ")
    assert "\nseed: " in seeded
    path.write_text(seeded)
    design, found = load_design(path), judged(path)
    assert found.violations[:-1] == [0.0] * (len(STAGES) - 1), found.why
    own = design.load_process()
    ideal = float(sim.run_task(ideal_network(design, own), design, own).accuracy_mean)
    assert found.values["accuracy"] >= min(ideal, design.task.required)
    assert found.values["rest_rate"] == 1.0


@pytest.mark.parametrize("process", preset_names())
@pytest.mark.parametrize("neurons", [2, 40, 41, 60, 61, 200])
def test_it_says_whose_fields_it_has(tmp_path, process, neurons):
    path = write_starter(tmp_path / "mine.yaml", neurons=neurons, process=process)
    design, start = load_design(path), working_start(process, neurons)
    assert (design.process, design.network.neurons, design.network.weight_style) == (process, neurons, "rails")
    assert design.operating_point.v_dw == "auto" if neurons <= 40 else float(design.operating_point.v_dw) > 0
    small = process == "ebeam" and neurons == 2  # the starter of the first pages
    assert (f"those of {start.model}, which works as drawn" in path.read_text()) is not small
    if small:
        return
    model = load_design(f"layouts/codesigned/{start.model}.yaml")
    assert design.device == model.device
    same = model.network.model_copy(update={"neurons": neurons, "weights": design.network.weights})
    assert design.network == same
    assert design.task.time_limit == model.task.time_limit


def test_its_v_dw_goes_with_the_axons_of_a_neuron(tmp_path):
    """Of 60 neurons it is that of the design itself, of 41 what 40 axons take of the 59's."""
    at = {n: load_design(write_starter(tmp_path / f"n{n}.yaml", neurons=n)).operating_point.v_dw for n in (41, 60)}
    assert at[60] == pytest.approx(0.75) and at[41] == pytest.approx(0.75 * 40 / 59, rel=2e-3)


@pytest.mark.parametrize(("style", "process"), [("lines", "ebeam"), ("lines", "sky130")])
def test_lines_have_no_such_start(tmp_path, style, process):
    path = write_starter(tmp_path / "mine.yaml", neurons=24, weight_style=style, process=process)
    assert "works as drawn" not in path.read_text() and load_design(path).process == process


def test_an_unknown_process_is_refused(spinhop, tmp_path):
    code, _, err = spinhop("new", tmp_path / "a.yaml", "--process", "tin")
    assert code == 2 and "a.yaml: process: unknown preset 'tin'; allowed: " in err and ".spinhop" not in err
    assert not list(tmp_path.iterdir())


def test_each_thing_that_is_wrong_has_a_line(spinhop, tmp_path):
    code, _, err = spinhop("new", tmp_path / "a.yaml", "-n", 0, "--process", "tin")
    process, neurons = err.splitlines()
    assert code == 2 and "a.yaml: process: unknown preset" in process and "a.yaml: network.neurons: must" in neurons


def test_a_network_that_fails_as_drawn_is_told_of_one_that_works(spinhop, tmp_path):
    """On the terminal, in JSON and on the page: its wires make it slower than its limit."""
    path = tmp_path / "weak.yaml"
    path.write_text("name: weak\nnetwork: {neurons: 12}\ntask: {trials: 2, time_limit: 70 ns}\n")
    code, out, _ = spinhop("run", path, "-o", tmp_path / "run", "--json")
    said = json.loads(out)["next"]
    assert code == 1 and said["instead"] == "spinhop new as_drawn.yaml --neurons 12 --process ebeam"
    assert said["text"].endswith(f"; or begin with wires of a network that works as drawn: `{said['instead']}`")
    assert f"`{said['instead']}`" in spinhop("report", tmp_path / "run")[1]
    assert f"<code>{said['instead']}</code>" in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.parametrize(
    ("network", "known"),
    [
        ("neurons: 12", True),
        ("neurons: 12, weights: {random_patterns: 2}", False),  # more than it was tried with
        ("neurons: 3, weights: {patterns: ['110']}", False),
        ("neurons: 12, weight_style: lines", False),
        ("neurons: 61", False),
        ("neurons: 3, topology: {axons: [[0, 1], [1, 2], [2, 0]]}", False),
    ],
)
def test_for_which_designs_one_is_known(tmp_path, network, known):
    path = tmp_path / "a.yaml"
    path.write_text(f"name: a\nprocess: copper\nnetwork: {{{network}}}")
    assert bool(command_for(load_design(path))) is known


def test_none_is_known_for_other_metals(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(preset_text("copper"))
    path = tmp_path / "a.yaml"
    path.write_text("name: a\nprocess: own.yaml\nnetwork: {neurons: 12}")
    assert command_for(load_design(path)) == "spinhop new as_drawn.yaml --neurons 12 --process copper"
    own.write_text(own.read_text().replace("sheet_resistance: 1.1", "sheet_resistance: 2.2", 1))
    assert "2.2" in own.read_text() and command_for(load_design(path)) == ""
