"""Restarted searches: the cost of a success with 99 % certainty, against draws and by hand."""

import math
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import layouts
from hwlib.design import load_design
from hwlib.task_kinds import MaxcutFields
from sim.tasks.baselines import tabu_cuts
from sim.tasks.kinds import task_of
from sim.tasks.optimum import optimum
from sim.tasks.restarts import effort, no_effort, restarts, serial_cost, software_effort
from sim.tasks.run_task import ideal_for_task, run_task, starts


@pytest.mark.parametrize("rate", [0.02, 0.2, 0.55])
def test_so_many_runs_succeed_in_99_of_100_cases(rate):
    """Drawn, seed 5, four standard deviations."""
    rng, cases = np.random.default_rng(5), 40_000
    first = rng.geometric(rate, cases)  # the run that succeeds
    runs = math.ceil(restarts(rate))
    slack = 4 * math.sqrt(0.01 * 0.99 / cases)
    assert (first > runs).mean() <= 0.01 + slack
    assert (first > runs - 1).mean() >= 0.01 - slack


def test_ends_of_the_rate():
    assert restarts(1.0) == restarts(0.99) == 1.0
    assert restarts(0.0) == math.inf
    assert restarts(0.9) == pytest.approx(2.0, rel=1e-12)  # 0.1² = 0.01


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Runs with a known rate and a known mean cost: 600 batches, seed 8; 95 % less four standard deviations."""
    rng, rate, held = np.random.default_rng(8), 0.3, 0
    truth = 2.0 * math.log(0.01) / math.log(0.7)
    for _ in range(600):
        found = serial_cost(rng.exponential(2.0, 150), rng.random(150) < rate)
        assert found.low < found.value < found.high
        held += found.contains(truth)
    assert abs(held / 600 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 600)


def test_without_a_success_only_a_lower_end_is_known():
    found = serial_cost(np.full(50, 3.0), np.zeros(50, bool))
    assert found.value == found.high == math.inf
    share = 1.959963984540054**2 / (50 + 1.959963984540054**2)  # Wilson's upper end of none in 50
    assert found.low == pytest.approx(3.0 * math.log(0.01) / math.log(1 - share), rel=1e-9)
    assert serial_cost(np.array([3.0]), np.array([True])) == (3.0, 0.0, math.inf)  # one run says nothing of the rest


def test_effort_by_hand():
    cuts, times = np.array([100.0, 99.0, 98.9, 100.0]), np.array([1e-9, 2e-9, 3e-9, 4e-9])
    good = np.array([True, True, True, False])  # the last one is not at rest
    row = effort(cuts, times, 1e-3 * times, good, 100.0)
    assert (row["restarts"], row["rate_best"], row["rate_one_percent"]) == (4, 0.25, 0.5)
    assert row["time_to_best"] == pytest.approx(2.5e-9 * math.log(0.01) / math.log(0.75), rel=1e-12)
    assert row["energy_to_one_percent"] == pytest.approx(2.5e-12 * math.log(0.01) / math.log(0.5), rel=1e-12)
    assert row["time_to_best_low"] < row["time_to_best"] < row["time_to_best_high"]
    none = effort(cuts, times, times, np.zeros(4, bool), 100.0)
    assert none["time_to_best"] is None and none["time_to_best_high"] is None and none["time_to_best_low"] > 0
    assert set(row) <= set(no_effort())


def test_software_beside_it():
    graph = nx.gnp_random_graph(16, 0.5, seed=2)
    best = optimum(graph)
    assert best.status == "exact"
    cuts = [tabu_cuts(graph, 60, 3, sweeps) for sweeps in (1, 1000)]
    assert max(map(np.max, cuts)) <= best.value and cuts[1].min() == best.value  # long runs all find it
    found = software_effort(graph, best.value)
    assert all(1 <= cost < 1000 for cost in found.values())
    for search in ("annealing", "tabu"):
        assert found[f"{search}_sweeps_to_one_percent"] <= found[f"{search}_sweeps_to_best"]
    assert software_effort(graph, best.value + 1) == dict.fromkeys(found)  # what no cut reaches has no cost


def test_a_design_with_restarts(tmp_path):
    example = Path(layouts.__file__).parent / "examples"
    text = (example / "maxcut_8.yaml").read_text().replace("graph_8.txt}", "graph_8.txt, restarts: 12}")
    (tmp_path / "d.yaml").write_text(text)
    (tmp_path / "graph_8.txt").write_text((example / "graph_8.txt").read_text())
    design = load_design(tmp_path / "d.yaml")
    process = design.load_process()
    result = run_task(ideal_for_task(design, process), design, process)
    assert np.array_equal(starts(design)[:, :], np.array([starts(design, k + 1)[k] for k in range(12)]))
    assert result.sizes["trial"] == 12 and (result["time_load"] > 0).all()
    one = {name.removeprefix("case_"): result[name].values[0] for name in result if str(name).startswith("case_")}
    times, cuts = result["time_to_solution"].values, result["cut"].values
    assert one["restarts"] == 12 and one["cut"] == cuts.max() and one["time_to_solution"] == pytest.approx(times.sum())
    rate = (cuts == one["best"]).mean()
    assert one["rate_best"] == pytest.approx(rate)
    expected = times.mean() * (1 if rate >= 0.99 else math.log(0.01) / math.log(1 - rate))
    assert one["time_to_best"] == pytest.approx(expected, rel=1e-12)
    energies = result["energy_source"].sum("source").values
    assert one["energy_to_best"] == pytest.approx(energies.mean() * expected / times.mean(), rel=1e-12)
    assert result["case_energy_to_best"].attrs["units"] == "J"


def restarted(tmp_path, more):
    """The example's graph of 8 nodes cut by 12 random loads, and what is told of it."""
    example = Path(layouts.__file__).parent / "examples"
    text = (example / "maxcut_8.yaml").read_text().replace("graph_8.txt}", f"graph_8.txt, restarts: 12{more}}}")
    (tmp_path / "d.yaml").write_text(text)
    (tmp_path / "graph_8.txt").write_text((example / "graph_8.txt").read_text())
    design = load_design(tmp_path / "d.yaml")
    process = design.load_process()
    result = run_task(ideal_for_task(design, process), design, process)
    return result, {name.removeprefix("case_"): result[name].values[0] for name in result if "case_" in name}, design


