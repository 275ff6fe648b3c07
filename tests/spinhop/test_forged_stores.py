"""Columns of a study's store that are gone, swapped, cut or made up: one line that names the column, and no number."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import zarr

from hwlib.errors import InputError
from spinhop.study.characterisation import characterise
from spinhop.study.chip_yield import yield_of
from spinhop.study.point_evaluation import PointEvaluator, PointResult
from spinhop.study.store_contents import column_hash
from spinhop.study.study_store import StudyStore, load_study_results, stored_hashes

IDENTITY = {"axes": "seed, process"}
COLUMNS = {"seed": [1, 2, 3, 4], "process": ["ebeam", "copper", "ebeam", "copper"]}
NAMES = ["a", "b", "c", "d"]
UNITS = {"time_mean": "s", "energy_mean": "J", "area": "m^2", "v_dw": "V"}


def numbers(**changes):
    """Numbers of a point as a study's task and rules leave them."""
    found = {
        "trials": 4, "at_rest": 3, "undetermined": 0, "rest_rate": 0.75, "time_mean": 1e-7, "time_median": 9e-8,
        "time_max": 2e-7, "energy_mean": 1e-11, "v_dw": 0.03, "accuracy_mean": 0.9, "accuracy_mean_low": 0.8,
        "accuracy_mean_high": 1.0, "recalled": 2, "recall_rate": 0.5, "recall_rate_low": 0.15, "recall_rate_high": 0.85,
        "works": 0, "works_undetermined": 0, "rules_broken": 1, "margin.a.b": -0.1, "margin.c": np.inf,
    } | changes  # fmt: skip
    return PointResult({name: float(v) for name, v in found.items()}, {n: (UNITS.get(n, "1"), n) for n in found})


def opened(folder):
    return StudyStore(folder, IDENTITY, NAMES, COLUMNS, {"study": "x", "seed": 1})


@pytest.fixture
def store(tmp_path) -> Path:
    """Two points with numbers, of which one never rests; one without; one that is not done."""
    made = opened(tmp_path / "out")
    never = dict.fromkeys(("time_mean", "time_median", "time_max"), np.nan)
    for k, found in enumerate((numbers(), numbers(at_rest=0, rest_rate=0, **never), PointResult(problem="no network"))):
        made.add(k, found)
    made.write()
    return tmp_path / "out" / "results.zarr"


def calls(store):
    return (lambda: load_study_results(store), lambda: opened(store.parent), lambda: stored_hashes(store, IDENTITY))


def refused(store, name, every=False):
    for call in calls(store) if every else calls(store)[:1]:
        with pytest.raises(InputError, match=r"damaged, or no store of a study \(") as error:
            call()
        assert f"results.zarr/{name}: " in str(error.value) and len(error.value.lines) == 1
        assert len(str(error.value)) - len(str(store)) < 120


def test_what_a_sweep_writes_is_taken(store):
    for call in calls(store):
        call()
    assert opened(store.parent).done.tolist() == [True, True, True, False]


GONE = ("works", "works_undetermined", "trials", "at_rest", "undetermined", "rest_rate", "energy_mean", "rules_broken")


@pytest.mark.parametrize("name", [*GONE, "margin.a.b", "time_mean"])
def test_a_column_without_its_values_is_not_one_of_points_without_numbers(store, name):
    (store / name / "c" / "0").unlink()
    refused(store, name, every=name == "works")


@pytest.mark.parametrize("name", [*GONE, "seed"])
def test_a_column_that_is_gone_is_named(store, name):
    shutil.rmtree(store / name)
    refused(store, name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("works", 0.5), ("works", 2), ("works_undetermined", 2), ("works_undetermined", 1),
        ("rest_rate", 0.5), ("rest_rate", -1), ("at_rest", 5), ("at_rest", 0.5),
        ("trials", 3.5), ("undetermined", 5), ("undetermined", -1), ("energy_mean", -1e-12), ("time_mean", -1e-9),
        ("time_max", np.nan), ("accuracy_mean", 1.5), ("accuracy_mean_low", 0.95), ("accuracy_mean_high", 0.85),
        ("recalled", 5), ("recall_rate", 2), ("recall_rate_low", 0.6), ("rules_broken", -1), ("rules_broken", 0.5),
    ],
)  # fmt: skip
def test_numbers_that_no_point_can_have_are_refused(store, name, value):
    zarr.open_group(store, mode="r+")[name][0] = value
    refused(store, name)


def test_a_point_has_numbers_or_a_problem(store):
    zarr.open_group(store, mode="r+")["v_dw"][2] = 0.03
    refused(store, "v_dw")
    (store / "problem" / "c" / "0").unlink()
    refused(store, "works")


def test_axes_are_those_of_the_study(store):
    """Without the study's file too: a plot told numbers of other points than they are of."""
    group = zarr.open_group(store, mode="r+")
    group["seed"][:2] = [2, 1]
    for call in calls(store):
        with pytest.raises(InputError, match=r"results\.zarr/seed: damaged.*not the values that the study wrote"):
            call()
    forged = (column_hash(np.array(values)) for values in ([1, 2, 3, 4], [2, 1, 3, 4]))
    group.attrs["column_hashes"] = group.attrs["column_hashes"].replace(*forged)
    load_study_results(store)
    with pytest.raises(InputError, match=r"results\.zarr/seed: damaged.*not the values of this study's points"):
        opened(store.parent)


@pytest.mark.parametrize("name", ["process", "design_hash"])
def test_columns_that_are_written_once_are_what_was_written(store, name):
    zarr.open_group(store, mode="r+")[name][0] = ""
    refused(store, name, every=True)


def test_commands_say_so_and_write_nothing(tmp_path, monkeypatch):
    """A yield without its column of chips that work was 0 %; a table without its voltages ended in a traceback."""
    monkeypatch.setattr(PointEvaluator, "evaluate", lambda self, values: numbers())
    text = "name: a\nnetwork: {neurons: 3}\ntask: {trials: 4}\n"
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yaml").write_text(text + "variation: {defects: {stuck_off: 0.1}}\n")
    made = {
        "operating_point.v_dw": lambda: characterise(tmp_path / "a.yaml", tmp_path / "a", wires="ideal"),
        "works": lambda: yield_of(tmp_path / "b.yaml", tmp_path / "b", wires="ideal", chips=16),
    }
    for (name, call), folder in zip(made.items(), ("a", "b"), strict=True):
        call()
        shutil.rmtree(tmp_path / folder / "results.zarr" / name / "c")
        before = {path: path.read_bytes() for path in (tmp_path / folder).glob("*.json")}
        with pytest.raises(InputError, match=rf"results\.zarr/{name}: damaged, or no store of a study"):
            call()
        assert before == {path: path.read_bytes() for path in (tmp_path / folder).glob("*.json")}
        assert all(json.loads(content) for content in before.values())
