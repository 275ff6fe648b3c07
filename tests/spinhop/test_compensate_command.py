"""``spinhop compensate``: the design that it writes is one that ``run`` takes, and what it says is what that does."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sim
import sim.compensation
from hwlib.design import load_design
from hwlib.network import MTJ_IN
from hwlib.process import preset_text
from hwlib.schematic import ideal_network
from spinhop.designs import compensating
from spinhop.designs.design_comparison import COLUMNS, OF_IDEAL, TIMES_W, compare_designs, print_comparison, table_row
from spinhop.extracted_network import draw_and_extract
from tests.support.compiling_line import without_compiling

EXAMPLES = Path(__file__).parents[2] / "layouts" / "examples"
SMALL = "name: {name}\nprocess: ebeam\nnetwork: {{neurons: 5, weight_style: {style}, weights: {weights}}}\n{more}"


def write(path, style="lines", weights="{random_patterns: 1}", more="task: {trials: 2}\n"):
    path.write_text(SMALL.format(name=path.stem, style=style, weights=weights, more=more))
    return path


def told(spinhop, *arguments):
    code, out, err = spinhop("compensate", *arguments, "--json")
    assert without_compiling(err) == ""
    said = json.loads(out)
    return code, said, {row["quantity"]: row for row in said["rows"]}


@pytest.mark.parametrize("style", ["lines", "rails"])
def test_the_written_design_is_what_was_told(spinhop, tmp_path, style):
    """Numbers of the table again, from the files alone: the circuit, the rules and the trials."""
    path = write(tmp_path / "small.yaml", style)
    code, said, rows = told(spinhop, path, "--draws", "4")
    assert said["design"] == str(tmp_path / "small_compensated.yaml")
    design, plain = load_design(said["design"]), load_design(path)
    assert design.name == "small_compensated" and design.net_levels() is not None
    process, network = design.load_process(), draw_and_extract(design)
    point, before = (sim.protocol_on(network, each, process) for each in (design, plain))
    assert rows["V_DW"]["compensated"] == pytest.approx(point.v_dw)
    axons = ~network.is_soma
    volts = point.net_voltages(network)[network.node_net[network.terminals[axons, MTJ_IN]]]
    assert rows["largest weight voltage"]["compensated"] == pytest.approx(np.abs(volts).max())
    assert rows["largest weight voltage"]["drawn"] == pytest.approx(0.1) and (before.net_levels is None)
    assert rows["soma currents: error, rms"]["compensated"] < 0.5 * rows["soma currents: error, rms"]["drawn"]
    for name, each in (("drawn", plain), ("compensated", design)):
        result = sim.run_task(network, each, process)
        assert rows["accuracy"][name] == pytest.approx(float(result["accuracy_mean"]))
        assert rows["energy, mean"][name] == pytest.approx(float(result["energy_mean"]))
        margins = {o.rule: o.margin for o in sim.judge(network, each, process).outcomes}
        assert rows["drive.path: margin"][name] == pytest.approx(margins["drive.path"])
    works = rows["accuracy"]["compensated"] >= 0.95 and rows["trials at rest"]["compensated"] == 1
    assert (said["function"]["verdict"] == "works") == works
    assert (code == 1) == (not works or said["limits"]["verdict"] == "broken")


def test_trials_that_hang_on_rounding_are_told_beside_their_times(tmp_path):
    """Three patterns in eight neurons: of the first two starts one ties on ideal wires."""
    path = tmp_path / "tied.yaml"
    path.write_text("name: tied\nnetwork: {neurons: 8, weights: {random_patterns: 3}}\ntask: {trials: 2}\n")
    design = load_design(path)
    networks = ideal_network(design, design.load_process()), draw_and_extract(design)
    found = compare_designs(
        [(each, design) for each in networks], COLUMNS[:2], simulate=True, step=lambda done, total: None
    )
    row = next(row for row in found.rows if row["quantity"] == "trials undetermined")
    assert (row["ideal"], row["drawn"]) == (0.5, 0.0)


@pytest.mark.parametrize(("style", "neurons", "seed", "ohm"), [("lines", 7, 29, 14.6), ("rails", 5, 23, 23.2)])
def test_what_fails_as_drawn_works_compensated(spinhop, tmp_path, style, neurons, seed, ohm):
    """Dendrites and rails on a metal of 18 and 29 times the resistance: drawn, extracted, simulated."""
    head, m3 = preset_text("ebeam").split("  m3: ")
    (tmp_path / "thin.yaml").write_text(head + "  m3: " + m3.replace("0.8 ohm", f"{ohm} ohm", 1))
    path = tmp_path / "d.yaml"
    path.write_text(
        f"name: d\nprocess: thin.yaml\nseed: {seed}\nnetwork: {{neurons: {neurons}, weight_style: {style}}}\n"
        "task: {trials: 4, time_limit: 1 us}\n"
    )
    code, said, rows = told(spinhop, path, "--limit", "300 mV", "--draws", "1")
    assert rows["accuracy"]["ideal"] == 1 and rows["accuracy"]["drawn"] < 0.9
    assert said["function"]["verdict"] == "works" and code == (said["limits"]["verdict"] == "broken")
    design = load_design(said["design"])
    result = sim.run_task(draw_and_extract(design), design, design.load_process())
    assert float(result["accuracy_mean"]) == 1 and float(result["rest_rate"]) == 1


def test_the_verdict_is_that_of_check_and_a_broken_limit_is_no_success(spinhop, tmp_path):
    """Voltages that make up for the example's wires carry more current than metal 1 may; its oxide makes them slow."""
    path, text = tmp_path / "eight.yaml", (EXAMPLES / "hopfield_8.yaml").read_text()
    (tmp_path / "slow.yaml").write_text(preset_text("ebeam").replace("permittivity: 3.9", "permittivity: 10000"))
    path.write_text(re.sub(r"process: .*\n", "", text) + "process: slow.yaml\n")
    code, said, _ = told(spinhop, path, "--rules-only", "--draws", "1")
    assert code == 1 and said["function"]["verdict"] == "undetermined"
    assert (said["limits"]["verdict"], said["limits"]["rule"]) == ("broken", "current.m1")
    code, out, _ = spinhop("check", said["design"], "--out", tmp_path / "run", "--json")
    data = json.loads(out)
    assert code == 1 and data["limits"] == said["limits"]
    assert "rc.time" in {finding["rule"] for finding in data["findings"]["erc_drawn"]}


