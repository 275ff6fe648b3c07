"""Points of a study are what its axes say."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from hwlib.design import Design, load_design
from hwlib.errors import InputError
from hwlib.process import load_process
from hwlib.sections.search_fields import SearchFields
from spinhop.checking import check_design
from spinhop.optimize.search_space import axes_of
from spinhop.study import sampling
from spinhop.study.number_names import MARGIN
from spinhop.study.point_evaluation import PointEvaluator, context_of
from spinhop.study.study_fields import StudyFields, load_study
from spinhop.study.sweep_runner import estimate, sweep
from tests.support.processes import start


def points(axes, method="grid", design=None, **fields):
    study = StudyFields(name="some", design="small.yaml", axes=axes, method=method, **fields)
    design = design or Design(name="small", network={"neurons": 3})
    return sampling.points_of(study, sampling.axes_of_study(study, design, "s"), "s")


def test_grids_lists_and_ranges():
    both = {"operating_point.weight": ("10 mV", "0.02 V"), "seed": {"low": 3, "high": 9, "count": 3}}
    found = [(p["operating_point.weight"], p["seed"]) for p in points(both)]
    assert found == [(0.01, 3), (0.01, 6), (0.01, 9), (0.02, 3), (0.02, 6), (0.02, 9)]
    pairs = points({"operating_point.weight": ("10 mV", "20 mV"), "process": ("ebeam", "copper")}, "list")
    assert pairs == [
        {"operating_point.weight": 0.01, "process": "ebeam"}, {"operating_point.weight": 0.02, "process": "copper"},
    ]  # fmt: skip
    leak = {"low": "-100 m/s", "high": "-1 m/s", "count": 3, "spacing": "log"}
    (a, b, c) = (p["operating_point.axon_leak"] for p in points({"operating_point.axon_leak": leak}))
    assert (a, c) == (-100.0, -1.0) and b == pytest.approx(-10.0, rel=1e-12)


def test_what_holds_at_every_point_counts_for_other_axes():
    """A temperature needs a load of a fixed time: an axis of one value may give it, in any order."""
    temperature, load = ("operating_point.temperature", ("3 K", "30 K")), ("operating_point.load", ("16 ns",))
    for axes in (dict([temperature, load]), dict([load, temperature])):
        found = points(axes)
        assert list(found[0]) == list(axes), "the order of the file"
        assert [p[temperature[0]] for p in found] == [3.0, 30.0] and found[0][load[0]] == 1.6e-8
    with pytest.raises(InputError, match="give the load a time"):
        points(dict([temperature]))
    pitch = {"network.straps.drive.pitch": (1, 2)}
    assert len(points(pitch | {"network.straps.drive.metal": ("m4", "m5")})) == 4, (
        "a section that the design leaves out"
    )
    with pytest.raises(
        InputError, match=r"s: axes: no values of theirs make a design: network.straps.drive.metal: missing"
    ):
        points(pitch)
    with pytest.raises(InputError, match=r"axes.device.tmrr: 1: no field device.tmrr of a design"):
        points({"device.tmrr": (1, 2)})


def test_a_design_lies_in_the_study_s_folder_or_beside_it(tmp_path):
    for design, ok in (("a.yaml", True), ("b/a.yaml", True), ("../b/a.yaml", True), ("../../a.yaml", False),
                       ("../b/../../a.yaml", False), ("/etc/passwd", False), ("..//etc/passwd", False)):  # fmt: skip
        study = StudyFields(name="some", design=design, axes={"seed": (1,)})
        study._folder = tmp_path / "studies"
        if ok:
            assert study.design_path == (tmp_path / "studies" / design).resolve()
        else:
            with pytest.raises(InputError, match="leaves its folder"):
                _ = study.design_path
            path = tmp_path / "some.yaml"
            path.write_text(f"name: some\ndesign: {design}\naxes: {{seed: [1]}}\n")
            with pytest.raises(
                InputError, match=rf"some\.yaml:2: design: path '{re.escape(design)}' leaves its folder"
            ):
                load_study(path)


def test_a_latin_hypercube_has_one_point_in_every_row_and_column():
    axes = {
        "operating_point.weight": {"low": "10 mV", "high": "20 mV"},
        "device.tmr": {"low": 0.5, "high": 8.0, "spacing": "log"}, "seed": {"low": 1, "high": 40},
    }  # fmt: skip
    found = points(axes, "latin_hypercube", points=40, seed=7)
    weight = np.array([p["operating_point.weight"] for p in found])
    assert sorted(((weight - 0.01) / 0.01 * 40).astype(int).tolist()) == list(range(40))
    tmr = np.log2(np.array([p["device.tmr"] for p in found]) / 0.5) / 4
    assert sorted((tmr * 40).astype(int).tolist()) == list(range(40))
    assert sorted(p["seed"] for p in found) == list(range(1, 41)), "whole numbers, each once"
    assert (
        points(axes, "latin_hypercube", points=40, seed=8)
        != found
        == points(axes, "latin_hypercube", points=40, seed=7)
    )


def test_a_sobol_sequence_is_even_and_goes_on():
    axes = {
        "operating_point.weight": {"low": "10 mV", "high": "26 mV"}, "process": ("ebeam", "copper"),
        "device.tmr": {"low": 1, "high": 9},
    }  # fmt: skip
    found = points(axes, "sobol", points=64, seed=3)
    cells = Counter((int((p["operating_point.weight"] - 0.01) / 0.002), int(p["device.tmr"] - 1) // 1) for p in found)
    assert set(cells.values()) == {1} and len(cells) == 64, "one in each of 8 × 8 cells, a net in base 2"
    assert Counter(p["process"] for p in found) == {"ebeam": 32, "copper": 32}
    assert points(axes, "sobol", points=100, seed=3)[:64] == found


def test_a_v_dw_that_drawn_wires_do_not_get_is_no_axis():
    """All its points had the same numbers, those of the compensation's V_DW, and a figure showed no dependence."""
    design = Design(name="small", network={"neurons": 3}, compensation={"v_dw": 0.03})
    stated, made_up = {"operating_point.v_dw": ("30 mV", "40 mV")}, {"compensation.v_dw": ("30 mV", "40 mV")}
    for more, fields in (({}, {"wires": "drawn"}), ({"wires": ("ideal", "drawn")}, {})):
        with pytest.raises(InputError, match=r"axes.operating_point.v_dw: changes nothing as drawn"):
            points(stated | more, design=design, **fields)
    assert len(points(stated, design=design)) == len(points(made_up, design=design, wires="drawn")) == 2
    with pytest.raises(InputError, match=r"operating_point.v_dw: not to be searched: as drawn"):
        axes_of(design.model_copy(update={"search": SearchFields(axes=stated)}), "d")


