"""``simulate`` scores its one trial as ``recall`` scores the first of many."""

from __future__ import annotations

import json

import pytest
import xarray as xr

CROWDED = "name: crowded\nnetwork: {neurons: 20, weights: {random_patterns: 9}}\nseed: 3\ntask: {trials: 2}\n"
MATRIX = "name: matrix\nnetwork: {neurons: 3, weights: {matrix: [[0, 1, 1], [1, 0, 1], [1, 1, 0]]}}\n"


@pytest.mark.parametrize("seed", [2, 3])
def test_the_score_is_that_of_the_first_trial(spinhop, design_file, tmp_path, seed):
    design, out = design_file(CROWDED.replace("seed: 3", f"seed: {seed}")), tmp_path / "run"
    code, text, _ = spinhop("simulate", design, "--ideal", "--out", out, "--json")
    score = json.loads(text)["outcome"]["ideal"]["accuracy"]
    spinhop("recall", design, "--ideal", "--out", out)
    with xr.open_dataset(out / "recall_ideal.nc") as trials:
        assert code == 0 and score == pytest.approx(float(trials["accuracy"][0]), abs=1e-12)
    table = spinhop("simulate", design, "--ideal", "--out", out)[1]
    assert [line.split() for line in table.splitlines() if "accuracy" in line] == [
        ["accuracy", f"{100 * score:.1f}", "%"]
    ]
    assert score < 1


def test_nothing_to_compare_with_is_no_score(spinhop, design_file, tmp_path):
    code, text, _ = spinhop("simulate", design_file(MATRIX), "--ideal", "--out", tmp_path / "run", "--json")
    assert code == 0 and json.loads(text)["outcome"]["ideal"]["accuracy"] is None
