"""A table of the macro: its own point is the simulation's, three forms say the same, it goes on, and it refuses.

Beside a whole run, as drawn, it is in ``test_runs_end_to_end``.
"""

from __future__ import annotations

import csv
import json
import re

import pytest

import sim
from hwlib.design import load_design
from hwlib.errors import InputError
from hwlib.quantities import printed
from hwlib.schematic import ideal_network
from spinhop import characterise
from spinhop.study import characterisation, point_evaluation
from spinhop.study.point_evaluation import PointResult

DESIGN = "name: small\nprocess: copper_thick\nnetwork: {neurons: 3}\ntask: {trials: 2}\n"


@pytest.fixture
def path(tmp_path):
    (tmp_path / "small.yaml").write_text(DESIGN)
    return tmp_path / "small.yaml"


def test_own_row_is_the_simulation_and_all_forms_say_the_same(path, tmp_path):
    found = characterise(path, tmp_path / "out", wires="ideal", supplies=(0.9, 1.2))
    design = load_design(path)
    process = design.load_process()
    network = ideal_network(design, process)
    own = sim.v_dw_on(network, design, process).volts
    assert [row["v_dw"] for row in found.rows] == pytest.approx([0.9 * own, own, 1.2 * own], rel=1e-12)
    assert [row["own"] for row in found.rows] == [False, True, False]
    wanted = sim.run_task(network, design, process, tolerance=1e-7)
    for name in ("time_mean", "time_max", "energy_mean", "accuracy_mean", "rest_rate"):
        assert found.rows[1][name] == float(wanted[name]), name
    low, high = found.rows[1]["window_low"], found.rows[1]["window_high"]
    assert (low + high) / 2 == pytest.approx(own, rel=1e-9) and found.columns["window_low"].unit == "V"
    for name in ("at_rest", "undetermined", "recalled"):  # a count, and said to be one
        assert found.rows[1][name] == wanted[name].sum() and found.columns[name].meaning.startswith(
            "number of trials: "
        )
    as_json, as_csv, as_text = (file.read_text() for file in found.files)
    data = json.loads(as_json)
    assert data["rows"] == found.rows and data["seed"] == 1 and "numpy" in data["versions"]
    header, *lines = list(csv.reader(as_csv.splitlines()))
    at = header.index("time_mean (s)")
    assert [float(line[at]) for line in lines] == [row["time_mean"] for row in found.rows]
    assert f"**{1e9 * found.rows[1]['time_mean']:.4g} ns**" in as_text


def test_what_hangs_on_rounding_is_said_to_be_undetermined(tmp_path):
    """Three patterns in eight neurons: of the first two starts one ties, whatever the voltages are."""
    path, network = tmp_path / "tied.yaml", "network: {neurons: 8, weights: {random_patterns: 3}}"
    for accuracy, word, unsure in ((0.5, "undetermined", 1.0), (1.0, "0", 0.0)):
        task = f"task: {{trials: 2, time_limit: 600 ns, required_accuracy: {accuracy:g}}}"
        path.write_text(f"name: tied\nprocess: copper\n{network}\n{task}\n")
        found = characterise(path, tmp_path / f"out{accuracy:g}", wires="ideal", supplies=(1.0,))
        (row,) = found.rows
        assert row["undetermined"] == 1 and (row["works"], row["works_undetermined"]) == (0.0, unsure)
        assert f"| **{word}** |" in found.files[2].read_text()
    header = found.files[1].read_text().splitlines()[0].split(",")
    assert header[2:4] == ["works", "works_undetermined"]


