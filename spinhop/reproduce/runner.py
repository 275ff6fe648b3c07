"""Runs the tasks one after the other, keeps each result as it finishes, and writes figures and the page."""

from __future__ import annotations

import csv
import math
import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hwlib.argument_kinds import takes_kinds
from hwlib.errors import InputError, shown
from hwlib.quantities import whole_number
from hwlib.seeds import LARGEST_SEED
from hwlib.storage.made_with import versions, versions_line
from hwlib.storage.writing import write_atomic
from spinhop.reproduce import store
from spinhop.reproduce.rows import Row, summary_of
from spinhop.reproduce.task import Context, PaperTask, Result
from spinhop.run_folder.folder_lock import begins_with, hold, refuse_others
from spinhop.runtime.executor import check_workers

Report = Callable[[str, float, int], None]
TABLE = "rows.csv"
_PARTS = ("results", "figures", "work")
_refuse_foreign = refuse_others(
    "reproduction", TABLE, re.compile("|".join([*_PARTS, r"index\.html"])), begins_with(re.compile(rb"^task,quantity,"))
)


@dataclass(frozen=True)
class Reproduction:
    """What a run left behind.

    Attributes:
        results: each task with its rows and series.
        page: the HTML page.
        table: all rows as CSV.
        seconds: time spent on tasks in this and earlier, interrupted runs.
    """

    results: list[tuple[PaperTask, Result]]
    page: Path
    table: Path
    seconds: float

    @property
    def rows(self) -> list[tuple[str, Row]]:
        """All rows with the name of their task."""
        return [(task.name, row) for task, result in self.results for row in result.rows]

    @property
    def differing(self) -> list[tuple[str, Row]]:
        """The rows that neither agree with the paper nor are explained."""
        return [(name, row) for name, row in self.rows if row.status == "differs"]

    @property
    def summary(self) -> str:
        """How many rows pass, are explained, and differ."""
        return summary_of(row for _, row in self.rows)


def all_tasks() -> list[PaperTask]:
    """The tasks in the order of the page."""
    from spinhop.reproduce import biqmac, capacity, drawn, efficiency, fig5, fig6, fig7, fig8, search, wire_resistance

    return [
        module.TASK for module in (fig5, efficiency, fig6, fig7, biqmac, fig8, wire_resistance, drawn, search, capacity)
    ]


@takes_kinds
def reproduce(
    folder: str | Path,
    *,
    quick: bool = False,
    seed: int = 1,
    tasks: Sequence[str] | None = None,
    layouts: bool = True,
    fresh: bool = False,
    report: Report | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
) -> Reproduction:
    """Reproduce the paper's numbers and figures.

    A task that is already stored with the same settings, seed, versions and sources is not repeated, so an
    interrupted run goes on with the task it was in.

    Args:
        folder: gets ``results/*.json``, ``figures/*.png`` and ``*.svg``, ``rows.csv`` and ``index.html``.
        quick: a reduced run of under a minute.
        seed: of every random draw.
        tasks: names to run; default all.
        layouts: False leaves out the tasks that draw layouts.
        fresh: repeat stored tasks.
        report: called with (task's title, done, in all).
        workers: processes for independent layouts; None is as many as there are cores, if there is enough to do.
        scheduler: address of a Dask scheduler for them instead.

    Raises:
        InputError: an unknown task, a folder that cannot be written, is in use or somebody else's, or no such
            workers.
    """
    folder, chosen = Path(folder), _chosen(tasks, layouts)
    seed = whole_number(seed, "seed", least=0, most=LARGEST_SEED)
    check_workers(workers, scheduler)
    results: list[tuple[PaperTask, Result]] = []
    with hold(folder, _PARTS, _refuse_foreign):
        for task in chosen:
            key = store.key(task, quick, seed)
            result = None if fresh else store.load(folder / "results", task, key)
            if result is None:
                if fresh:
                    shutil.rmtree(folder / "work" / task.name, ignore_errors=True)
                context = Context(quick, seed, folder / "work" / task.name, key, workers=workers, scheduler=scheduler)
                result = _run(task, folder, context, report)
            elif report:
                report(task.title, 1, 1)
            results.append((task, result))
        return _write(folder, results, quick, seed)


def _chosen(names: Sequence[str] | None, layouts: bool) -> list[PaperTask]:
    known = {task.name: task for task in all_tasks()}
    for name in names or ():
        if name not in known:
            raise InputError(f"reproduce: no task {shown(name)}; allowed: {', '.join(known)}")
    chosen = [task for name, task in known.items() if (names is None or name in names) and (layouts or not task.drawn)]
    if not chosen:
        raise InputError(f"reproduce: {', '.join(names or ())} need layouts; leave out --no-drawn")
    return chosen


def _run(task: PaperTask, folder: Path, context: Context, report: Report | None) -> Result:
    def progress(done: float, total: int) -> None:
        if report:
            report(task.title, done, total)

    started = time.perf_counter()
    progress(0, 1)
    result = task.run(replace(context, progress=progress))
    result.meta = {
        "key": context.key,
        "task": task.name,
        "quick": context.quick,
        "seed": context.seed,
        "versions": versions(),
        "seconds": round(time.perf_counter() - started, 2),
    }
    path = store.save(folder / "results", task, result)
    progress(1, 1)
    stored = store.load(path.parent, task, context.key)  # what figures see is always what a resumed run would see
    assert stored is not None
    return stored


def _write(folder: Path, results: list[tuple[PaperTask, Result]], quick: bool, seed: int) -> Reproduction:
    from spinhop.reproduce import figures, reproduction_page  # matplotlib takes a second

    drawn = {}
    _mark_layouts(results)
    for task, result in results:
        for path in figures.draw(task.name, result.series, folder / "figures"):
            if path.suffix == ".png":
                drawn[task.name] = path
    seconds = sum(float(result.meta["seconds"]) for _, result in results)
    about = {
        "run": "reduced (--quick)" if quick else "full",
        "seed": str(seed),
        "time of all tasks": f"{seconds:.0f} s",
        "versions": versions_line(),
    }
    index = reproduction_page.write_page(folder / "index.html", results, drawn, about, quick=quick)
    table = write_atomic(folder / TABLE, lambda p: _csv(p, results))
    return Reproduction(results, index, table, seconds)


def _mark_layouts(results: list[tuple[PaperTask, Result]]) -> None:
    """Put the extracted layouts' points into the figure of the ladders."""
    series = {task.name: result.series for task, result in results}
    if "wires" in series and "drawn" in series:
        series["wires"]["drawn"] = series["drawn"]["points"]


def _csv(path: Path, results: list[tuple[PaperTask, Result]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            [
                "task",
                "quantity",
                "unit",
                "paper",
                "estimate",
                "ideal",
                "ideal_low",
                "ideal_high",
                "layout",
                "drawn",
                "drawn_low",
                "drawn_high",
                "status",
                "note",
            ]
        )
        for task, result in results:
            for row in result.rows:
                ideal = _finite(row.ideal or ())
                drawn = [(name, _finite(value)) for name, value in row.drawn.items()] or [("", _finite(()))]
                for name, value in drawn:
                    writer.writerow(
                        [
                            task.name,
                            row.quantity,
                            row.unit,
                            row.paper,
                            row.estimate,
                            *ideal,
                            name,
                            *value,
                            row.status,
                            row.note,
                        ]
                    )


def _finite(values: Sequence[float]) -> list[float | str]:
    """A value and the ends of its interval; nothing where there is none."""
    return [value if math.isfinite(value) else "" for value in values] or ["", "", ""]