def test_wires_are_an_axis_and_no_field_of_the_design():
    found = points({"wires": ("ideal", "drawn"), "seed": (1, 2)})
    assert [(p["wires"], p["seed"]) for p in found] == [("ideal", 1), ("ideal", 2), ("drawn", 1), ("drawn", 2)]
    with pytest.raises(InputError, match=r"s: axes\.wires: 'perfect', allowed: ideal, drawn"):
        points({"wires": ("perfect",)})
    width = {"device.track_width": {"low": "40 nm", "high": "50 nm"}, "wires": ("ideal", "drawn")}
    grid = [p["device.track_width"] for p in points(width, "sobol", points=8)]
    step = 2 * load_process("ebeam").grid
    assert np.allclose(np.array(grid) / step, np.round(np.array(grid) / step)), "some are drawn"
    assert grid == [float(f"{width:.12g}") for width in grid], "as a file has them"


def test_points_are_evaluated_on_the_wires_that_they_name(monkeypatch):
    asked = []
    monkeypatch.setattr(PointEvaluator, "_evaluate", lambda self, design, process, wires: asked.append(wires))
    study = StudyFields(name="some", design="small.yaml", wires="drawn", axes={"seed": (1,)})
    evaluator = PointEvaluator(context_of(study, Design(name="small", network={"neurons": 3}), {}))
    for values in ({"wires": "ideal"}, {"wires": "drawn"}, {"seed": 2}):
        evaluator.evaluate(values)
    assert asked == ["ideal", "drawn", "drawn"]


def test_a_point_whose_walls_its_engine_does_not_run_is_not_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(PointEvaluator, "_drawing", lambda *given: pytest.fail("was drawn"))
    design = Design(name="small", network={"neurons": 3}, operating_point={"temperature": 300, "load": 16e-9})
    study = StudyFields(name="some", design="small.yaml", wires="drawn", engine="reference", axes={"seed": (1,)})
    found = PointEvaluator(context_of(study, design, {})).evaluate({"seed": 1})
    assert found.problem.startswith("engine reference: does not support kinematic walls at a temperature")
    (tmp_path / "s.yaml").write_text("name: s\ndesign: d.yaml\nwires: drawn\nengine: ideal\naxes: {seed: [1]}\n")
    with pytest.raises(InputError, match=r"s.yaml:4: engine: 'ideal' simulates perfect wires alone; give "):
        load_study(tmp_path / "s.yaml")


def test_a_number_lies_between_the_ends_that_are_called_after_it():
    """``recalled_low`` and ``recalled_high`` were ends of the share beside a count; figures drew them about it."""
    design = Design(name="small", network={"neurons": 4}, task={"trials": 3})
    study = StudyFields(name="some", design="small.yaml", axes={"seed": (1,)})
    found = PointEvaluator(context_of(study, design, {})).evaluate({"seed": 1}).values
    named = [name.removesuffix("_low") for name in found if name.endswith("_low")]
    assert {"accuracy_mean", "recall_rate"} <= set(named) and found["recalled"] > 1
    assert all(found[f"{name}_low"] <= found[name] <= found[f"{name}_high"] for name in named)


