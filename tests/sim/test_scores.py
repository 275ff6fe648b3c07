"""Scores of trials by hand: right bits, recalled, intervals, times of those at rest."""

import numpy as np
import pytest
import xarray as xr

from sim.tasks.scores import bit_accuracy, nearest, rest_times, score, summarise, summarise_trials


def batch(states, rest, times):
    trials = len(states)
    return xr.Dataset({
        "state": (("trial", "neuron"), np.array(states)), "at_rest": ("trial", np.array(rest, bool)),
        "time_to_solution": ("trial", np.array(times, float)),
        "energy_source": (("trial", "source"), np.arange(3.0 * trials).reshape(trials, 3)),
    })  # fmt: skip


def scored(made, targets):
    return {name: values for name, (_, values, _) in added(made, targets).items()}


def added(made, targets):
    found = summarise_trials(made) | score(made["state"].values, made["at_rest"].values, np.array(targets))
    return found | summarise(found["accuracy"][1], found["recalled"][1])


def test_each_state_belongs_to_the_nearest_pattern_or_inverse():
    targets = np.array([[1, 1, 0, 0], [1, 0, 1, 1]])
    states = np.array([[1, 1, 0, 1], [0, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, -1], [-1, -1, -1, -1]])
    assert nearest(states, targets).tolist() == [0, 1, 0, 1, 0]
    assert bit_accuracy(states, targets).tolist() == [0.75, 1, 1, 0.75, 0]


def test_every_trial_may_have_targets_of_its_own():
    targets = np.array([[[1, 1, 0, 0]], [[1, 0, 1, 0]], [[1, 0, 0, 0]]])
    assert bit_accuracy(np.array([[1, 1, 0, 0]] * 3), targets).tolist() == [1, 0.5, 0.75]


def test_recalled_needs_all_bits_and_rest():
    found = scored(batch([[1, 0, 0], [0, 1, 1], [1, 0, 0], [1, 1, 0]], [1, 1, 0, 1], [1, 2, 3, 4]), [[1, 0, 0]])
    assert found["accuracy"] == pytest.approx([1, 1, 1, 2 / 3])
    assert found["recalled"].tolist() == [True, True, False, False]


def test_summary_of_four_trials():
    """t(3, 97.5 %) = 3.1824; accuracies 1, 1, 1, 2/3 deviate by 1/6; Wilson's two of four with z = 1.95996."""
    made = batch([[1, 0, 0], [0, 1, 1], [1, 0, 0], [1, 1, 0]], [1, 1, 0, 1], [4e-8, 1e-8, 9e-8, 7e-8])
    found = scored(made, [[1, 0, 0]])
    assert found["accuracy_mean"] == pytest.approx(11 / 12)
    assert found["accuracy_interval"] == pytest.approx([11 / 12 - 3.1824 / 12, 1], rel=1e-4)
    z2 = 1.959964**2
    half = np.sqrt(z2 * (1 / 16 + z2 / 64)) / (1 + z2 / 4)  # of p = 1/2, where Wilson's centre is 1/2 too
    assert found["recall_rate"] == 0.5 and found["recall_interval"] == pytest.approx([0.5 - half, 0.5 + half])
    assert found["rest_rate"] == 0.75
    assert [found[f"time_{name}"] for name in ("mean", "median", "max")] == pytest.approx([4e-8, 4e-8, 7e-8])
    assert found["energy_mean"] == pytest.approx((3 + 12 + 21 + 30) / 4)  # J: sums of 0 … 2, 3 … 5, 6 … 8, 9 … 11


def test_every_number_has_its_unit_its_dimension_and_its_meaning():
    made = batch([[1, 0], [0, 1]], [1, 1], [1, 2])
    before = set(made.variables)
    made.update(added(made, [[1, 0]]))
    found = {name: made[name] for name in set(made.variables) - before}
    units = {"energy_mean": "J"} | {f"time_{name}": "s" for name in ("mean", "median", "max")}
    dims = {name: ("trial",) for name in ("accuracy", "recalled")}
    dims |= {name: ("bound",) for name in ("accuracy_interval", "recall_interval", "bound")}
    assert set(found) == {*units, *dims, "accuracy_mean", "recall_rate", "rest_rate"}
    for name, value in found.items():
        assert value.dims == dims.get(name, ()) and value.attrs["units"] == units.get(name, "1"), name
        assert set(value.attrs) == {"units", "long_name"} and value.attrs["long_name"], name


def test_interval_of_a_share_stays_between_0_and_1():
    found = scored(batch([[1, 1, 1], [-1, -1, -1]], [1, 1], [1, 1]), [[1, 1, 1]])
    assert found["accuracy_interval"] == [0, 1]


def test_trials_that_are_all_alike_have_an_interval_too():
    """Student's t has no width where nothing spreads, though three trials cannot exclude that one in two is wrong."""
    found = scored(batch([[1, 1, 1]] * 3, [1] * 3, [1] * 3), [[1, 1, 1]])
    z2 = 1.959964**2
    assert found["accuracy_interval"] == pytest.approx([3 / (3 + z2), 1])  # Wilson's of three of three
    assert found["accuracy_interval"] == pytest.approx(found["recall_interval"])


def test_no_trial_at_rest_has_no_time():
    assert all(np.isnan(value) for value in rest_times(np.array([1.0, 2.0]), np.zeros(2, bool)).values())