def test_a_stopped_table_goes_on_and_says_why_rows_have_no_numbers(path, tmp_path, monkeypatch):
    seen = []

    def evaluate(self, values):
        seen.append(values["operating_point.v_dw"])
        if len(seen) == 2:
            raise KeyboardInterrupt
        return PointResult({"works": 1.0}, {"works": ("1", "x")}) if len(seen) < 4 else PointResult(problem="no | way")

    monkeypatch.setattr(point_evaluation.PointEvaluator, "evaluate", evaluate)
    given = {"wires": "ideal", "v_dw": ["40 mV", 0.05, "60 mV"]}
    with pytest.raises(KeyboardInterrupt):
        characterise(path, tmp_path / "out", **given)
    found = characterise(path, tmp_path / "out", **given)
    assert len(seen) == 5 and seen[0] not in seen[2:], "the row that was there is kept"
    assert [row["problem"] for row in found.rows].count("no | way") == found.refused == 2
    assert found.rows[-1]["works"] is None and "no | way" in found.files[2].read_text()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"v_dw": ["88 nm"]}, "v_dw: '88 nm' is not a quantity in V"),
        ({"v_dw": [-1.0]}, "v_dw: -1.0 is outside"),
        ({"temperatures": ["2000 K"]}, "temperature: '2000 K' is outside"),
        ({"temperatures": ["300 K"]}, "give the load a time"),
        ({"supplies": [0.0]}, "supplies: 0"),
        ({"v_dw": ["80 mV", 0.08]}, "v_dw: a value is given twice"),
        ({"supplies": [1.0, 0.9, 1.0]}, "supplies: a value is given twice"),
        ({"temperatures": ["300 K", 300]}, "temperature: a value is given twice"),
    ],
)
def test_what_cannot_be_is_refused_before_the_drawing(path, tmp_path, monkeypatch, given, words):
    monkeypatch.delattr(characterisation, "own_v_dw")
    with pytest.raises(InputError) as error:
        characterise(path, tmp_path / "out", **given)
    assert words in str(error.value) and len(str(error.value)) < 200 and not (tmp_path / "out").exists()


def test_command(spinhop, path, tmp_path):
    code, _, err = spinhop("characterise", path, "--supply", "1, x")
    assert code == 2 and "--supply" in err
    for options, words in (
        (("--v-dw", "80 mV,,90 mV"), "--v-dw: '80 mV,,90 mV' has an empty entry"),
        (("--v-dw", ""), "--v-dw: '' has an empty entry"), (("--supply", ""), "--supply: '' has an empty entry"),
        (("--supply", "1,"), "--supply: '1,' has an empty entry"), (("--temperature", " "), "--temperature: ' ' has"),
        (("--v-dw", "80 mV", "--supply", "1"), "--v-dw and --supply: give one of them"),
    ):  # fmt: skip
        code, _, err = spinhop("characterise", path, *options, "--ideal", "--out", tmp_path / "out")
        assert code == 2 and words in err and not (tmp_path / "out").exists()
    (tmp_path / "chips.yaml").write_text(DESIGN + "variation: {defects: {stuck_off: 0.1}}\n")
    code, _, err = spinhop("characterise", tmp_path / "chips.yaml", "--out", tmp_path / "out")
    assert code == 2 and "spinhop yield" in err


def test_a_row_that_does_its_task_and_breaks_a_rule_says_so_on_the_terminal(spinhop, path, tmp_path):
    """The table had as many columns as fit, and the rules were the next one."""
    path.write_text(DESIGN + "operating_point: {weight: 200 mV, v_charge: 200 mV}\n")
    code, out, _ = spinhop("characterise", path, "--supply", "1", "--ideal", "--out", tmp_path / "out")
    found = json.loads((tmp_path / "out" / "characterisation.json").read_text())
    (own,) = found["rows"]
    header, row = (re.split(r"  +", line.strip()) for line in out.splitlines() if "works" in line or " own" in line)
    told = dict(zip(header, row, strict=False))  # the last column, with the own row's mark, has no name
    assert code == 0 and own["works"] == 1 and own["rules_broken"] > 0
    assert (float(told["works"]), float(told["rules_broken"])) == (own["works"], own["rules_broken"])
    assert told["window_high"] == printed(own["window_high"], "V")
