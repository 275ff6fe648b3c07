import json
import math
import os
import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from hwlib.errors import InputError
from hwlib.schematic import ladder_network
from sim.tasks.setup import paper_design
from sim.tasks.statistics import Interval
from spinhop.reproduce import (
    biqmac,
    captions,
    fig8,
    figures,
    layout_trials,
    reproduction_page,
    runner,
    search,
    store,
    wire_resistance,
)
from spinhop.reproduce.corners import CORNERS, Corner
from spinhop.reproduce.drawn import EXPERIMENTS, works
from spinhop.reproduce.rows import Row, compared, exact, summary_of
from spinhop.reproduce.task import Context, PaperTask, Result
from spinhop.reproduce.wire_resistance import ohm_per_cell
from tests.support.processes import start, stop

ONE_TRIAL = Interval(1.0, -math.inf, math.inf)


def test_means_of_trials_that_are_all_alike_have_a_width():
    """Twenty of twenty: from 83.9 % by Wilson's formula, as for a run; the mean of their energies has none to give."""
    alike = xr.Dataset({
        name: ("trial", np.ones(20)) for name in ("accuracy", "time_to_solution", "at_rest", "recalled", "undetermined")
    } | {"energy_source": (("trial", "source"), np.ones((20, 1)))})  # fmt: skip
    found = wire_resistance.summary(alike)
    assert found["accuracy"] == found["rests"] == (100.0, pytest.approx(83.89, abs=0.01), 100.0)
    rows = biqmac._baselines({"tabu search": [12.0] * 10, "semidefinite bound": [13.0] * 10}, np.full(10, 12.0))
    assert [row.ideal.high > row.ideal.value for row in rows] == [True, False]


@pytest.mark.slow
def test_quick_reproduction_has_no_unexplained_row(tmp_path):
    """All tasks on ideal wires, reduced; what the full run prints is held to the same verdicts."""
    seen = []
    tasks = ["recall", "efficiency", "images", "maxcut", "biqmac", "weights"]
    made = runner.reproduce(tmp_path, quick=True, tasks=tasks, report=lambda *progress: seen.append(progress))
    assert [row.quantity for _, row in made.differing] == []
    by_name = {row.quantity: row for _, row in made.rows}
    cuts = [by_name[f"cut of g05_60.{k}, pillar 45 to 55 %"] for k in range(10)]
    assert [row.ideal.value for row in cuts] == [505, 493, 497, 496, 499, 475, 504, 487, 481, 502]
    assert sum(row.status == "pass" for _, row in made.rows) >= 50
    explained = [row for _, row in made.rows if row.status == "explained"]
    assert all(any(digit in row.note for digit in "0123456789") for row in explained), "a reason has numbers"
    images = {task.name: result for task, result in made.results}["images"].series
    assert images["samples"] and made.page.read_text().count("<figcaption>") == 6
    _reasons_hold(by_name)
    text = made.page.read_text()
    assert text.count("<img ") == 6 and "http" not in text.replace("http-equiv", "")
    assert made.table.read_text().count("\n") > len(made.rows)
    assert all(0 <= done <= total for _, done, total in seen)
    again = runner.reproduce(tmp_path, quick=True, tasks=tasks)
    assert [row.as_dict() for _, row in again.rows] == [row.as_dict() for _, row in made.rows]


def _reasons_hold(by_name):
    """The numbers that the remarks give for differences really account for them."""
    power = by_name["power, max-cut"]
    mended = float(re.search(r"make it ([\d.]+) mW", power.note)[1])
    assert power.status == "explained" and power.ideal.value == pytest.approx(mended, rel=0.01)
    longest = by_name["worst-case energy, max-cut"]
    assert longest.ideal.value == pytest.approx(float(re.search(r"make it ([\d.]+) nJ", longest.note)[1]), rel=0.06)
    images = by_name["energy, N = 100 images"]
    assert images.ideal.value == pytest.approx(float(re.search(r"gives ([\d.]+) nJ", images.note)[1]), rel=0.1)
    recall = by_name["power, N = 60"]
    random, rest = (float(x) for x in re.findall(r"([\d.]+) mW", recall.note))
    weights = by_name["energy from the weight sources"]
    time = by_name["time to solution, mean, N = 60"].ideal.value - 16.0  # ns after the load phase
    assert rest < 1e3 * weights.ideal.value / time < random
    drive = by_name["energy from the vdw sources"]
    assert drive.ideal.value == pytest.approx(drive.estimate, rel=0.01)


def toy(runs, fail=False):
    def run(context):
        runs.append(context.seed)
        if fail:
            raise KeyboardInterrupt
        context.progress(1, 2)
        return Result([compared("answer", "1", 42.0, ideal=exact(42.0))], {"x": [1.0, math.nan]})

    return run