def test_limit_seed_and_rules_only(spinhop, tmp_path):
    path = write(tmp_path / "small.yaml")
    _, said, rows = told(
        spinhop, path, "--rules-only", "--limit", "101 mV", "--draws", "3", "--out", tmp_path / "a.yaml"
    )
    assert rows["largest weight voltage"]["compensated"] == pytest.approx(0.101) and said["at_limit"] > 0
    assert "accuracy" not in rows and "at most 101 mV" in (tmp_path / "a.yaml").read_text()
    spread = rows["5 % spread: least margin, median"]
    again = told(
        spinhop, path, "--rules-only", "--limit", "101 mV", "--draws", "3", "--force", "--out", tmp_path / "a.yaml"
    )
    other = told(
        spinhop, path, "--rules-only", "--limit", "101 mV", "--draws", "3", "--seed", "9", "--out", tmp_path / "b.yaml"
    )
    assert again[2]["5 % spread: least margin, median"] == spread != other[2]["5 % spread: least margin, median"]
    code, out, _ = spinhop("compensate", path, "--rules-only", "--limit", "101 mV", "--draws", "1", "--force")
    assert "drive.pattern: margin" in out and "are at the limit" in out and "limits: broken" in out and code == 1


def test_a_stated_v_dw_outside_the_drawn_window_is_moved_into_it(spinhop, tmp_path):
    more = "task: {trials: 1}\noperating_point: {v_dw: 60 mV}\n"
    path = write(tmp_path / "small.yaml", more=more)
    _, said, rows = told(spinhop, path, "--rules-only", "--draws", "1")
    design = load_design(said["design"])
    network, process = draw_and_extract(design), design.load_process()
    values = sim.judge(network, design, process).values
    assert rows["V_DW"]["drawn"] == pytest.approx(0.06) and design.compensation.v_dw != pytest.approx(0.06)
    assert max(values["low"]) < design.compensation.v_dw < min(values["high"]) < 0.06


