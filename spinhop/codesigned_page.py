"""Results of the codesigned designs as rows of text, and as the documentation's page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from hwlib.errors import InputError
from hwlib.quantities import in_percent, printed_plain
from hwlib.storage.files import read_text
from spinhop.codesigned import CodesignedResult

COLUMNS = ("design", "result", "time", "energy", "area", "s", "R_P, R_M", "rules", "nearest limit")
_HEAD = """\
# Designs that work as drawn

Made by `make codesigned` (`spinhop codesigned --markdown docs/codesigned.md`) from the design files in
`layouts/codesigned`; do not edit. `spinhop run layouts/codesigned/NAME.yaml` draws, checks, extracts and simulates one
and reports on it.

Each holds every operating-point rule and every design rule as drawn, with none waived, and does its task in every
trial, all at rest, on its extracted wires. Times are means over the trials from the first load on, energies those that
all sources deliver. Where the best of several starts counts, they are of all of them, one after the other, those that
were given up too; states are read and the best is chosen outside the network, which is not counted. s is R_P over
Table I's 500 Ω: currents per volt fall with it. R_M is the process's track sheet resistance times its squares. A design
holds the patterns of its seed; other sets of three are recalled better or worse. Results are of networks at zero
temperature. Most designs were found by hand, from the bounds and with a few trials each; those of the searches in
`layouts/codesigned/searches` by `spinhop optimize`.
"""
_BOUNDS = """\
Of a max-cut design: its first graph. What the bounds are: [Searching for designs](optimize.md). Those without a dot in
their name are closed forms, not rules: a design that holds every rule as drawn may be beyond one, such as `breakdown`
with V_DW below the middle of its window."""
_SECTION = "\n### "


def read_page(path: Path) -> str:
    """The page as it is.

    Raises:
        InputError: no text file, or another page, which would be lost.
    """
    text = read_text(path, "page")
    if text.strip() and not text.startswith(_HEAD.partition("\n")[0]):
        raise InputError(f"{path}: not the page of codesigned designs; choose another file, or remove it")
    return text


def result_rows(results: Sequence[CodesignedResult]) -> list[list[str]]:
    """A row per design, as of ``COLUMNS``."""
    return [_row(result) for result in results]


def _row(result: CodesignedResult) -> list[str]:
    failed = next((each.why for each in result.judged if not each.feasible), "")
    rules = [b for each in result.judged for b in each.bounds if "." in b["name"]]  # as drawn; closed forms are not
    nearest = min(rules, key=lambda bound: bound["margin"], default=None)
    facts = result.facts
    return [
        result.name, _score(result), _amount(result.mean("time"), "s"), _amount(result.mean("energy"), "J"),
        f"{1e12 * result.mean('area'):.0f} µm²", f"{facts['slowness']:.3g}",
        f"{facts['r_p'] / 1e3:.3g}, {facts['r_m'] / 1e3:.3g} kΩ", failed or "all hold",
        f"{nearest['name']}, {in_percent(nearest['margin'])} left" if nearest else "",
    ]  # fmt: skip


def _score(result: CodesignedResult) -> str:
    score, rest = result.mean("accuracy"), result.mean("rest_rate")
    if score != score:
        return "not simulated"
    what = "of the best cut" if "max-cut" in result.task else "of the bits right"
    return f"{result.task}: {in_percent(score, 1)} {what}, {in_percent(rest)} at rest"


def _amount(value: float, unit: str) -> str:
    return "" if value != value else printed_plain(value, unit)


def codesigned_page(results: Sequence[CodesignedResult], before: str = "", shipped: Collection[str] = ()) -> str:
    """The documentation's page: the table, and each design beside its bounds.

    Args:
        results: of the designs that were run.
        before: the page as it was; what it has of shipped designs that were not run stays.
        shipped: names of the designs that there are.
    """
    old = set(shipped) - {result.name for result in results}
    rows = {name: line for line in before.splitlines() if (name := _cells(line)[0]) in old}
    bounds = {name: part for part in before.split(_SECTION)[1:] if (name := part.partition("\n")[0]) in old}
    for result, row in zip(results, result_rows(results), strict=True):
        rows[result.name] = _line(row)
        table = [[b["name"], *(_amount(b[key], b["unit"]) for key in ("value", "limit")), in_percent(b["margin"], 1)]
                 for b in result.judged[0].bounds]  # fmt: skip
        if table:
            rows_of = _table(("bound", "value", "limit", "margin"), table)
            bounds[result.name] = "\n".join([result.name, "", *rows_of, ""])
    lines = [_HEAD, *_table(COLUMNS, []), *(rows[name] for name in sorted(rows)), "", "## Beside their bounds", ""]
    lines += [_BOUNDS, ""]
    text = "\n".join(lines) + "".join(_SECTION + bounds[name].rstrip() + "\n" for name in sorted(bounds))
    return text.rstrip() + "\n"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_line(row) for row in (columns, ["---"] * len(columns), *rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("| \n").split(" | ")]
