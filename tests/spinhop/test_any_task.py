"""Every kind of tasks goes through commands, run folder, report and checks; one from outside the package too."""

from __future__ import annotations

import itertools
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from hwlib.task_registry import forget
from sim.tasks.kinds import Measure
from spinhop.verdicts.task_outcome import shown_value

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.support.described import assert_described
from tests.support.toy_task import Stay

WIDE = "network: {dendrite_width: 100 nm, drive_width: 100 nm, ground_width: 100 nm, weight_width: 80 nm"
CORNER, ROW = "##.\n#..\n...\n", "###\n#..\n...\n"
EDGES = [(1, 2, 3.0), (2, 3, 2.0), (3, 4, 4.0), (1, 4, 1.0), (1, 3, -2.0)]


@pytest.fixture
def design(tmp_path):
    """Write a design with what its task names beside it."""

    def write(task: str, network: str = "}", **files: str) -> Path:
        for name, text in files.items():
            (tmp_path / f"{name}.txt").write_text(text)
        path = tmp_path / "d.yaml"
        path.write_text(f"name: d\n{WIDE}{network}\ntask: {task}\n")
        return path

    return write


def graph_text(edges=EDGES) -> str:
    nodes = max(max(u, v) for u, v, _ in edges)
    return f"{nodes} {len(edges)}\n" + "".join(f"{u} {v} {w:g}\n" for u, v, w in edges)


def cut(bits, edges=EDGES) -> float:
    return sum(w for u, v, w in edges if (bits[u - 1] == 1) != (bits[v - 1] == 1))


def texts(page: str) -> str:
    return re.sub(r"<[^>]*>", " ", page)


def test_maxcut_is_what_brute_force_says_ideal_and_drawn(spinhop, design, tmp_path):
    best = max(cut(bits) for bits in itertools.product((0, 1), repeat=4))
    path = design("{kind: maxcut, graph: g.txt}", g=graph_text())
    code, out, _ = spinhop("run", path, "--out", tmp_path / "run", "--json")
    said = json.loads(out)
    assert code == 0 and said["limits"]["verdict"] == "kept"
    for kind in ("ideal", "drawn"):
        result = assert_described(tmp_path / "run" / f"maxcut_{kind}.nc")
        (case,) = said["outcome"][kind]["cases"]
        found = cut(result["state"].values[0])
        assert (
            (case["cut"], case["best"], case["best_is"])
            == (found, best, "exact")
            == (float(result.case_cut[0]), best, "exact")
        )
        assert case["share_of_best"] == pytest.approx(found / best) == said["function"][kind]["share_of_best_mean"]
        assert case["gap"] == pytest.approx(1 - found / best)
        assert (case["random"], case["greedy"]) == (sum(w for *_, w in EDGES) / 2, 10.0)
        assert float(result["time_load"].max()) == 0  # no load phase
    page = texts((tmp_path / "run" / "report.html").read_text())
    assert "Max-cut, as drawn" in page and "share of the best cut" in page and said["function"]["text"] in page
    rules = json.loads((tmp_path / "run" / "erc_drawn_table.json").read_text())["rules"]
    assert not [row for row in rules if row["rule"].startswith(("leak.load", "load.", "state."))]
    assert not [row for row in rules if "load" in row["state"]]
    code, out, _ = spinhop("report", tmp_path / "run", "--json")  # the folder stands alone
    assert code == 0 and json.loads(out)["function"] == said["function"]


def test_pictures_come_back_and_are_counted(spinhop, design, tmp_path):
    path = design("{kind: images, pictures: [a.txt], distortion: [0, 0.25], trials: 2}", a=CORNER)
    code, out, _ = spinhop("run", path, "--out", tmp_path / "run", "--json")
    said = json.loads(out)
    stored = np.array([1, 1, 0, 1, 0, 0, 0, 0, 0])
    for kind in ("ideal", "drawn"):
        result = assert_described(tmp_path / "run" / f"images_{kind}.nc")
        flipped = (result["start"].values != stored).sum(axis=1)
        assert flipped.tolist() == [0, 0, 2, 2]  # a quarter of nine bits
        state = result["state"].values
        right = np.maximum((state == stored).mean(axis=1), (state == 1 - stored).mean(axis=1))
        assert np.allclose(result["accuracy"].values, right)
        cases = said["outcome"][kind]["cases"]
        assert [(c["picture"], c["distortion"], c["on"], c["trials"]) for c in cases] == [
            ("a.txt", 0.0, 3, 2), ("a.txt", 0.25, 3, 2),
        ]  # fmt: skip
        whole = (right == 1) & result["at_rest"].values
        assert [c["recalled"] for c in cases] == [whole[:2].sum(), whole[2:].sum()]
        assert [c["accuracy_mean"] for c in cases] == pytest.approx([right[:2].mean(), right[2:].mean()])
        assert said["function"][kind]["accuracy_mean"] == pytest.approx(right.mean())
    assert code == int(said["function"]["verdict"] == "does not work" or said["limits"]["verdict"] == "broken")
    page = (tmp_path / "run" / "report.html").read_text()
    assert page.count("<svg viewBox") == 12 and "a.txt as stored" in page and "as it came back" in page