def test_voltages_that_close_the_window_keep_the_v_dw_that_they_were_sought_for(tmp_path, monkeypatch):
    """Thirty times the weights lift the grounds; `auto` would fall back to the centre of the ideal window."""
    path = write(tmp_path / "plain.yaml")
    solved = sim.compensation.compensate

    def large(*arguments, **named):
        found = solved(*arguments, **named)
        return replace(found, net_levels={net: 30 * level for net, level in found.net_levels.items()})

    monkeypatch.setattr("sim.compensation.compensate", large)
    compensating.compensate_design(path, tmp_path / "made.yaml", compare=False)
    plain, made = load_design(path), load_design(tmp_path / "made.yaml")
    network, process = draw_and_extract(plain), plain.load_process()
    sought, ideal = sim.v_dw_on(network, plain, process), sim.v_dw_on(ideal_network(plain, process), plain, process)
    assert sought.volts > 1.01 * ideal.volts
    assert sim.v_dw_on(network, made, process).volts == pytest.approx(sought.volts, rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.yaml"], "none.yaml: no such design file"),
        (["s.yaml", "--limit", "tall"], "--limit: "),
        (["s.yaml", "--limit", "2 A"], "--limit: "),
        (["s.yaml", "--limit", "90 mV"], "--limit: 90 mV, the weights themselves go up to 100 mV"),
        (["s.yaml", "--limit", "0 V"], "--limit: 0 mV, the weights themselves go up to 100 mV"),
        (["s.yaml", "--limit", "-1 V"], "--limit: -1 V, the weights themselves go up to 100 mV"),
        (["z.yaml", "--limit", "0 V"], "z.yaml: network.weights: all are 0, so no wire takes anything of them"),
        (["z.yaml"], "z.yaml: network.weights: all are 0, so no wire takes anything of them"),
        (["s.yaml", "--out", "s.yaml"], "s.yaml: is the design itself; give another file"),
        (["s.yaml", "--out", "t.yaml"], "t.yaml: exists already; choose another name or give --force"),
        (["s.yaml", "--out", "v.yaml"], "v_weights.csv: exists already; choose another name or give --force"),
        (["h.yaml", "--out", "v.yaml", "--force"], "v_weights.csv: the design reads it; give another file"),
        (["s.yaml", "--out", "t.txt"], "t.txt: a design file ends in .yaml"),
        (["s.yaml", "--out", "4.yaml"], "4.yaml: the stem names the design"),
        (["f.yaml", "--out", "sub/u.yaml"], "sub/u.yaml: the design names 'w.csv'; give a file in its folder"),
        (["g.yaml"], "g.yaml: task: its trials differ in weights, and one set of voltages cannot serve them all"),
        (["s.yaml", "--draws", "0"], "Invalid value for '--draws'"),
    ],
)
def test_bad_input_ends_in_one_line_and_draws_and_leaves_nothing(spinhop, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delattr(compensating, "draw_and_extract")
    write(tmp_path / "s.yaml")
    (tmp_path / "t.yaml").write_text("kept\n")
    (tmp_path / "w.csv").write_text("\n".join(",".join("0" if i == j else "1" for j in range(5)) for i in range(5)))
    write(tmp_path / "f.yaml", weights="{matrix_file: w.csv}")
    (tmp_path / "v_weights.csv").write_bytes((tmp_path / "w.csv").read_bytes())
    write(tmp_path / "h.yaml", weights="{matrix_file: v_weights.csv}")
    write(tmp_path / "z.yaml", weights="{matrix: [[0, 0, 0, 0, 0]" + 4 * ", [0, 0, 0, 0, 0]" + "]}")
    (tmp_path / "a.txt").write_text("3 1\n1 2\n")
    (tmp_path / "b.txt").write_text("3 1\n1 3\n")
    (tmp_path / "g.yaml").write_text(
        "name: g\nnetwork: {weight_style: lines}\ntask: {kind: maxcut, graphs: [a.txt, b.txt]}\n"
    )
    before = sorted(tmp_path.rglob("*"))
    code, out, err = spinhop("compensate", *arguments)
    assert (code, out) == (2, "") and message in err and err.count("\n") == 1 and len(err) <= 200
    assert sorted(tmp_path.rglob("*")) == before and (tmp_path / "t.yaml").read_text() == "kept\n"


def test_the_table_is_in_usual_units(capsys):
    rows = [
        table_row("error", OF_IDEAL, [None, 0.0895, 0.03091]), table_row("power", "W", [None, 4.41e-4, -5.2e-4]),
        table_row("at rest", "share", [1.0, 0.5, 0.0]), table_row("time", "s", [7.665e-8, 1.2e-6, np.nan]),
        table_row("largest weight", TIMES_W, [1.0, 1.0, 2.5]), table_row("margin", "", [0.3, 0.0, -0.1]),
    ]  # fmt: skip
    print_comparison("made", rows, COLUMNS)
    said = [re.split("  +", line.strip()) for line in capsys.readouterr().out.splitlines()]
    assert said[4:-1] == [
        ["error, of ideal", "–", "8.95 %", "3.091 %"], ["power", "–", "441 µW", "−520 µW"],
        ["at rest", "100 %", "50 %", "0 %"], ["time", "76.65 ns", "1.2 µs", "–"],
        ["largest weight, times W", "1", "1", "2.5"], ["margin", "0.3", "0", "−0.1"],
    ]  # fmt: skip
