"""The result of an atlas: netCDF with every rule's first failure, the table, the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwlib.storage.netcdf import write_netcdf
from hwlib.storage.writing import write_text
from spinhop.atlas.atlas_figure import draw_atlas
from spinhop.atlas.atlas_store import AtlasStore
from spinhop.atlas.first_failures import RuleEdges, SimulatedEdge
from spinhop.atlas.sized_design import Curve

if TYPE_CHECKING:
    import xarray as xr

DATA, TABLE, FIGURE = "atlas.nc", "atlas.md", "atlas.svg"
Row = dict[str, Any]


def atlas_rows(store: AtlasStore, curves: list[Curve], largest: int) -> list[Row]:
    """One row per curve.

    Returns:
        ``process``, ``style``, ``s``; ``works_below`` and ``limited_by``: first N at which a rule on what the network
        does is broken, and that rule; ``wears_from`` and ``worn_by``: the same of rules on currents, power and barrier;
        ``closes_at``: N at which the largest network's own cells foretell that the V_DW window closes;
        ``scaled_wires``: ``works_below`` with all wires × s; ``simulated_works``, ``simulated_fails``: largest size
        below the edge that works, and smallest that does not; ``undetermined_from`` and
        ``undetermined_to``: least and largest size between them whose outcome hangs on rounding. None: no such N.
    """
    rows = []
    for curve in curves:
        edges = RuleEdges(store.rules(curve), largest)
        works, wears = edges.works_below(), edges.wears_from()
        simulated = SimulatedEdge(store.verdicts(curve))
        rows.append({
            "process": curve.process, "style": curve.style, "s": curve.s,
            "works_below": works[0], "limited_by": works[1], "wears_from": wears[0], "worn_by": wears[1],
            "closes_at": edges.closes_at(), "scaled_wires": _scaled(store, curve, largest),
            "simulated_works": simulated.works, "simulated_fails": simulated.fails,
            "undetermined_from": min(simulated.undetermined, default=None),
            "undetermined_to": max(simulated.undetermined, default=None),
        })  # fmt: skip
    return rows


def _scaled(store: AtlasStore, curve: Curve, largest: int) -> int | None:
    """First failure with the wires × s, where it was looked for; at s = 1 nothing is scaled."""
    scaled = curve if curve.s == 1 else replace(curve, scaled=True)
    return RuleEdges(store.rules(scaled), largest).works_below()[0]


def write_results(
    folder: Path, store: AtlasStore, curves: list[Curve], largest: int, about: dict[str, Any]
) -> tuple[list[Row], Path, Path, Path]:
    """Write table, data and picture; return the rows, and the three paths."""
    rows = atlas_rows(store, curves, largest)
    table, data, figure = folder / TABLE, folder / DATA, folder / FIGURE
    write_netcdf(atlas_data(store, curves, rows, largest, about), data)
    text = atlas_table(store, curves, rows, largest, about)
    write_text(table, text)
    draw_atlas(rows, largest, figure)
    return rows, table, data, figure


def atlas_data(
    store: AtlasStore, curves: list[Curve], rows: list[Row], largest: int, about: dict[str, Any]
) -> xr.Dataset:
    """Everything over (process, style, s), and (…, rule): NaN where there is no N up to the largest."""
    import xarray as xr

    places: dict[str, list[Any]] = {
        name: list(dict.fromkeys(getattr(curve, name) for curve in curves)) for name in ("process", "style", "s")
    }
    edges = {curve: RuleEdges(store.rules(curve), largest) for curve in curves}
    rules = sorted({rule for each in edges.values() for rule in each.rules})
    shape = tuple(map(len, places.values()))
    first = np.full((*shape, len(rules)), np.nan)
    numbers = {name: np.full(shape, np.nan) for name in _ABOUT}
    for curve, row in zip(curves, rows, strict=True):
        at = tuple(places[name].index(getattr(curve, name)) for name in places)
        first[at] = [edges[curve].edge(rule)[1] or np.nan for rule in rules]
        for name, array in numbers.items():
            array[at] = np.nan if row[name] is None else row[name]
    data: dict[str, Any] = {
        name: (tuple(places), array, {"units": "1", "long_name": _ABOUT[name]}) for name, array in numbers.items()
    }
    meaning = {"units": "1", "long_name": "smallest N at which the rule does not hold"}
    data["first_failure"] = ((*places, "rule"), first, meaning)
    found = places | {"rule": rules}
    coordinates = {name: (name, found[name], {"units": "1", "long_name": _PLACES[name]}) for name in found}
    return xr.Dataset(data, coordinates, attrs=about | {"largest": largest})


_PLACES = {
    "process": "name of the process", "style": "weight style", "s": "slowness: RA, R_M and time limits x s, leaks / s",
    "rule": "design or operating-point rule",
}  # fmt: skip


_ABOUT = {
    "works_below": "first N at which a rule on what the network does is broken",
    "wears_from": "first N at which a rule on currents, power or the barrier is broken",
    "closes_at": "N at which the cells foretell that the V_DW window closes",
    "scaled_wires": "works_below with wires, vias and contacts x s",
    "simulated_works": "largest simulated N below the edge at which the task works",
    "simulated_fails": "smallest simulated N at which it does not",
    "undetermined_from": "smallest simulated N between them whose outcome hangs on rounding",
    "undetermined_to": "largest simulated N between them whose outcome hangs on rounding",
}


COLUMNS = (
    "process", "style", "s", "rules hold below", "limited by", "with wires × s", "window foretold to close",
    "simulated: works, fails", "currents hold below", "limited by",
)  # fmt: skip


def row_cells(row: Row, named: Callable[[str], str] = lambda name: name or "–") -> list[str]:
    """A row for people, by ``COLUMNS``; ``named`` writes names of processes and rules."""
    simulated = f"{_n(row['simulated_works'])}, {_n(row['simulated_fails'])}{_unsure(row)}"
    return [
        named(row["process"]), row["style"], f"{row['s']:g}", _n(row["works_below"]), named(row["limited_by"]),
        _n(row["scaled_wires"]), _n(row["closes_at"]), simulated, _n(row["wears_from"]), named(row["worn_by"]),
    ]  # fmt: skip


def atlas_table(store: AtlasStore, curves: list[Curve], rows: list[Row], largest: int, about: dict[str, Any]) -> str:
    """The rows, and the first failure of every rule, in Markdown."""
    lines = [
        "# Up to which N networks work", "",
        f"Design {about['design']}, seed {about['seed']}, N = 4 to {largest}; – means none up to {largest}.", "",
        f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}",
    ]  # fmt: skip
    lines += [f"| {' | '.join(row_cells(row, _code))} |" for row in rows]
    slow = list(dict.fromkeys(curve.s for curve in curves))
    for process, style in dict.fromkeys((curve.process, curve.style) for curve in curves):
        edges = [RuleEdges(store.rules(Curve(process, style, s)), largest) for s in slow]
        lines += ["", f"## {_code(process)}, {style}: first N at which a rule does not hold", ""]
        lines += [f"| rule | {' | '.join(f's = {s:g}' for s in slow)} |", f"|---{'|---' * len(slow)}|"]
        for rule in sorted({rule for each in edges for rule in each.rules}):
            first = [each.edge(rule)[1] for each in edges]
            if any(first):
                lines.append(f"| `{rule}` | {' | '.join(map(_n, first))} |")
    lines += ["", ", ".join(f"{name}: {value}" for name, value in about.items() if name in ("code", "versions"))]
    return "\n".join(lines) + "\n"


def _unsure(row: Row) -> str:
    """The sizes between those that work and those that fail where neither is known."""
    first, last = row["undetermined_from"], row["undetermined_to"]
    return "" if first is None else f" ({first if first == last else f'{first} … {last}'} undetermined)"


def _n(value: int | None) -> str:
    return "–" if value is None else str(value)


def _code(text: str) -> str:
    """A name as code; those from outside are file names, and may hold what Markdown reads."""
    cleaned = "".join(c if c.isprintable() and c not in "`|" else "?" for c in text)
    return f"`{cleaned}`" if cleaned else "–"