def test_a_resolved_design_names_its_copies(spinhop, design, tmp_path):
    """A run folder alone is enough to run it again; what its files say is not written twice."""
    path = design("{kind: images, pictures: [sub/../a.txt, b.txt], trials: 1}", a=CORNER, b=ROW)
    (tmp_path / "sub").mkdir()
    before = json.loads(spinhop("recall", path, "--ideal", "--out", tmp_path / "run", "--json")[1])
    text = (tmp_path / "run" / "design.yaml").read_text()
    assert "neurons: 9" in text and "weights" not in text.replace("weight_", "")
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).unlink()
    again = spinhop("recall", tmp_path / "run" / "design.yaml", "--ideal", "--out", tmp_path / "run", "--json")[1]
    one, other = (told["outcome"]["ideal"] for told in (before, json.loads(again)))
    assert one["trials"] == other["trials"] == 4
    assert other["energy_mean"] == pytest.approx(one["energy_mean"], rel=1e-9, abs=0)  # quantities of twelve digits
    for case, same in zip(one["cases"], other["cases"], strict=True):
        assert all(case[key] == same[key] for key in ("picture", "accuracy_mean", "recalled", "on", "undriven"))


def test_distorted_starts_of_recall(spinhop, design, tmp_path):
    path = design(
        "{distortion: [0.25, 0.5], trials: 3}",
        ", neurons: 8, weights: {patterns: ['11110000', '10101010']}}",
    )
    _, out, _ = spinhop("recall", path, "--ideal", "--out", tmp_path / "run", "--json")
    outcome = json.loads(out)["outcome"]["ideal"]
    result = xr.load_dataset(tmp_path / "run" / "recall_ideal.nc", engine="netcdf4")
    stored = np.array([[1, 1, 1, 1, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0, 1, 0]])
    from_which = stored[[0, 1, 0, 0, 1, 0]]
    assert (result["start"].values != from_which).sum(axis=1).tolist() == [2, 2, 2, 4, 4, 4]
    state = result["state"].values
    right = np.maximum((state == from_which).mean(axis=1), (state == 1 - from_which).mean(axis=1))
    assert np.allclose(result["accuracy"].values, right)
    assert [c["accuracy_mean"] for c in outcome["cases"]] == pytest.approx([right[:3].mean(), right[3:].mean()])
    assert [c["distortion"] for c in outcome["cases"]] == [0.25, 0.5]


def test_a_task_from_outside_needs_one_class_and_one_line(spinhop, design, tmp_path):
    sim.register_task("stay", Stay)
    try:
        path = design("{kind: stay, trials: 2}", ", neurons: 3, weights: {patterns: ['111']}}")
        code, out, _ = spinhop("run", path, "--out", tmp_path / "run", "--json")
        said = json.loads(out)
        assert said["function"]["required_stay"] == 0 and said["function"]["verdict"] == "works"
        assert code == int(said["limits"]["verdict"] == "broken")
        for kind in ("ideal", "drawn"):
            result = xr.load_dataset(tmp_path / "run" / f"stay_{kind}.nc", engine="netcdf4")
            loaded = np.array([[0, 1, 1], [1, 0, 1]])
            expected = ((result["state"].values == 1) & (loaded == 1)).sum(axis=1) / 2
            assert [case["stayed"] for case in said["outcome"][kind]["cases"]] == expected.tolist()
            assert said["outcome"][kind]["stayed_mean"] == said["function"][kind]["stayed_mean"] == expected.mean()
        assert "Staying ON" in texts((tmp_path / "run" / "report.html").read_text())
        loads = json.loads((tmp_path / "run" / "erc_drawn_table.json").read_text())["rules"]
        assert any(row["rule"] == "leak.load" for row in loads)  # its own starts are judged
        code, out, _ = spinhop("check", path, "--out", tmp_path / "run", "--json")
        assert json.loads(out)["limits"] == said["limits"]
        path.write_text(path.read_text().replace("trials: 2", "trails: 2"))
        assert "task.trails: unknown key, did you mean 'trials'?" in spinhop("recall", path)[2]
    finally:
        forget("stay")
    assert "task.kind: " in spinhop("recall", path)[2]


def test_another_task_leaves_no_trials_of_the_one_before(spinhop, design, tmp_path):
    where = ("--out", tmp_path / "run")
    spinhop("recall", design("{kind: maxcut, graph: g.txt}", g=graph_text()), *where)
    assert (tmp_path / "run" / "maxcut_drawn.nc").exists()
    spinhop("run", design("{trials: 2}", ", neurons: 4}"), *where)
    assert not list((tmp_path / "run").glob("maxcut_*"))
    stages = json.loads((tmp_path / "run" / "manifest.json").read_text())["stages"]
    assert "recall, drawn" in stages and not [name for name in stages if name.startswith("maxcut")]


@pytest.mark.parametrize(("style", "value", "shown"), [
    ("number", 1234567.25, "1234567.25"), ("estimate", 5.165073912, "5.165"), ("share", 0.9876, "98.8 %"),
])  # fmt: skip
def test_people_see_as_many_digits_as_tell(style, value, shown):
    assert shown_value(Measure("a", "a", style, "what"), value) == shown
