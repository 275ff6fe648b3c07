"""One self-contained HTML page: the rows of every task and its figure."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from markupsafe import Markup

from hwlib.storage.writing import write_text
from sim.tasks.statistics import Interval
from spinhop.pages import page
from spinhop.reproduce.captions import caption
from spinhop.reproduce.rows import Row, Status, summary_of
from spinhop.reproduce.task import PaperTask, Result

TITLE = "The paper, reproduced"
STATUS: tuple[Status, ...] = ("pass", "explained", "differs", "info")
MEANINGS = {
    "pass": "rows agree with the paper", "explained": "differ and are explained", "differs": "differ",
    "info": "of which the paper has no number",
}  # fmt: skip
MOST_ROWS = 12  # of a table that is shown whole; of a longer one first the rows that do not agree


def write_page(
    path: Path, results: list[tuple[PaperTask, Result]], figures: dict[str, Path], about: dict[str, str], *,
    quick: bool = False,
) -> Path:  # fmt: skip
    """Write the page.

    Args:
        path: of the HTML file.
        results: tasks in the order of the page.
        figures: PNG of each task that has one.
        about: what to say of the run (versions, seed, time).
        quick: whether it was a reduced one.
    """
    rows = [row for _, result in results for row in result.rows]
    status = [row.status for row in rows]
    tasks = [
        {"name": task.name, "title": task.title, **_tables(result.rows), "picture": _picture(task, figures, quick)}
        for task, result in results
    ]
    overview = [
        [page.link(task.title, f"#{task.name}"), *(str(sum(r.status == each for r in result.rows)) for each in STATUS)]
        for task, result in results
    ]
    text = page.render(
        "reproduction.html", title=TITLE + (", a reduced run" if quick else ""), quick=quick, tasks=tasks,
        counts=[(str(status.count(each)), MEANINGS[each]) for each in STATUS], overview=overview,
        summary=summary_of(rows), kind="bad" if "differs" in status else "good", about=list(about.items()),
    )  # fmt: skip
    return write_text(path, text)


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


def _picture(task: PaperTask, figures: dict[str, Path], quick: bool) -> Markup:
    if task.name not in figures:
        return Markup()
    return page.picture(figures[task.name], caption(task.name, quick) or task.title)


def _tables(rows: list[Row]) -> dict[str, Any]:
    """The rows shown at once, and those folded away: of a long table those that agree."""
    if len(rows) <= MOST_ROWS:
        return {"shown": _table(rows), "more": _table([])}
    agree = [row.status in ("pass", "info") for row in rows]
    first, more = ([row for row, fits in zip(rows, agree, strict=True) if fits == which] for which in (False, True))
    return {"shown": _table(first), "more": _table(more)}


def _table(rows: list[Row]) -> dict[str, Any]:
    """Columns that some row fills, and the rows: cells, status, remark."""
    layouts = list(dict.fromkeys(name for row in rows for name in row.drawn))
    columns = ["quantity", "unit", "paper", "authors' estimate", "ideal", *(f"drawn: {x}" for x in layouts)]
    cells = [
        [row.quantity, row.unit, number(row.paper), number(row.estimate), interval(row.ideal),
         *(interval(row.drawn.get(name)) for name in layouts)]
        for row in rows
    ]  # fmt: skip
    filled = [k for k in range(len(columns)) if any(line[k] != "–" for line in cells)]
    return {
        "columns": [*(columns[k] for k in filled), "", "remark"],
        "rows": [([line[k] for k in filled], row.status, row.note) for line, row in zip(cells, rows, strict=True)],
    }
