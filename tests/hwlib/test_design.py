"""Design files: defaults are Table I, every mistake is one line that says where and what is allowed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hwlib.design import Design, load_design
from hwlib.device import Device
from hwlib.errors import LONGEST_LINE, InputError
from hwlib.storage.yaml_text import yaml_text
from hwlib.weights import stored_patterns, weight_levels

HEAD = "name: d\nnetwork: {neurons: 3}\n"


def _fails(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_design(path)
    assert all(path.name in line and len(line) <= LONGEST_LINE for line in caught.value.lines)
    return str(caught.value)


def test_defaults_are_table_one():
    device = Device()
    assert (device.track_length, device.pillar_width, device.pillar_position) == (100e-9, 20e-9, 0.5)
    assert device.r_p == pytest.approx(500) and device.r_ap == pytest.approx(2000)
    assert device.mobility(50e-18) == pytest.approx(1.0636e6, rel=1e-4, abs=0)
    point = Design(name="d", network={"neurons": 3}).operating_point
    assert (point.v_charge, point.weight, point.axon_leak, point.soma_leak) == (0.1, 0.1, -5.0, 0.2)


def test_wall_crosses_half_the_track_in_the_published_time():
    """50 nm at 10 µA without leak: 4.7005 ns."""
    assert 50e-9 / (Device().mobility(50e-18) * 10e-6) == pytest.approx(4.7005e-9, rel=1e-4, abs=0)


def test_width_changes_resistances_and_mobility_together():
    wide = Device(track_width=100e-9)
    assert wide.r_p == pytest.approx(250)  # the pillar spans the track
    assert wide.mobility(100e-18) == pytest.approx(Device().mobility(50e-18) / 2)
    assert Device(track_resistance=3000.0).track_sheet_resistance(1000.0) == pytest.approx(1500.0)
    assert Device().track_sheet_resistance(1234.0) == 1234.0


def test_given_resistances_override():
    device = Device(r_parallel=700.0, r_antiparallel=900.0)
    assert (device.r_p, device.r_ap) == (700.0, 900.0)
    assert Device(r_parallel=700.0).r_ap == pytest.approx(2800.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: d\nnetwork: {neurons: 1}\n", ":2: network.neurons: must be at least 2"),
        ("name: d\nnetwork: {neurons: 0}\n", ":2: network.neurons: "),
        ("name: d\nnetwork: {neurons: 1000000}\n", "must be at least 2 and at most 1000, found 1000000"),
        ("name: d\nnetwork: {neurons: 300, weight_style: lines}\n", "limited to 256 neurons"),
        ("name: d\nnetwork: {neurons: 3, wieght_style: rails}\n", "unknown key, did you mean 'weight_style'?"),
        (HEAD + "device:\n  track_length: 100 V\n", ":4: device.track_length: '100 V' is not a quantity in m"),
        (HEAD + "device:\n  track_length: 100\n", "has no unit; write for example '100 nm'"),
        (HEAD + "device:\n  pillar_position: 0.95\n", ":3: device: pillar lies off the track: it spans 85 to 105 nm"),
        (HEAD + "device:\n  pillar_position: 0.01\n", "pillar lies off the track"),
        (HEAD + "device:\n  r_parallel: -5 ohm\n", ":4: device.r_parallel: '-5 ohm' is outside 0.1 ohm to 1e+09 ohm"),
        (HEAD + "device:\n  r_antiparallel: 400 ohm\n", "r_antiparallel must exceed r_parallel"),
        (HEAD + "operating_point: {v_dw: a lot}\n", ":3: operating_point.v_dw: 'a lot' is neither auto, eq4 nor"),
        (HEAD + "operating_point: {v_dw: 0.3}\n", "0.3 has no unit"),
        (HEAD + "operating_point: {v_charge: .inf}\n", ":3: operating_point.v_charge: inf is outside 0.001 mV to"),
        (HEAD + "task: {time_limit: .nan}\n", ":3: task.time_limit: nan is outside 0.001 ns to 1000 us"),
        (HEAD + "operating_point: {v_dw: -0.3 V}\n", "'-0.3 V' is outside 0.001 mV to 1000 V"),
        (HEAD + "operating_point: {v_dw: true}\n", "operating_point.v_dw"),
        (HEAD + "operating_point: {axon_leak: 5 m/s}\n", "axon_leak: '5 m/s' is outside -1e+04 m/s to -1e-06 m/s"),
        (HEAD + "operating_point: {load: 0 ns}\n", "'0 ns' is outside 0.001 ns to 1000 us"),
        (HEAD + "process: sky13\n", "unknown preset 'sky13'; allowed: copper, "),
        (HEAD + "process: ../p.yaml\n", "leaves its folder"),
        (HEAD + "process: /etc/p.yaml\n", "leaves its folder"),
        (HEAD + "process: p.yaml\n", "no such process file"),
        ("name: ../d\nnetwork: {neurons: 3}\n", ":1: name: "),
        ("name: d\nnetwork: {neurons: 3, weights: {patterns: ['01']}}\n", "patterns.0: 2 bits, the network has 3"),
        ("name: d\nnetwork: {neurons: 3, weights: {patterns: ['012']}}\n", "network.weights.patterns.0"),
        ("name: d\nnetwork: {neurons: 3, weights: {random_patterns: 0}}\n", "network.weights.random_patterns"),
        ("name: d\nnetwork: {neurons: 3, weights: {random_patterns: 1, patterns: ['010']}}\n", "give one of"),
        ("name: d\nnetwork: {neurons: 3, weights: {matrix_file: ../w.csv}}\n", "leaves its folder"),
        (HEAD + "task: {starts: ['0101']}\n", "task.starts.0: 4 bits"),
        (HEAD + "task: {trials: 0}\n", "task.trials"),
        (HEAD + "seed: -1\n", "seed"),
        (HEAD + "_folder: /etc\n", "_folder: unknown key"),
        ("name: d\nnetwork: {neurons: 1_0}\n", ":2: network.neurons: '1_0' is not a number but a text"),
        ("name: d\nnetwork: {neurons: '4'}\n", "network.neurons: '4' is not a number but a text"),
        (HEAD + "seed: true\n", ":3: seed: True is not a number"),
        (HEAD + "device: {tmr: '3'}\n", "device.tmr: '3' is not a number but a text"),
        (HEAD + "task: {required_accuracy: true}\n", "task.required_accuracy: True is not a number"),
        (HEAD + "task: {starts: []}\n", ":3: task.starts: must not be empty"),
        ("name: d\nnetwork: {neurons: 3, weights: {patterns: []}}\n", ":2: network.weights.patterns: must not be"),
        (HEAD + "process: loop.yaml\n", "process: "),
    ],
)  # fmt: skip
def test_one_clear_line(design_file, tmp_path, text, message):
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    assert message in _fails(design_file(text))


@pytest.mark.parametrize("field", ["task: {starts: [101]}", "network: {neurons: 3, weights: {patterns: ['１０１']}}"])
def test_wrong_items_alone_are_told_not_that_none_are_left(design_file, field):
    head = "name: d\n" if field.startswith("network") else HEAD
    said = _fails(design_file(f"{head}{field}\n"))
    assert said.count("\n") == 0 and "at least" not in said


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("[[0, 1], [1, 0]]", "network.weights.matrix.0: row 1 has 2 values, a network of 3 neurons needs 3"),
        ("[[0, 1, 1], [1, 0, 1]]", "matrix: 2 rows, a network of 3 neurons needs 3"),
        (
            "[[0, .nan, 1], [1, 0, 1], [1, 1, 0]]",
            ":2: network.weights.matrix.0.1: nan is no weight: 0, or 1e-06 to 1e+06 in size",
        ),
        ("[[0, 1, 1], [1, 0, 1], [1, .inf, 0]]", "network.weights.matrix.2.1: inf is no weight"),
        ("[[0, 1, 1], [1, 2, 1], [1, 1, 0]]", "row 2, column 2 is 2, a neuron has no synapse to itself"),
        ("[[0, 1, x], [1, 0, 1], [1, 1, 0]]", "network.weights.matrix.0.2"),
        ("[[0, 1_0, 1], [1, 0, 1], [1, 1, 0]]", "network.weights.matrix.0.1: '1_0' is not a number but a text"),
        ("[[0, 1, 1], [1, 0, 1], [1, true, 0]]", "network.weights.matrix.2.1: True is not a number"),
    ],
)
def test_bad_matrix(design_file, rows, message):
    text = f"name: d\nnetwork: {{neurons: 3, weights: {{matrix: {rows}}}}}\n"
    assert message in _fails(design_file(text))


@pytest.mark.parametrize(
    ("csv", "message"),
    [
        ("0,1,1\n1,0,1\n1,1\n", "row 3 has 2 values"), ("0,1,1\n1,0,x\n1,1,0\n", "w.csv:2: a row is numbers"),
        ("0,1e300,0\n1,0,1e-9\n1,1,0\n", "w.csv:1: row 1, column 2: 1e+300 is no weight"),
        ("0,1,nan\n1,0,1\n1,1,0\n", "w.csv:1: row 1, column 3: nan is no weight"),
        ("\n", "w.csv: 0 rows"), ("0,٣,1\n1,0,1\n1,1,0\n", "w.csv:1: a row is numbers"),
        ("0,1_0,1\n1,0,1\n1,1,0\n", "w.csv:1: a row is numbers"),
    ],
)  # fmt: skip
def test_bad_matrix_file(design_file, tmp_path, csv, message):
    (tmp_path / "w.csv").write_text(csv)
    assert message in _fails(design_file("name: d\nnetwork: {neurons: 3, weights: {matrix_file: w.csv}}\n"))


def test_all_errors_of_a_design_at_once(design_file, tmp_path):
    (tmp_path / "w.csv").write_text("0,1,x\n1,0,1\n1,y,0\n")
    text = "name: d\nprocess: p.yaml\nnetwork:\n  neurons: 3\n  weights: {matrix_file: w.csv}\n"
    lines = _fails(design_file(text)).splitlines()
    row = "5: network.weights.matrix_file: w.csv"
    assert [line.partition("tiny.yaml:")[2][:49] for line in lines] == [
        "2: process: p.yaml: no such process file", f"{row}:1: a row is", f"{row}:3: a row is",
    ]  # fmt: skip
    text = text.replace("{matrix_file: w.csv}", "\n    patterns:\n      - '01'\n      - '010'\n      - '0101'")
    lines = _fails(design_file(text + "task:\n  starts: ['1']\n")).splitlines()
    assert [line.partition("tiny.yaml:")[2] for line in lines] == [
        "7: network.weights.patterns.0: 2 bits, the network has 3 neurons",
        "9: network.weights.patterns.2: 4 bits, the network has 3 neurons",
        "11: task.starts.0: 1 bits, the network has 3 neurons",
    ]


def test_matrix_file_beside_the_design(design_file, tmp_path, monkeypatch):
    (tmp_path / "w.csv").write_text("0,1,-1\n1,0,0.5\n\n-1,0.5,0\n")
    path = design_file("name: d\nnetwork: {neurons: 3, weights: {matrix_file: w.csv}}\n")
    monkeypatch.chdir("/")
    levels = weight_levels(load_design(path))
    assert np.array_equal(levels, [[0, 1, -1], [1, 0, 0.5], [-1, 0.5, 0]])


def test_what_is_written_reads_back(design_file):
    design = Design(
        name="d", network={"neurons": 4, "drive_width": 50e-9},
        operating_point={"v_dw": 0.3, "load": 16e-9}, device={"track_resistance": 1500.0},
    )  # fmt: skip
    text = yaml_text(design.model_dump(mode="json", exclude_none=True))
    back = load_design(design_file(text))
    assert back.model_dump(mode="json") == design.model_dump(mode="json")
    assert back.operating_point.v_dw == pytest.approx(0.3)


def test_random_patterns_come_from_the_seed():
    one, two = (stored_patterns(Design(name="d", seed=s, network={"neurons": 40})) for s in (1, 2))
    again = stored_patterns(Design(name="d", seed=1, network={"neurons": 40}))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, two)