def test_interrupted_run_goes_on_where_it_stopped(tmp_path, monkeypatch):
    runs = []
    first, second = PaperTask("first", "First", toy(runs)), PaperTask("second", "Second", toy(runs, fail=True))
    monkeypatch.setattr(runner, "all_tasks", lambda: [first, second])
    with pytest.raises(KeyboardInterrupt):
        runner.reproduce(tmp_path)
    assert len(runs) == 2 and not (tmp_path / "index.html").exists()
    monkeypatch.setattr(runner, "all_tasks", lambda: [first, PaperTask("second", "Second", toy(runs))])
    made = runner.reproduce(tmp_path)
    assert len(runs) == 3, "the finished task must not run again"
    assert [name for name, _ in made.rows] == ["first", "second"]
    runner.reproduce(tmp_path, seed=2)
    assert len(runs) == 5, "another seed is another run"
    runner.reproduce(tmp_path, seed=2, fresh=True)
    assert len(runs) == 7
    (tmp_path / "results" / "first.json").write_text("{damaged")
    runner.reproduce(tmp_path, seed=2)
    assert len(runs) == 8


def test_stored_results_are_plain_json(tmp_path):
    task = PaperTask("t", "T", toy([]))
    result = task.run(Context(False, 1, tmp_path))
    result.rows.append(Row("open", "s", ideal=Interval(1.0, -math.inf, math.inf), drawn={"a": exact(2.0)}))
    result.meta = {"key": "k"}
    path = store.save(tmp_path, task, result)
    assert "NaN" not in path.read_text() and json.loads(path.read_text())["series"]["x"] == [1.0, None]
    back = store.load(tmp_path, task, "k")
    assert back.rows == result.rows
    assert store.load(tmp_path, task, "other") is None


def test_unknown_task(tmp_path):
    with pytest.raises(InputError, match="no task 'nonsense'; allowed: recall, efficiency"):
        runner.reproduce(tmp_path, tasks=["nonsense"])


def test_no_page_of_nothing(tmp_path):
    with pytest.raises(InputError, match="reproduce: wires, drawn need layouts; leave out --no-drawn"):
        runner.reproduce(tmp_path / "out", tasks=["wires", "drawn"], layouts=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("paper", "ideal", "sample", "status"),
    [
        (100.0, exact(101.9), 0.0, "pass"),
        (100.0, exact(102.1), 0.0, "differs"),
        (100.0, Interval(103.0, 99.0, 107.0), 0.0, "pass"),
        (100.0, Interval(105.0, 101.0, 109.0), 0.0, "differs"),
        (100.0, Interval(105.0, 101.0, 109.0), 1.0, "pass"),  # half-width 4·√2 = 5.7
        (100.0, Interval(95.0, 91.0, 99.0), 1.0, "pass"),
        (100.0, Interval(101.0, -math.inf, math.inf), 0.0, "pass"),
        (100.0, Interval(200.0, -math.inf, math.inf), 0.0, "differs"),
    ],
)
def test_verdict(paper, ideal, sample, status):
    assert compared("q", "1", paper, ideal=ideal, sample=sample).status == status


def test_verdict_with_reason_and_estimate():
    explained = compared("q", "1", 1.0, ideal=exact(2.0), reason="because")
    assert (explained.status, explained.note) == ("explained", "because")
    held = compared("q", "1", 1.0, estimate=1.001, ideal=exact(1.01), note="metered")
    assert (held.status, held.note) == ("pass", "metered")
    other = compared("q", "1", 1.0, estimate=1.001, ideal=exact(2.0), note="metered", reason="because")
    assert (other.status, other.note) == ("explained", "metered; because")
    assert compared("q", "1", 1.0, estimate=1.001, ideal=exact(2.0), note="metered").status == "differs"
    assert compared("q", "1", 1.0, estimate=1.1, ideal=exact(1.0), reason="because").status == "differs", (
        "a formula that misses the printed number is no reading of it"
    )
    with pytest.raises(ValueError, match="nothing to compare"):
        compared("q", "1", 1.0)


def test_page_escapes_and_formats(tmp_path):
    task = PaperTask("t", "<T>", toy([]))
    row = Row("a < b", "1", 1234.56, None, Interval(1.23456, 1.0, 1.5), {"ebeam 1×": exact(0.5)})
    text = reproduction_page.write_page(tmp_path / "p.html", [(task, Result([row]))], {}, {"seed": "1"}).read_text()
    assert "a &lt; b" in text and "&lt;T&gt;" in text
    assert "1235" in text and "1.235 [1, 1.5]" in text and "drawn: ebeam 1×" in text
    assert reproduction_page.number(None) == reproduction_page.number(math.inf) == "–"
    assert "1 more have no number" in text and "reduced" not in text


