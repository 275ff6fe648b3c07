"""One self-contained HTML page: the rows of every task and its figure."""

from __future__ import annotations

import base64
import html
import math
from pathlib import Path

from hwlib.writing import write_atomic
from sim.tasks.statistics import Interval
from spinhop.reproduce.captions import CAPTIONS
from spinhop.reproduce.rows import Row
from spinhop.reproduce.task import Result, Task

_CSS = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100%; font-size: 13px } caption { text-align: left; padding: .3rem 0 }
th, td { padding: .25rem .5rem; border-bottom: 1px solid #ddd; text-align: right; vertical-align: top }
th:first-child, td:first-child, th:last-child, td:last-child { text-align: left }
td { font-variant-numeric: tabular-nums } img { max-width: 100%; height: auto }
figure { margin: 1rem 0 } figcaption { color: #444; font-size: 13px; max-width: 52rem }
.scroll { overflow-x: auto } nav { font-size: 13px }
.pass { color: #006b3c } .explained { color: #8a5a00 } .differs { color: #b00020; font-weight: 600 }
.info { color: #555 }
"""
_LEGEND = (
    "<p>Each number of the paper, as printed; as its authors' estimate formula gives it; as found on ideal wires; and, "
    "where layouts were drawn, as found on their extracted wires. Brackets hold 95 % confidence intervals. "
    "<b class='pass'>pass</b>: within 2 % (times and energies that follow from times 5 %), or within the interval of "
    "the difference; <b class='explained'>explained</b>: the remark says why not; <b class='differs'>differs</b>: not "
    "explained; info: the paper has no such number.</p>"
)


def write_page(path: Path, results: list[tuple[Task, Result]], figures: dict[str, Path], about: dict[str, str]) -> Path:
    """Write the page.

    Args:
        path: of the HTML file.
        results: tasks in the order of the page.
        figures: PNG of each task that has one.
        about: what to say of the run (versions, seed, time).
    """
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width'><title>The paper, reproduced</title>",
        f"<style>{_CSS}</style></head><body><h1>The paper, reproduced</h1>",
        _LEGEND,
        _counts(results),
        "<nav>" + " · ".join(f"<a href='#{t.name}'>{html.escape(t.title)}</a>" for t, _ in results) + "</nav>",
    ]
    for task, result in results:
        parts.append(f"<h2 id='{task.name}'>{html.escape(task.title)}</h2>")
        if task.name in figures:
            data = base64.b64encode(figures[task.name].read_bytes()).decode()
            image = f"<img alt='{html.escape(task.title)}' src='data:image/png;base64,{data}'>"
            caption = html.escape(CAPTIONS.get(task.name, task.title))
            parts.append(f"<figure>{image}<figcaption>{caption}</figcaption></figure>")
        parts.append(f"<div class='scroll'>{_table(result.rows)}</div>")
    facts = "".join(f"<li>{html.escape(k)}: {html.escape(v)}</li>" for k, v in about.items())
    parts.append(f"<h2>This run</h2><ul>{facts}</ul></body></html>\n")
    return write_atomic(path, lambda p: p.write_text("\n".join(parts), encoding="utf-8"))


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


def _counts(results: list[tuple[Task, Result]]) -> str:
    status = [row.status for _, result in results for row in result.rows]
    return f"<p>{', '.join(f'{status.count(s)} {s}' for s in ('pass', 'explained', 'differs', 'info'))}.</p>"


def _table(rows: list[Row]) -> str:
    layouts = list(dict.fromkeys(name for row in rows for name in row.drawn))
    heads = ["quantity", "unit", "paper", "authors' estimate", "ideal", *[f"drawn: {x}" for x in layouts], "", "remark"]
    lines = ["<table><thead><tr>", *[f"<th>{html.escape(head)}</th>" for head in heads], "</tr></thead><tbody>"]
    for row in rows:
        cells = [row.quantity, row.unit, number(row.paper), number(row.estimate), interval(row.ideal)]
        cells += [interval(row.drawn.get(name)) for name in layouts]
        lines.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells))
        lines.append(f"<td class='{row.status}'>{row.status}</td><td>{html.escape(row.note)}</td></tr>")
    return "".join([*lines, "</tbody></table>"])
