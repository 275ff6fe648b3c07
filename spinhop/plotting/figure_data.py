"""What each figure shows, as numbers: means with their intervals, cells, bars, points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from hwlib.errors import InputError, cut
from sim.tasks.statistics import Interval, mean, mean_share
from spinhop.plotting.level_names import number_names, text_names
from spinhop.plotting.plot_source import PlotSource

_MOST_LEVELS = 24  # of an axis; more different values are put into bins
_BINS = 10
MOST_SERIES = 6  # that can be told apart
MOST_DOTS = 3000  # that a page holds; of more an even choice is drawn, and the front
_SHARES = ("works", "works_undetermined", "rest_rate")


@dataclass(frozen=True)
class CurvePoint:
    """A point of a curve: place along the axis, the mean with its 95 % interval, and of how many points it is."""

    x: float
    y: Interval
    count: int


@dataclass(frozen=True)
class MeanCurve:
    """A number against a parameter; ``series`` by the value of another one. ``ticks`` name places of texts."""

    x: str
    y: str
    by: str
    series: dict[str, list[CurvePoint]]
    ticks: dict[float, str]

    @property
    def title(self) -> str:
        """Of the figure."""
        return f"{self.y} against {self.x}"


@dataclass(frozen=True)
class HeatMap:
    """The mean of a number over two parameters, shape (y, x), NaN where there is none; edges of the cells, middles."""

    x: str
    y: str
    value: str
    edges: tuple[np.ndarray, np.ndarray]
    names: tuple[list[str], list[str]]
    means: np.ndarray
    counts: np.ndarray

    @property
    def title(self) -> str:
        """Of the figure."""
        return f"{self.value} over {self.x} and {self.y}"


@dataclass(frozen=True)
class Histogram:
    """How often a number has which value; counts by series, shape (bins,)."""

    value: str
    by: str
    edges: np.ndarray
    counts: dict[str, np.ndarray]

    @property
    def title(self) -> str:
        """Of the figure."""
        return f"{self.value}, histogram"


@dataclass(frozen=True)
class FrontPlot:
    """Two objectives of a search's trials, and which are on the front; those shown, of how many."""

    x: str
    y: str
    places: np.ndarray
    trials: np.ndarray
    on_front: np.ndarray
    of: int

    @property
    def title(self) -> str:
        """Of the figure."""
        return f"{self.y} against {self.x}"


Figures = MeanCurve | HeatMap | Histogram | FrontPlot


def is_share(source: PlotSource, name: str) -> bool:
    """Whether a number is a share of 1 by what it means."""
    return name in _SHARES or name.endswith("_rate") or name.startswith("share_") or f"{name}_low" in source.numbers


def ends_of(source: PlotSource, name: str, values: np.ndarray) -> tuple[float, float]:
    """Smallest and largest of a number's values, a little apart where all are one; no share leaves 0 … 1 for that."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low < high:
        return low, high
    apart = 0.05 * (abs(low) or 1.0)
    ends = low - apart, high + apart
    return (max(ends[0], 0.0), min(ends[1], 1.0)) if is_share(source, name) and 0 <= low <= 1 else ends


def _interval(source: PlotSource, name: str, rows: np.ndarray) -> Interval:
    """Mean over some points; of one point the interval that is stored with it."""
    values = source.numbers[name][rows]
    low, high = source.numbers.get(f"{name}_low"), source.numbers.get(f"{name}_high")
    if len(values) == 1 and low is not None and high is not None:
        return Interval(float(values[0]), float(low[rows][0]), float(high[rows][0]))
    if is_share(source, name) and values.min() >= 0 and values.max() <= 1:
        return mean_share(values)
    return mean(values)


def known(source: PlotSource, name: str, option: str = "--y") -> np.ndarray:
    """Indices of the points that have a number.

    Raises:
        InputError: none has, or no number of this name.
    """
    rows = np.flatnonzero(np.isfinite(source.number(name, option)))
    if len(rows) == 0:
        raise InputError(f"{option}: {cut(name, 60)}: no point has this number")
    return rows


class _Levels(NamedTuple):
    """A parameter's values: index of each point's, their places, the edges between them, and their names."""

    level: np.ndarray
    places: np.ndarray
    edges: np.ndarray
    names: list[str]


def _levels(source: PlotSource, name: str, option: str) -> _Levels:
    values = source.parameter(name, option)
    if not source.is_numeric(name):
        texts, index = np.unique(values.astype(str), return_inverse=True)
        edges = np.arange(len(texts) + 1) - 0.5
        return _Levels(index, np.arange(len(texts), dtype=float), edges, text_names(texts.tolist()))
    places, index = np.unique(values.astype(float), return_inverse=True)
    told = partial(source.told, name)
    if len(places) > _MOST_LEVELS:
        edges = np.linspace(places[0], places[-1], _BINS + 1)
        index = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, _BINS - 1)
        names = [" … ".join(ends) for ends in pairwise(number_names(edges.tolist(), told))]
        return _Levels(index, (edges[:-1] + edges[1:]) / 2, edges, names)
    first, last = (places[1] - places[0], places[-1] - places[-2]) if len(places) > 1 else (1.0, 1.0)
    middles = (places[:-1] + places[1:]) / 2
    edges = np.concatenate(([places[0] - first / 2], middles, [places[-1] + last / 2]))
    return _Levels(index, places, edges, number_names(places.tolist(), told))


def _series(source: PlotSource, by: str, rows: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Rows of each value of a parameter; all rows without one."""
    if not by:
        yield "", rows
        return
    levels = _levels(source, by, "--by")
    if len(levels.places) > MOST_SERIES:
        many = f"{len(levels.places)} values, allowed {MOST_SERIES}: more are not told apart"
        raise InputError(f"--by: {cut(by, 60)} has {many}")
    for k, name in enumerate(levels.names):
        yield name, rows[levels.level[rows] == k]


