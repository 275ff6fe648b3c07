"""Voltages that make up for wires, as a design names them: read once, whole, and for drawn networks alone."""

import numpy as np
import pytest

import sim
from hwlib.design import load_design
from hwlib.errors import InputError
from hwlib.schematic import ideal_network, ladder_network
from hwlib.sections.compensation_fields import net_levels_text

LINES = {f"w_{i}_{j}": 1.0 + 0.1 * i + 0.01 * j for i in range(3) for j in range(3) if i != j}


@pytest.fixture
def write(tmp_path):
    def design(compensation="{weights_file: w.csv}", text=net_levels_text(LINES), style="lines", more=""):
        (tmp_path / "w.csv").write_text(text)
        path = tmp_path / "d.yaml"
        network = f"network: {{neurons: 3, weight_style: {style}}}"
        path.write_text(f"name: d\n{network}\ncompensation: {compensation}\n{more}")
        return path

    return design


def test_a_drawn_network_takes_them_and_ideal_wires_do_not(write):
    design = load_design(write("{weights_file: w.csv, v_dw: 25 mV}"))
    process = design.load_process()
    ideal, drawn = ideal_network(design, process), ladder_network(design, process, 5.0)
    points = [sim.protocol_on(network, design, process) for network in (ideal, drawn)]
    assert design.net_levels() == LINES
    assert points[0].net_levels is None and points[0].v_dw != 0.025
    assert points[1].v_dw == 0.025 and sim.v_dw_on(drawn, design, process).origin == "compensation of the wires"
    volts = dict(zip(drawn.net_names, points[1].net_voltages(drawn), strict=True))
    assert {name: volts[name] for name in LINES} == pytest.approx({k: 0.1 * v for k, v in LINES.items()})
    assert volts["gnd"] == 0 and volts["vdw"] == 0.025 and np.isnan(volts["dend_0"])


def test_rails_have_a_line_each(write):
    design = load_design(write(text="net,multiple of W\nw_m1,-1.25\n w_p1 , 1.125\n\n", style="rails"))
    assert design.net_levels() == {"w_m1": -1.25, "w_p1": 1.125}


def test_what_is_written_is_read_again(write):
    levels = {name: float(x) for name, x in zip(LINES, (1 / 3, -1e-9, 0.0, -2e-6, 1e5, 7.0), strict=True)}
    read = load_design(write(text=net_levels_text(levels))).net_levels()
    assert read == levels | {"w_0_2": 0.0}


TEXT = net_levels_text(LINES)


@pytest.mark.parametrize(
    ("compensation", "text", "message"),
    [
        ("[1]", TEXT, "d.yaml:3: compensation: must be a mapping, found list of 1"),
        ("{}", TEXT, "d.yaml:3: compensation: give weights_file, v_dw or both"),
        ("{v_dw: 25}", TEXT, "d.yaml:3: compensation.v_dw: "),
        ("{weights_file: none.csv}", TEXT, "none.csv: no such compensation file"),
        ("{weights_file: ../w.csv}", TEXT, "compensation.weights_file: path '../w.csv' leaves its folder"),
        ("{weights_file: w.csv}", "", "w.csv:1: the first line is 'net,multiple of W', found ''"),
        ("{weights_file: w.csv}", "w_0_1,1\n", "w.csv:1: the first line is 'net,multiple of W', found 'w_0_1,1'"),
        ("{weights_file: w.csv}", TEXT.replace("w_1_2", "w_1_1"), "w.csv:5: 'w_1_1': no weight net of this design; a"),
        ("{weights_file: w.csv}", TEXT.replace("w_1_2", "w_1_0"), "w.csv:5: 'w_1_0': given twice"),
        ("{weights_file: w.csv}", TEXT.replace("1.12", "one"), "w.csv:5: "),
        ("{weights_file: w.csv}", TEXT.replace("1.12", "nan"), "w.csv:5: "),
        ("{weights_file: w.csv}", TEXT.replace("1.12", "1e9"), "w.csv:5: 1e+09 is no weight: 0, or 1e-06 to 1e+06"),
        ("{weights_file: w.csv}", TEXT.replace("w_1_2,", "w_1_2;"), "w.csv:5: a line is a net and a number, separated"),
        ("{weights_file: w.csv}", TEXT.replace("w_1_2,1.12\n", ""), "w.csv: 1 of 6 weight nets missing: w_1_2"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_a_line(write, compensation, text, message):
    with pytest.raises(InputError) as refused:
        load_design(write(compensation, text))
    assert message in str(refused.value) and "\n" not in str(refused.value)


def test_trials_with_other_weights_each_have_no_one_set_of_voltages(write, tmp_path):
    (tmp_path / "a.txt").write_text("3 1\n1 2\n")
    (tmp_path / "b.txt").write_text("3 1\n1 3\n")
    with pytest.raises(InputError, match="one set of voltages, but the task's trials differ in weights"):
        load_design(write(more="task: {kind: maxcut, graphs: [a.txt, b.txt]}\n"))
    load_design(write(more="task: {kind: maxcut, graph: a.txt}\n"))
