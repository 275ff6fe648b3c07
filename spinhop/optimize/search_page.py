"""What a search leaves for people: a picture of its front, and a page on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwlib.quantities import in_percent, printed, printed_plain
from hwlib.storage.netcdf import write_netcdf
from hwlib.storage.writing import write_bytes, write_text
from spinhop.optimize.search_history import SearchTrial
from spinhop.optimize.search_results import RESULTS, search_results
from spinhop.optimize.search_space import Axis
from spinhop.optimize.trial_evaluation import OBJECTIVES, two_objectives

if TYPE_CHECKING:
    import xarray as xr
    from markupsafe import Markup

PICTURE, PAGE = "front.png", "index.html"
_NO_CONSTRAINTS = (
    "A margin below 0: beyond the limit. time, thermal, C·V² energy and RC time are told, not asked of a design."
)


def design_file(trial: SearchTrial) -> str:
    """Name of a chosen design's file."""
    return f"best_{trial.number}.yaml"


def write_front(
    folder: Path, trials: Sequence[SearchTrial], front: Sequence[SearchTrial], axes: list[Axis],
    objectives: Sequence[str], about: dict[str, Any],
) -> None:  # fmt: skip
    """Write ``search.nc``, ``index.html`` and, of a front that is not empty, ``front.png``."""
    results = search_results(trials, front, axes, about)
    write_netcdf(results, folder / RESULTS)
    if front:
        _draw(folder / PICTURE, results, objectives)
    else:
        (folder / PICTURE).unlink(missing_ok=True)  # of the front before
    _write_page(folder, trials, front, objectives, about)


def _draw(path: Path, results: xr.Dataset, objectives: Sequence[str]) -> None:
    """The first two objectives, or the only one and the time or energy, as ``spinhop plot`` draws them."""
    from spinhop.plotting.figure_data import front_plot
    from spinhop.plotting.figure_drawing import drawn, png
    from spinhop.plotting.plot_source import search_source

    source = search_source(path.parent, results)
    write_bytes(path, png(drawn(front_plot(source, *two_objectives(objectives)), source)[0]))


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
             in_percent(b["margin"], 1)]
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
    write_text(folder / PAGE, text)


def _front_parts(
    folder: Path, rows: list[list[str]], names: list[str], objectives: Sequence[str]
) -> list[Markup]:  # fmt: skip
    from spinhop.pages import page

    if not rows:
        return [page.paragraph("Empty: no design holds every rule and does its task.")]
    x, y = two_objectives(objectives)
    caption = f"{y} against {x} of all trials that were simulated; numbers: trials of the front"
    return [page.table(["trial", *names, "design"], rows), page.picture(folder / PICTURE, caption)]