def test_page_opens_with_counts_and_folds_long_tables(tmp_path):
    rows = [compared(f"agrees {k}", "1", 1.0, ideal=exact(1.0)) for k in range(20)]
    rows += [compared("because", "1", 1.0, ideal=exact(2.0), reason="of 2"), Row("open", "s", ideal=ONE_TRIAL)]
    task = PaperTask("t", "T", toy([]))
    text = reproduction_page.write_page(tmp_path / "p.html", [(task, Result(rows))], {}, {}, quick=True).read_text()
    said = "20 of 21 numbers agree with the paper, 1 differ and are explained, 0 differ; 1 more have no number"
    assert said in text and said.startswith(summary_of(rows)[:40]) and text.index(said) < text.index("<h2>")
    assert "The paper, reproduced, a reduced run" in text and "A reduced run (--quick)" in text
    first, folded = text.split("21 more rows that agree")
    assert "because" in first and "agrees 3" not in first and "agrees 3" in folded
    assert "inf" not in text.replace("info", "")
    runner._csv(tmp_path / "rows.csv", [(task, Result(rows))])
    assert "inf" not in (tmp_path / "rows.csv").read_text().replace("info", "")


@pytest.mark.parametrize("neurons", [8, 9])
def test_ohm_per_cell_of_a_ladder(neurons):
    design = paper_design(neurons)
    assert ohm_per_cell(ladder_network(design, design.load_process(), 0.7)) == pytest.approx(0.7)


def test_seeds_of_points_differ(tmp_path):
    context = Context(True, 1, tmp_path)
    seeds = {context.spawn(5, n, p) for n in range(5, 30) for p in (1, 2, 3)}
    assert len(seeds) == 75 and context.spawn(5, 5, 1) == Context(False, 1, tmp_path).spawn(5, 5, 1)
    assert context.spawn(5) != Context(True, 2, tmp_path).spawn(5)


@pytest.mark.slow
def test_quick_drawn_part(tmp_path):
    """Layouts are drawn, extracted and run; two wire widths have different wires, and the figure marks both."""
    made = runner.reproduce(tmp_path, quick=True, tasks=["wires", "drawn", "search"])
    drawn = {task.name: result for task, result in made.results}["drawn"]
    accuracy = next(row for row in drawn.rows if "bit accuracy" in row.quantity)
    assert list(accuracy.drawn) == ["ebeam 1×", "ebeam 3×"]
    narrow, wide = drawn.series["points"]
    assert narrow["ohm"] > wide["ohm"] > 0
    assert narrow["rests"] and wide["rests"], "nine neurons work with any of these wires"
    cost = [row for name, row in made.rows if name == "search" and row.quantity.startswith("smallest layout")]
    assert [row.unit for row in cost] == ["%", "ns", "nJ", "µm²", "V", "Ω per cell"]
    assert next(iter(cost[0].drawn.values())).value == 100.0
    assert (tmp_path / "figures" / "wires.png").stat().st_size > 10_000


def tiny(root, **changes):
    trials = layout_trials.LayoutTrials("tiny", Corner("ebeam", 1.0), "recall", 3, 1, 5, root / "p", key="k")
    return replace(trials, **changes)


@pytest.mark.skipif(not os.environ.get("SPINHOP_FULL"), reason="starts two simulators; set SPINHOP_FULL=1")
def test_layouts_in_several_processes_are_those_of_one(tmp_path):
    chosen = [tiny(tmp_path / "many", seed=k, folder=tmp_path / "many" / str(k)) for k in range(4)]
    many = list(layout_trials.run_layouts(chosen, workers=2))
    assert len(many) == 4 and many[0] != many[1], "each layout has its own weights and starts"
    again = tiny(tmp_path / "one", seed=3)
    assert layout_trials.run_layout(again) == many[3]


def test_finished_layouts_are_not_repeated(tmp_path, monkeypatch):
    trials = tiny(tmp_path)
    first = list(layout_trials.run_layouts([trials]))
    monkeypatch.setattr(layout_trials, "run_layout", lambda _: {"repeated": True})
    assert list(layout_trials.run_layouts([trials])) == first
    for changes in ({"key": "other"}, {"seed": 6}, {"trials": 2}, {"corner": Corner("copper", 1.0)}):
        assert list(layout_trials.run_layouts([replace(trials, **changes)])) == [{"repeated": True}], changes
    (trials.folder / "result.json").write_text("{half")
    assert list(layout_trials.run_layouts([trials])) == [{"repeated": True}]


