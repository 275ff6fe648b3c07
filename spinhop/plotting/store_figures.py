"""``spinhop plot``: which figures results are usually looked at with, and their files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Literal

import numpy as np

from hwlib.argument_kinds import takes_kinds
from hwlib.errors import InputError, cut
from hwlib.storage.writing import write_bytes
from hwlib.task_registry import registered
from spinhop.optimize.trial_evaluation import two_objectives
from spinhop.plotting.figure_data import (
    MOST_SERIES,
    Figures,
    FrontPlot,
    HeatMap,
    MeanCurve,
    curve,
    front_plot,
    heat_map,
    histogram,
)  # fmt: skip
from spinhop.plotting.figure_drawing import drawn, png, svg, told_svg
from spinhop.plotting.figure_page import figure_page
from spinhop.plotting.plot_source import CHIP, REPEATS, PlotSource, open_source
from spinhop.plotting.yield_figures import ShareBars, ShareCourse, YieldFigures, tightest, yield_figures
from spinhop.run_folder.folder_lock import begins_with, hold, refuse_others
from spinhop.study.number_names import RULES_BROKEN

FigureKind = Literal["curve", "heat", "front", "histogram"]
_TAKEN: dict[FigureKind, tuple[str, ...]] = {
    "curve": ("--x", "--y", "--by", "--value"), "heat": ("--x", "--y", "--value"), "front": ("--x", "--y"),
    "histogram": ("--y", "--by", "--value"),
}  # fmt: skip
PAGE = "index.html"
_refuse_foreign = refuse_others(
    "plot", PAGE, re.compile(r"[A-Za-z0-9_.-]+\.(svg|png)"), begins_with(re.compile(rb"<title>[^<]*: figures</title>"))
)
_MOST = 12  # figures that are made unasked
_MOST_MARGINS = 6  # rules of a yield: the tightest ones


@dataclass(frozen=True)
class PlottedStore:
    """What was drawn.

    Attributes:
        folder: of the files.
        figures: file stem by title; each as .svg and .png.
        page: all of them, to look around in.
    """

    folder: Path
    figures: dict[str, str]
    page: Path


@takes_kinds
def plot_store(
    path: str | Path, folder: str | Path | None = None, *, kind: FigureKind | None = None, x: str = "", y: str = "",
    by: str = "", value: str = "",
) -> PlottedStore:  # fmt: skip
    """Draw the figures of a sweep's, a yield's or a search's results.

    Without ``kind``, ``x``, ``y``, ``by`` and ``value`` the usual ones: of a study its measure, the share of points
    that work, and how many rules they break (where rules were judged) against each parameter of numbers, and the
    measure over each two of them; of a yield the shares of its chips, what
    they hang on, and how far rules and task hold; of a search each two objectives. Intervals are 95 %: Wilson's of
    shares (of chips Clopper and Pearson's), Student's t of the rest.

    Args:
        path: folder of the results, the study's Zarr store, or a search's ``search.nc``.
        folder: of the figures; default ``plots`` beside the results.
        kind: the one figure that is wanted; default what the other arguments make of it.
        x: parameter along the axis, of a front an objective.
        y: number (curve, histogram), second parameter (heat map), or second objective (front).
        by: parameter that gives a line or a colour each.
        value: number of a heat map.

    Raises:
        InputError: no results, none of a point, names that they do not have, or a folder with other files.
    """
    source = open_source(Path(path))
    wanted: Sequence[Figures | YieldFigures]
    wanted = _one(source, kind, x, y, by, value) if any((kind, x, y, by, value)) else _usual(source)
    folder = source.folder / "plots" if folder is None else Path(folder)
    made: dict[str, str] = {}
    files: dict[str, bytes] = {}
    parts: list[tuple[str, str]] = []
    for k, figure in enumerate(wanted):
        canvas, tips = drawn(figure, source)
        title, picture = figure.title, svg(canvas)
        stem = _stem(title, list(made.values()))
        made[title] = stem
        files[f"{stem}.svg"], files[f"{stem}.png"] = picture, png(canvas)
        parts.append((title, told_svg(picture, tips, f"f{k}-")))
    files[PAGE] = figure_page(source, parts, _notes(source, wanted)).encode("utf-8", "backslashreplace")
    with hold(folder, (), _refuse_foreign):
        for name, content in files.items():
            write_bytes(folder / name, content)
    return PlottedStore(folder, made, folder / PAGE)


def _one(source: PlotSource, kind: FigureKind | None, x: str, y: str, by: str, value: str) -> list[Figures]:
    if kind is None:
        kind = "heat" if value else "front" if source.kind == "search" and not by else "curve" if x else "histogram"
    _refuse_unused(kind, {"--x": x, "--y": y, "--by": by, "--value": value})
    if kind == "front":
        if source.kind != "search":
            raise InputError("front: of the results of spinhop optimize alone")
        first, second = two_objectives(source.objectives)
        return [front_plot(source, x or first, y or second)]
    numeric = _axes(source)
    if kind == "heat":
        if len(set(numeric) | {x, y} - {""}) < 2:
            raise InputError("heat: needs two parameters; give --x and --y")
        rest = [name for name in numeric if name not in (x, y)]
        x = x or rest.pop(0)
        return [heat_map(source, x, y or rest[0], value or _measure(source))]
    number, option = y or value or _measure(source), "--value" if value and not y else "--y"
    if kind == "histogram":
        return [histogram(source, number, by, option=option)]
    if not (x or numeric):
        raise InputError("curve: no parameter of numbers varies; give --x")
    x = x or numeric[0]
    return [curve(source, x, number, by or _by(source, x), option=option)]


def _refuse_unused(kind: FigureKind, given: dict[str, str]) -> None:
    """Refuse a name that the figure has no place for, rather than draw another figure than was asked for."""
    taken = _TAKEN[kind]
    unused = [option for option, name in given.items() if name and option not in taken]
    if unused:
        raise InputError(f"{unused[0]}: a figure of kind {kind} has none; allowed: {', '.join(taken)}")
    if kind != "heat" and given["--y"] and given["--value"]:
        raise InputError(f"--value: a figure of kind {kind} has one number, give it as --y alone")


def _usual(source: PlotSource) -> list[Figures | YieldFigures]:
    if source.kind == "search":
        names = source.objectives
        pairs = combinations(names, 2) if len(names) > 1 else [two_objectives(names)]
        return [front_plot(source, a, b) for a, b in pairs]
    measure = _measure(source)
    if source.kind == "yield":
        return [
            *yield_figures(source),
            *(histogram(source, name) for name in (measure, *tightest(source, _MOST_MARGINS))),
        ]
    numeric = _axes(source)
    figures: list[Figures | YieldFigures] = []
    for name in dict.fromkeys((measure, "works", RULES_BROKEN)):
        if name in source.numbers:
            figures += [curve(source, x, name, _by(source, x)) for x in numeric or _texts(source)[:1]]
    figures += [heat_map(source, a, b, measure) for a, b in combinations(numeric, 2)]
    return figures[:_MOST] or [histogram(source, measure)]


def _axes(source: PlotSource) -> list[str]:
    """Parameters of numbers that vary, but for those that are another draw of the same."""
    return [
        name for name, values in source.parameters.items()
        if name not in REPEATS and source.is_numeric(name) and len(np.unique(values)) > 1
    ]  # fmt: skip


def _texts(source: PlotSource) -> list[str]:
    return [name for name in source.parameters if not source.is_numeric(name)]


def _by(source: PlotSource, x: str) -> str:
    """The parameter of texts that gives lines of their own, or else one of few numbers; empty: none."""
    others = [name for name in (*_texts(source), *_axes(source)) if name != x]
    return next((name for name in others if 1 < len(np.unique(source.parameters[name])) <= MOST_SERIES), "")


def _measure(source: PlotSource) -> str:
    """The number that a task is judged by."""
    from sim.tasks.kinds import run_class

    told = [number for kind in registered() for number in run_class(kind).numbers]
    for number in (*(each for each in told if each.interval), *(each for each in told if each.style == "share")):
        if np.isfinite(source.numbers.get(number.name, np.nan)).any():
            return number.name
    for name, values in source.numbers.items():
        if np.isfinite(values).any():
            return name
    raise InputError(f"{source.folder}: no point has a number")


def _stem(title: str, taken: list[str]) -> str:
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", title).strip("._")[:100] or "figure"
    return stem if stem not in taken else f"{stem}_{len(taken)}"


def _notes(source: PlotSource, figures: Sequence[Figures | YieldFigures]) -> list[str]:
    notes = []
    if any(isinstance(figure, MeanCurve) for figure in figures):
        notes.append(
            "Means of the points at one place, with 95 % intervals: Wilson's of shares, Student's t of the rest."
        )
    if any(isinstance(figure, HeatMap) for figure in figures):
        notes.append("Colours of cells: means of the points in them; white: none has this number.")
    fronts = [figure for figure in figures if isinstance(figure, FrontPlot)]
    if fronts:
        notes.append(
            "Trials of the search that were simulated; a front's trials are beaten by none in every objective."
        )
    notes += [f"Of {f.of} trials {len(f.places)} are drawn." for f in fronts if f.of > len(f.places)]
    if any(isinstance(figure, ShareBars | ShareCourse) for figure in figures):
        notes.append(
            "Shares of chips have 95 % intervals, Clopper and Pearson's; what a result hangs on has bootstrap ones."
        )
        notes.append(
            "Single rules: those that fewest chips keep. One that is a warning does not count in rules and works."
        )
    if source.refused and source.kind == "search":
        notes.append(f"{source.refused} trials were not simulated and have no numbers.")
    elif source.refused:
        told = "a point without a network does not work, and is in no other mean"
        notes.append(f"{source.refused} points have no numbers: {told}.")
    if source.missing and source.kind == "yield":  # known as precisely as asked, or interrupted
        judged = len(source.parameters[CHIP])
        notes.append(f"{judged} chips are judged, of {judged + source.missing} at most.")
    elif source.missing:
        notes.append(f"{source.missing} points are not computed yet.")
    return [cut(note, 300) for note in notes]
