import json
import math

import pytest

from hwlib.errors import InputError
from hwlib.schematic import ladder_network
from sim.tasks.setup import paper_design
from sim.tasks.statistics import Interval
from spinhop.reproduce import page, runner, store
from spinhop.reproduce.rows import Row, compared, exact
from spinhop.reproduce.task import Context, Result, Task
from spinhop.reproduce.wires import ohm_per_cell


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
    text = made.page.read_text()
    assert text.count("<img ") == 6 and "http" not in text.replace("http-equiv", "")
    assert made.table.read_text().count("\n") > len(made.rows)
    assert all(0 <= done <= total for _, done, total in seen)
    again = runner.reproduce(tmp_path, quick=True, tasks=tasks)
    assert [row.as_dict() for _, row in again.rows] == [row.as_dict() for _, row in made.rows]


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
    first, second = Task("first", "First", toy(runs)), Task("second", "Second", toy(runs, fail=True))
    monkeypatch.setattr(runner, "all_tasks", lambda: [first, second])
    with pytest.raises(KeyboardInterrupt):
        runner.reproduce(tmp_path)
    assert len(runs) == 2 and not (tmp_path / "index.html").exists()
    monkeypatch.setattr(runner, "all_tasks", lambda: [first, Task("second", "Second", toy(runs))])
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
    task = Task("t", "T", toy([]))
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


@pytest.mark.parametrize(
    ("paper", "ideal", "sample", "status"),
    [
        (100.0, exact(101.9), 0.0, "pass"),
        (100.0, exact(102.1), 0.0, "differs"),
        (100.0, Interval(103.0, 99.0, 107.0), 0.0, "pass"),
        (100.0, Interval(105.0, 101.0, 109.0), 0.0, "differs"),
        (100.0, Interval(105.0, 101.0, 109.0), 1.0, "pass"),  # half-width 4·√2 = 5.7
        (100.0, Interval(95.0, 91.0, 99.0), 1.0, "pass"),
    ],
)
def test_verdict(paper, ideal, sample, status):
    assert compared("q", "1", paper, ideal=ideal, sample=sample).status == status


def test_verdict_with_reason_and_estimate():
    explained = compared("q", "1", 1.0, ideal=exact(2.0), reason="because")
    assert (explained.status, explained.note) == ("explained", "because")
    held = compared("q", "1", 1.0, estimate=1.001, ideal=exact(2.0), note="metered")
    assert (held.status, held.note) == ("pass", "metered"), "the estimate is what the paper printed"
    with pytest.raises(ValueError, match="nothing to compare"):
        compared("q", "1", 1.0)


def test_page_escapes_and_formats(tmp_path):
    task = Task("t", "<T>", toy([]))
    row = Row("a < b", "1", 1234.56, None, Interval(1.23456, 1.0, 1.5), {"ebeam 1×": exact(0.5)})
    text = page.write_page(tmp_path / "p.html", [(task, Result([row]))], {}, {"seed": "1"}).read_text()
    assert "a &lt; b" in text and "&lt;T&gt;" in text
    assert "1235" in text and "1.235 [1, 1.5]" in text and "drawn: ebeam 1×" in text
    assert page.number(None) == page.number(math.inf) == "–"


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
    made = runner.reproduce(tmp_path, quick=True, tasks=["wires", "drawn"])
    drawn = {task.name: result for task, result in made.results}["drawn"]
    accuracy = next(row for row in drawn.rows if "bit accuracy" in row.quantity)
    assert list(accuracy.drawn) == ["ebeam 1×", "ebeam 3×"]
    narrow, wide = drawn.series["points"]
    assert narrow["ohm"] > wide["ohm"] > 0
    assert (tmp_path / "figures" / "wires.png").stat().st_size > 10_000