def test_a_budget_ends_a_chain(tmp_path):
    """Added up by hand: what ends later does not count, but the one that is cut off has used its energy."""
    result, whole, _ = restarted(tmp_path, "")
    times, cuts = result["time_to_solution"].values, result["cut"].values
    energies, rest = result["energy_source"].sum("source").values, result["at_rest"].values
    assert whole["ended"] == 12 and whole["energy_to_solution"] == pytest.approx(energies.sum(), rel=1e-12)
    for ended in (1, 4, 11):
        budget = times[:ended].sum() + 0.5 * times[ended]
        _, one, design = restarted(tmp_path, f", budget: {1e9 * budget:.6f} ns")
        assert one["ended"] == ended and one["cut"] == max(cuts[:ended][rest[:ended]]) and one["at_rest"]
        assert one["time_to_solution"] == pytest.approx(budget, rel=1e-6)
        assert one["energy_to_solution"] == pytest.approx(energies[: ended + 1].sum(), rel=1e-12)
        assert one["rate_best"] == whole["rate_best"], "what a start comes to is known from all"
    result, one, design = restarted(tmp_path, f", budget: {5e8 * times[0]:.6f} ns")
    assert one["ended"] == 0 and not one["at_rest"], "no start ended: what was seen is no answer"
    assert task_of(design).answer(result) == pytest.approx((0.5 * times[0], energies[0], 0.0), rel=1e-6)


def test_an_answer_takes_all_its_starts(tmp_path):
    """The best of several: not one start's time and energy; a start that was given up is no unrest of the answer."""
    result, _, design = restarted(tmp_path, "")
    times = result["time_to_solution"].values
    energies = result["energy_source"].sum("source").values
    assert task_of(design).answer(result) == pytest.approx((times.sum(), energies.sum(), 1.0), rel=1e-12)
    limit = np.sort(result["time_convergence"].values)[-2] + 1e-14  # all but the longest rest within it
    given, _, design = restarted(tmp_path, f", time_limit: {1e9 * limit:.6f} ns")
    assert 0 < (~given["at_rest"].values).sum() < 12 and task_of(design).answer(given).rest == 1.0


def test_a_budget_needs_restarts():
    with pytest.raises(ValueError, match="budget needs restarts"):
        MaxcutFields(kind="maxcut", graph="g.txt", budget="5 us")
