"""The result of a search: all trials and the front as xarray, a picture, and a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwlib.quantities import in_percent, printed_plain
from hwlib.sections.search_fields import SIMILARITY
from hwlib.storage.netcdf import write_netcdf
from hwlib.storage.writing import write_atomic
from spinhop.optimize.search_history import SearchTrial
from spinhop.optimize.search_space import Axis
from spinhop.optimize.trial_evaluation import OBJECTIVES, STAGES

if TYPE_CHECKING:
    import xarray as xr
    from markupsafe import Markup

FRONT, PICTURE, PAGE = "search.nc", "front.png", "index.html"


def design_file(trial: SearchTrial) -> str:
    """Name of a chosen design's file."""
    return f"best_{trial.number}.yaml"


def front_data(
    trials: Sequence[SearchTrial], front: Sequence[SearchTrial], axes: list[Axis], about: dict[str, Any]
) -> xr.Dataset:
    """All trials: axes, objectives (NaN where not simulated), violations per stage, and which are on the front."""
    import xarray as xr

    chosen = {trial.number for trial in front}
    data: dict[str, Any] = {}
    for axis in axes:
        found = [axis.value(trial.proposed[axis.name]) for trial in trials]
        meaning = "speed of the network, a factor" if axis.name == SIMILARITY else f"field {axis.name} of the design"
        values = np.array(found, dtype=str if axis.choices else float)
        data[f"axis_{axis.name}"] = ("trial", values, _about(meaning, axis.unit))
    for name, unit in (OBJECTIVES | {"rest_rate": "1"}).items():
        numbers = [trial.judged.values.get(name, np.nan) for trial in trials]
        data[name] = ("trial", np.array(numbers, float), _about(_MEANINGS[name], unit))
    violations = np.array([trial.judged.violations for trial in trials])
    data["violation"] = (("trial", "stage"), violations, _about("by how much a stage is not passed; 0: it is"))
    data["on_front"] = ("trial", np.array([trial.number in chosen for trial in trials]), _about("no other is better"))
    places = {
        "trial": ("trial", [trial.number for trial in trials], _about("number of the design tried")),
        "stage": ("stage", list(STAGES), _about("what is asked of a design, one after the other")),
    }
    return xr.Dataset(data, places, attrs=about)


_MEANINGS = {
    "time": "mean time to solution, as drawn", "energy": "mean energy per trial, as drawn",
    "edp": "time times energy", "area": "of the macro as drawn", "accuracy": "mean of the task's measure",
    "yield": "share of made chips that work", "rest_rate": "share of trials that came to rest",
}  # fmt: skip


def _about(meaning: str, unit: str = "1") -> dict[str, str]:
    return {"units": unit, "long_name": meaning}


def write_front(
    folder: Path, trials: Sequence[SearchTrial], front: Sequence[SearchTrial], axes: list[Axis],
    objectives: Sequence[str], about: dict[str, Any],
) -> None:  # fmt: skip
    """Write ``search.nc``, ``front.png`` and ``index.html``."""
    write_netcdf(front_data(trials, front, axes, about), folder / FRONT)
    _draw(folder / PICTURE, trials, front, objectives)
    _write_page(folder, trials, front, about)


def _draw(path: Path, trials: Sequence[SearchTrial], front: Sequence[SearchTrial], objectives: Sequence[str]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.4), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    x, y = (*objectives, "energy" if objectives[0] != "energy" else "time")[:2]
    for chosen, colour, label in ((trials, "#b9c4d6", "simulated, not on the front"), (front, "#3056a0", "front")):
        known = [t.judged.values for t in chosen if x in t.judged.values and y in t.judged.values]
        axes.plot([v[x] for v in known], [v[y] for v in known], "o", color=colour, label=label)
    for trial in front:
        values = trial.judged.values
        if not {x, y} <= {*values}:
            continue
        axes.annotate(str(trial.number), (values[x], values[y]), textcoords="offset points", xytext=(5, 4), fontsize=8)
    axes.set(xlabel=f"{x} ({OBJECTIVES[x]})", ylabel=f"{y} ({OBJECTIVES[y]})")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8.5)
    write_atomic(path, lambda p: figure.savefig(p, format="png", metadata={"Software": None}))


def _write_page(
    folder: Path, trials: Sequence[SearchTrial], front: Sequence[SearchTrial], about: dict[str, Any]
) -> None:  # fmt: skip
    from spinhop.pages import page

    names = list(OBJECTIVES)
    rows = [
        [
            str(t.number),
            *(printed_plain(t.judged.values[n], OBJECTIVES[n]) if n in t.judged.values else "–" for n in names),
            design_file(t),
        ]
        for t in front
    ]
    failed = [t for t in trials if not t.judged.feasible]
    reasons = [[str(t.number), t.judged.why] for t in failed]
    parts = [
        page.heading(f"{about['design']}: search" if "design" in about else "Search"),
        page.paragraph(f"{len(trials)} designs tried, {len(trials) - len(failed)} hold every rule and do their task."),
        page.section("Front", *_front_parts(folder, rows, names)),
    ]
    for trial in front:
        bounds = [
            [b["name"], b["formula"], printed_plain(b["value"], b["unit"]), printed_plain(b["limit"], b["unit"]),
             in_percent(b["distance"], 1)]
            for b in trial.judged.bounds
        ]  # fmt: skip
        table = page.table(["bound", "formula", "value", "limit", "room"], bounds, "text stacked", long=[1])
        parts.append(page.section(f"Trial {trial.number} beside its bounds", table))
    if failed:
        table = page.table(["trial", "first"], reasons, "text", long=[1])
        parts.append(page.section("Why others fail", page.folded(f"all {len(failed)}", table)))
    parts.append(page.made_with(about))
    text = page.document("Search", parts)
    write_atomic(folder / PAGE, lambda path: path.write_text(text, encoding="utf-8"))


def _front_parts(folder: Path, rows: list[list[str]], names: list[str]) -> list[Markup]:
    from spinhop.pages import page

    if not rows:
        return [page.paragraph("Empty: no design holds every rule and does its task.")]
    return [page.table(["trial", *names, "design"], rows), page.picture(folder / PICTURE, "")]
