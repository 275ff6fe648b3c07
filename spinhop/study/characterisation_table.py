"""The table of a characterisation as JSON, CSV and Markdown, all with the same numbers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hwlib.design import Design
from hwlib.errors import harmless
from hwlib.quantities import printed
from hwlib.storage.made_with import design_attributes
from hwlib.storage.writing import write_bytes
from spinhop.study.number_names import MARGIN, UNSURE
from spinhop.verdicts.verdict import UNDETERMINED

TABLE = "characterisation"
Row = dict[str, Any]


class Column(NamedTuple):
    """SI unit (``1``: none) and meaning of a column."""

    unit: str
    meaning: str


def write_table(folder: Path, design: Design, wires: str, columns: dict[str, Column], rows: list[Row]) -> list[Path]:
    """Write the table as ``characterisation.json``, ``.csv`` and ``.md``.

    Args:
        folder: where to.
        design: what is characterised.
        wires: ideal or drawn.
        columns: of the table.
        rows: a value per column, None where there is none; ``own``, ``problem``.
    """
    about = {**design_attributes(design), "wires": wires}
    about["operating_point"] = json.loads(about["operating_point"])
    described = {name: {"unit": unit, "meaning": meaning} for name, (unit, meaning) in columns.items()}
    texts = {
        "json": json.dumps({**about, "columns": described, "rows": rows}, indent=1, allow_nan=False) + "\n",
        "csv": _csv(columns, rows), "md": _markdown(design, about, wires, columns, rows),
    }  # fmt: skip
    return [write_bytes(folder / f"{TABLE}.{ending}", text.encode()) for ending, text in texts.items()]


def _csv(columns: dict[str, Column], rows: list[Row]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names = [name if unit == "1" else f"{name} ({unit})" for name, (unit, _) in columns.items()]
    writer.writerow([*names, "own", "problem"])
    for row in rows:
        numbers = ["" if row[name] is None else repr(row[name]) for name in columns]
        writer.writerow([*numbers, int(row["own"]), row["problem"]])
    return stream.getvalue()


def cells(columns: dict[str, Column], row: Row, names: Sequence[str]) -> list[str]:
    """A row for people: values with usual units, – where there is none; ``works`` in words where it is unsure."""
    unsure = row.get(UNSURE) == 1
    return [
        UNDETERMINED if name == "works" and unsure else _cell(row[name], columns[name].unit) for name in names
    ]  # fmt: skip


def _cell(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.4g}" if unit == "1" else printed(value, unit)


def main_columns(columns: dict[str, Column]) -> list[str]:
    """Names of columns for people: all but margins of rules, ends of intervals, and what the cell of ``works`` says."""
    ends = {UNSURE} | {name for name in columns if name.endswith(("_low", "_high")) and not name.startswith("window_")}
    return [name for name in columns if name not in ends and not name.startswith(MARGIN)]


def _markdown(design: Design, about: dict[str, Any], wires: str, columns: dict[str, Column], rows: list[Row]) -> str:
    names = main_columns(columns)
    lines = [
        f"# {design.name}, {wires} wires: task against V_DW and temperature", "",
        f"Seed {design.seed}; {about['versions']}. In bold the design's own operating point.", "",
        f"| {' | '.join(names)} |", f"|{'---|' * len(names)}",
    ]  # fmt: skip
    for row in rows:
        texts = cells(columns, row, names)
        lines.append(f"| {' | '.join(f'**{text}**' if row['own'] else text for text in texts)} |")
    lines += ["", *(f"- `{name}`: {columns[name].meaning}" for name in names)]
    problems = [f"- {printed(row['v_dw'], 'V')}: {harmless(row['problem'])}" for row in rows if row["problem"]]
    return "\n".join([*lines, *(["", "Rows without numbers:", "", *problems] if problems else [])]) + "\n"