def test_what_works_means():
    ideal, rest, sure = {"accuracy": [100.0, 98.0]}, [100.0, 100.0], [0.0, 0.0]

    def drawn(accuracy, rests=rest, undetermined=sure):
        return {"ideal": ideal, "drawn": {"accuracy": accuracy, "rests": rests, "undetermined": undetermined}}

    assert works(drawn([100.0, 98.0])) is True
    assert works(drawn([100.0, 98.0], [100.0, 0.0])) is False
    assert works(drawn([100.0, 95.0])) is False
    cut = {"cut": [98.0], "rests": [100.0], "undetermined": [0.0]}
    assert works({"ideal": {"cut": [100.0]}, "drawn": cut}) is False
    for undetermined in ([100.0, 0.0], [0.0, 100.0], [100.0, 100.0]):
        assert works(drawn([100.0, 98.0], undetermined=undetermined)) is None
        assert works(drawn([100.0, 98.0], [0.0, 0.0], undetermined)) is (None if min(undetermined) else False)
    assert works(drawn([100.0, 50.0], undetermined=[100.0, 0.0])) is False, "whichever way it falls"


def test_the_search_for_the_smallest_layout_goes_on_past_undetermined_ones(tmp_path, monkeypatch):
    good = dict.fromkeys(("accuracy", "time", "energy", "rests", "recalled"), exact(100.0))
    hangs = iter([100.0])
    monkeypatch.setattr(search, "recall", lambda *given, **how: None)
    monkeypatch.setattr(search, "summary", lambda _: good | {"undetermined": exact(next(hangs, 0.0))})
    rows = [row for row in search.run(Context(True, 1, tmp_path)).rows if row.quantity.startswith("tried")]
    assert [row.note.endswith("100 % of which hang on rounding") for row in rows] == [True, False]


def test_both_processes_at_two_widths_are_drawn():
    """Every task of the paper on each corner, and wires as wide as the corner says."""
    widths = {c.process: {d.widening for d in CORNERS if d.process == c.process} for c in CORNERS}
    assert len(widths["ebeam"]) >= 2 and len(widths["copper"]) >= 2
    assert {e.kind for e in EXPERIMENTS} == {"recall", "images", "maxcut"}
    assert {(e.kind, e.neurons) for e in EXPERIMENTS} >= {
        ("recall", 29),
        ("recall", 60),
        ("images", 100),
        ("maxcut", 60),
    }
    design = Corner("copper", 3.0, "centred").design(5, weight=0.04)
    layers = design.load_process().layers
    assert design.network.drive_width == 3 * layers["m2"].min_width
    assert design.network.dendrite_width == 3 * layers["m3"].min_width
    assert (design.network.soma_placement, design.operating_point.weight) == ("centred", 0.04)


def test_least_product_by_hand():
    """Times that make the estimated product least at a known W: a parabola in the logarithm is found exactly."""
    weights = np.array([0.02, 0.03, 0.04, 0.05, 0.06])
    times = np.full((5, 3), 100.0)
    flat = fig8._least(weights, times)
    assert flat.value == pytest.approx(0.02, abs=0.011), "at equal times the smallest energy wins"
    scaled = times * np.exp(-20 * weights)[:, None] * np.array([0.99, 1.0, 1.01])
    least = fig8._least(weights, scaled)
    assert least.low <= least.value <= least.high and least.value > flat.value


def test_every_figure_says_what_was_run():
    for quick in (False, True):
        assert {task.name for task in runner.all_tasks() if captions.caption(task.name, quick)} == set(figures._FIGURES)
    assert "Twenty" in captions.caption("maxcut", False) and "Five random" in captions.caption("maxcut", True)
    assert "N = 60" in captions.caption("search", False) and "of nine neurons" in captions.caption("search", True)
    assert not any("N = 60" in task.title for task in runner.all_tasks())
    assert set(figures._FIGURES) <= {task.name for task in runner.all_tasks()}


@pytest.mark.slow
def test_ctrl_c_and_resume(tmp_path):
    """SIGINT in the middle: exit code 130, one line, nothing half written; the next run keeps what was finished."""
    tasks = ("--task", "weights", "--task", "efficiency")
    process = start("reproduce", "--quick", "--no-drawn", *tasks, "--out", tmp_path)
    finished, stopped = tmp_path / "results" / "efficiency.json", tmp_path / "results" / "weights.json"
    deadline = time.monotonic() + 300
    while not finished.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    code, out, err, _ = stop(process)
    assert (code, out) == (130, "") and err.count("\n") == 1 and "interrupted" in err, err
    left = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {Path(".lock"), Path("results/efficiency.json")}, left
    json.loads(finished.read_text())
    before = finished.stat().st_mtime_ns
    runner.reproduce(tmp_path, quick=True, layouts=False, tasks=["weights", "efficiency"])
    assert finished.stat().st_mtime_ns == before and stopped.exists() and (tmp_path / "index.html").exists()


def test_a_scheduler_that_does_not_answer_is_told_before_anything_runs(tmp_path):
    with pytest.raises(InputError, match=r"^scheduler .*none answers"):
        runner.reproduce(tmp_path / "out", tasks=["recall"], scheduler="tcp://127.0.0.1:1")
    assert not (tmp_path / "out").exists()
