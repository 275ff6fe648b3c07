"""One self-contained HTML page: the rows of every task and its figure."""

from __future__ import annotations

import math
from pathlib import Path

from markupsafe import Markup

from hwlib.writing import write_atomic
from sim.tasks.statistics import Interval
from spinhop import page
from spinhop.reproduce.captions import CAPTIONS
from spinhop.reproduce.rows import Row, Status
from spinhop.reproduce.task import PaperTask, Result

TITLE = "The paper, reproduced"
STATUS: tuple[Status, ...] = ("pass", "explained", "differs", "info")


def write_page(
    path: Path, results: list[tuple[PaperTask, Result]], figures: dict[str, Path], about: dict[str, str]
) -> Path:
    """Write the page.

    Args:
        path: of the HTML file.
        results: tasks in the order of the page.
        figures: PNG of each task that has one.
        about: what to say of the run (versions, seed, time).
    """
    status = [row.status for _, result in results for row in result.rows]
    tasks = [
        {"name": task.name, "title": task.title, **_table(result.rows), "picture": _picture(task, figures)}
        for task, result in results
    ]
    text = page.render(
        "reproduction.html", title=TITLE, counts=[(str(status.count(each)), each) for each in STATUS], tasks=tasks,
        about=list(about.items()),
    )  # fmt: skip
    return write_atomic(path, lambda p: p.write_text(text, encoding="utf-8"))


def number(value: float | None) -> str:
    """Four significant digits, or a dash."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def interval(value: Interval | None) -> str:
    """A value, with its interval when it has one."""
    if value is None:
        return "–"
    if value.low == value.high or not (math.isfinite(value.low) and math.isfinite(value.high)):
        return number(value.value)
    return f"{number(value.value)} [{number(value.low)}, {number(value.high)}]"


def _picture(task: PaperTask, figures: dict[str, Path]) -> Markup:
    if task.name not in figures:
        return Markup()
    return page.picture(figures[task.name], CAPTIONS.get(task.name, task.title))


def _table(rows: list[Row]) -> dict[str, list]:
    layouts = list(dict.fromkeys(name for row in rows for name in row.drawn))
    columns = ["quantity", "unit", "paper", "authors' estimate", "ideal", *(f"drawn: {x}" for x in layouts)]
    cells = [
        [row.quantity, row.unit, number(row.paper), number(row.estimate), interval(row.ideal),
         *(interval(row.drawn.get(name)) for name in layouts)]
        for row in rows
    ]  # fmt: skip
    verdicts = [(row.status, row.note) for row in rows]
    return {
        "columns": [*columns, "", "remark"],
        "rows": [(line, *verdict) for line, verdict in zip(cells, verdicts, strict=True)],
    }
