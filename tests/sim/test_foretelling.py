"""The study of what foretells an outcome: its numbers on data with known answers, and a sample of its designs."""

import numpy as np
import pytest

from tests.sim.foretelling import TASKS, auc, interval, table, threshold, tried


def test_area_is_the_share_of_pairs_in_order():
    works = np.array([True, True, False, False])
    assert auc(np.array([4.0, 2.0, 3.0, 1.0]), works) == 0.75
    assert auc(np.array([1.0, 1.0, 1.0, 1.0]), works) == 0.5 and auc(np.array([3.0, 4.0, 1.0, 2.0]), works) == 1.0


def test_interval_of_a_coin_holds_a_half_and_of_a_rule_that_knows_is_one():
    rng = np.random.default_rng(1)
    works = rng.random(60) < 0.5
    low, high = interval(rng.random(60), works)
    assert low < 0.5 < high and interval(works + 0.1 * rng.random(60), works) == (1.0, 1.0)


def test_threshold_parts_and_the_table_scores_the_other_half():
    works = np.array([False, True] * 4)
    assert threshold(np.where(works, 0.5, -0.5), works) == 0.5
    rows = [
        {"task": "recall", "index": k, "works": bool(x), "margins": dict.fromkeys(("drive.path", "drive.pattern",
         "vdw.window"), float(x) if k < 4 else 1.0 - x)}
        for k, x in enumerate(works)
    ]  # fmt: skip
    line = table(rows).splitlines()[2]
    assert line.startswith("| recall | 8, 50% | `drive.path` | 0.00 (0.00 to 0.00) | 1.00 | 0% | 0.50 (")
    assert line.endswith(" | 50% |")


@pytest.mark.parametrize("task", TASKS)
def test_a_sample_of_the_designs(task):
    row = tried(task, 2)
    assert {"drive.path", "drive.pattern", "vdw.window"} <= set(row["margins"])
    assert 6 <= row["neurons"] <= 14 and row["works"] == tried(task, 2)["works"]
