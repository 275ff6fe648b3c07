"""The result of a search: all trials and the front as xarray, a picture, and a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwlib.quantities import in_percent, printed, printed_plain, printed_unit
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


_NO_CONSTRAINTS = (
    "A margin below 0: beyond the limit. time, thermal, C·V² energy and RC time are told, not asked of a design."
)


def _about(meaning: str, unit: str = "1") -> dict[str, str]:
    return {"units": unit, "long_name": meaning}


def write_front(
    folder: Path, trials: Sequence[SearchTrial], front: Sequence[SearchTrial], axes: list[Axis],
    objectives: Sequence[str], about: dict[str, Any],
) -> None:  # fmt: skip
    """Write ``search.nc``, ``front.png`` and ``index.html``."""
    write_netcdf(front_data(trials, front, axes, about), folder / FRONT)
    _draw(folder / PICTURE, trials, front, objectives)
    _write_page(folder, trials, front, objectives, about)


def _draw(path: Path, trials: Sequence[SearchTrial], front: Sequence[SearchTrial], objectives: Sequence[str]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 3.8), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    shown = _shown_objectives(objectives)
    places = {t.number: [t.judged.values[n] for n in shown] for t in trials if {*shown} <= {*t.judged.values}}
    if places:
        told = [printed_unit(max(map(abs, sizes)), OBJECTIVES[n])
                for n, sizes in zip(shown, zip(*places.values(), strict=True), strict=True)]  # fmt: skip
        places = {number: [v * factor for v, (_, factor) in zip(place, told, strict=True)]
                  for number, place in places.items()}  # fmt: skip
        axes.set(**{f"{end}label": f"{n} ({unit})" for end, n, (unit, _) in zip("xy", shown, told, strict=True)})
    chosen = [t.number for t in front if t.number in places]
    rest = [number for number in places if number not in chosen]
    for numbers, colour, mark, label in (
        (rest, "#8a97ab", "o", "simulated, not on the front"), (chosen, "#d55e00", "D", "front"),
    ):  # fmt: skip
        if numbers:
            axes.plot(*zip(*(places[k] for k in numbers), strict=True), mark, color=colour, label=label)
    for number in chosen:
        axes.annotate(
            str(number), (places[number][0], places[number][1]), textcoords="offset points", xytext=(5, 4), fontsize=8
        )
    axes.spines[["top", "right"]].set_visible(False)
    if places:
        figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    write_atomic(path, lambda p: figure.savefig(p, format="png", metadata={"Software": None}))


def _shown_objectives(objectives: Sequence[str]) -> tuple[str, str]:
    """The two that the picture shows: the first two, or the only one and the time or energy."""
    first, second = (*objectives, "energy" if objectives[0] != "energy" else "time")[:2]
    return first, second


def _write_page(
    folder: Path, trials: Sequence[SearchTrial], front: Sequence[SearchTrial], objectives: Sequence[str],
    about: dict[str, Any],
) -> None:  # fmt: skip
    from spinhop.pages import page

    names = [n for n in OBJECTIVES if any(n in t.judged.values for t in front)]
    title = f"{about['design']}: search" if "design" in about else "Search"
    rows = [
        [
            str(t.number),
            *(printed(t.judged.values[n], OBJECTIVES[n]) if n in t.judged.values else "–" for n in names),
            design_file(t),
        ]
        for t in front
    ]
    failed = [t for t in trials if not t.judged.feasible]
    reasons = [[str(t.number), t.judged.why] for t in failed]
    parts = [
        page.heading(title),
        page.paragraph(f"{len(trials)} designs tried, {len(trials) - len(failed)} hold every rule and do their task."),
        page.section("Front", *_front_parts(folder, rows, names, objectives)),
    ]
    for trial in front:
        bounds = [
            [b["name"], b["formula"], printed_plain(b["value"], b["unit"]), printed_plain(b["limit"], b["unit"]),
             in_percent(b["distance"], 1)]
            for b in trial.judged.bounds
        ]  # fmt: skip
        table = page.table(["bound", "formula", "value", "limit", "margin"], bounds, "text stacked", long=[1])
        note = page.paragraph(_NO_CONSTRAINTS, "soft")
        parts.append(page.section(f"Trial {trial.number} beside its bounds", table, note))
    if failed:
        table = page.table(["trial", "first"], reasons, "text", long=[1])
        parts.append(page.section("Why others fail", page.folded(f"all {len(failed)}", table)))
    parts.append(page.made_with(about))
    text = page.document(title, parts)
    write_atomic(folder / PAGE, lambda path: path.write_text(text, encoding="utf-8"))


def _front_parts(
    folder: Path, rows: list[list[str]], names: list[str], objectives: Sequence[str]
) -> list[Markup]:  # fmt: skip
    from spinhop.pages import page

    if not rows:
        return [page.paragraph("Empty: no design holds every rule and does its task.")]
    x, y = _shown_objectives(objectives)
    caption = f"{y} against {x} of all trials that were simulated; numbers: trials of the front"
    return [page.table(["trial", *names, "design"], rows), page.picture(folder / PICTURE, caption)]