def curve(source: PlotSource, x: str, y: str, by: str = "", *, option: str = "--y") -> MeanCurve:
    """Means of a number at each value of a parameter (in ten bins where it has more than 24); option: that named y."""
    rows, levels = known(source, y, option), _levels(source, x, "--x")
    series: dict[str, list[CurvePoint]] = {}
    for name, some in _series(source, by, rows):
        parts = [(place, some[levels.level[some] == k]) for k, place in enumerate(levels.places.tolist())]
        series[name] = [CurvePoint(place, _interval(source, y, part), len(part)) for place, part in parts if len(part)]
    ticks = {} if source.is_numeric(x) else dict(zip(levels.places.tolist(), levels.names, strict=True))
    return MeanCurve(x, y, by, series, ticks)


def heat_map(source: PlotSource, x: str, y: str, value: str) -> HeatMap:
    """Means of a number over two parameters."""
    rows, across, up = known(source, value, "--value"), _levels(source, x, "--x"), _levels(source, y, "--y")
    shape = len(up.places), len(across.places)
    cell = np.ravel_multi_index((up.level[rows], across.level[rows]), shape)
    counts = np.bincount(cell, minlength=shape[0] * shape[1])
    sums = np.bincount(cell, source.numbers[value][rows], minlength=len(counts))
    means = np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0)
    edges, names = (across.edges, up.edges), (across.names, up.names)
    return HeatMap(x, y, value, edges, names, means.reshape(shape), counts.reshape(shape))


def histogram(source: PlotSource, value: str, by: str = "", *, option: str = "--y") -> Histogram:
    """How often a number has which value; option: that named it."""
    rows = known(source, value, option)
    values = source.numbers[value]
    bins = int(np.clip(np.ceil(np.sqrt(len(rows))), 5, 40))
    edges = np.histogram_bin_edges(values[rows], bins, ends_of(source, value, values[rows]))
    return Histogram(
        value, by, edges, {name: np.histogram(values[some], edges)[0] for name, some in _series(source, by, rows)}
    )


def front_plot(source: PlotSource, x: str, y: str) -> FrontPlot:
    """Two objectives of a search; of very many trials an even choice, and all of the front."""
    rows = np.intersect1d(known(source, x, "--x"), known(source, y))
    if len(rows) == 0:
        raise InputError(f"no trial has both {cut(x, 40)} and {cut(y, 40)}")
    front = source.on_front[rows]
    rest = rows[~front]
    some = rest[np.linspace(0, len(rest) - 1, MOST_DOTS).astype(int)] if len(rest) > MOST_DOTS else rest
    shown = np.concatenate((some, rows[front]))
    places = np.stack((source.numbers[x][shown], source.numbers[y][shown]), axis=1)
    return FrontPlot(x, y, places, shown, source.on_front[shown], len(rows))