def test_rules_of_a_point_are_those_of_check(tmp_path):
    """As drawn ``rc.time`` was missing; the power on ideal wires, without the area that a drawing gives, had inf."""
    (tmp_path / "small.yaml").write_text("name: small\nnetwork: {neurons: 2}\ntask: {trials: 1}\n")
    design = load_design(tmp_path / "small.yaml")
    study = StudyFields(name="some", design="small.yaml", rules=True, axes={"seed": (1,)})
    evaluator = PointEvaluator(context_of(study, design, {}))
    checked = check_design(tmp_path / "small.yaml", out=tmp_path / "out").points
    for wires in ("ideal", "drawn"):
        rules = {row["rule"]: row["margin"] for row in checked[f"erc_{wires}"]["rules"]}
        assert rules.pop("power.density") if wires == "ideal" else rules["rc.time"]
        found = evaluator.evaluate({"seed": 1, "wires": wires}).values
        margins = {name.removeprefix(MARGIN): value for name, value in found.items() if name.startswith(MARGIN)}
        assert margins.keys() == rules.keys() and "leak.soma" in rules
        assert all(margins[name] == pytest.approx(value) for name, value in rules.items() if value is not None)


@pytest.mark.parametrize("given", ["yes", "'no'", "1", "on"])
def test_true_and_false_alone_are_so(tmp_path, given):
    """``rules: 'no'`` and ``trim_v_dw: yes``, which are texts, were taken."""
    study, design = tmp_path / "s.yaml", tmp_path / "d.yaml"
    study.write_text(f"name: s\ndesign: d.yaml\nrules: {given}\naxes: {{seed: [1]}}\n")
    design.write_text(f"name: d\nnetwork: {{neurons: 2}}\nvariation: {{trim_v_dw: {given}}}\n")
    with pytest.raises(InputError, match=r"s.yaml:3: rules: must be true or false, found"):
        load_study(study)
    with pytest.raises(InputError, match=r"d.yaml:3: variation.trim_v_dw: must be true or false, found"):
        load_design(design)


@pytest.mark.parametrize(("axes", "design", "told"), [
    ("seed: [1]", "neurons: 2, fibres: 1", r"s.yaml:2: design: d.yaml:2: network.fibres: unknown key, allowed: "),
    ("seed: [1]", None, r"s.yaml:2: design: d.yaml: no such design file$"),
    ("seed: [1]", "neurons: 2}\nprocess: {a: b", r"s.yaml:2: design: d.yaml:3: process: "),
    ("process: [ebeam, q.yaml]", "neurons: 2", r"s.yaml:4: axes.process: q.yaml: no such process file$"),
    ("network.weights.matrix_file: [w.csv, v.csv]", "neurons: 2, weights: {matrix_file: w.csv}",
     r"s.yaml:4: axes.network.weights.matrix_file: v.csv: no such matrix file$"),
])  # fmt: skip
def test_what_is_wrong_with_files_that_a_study_names_is_told_with_its_line(tmp_path, monkeypatch, axes, design, told):
    """The design was told with its own line alone, a process file that is not there without any, by its whole path."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(f"name: s\ndesign: d.yaml\naxes:\n  {axes}\n")
    (tmp_path / "w.csv").write_text("0,1\n1,0\n")
    if design is not None:
        (tmp_path / "d.yaml").write_text(f"name: d\nnetwork: {{{design}}}\n")
    with pytest.raises(InputError, match=told):
        sweep("s.yaml", "out")
    with pytest.raises(InputError, match=told):
        estimate(Path("s.yaml"), Path("out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("change", ["edited", "gone"])
def test_a_file_that_changes_under_way_ends_the_sweep(tmp_path, change):
    """What the other graph came to was stored as this one's; one that was gone made a point without numbers."""
    graphs = {"one.txt": "3 2\n1 2 1\n2 3 1\n", "two.txt": "3 2\n1 2 1\n1 3 1\n"}
    for name, text in graphs.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "cut.yaml").write_text("name: cut\ntask: {kind: maxcut, graph: one.txt}\n")
    (tmp_path / "s.yaml").write_text(
        "name: s\ndesign: cut.yaml\nwires: ideal\naxes: {task.graph: [one.txt, two.txt]}\n"
    )

    def progress(done, total):
        if done == 1 and change == "edited":
            (tmp_path / "two.txt").write_text("3 3\n1 2 1\n1 3 1\n2 3 1\n")
        elif done == 1:
            (tmp_path / "two.txt").unlink()

    with pytest.raises(InputError, match=r"two\.txt: changed since the study began; start it again$"):
        sweep(tmp_path / "s.yaml", tmp_path / "out", progress=progress)
    (tmp_path / "two.txt").write_text(graphs["two.txt"])
    found = sweep(tmp_path / "s.yaml", tmp_path / "out")
    assert (found.points, found.kept, found.refused) == (2, 1, 0)


def test_zarr_is_loaded_by_studies_alone():
    code = "import spinhop, spinhop.cli, sim, sys; print([m for m in ('zarr', 'scipy', 'dask') if m in sys.modules])"
    out, err = start(code=code).communicate(timeout=60)
    assert out == "[]\n", err
