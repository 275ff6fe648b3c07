"""Figures drawn with matplotlib: files for papers, and the SVG whose marks a page tells about."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from hwlib.errors import harmless
from spinhop.plotting.figure_data import (
    CurvePoint,
    Figures,
    FrontPlot,
    HeatMap,
    Histogram,
    MeanCurve,
    ends_of,
    is_share,
)
from spinhop.plotting.plot_source import PlotSource
from spinhop.plotting.yield_drawing import draw_course, draw_sensitivity, draw_shares
from spinhop.plotting.yield_figures import SensitivityBars, ShareBars, ShareCourse, YieldFigures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito, "Color universal design" (2008): told apart by the colour-blind; marks differ in form as well.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_MARKS, _LINES = ("o", "s", "^", "D", "v", "P"), ("-", "--", ":", "-.", "-", "--")
_INK, _SOFT, _LINE = "#1d2430", "#5c6675", "#c9d0da"
_SIZE = (6.0, 3.8)  # inch: text is read at 500 px too
_BESIDE = 0.008  # of the axis
_ROOM = 0.02  # beyond 0 and 1, for marks of shares
_SVG = "http://www.w3.org/2000/svg"
Tips = dict[str, list[str]]  # what a page says of each mark, by the group that they are in


def drawn(figure: Figures | YieldFigures, source: PlotSource) -> tuple[Figure, Tips]:
    """Draw a figure.

    Returns:
        The figure, and a text for each of its marks.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({"text.parse_math": False, "font.size": 10}):
        canvas = Figure(figsize=_SIZE, dpi=150, layout="constrained")
        FigureCanvasAgg(canvas)
        axes = canvas.add_subplot()
        if isinstance(figure, MeanCurve):
            tips = _curve(axes, figure, source)
        elif isinstance(figure, HeatMap):
            tips = _heat(axes, figure, source)
        elif isinstance(figure, Histogram):
            tips = _bars(axes, figure, source)
        elif isinstance(figure, ShareBars):
            tips = draw_shares(axes, figure, COLOURS)
        elif isinstance(figure, ShareCourse):
            tips = draw_course(axes, figure, COLOURS)
        elif isinstance(figure, SensitivityBars):
            tips = draw_sensitivity(axes, figure, COLOURS)
        else:
            tips = _front(axes, figure, source)
        _quiet(axes)
    return canvas, tips


def png(figure: Figure) -> bytes:
    """As a PNG."""
    return _saved(figure, "png")


def svg(figure: Figure) -> bytes:
    """As an SVG with texts as texts; the same bytes each time."""
    return _saved(figure, "svg")


def _saved(figure: Figure, form: str) -> bytes:
    from matplotlib import rc_context

    buffer = io.BytesIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "spinhop", "text.parse_math": False}):
        metadata: dict[str, Any] = {"Software": None} if form == "png" else {"Date": None, "Creator": None}
        figure.savefig(buffer, format=form, metadata=metadata)
    return buffer.getvalue()


def told_svg(content: bytes, tips: Tips, prefix: str) -> str:
    """An SVG for a page: its colours follow the page's, its marks say what they are, its ids are its own.

    Args:
        content: as of ``svg``.
        tips: as of ``drawn``.
        prefix: of its ids, for one page has several.
    """
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(content)
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    root.set("role", "group")
    for group in root.iter(f"{{{_SVG}}}g"):
        texts = tips.get(group.get("id", ""))
        if texts is not None:
            for mark, text in zip(_marks(group), texts, strict=True):
                mark.set("tabindex", "0")
                mark.set("class", "mark")
                mark.set("data-tip", text)
                mark.set("aria-label", text)
    metadata = root.find(f"{{{_SVG}}}metadata")
    if metadata is not None:
        root.remove(metadata)
    for element in root.iter():
        for name, value in element.attrib.items():
            element.set(name, _of_page(name, value, prefix))
    return ElementTree.tostring(root, encoding="unicode")


def _of_page(name: str, value: str, prefix: str) -> str:
    """An attribute with ids and colours as the page has them."""
    if name == "id":
        return prefix + value
    if name.endswith("href"):
        return value.replace("#", f"#{prefix}", 1)
    if name == "style":
        for colour, variable in ((_INK, "ink"), (_SOFT, "soft"), (_LINE, "line"), ("#ffffff", "paper")):
            value = value.replace(colour, f"var(--{variable})")
    return value if name in ("data-tip", "aria-label") else value.replace("url(#", f"url(#{prefix}")


def _marks(group: ElementTree.Element) -> list[ElementTree.Element]:
    """The marks of a group in the order in which they were drawn."""
    inside = {id(each) for defs in group.iter(f"{{{_SVG}}}defs") for each in defs.iter()}
    return [e for e in group.iter() if e.tag in (f"{{{_SVG}}}use", f"{{{_SVG}}}path") and id(e) not in inside]


def _curve(axes: Axes, figure: MeanCurve, source: PlotSource) -> Tips:
    tips: Tips = {}
    places = [point.x for points in figure.series.values() for point in points]
    span = max(places) - min(places) or 1.0
    for k, (name, points) in enumerate(figure.series.items()):
        colour = COLOURS[k % len(COLOURS)]
        beside = (k - (len(figure.series) - 1) / 2) * _BESIDE * span  # equal intervals would hide each other
        x = np.array([point.x for point in points]) + beside
        y = np.array([point.y for point in points]).reshape(-1, 3)
        ends = np.clip(np.abs(y[:, 1:] - y[:, :1]).T, 0, None)
        told = np.isfinite(ends).all(axis=0)
        axes.errorbar(x[told], y[told, 0], ends[:, told], fmt="none", ecolor=colour, capsize=3, elinewidth=1.2)
        axes.plot(x, y[:, 0], _LINES[k % len(_LINES)], color=colour, linewidth=1.4)
        label = f"{_short(figure.by)} = {name}" if figure.by else None
        axes.scatter(
            x, y[:, 0], s=26, marker=_MARKS[k % len(_MARKS)], color=colour, label=label, zorder=3, gid=f"marks{k}"
        )
        tips[f"marks{k}"] = [_told(figure, name, point, source) for point in points]
    if figure.ticks:
        axes.set_xticks(list(figure.ticks), [harmless(text) for text in figure.ticks.values()])
    axes.set(xlabel=source.label(figure.x), ylabel=source.label(figure.y))
    told = [point.y.value for points in figure.series.values() for point in points]
    if is_share(source, figure.y) and min(told) >= 0 and max(told) <= 1:
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, -_ROOM), min(high, 1 + _ROOM))
    _legend(axes, bool(figure.by))
    return tips


def _told(figure: MeanCurve, name: str, point: CurvePoint, source: PlotSource) -> str:
    y = [source.told(figure.y, each) for each in (point.y.value, point.y.low, point.y.high)]
    ends = f" ({y[1]} … {y[2]})" if np.isfinite(point.y.low) else ""
    told = [f"{figure.by} = {name}"] if figure.by else []
    told += [f"{figure.x} = {figure.ticks.get(point.x, source.told(figure.x, point.x))}"]
    told += [f"{figure.y} = {y[0]}{ends}", f"of {point.count} points"]
    return "; ".join(told)


def _heat(axes: Axes, figure: HeatMap, source: PlotSource) -> Tips:
    rows, columns = np.nonzero(np.isfinite(figure.means))
    mesh = axes.pcolormesh(*figure.edges, np.ma.masked_invalid(figure.means), cmap="cividis", gid="cells")
    mesh.set_clim(*ends_of(source, figure.value, figure.means))
    bar = axes.figure.colorbar(mesh, ax=axes, label=source.label(figure.value))
    bar.outline.set_visible(False)
    for name, axis, k in ((figure.x, axes.xaxis, 0), (figure.y, axes.yaxis, 1)):
        if not source.is_numeric(name):
            axis.set_ticks(range(len(figure.names[k])), labels=figure.names[k])
    axes.set(xlabel=source.label(figure.x), ylabel=source.label(figure.y))
    return {
        "cells": [
            f"{figure.x} = {figure.names[0][j]}; {figure.y} = {figure.names[1][i]}; "
            f"{figure.value} = {source.told(figure.value, figure.means[i, j])}; {figure.counts[i, j]} points"
            for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        ]
    }


def _bars(axes: Axes, figure: Histogram, source: PlotSource) -> Tips:
    from matplotlib.ticker import MaxNLocator

    tips: Tips = {}
    what = "chips" if source.kind == "yield" else "points"
    width = np.diff(figure.edges) / len(figure.counts)
    for k, (name, counts) in enumerate(figure.counts.items()):
        label = f"{_short(figure.by)} = {name}" if figure.by else None
        left = figure.edges[:-1] + k * width
        for bar, patch in enumerate(axes.bar(left, counts, width, align="edge", color=COLOURS[k], label=label)):
            patch.set_gid(f"bar{k}_{bar}")
            low, high = figure.edges[bar], figure.edges[bar + 1]
            ends = f"from {source.told(figure.value, low)} to {source.told(figure.value, high)}"
            text = f"{figure.value} {ends}; {counts[bar]} {what}"
            tips[f"bar{k}_{bar}"] = [f"{figure.by} = {name}; {text}" if figure.by else text]
    axes.set(xlabel=source.label(figure.value), ylabel=what)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    _legend(axes, bool(figure.by))
    return tips


def _front(axes: Axes, figure: FrontPlot, source: PlotSource) -> Tips:
    tips: Tips = {}
    kinds = ((~figure.on_front, "#8a97ab", "o", "not on the front"), (figure.on_front, COLOURS[1], "D", "front"))
    for k, (some, colour, mark, label) in enumerate(kinds):
        places, numbers = figure.places[some], figure.trials[some]
        if len(places) == 0:
            continue
        axes.scatter(
            places[:, 0],
            places[:, 1],
            s=24 + 8 * k,
            marker=mark,
            color=colour,
            label=label,
            gid=f"marks{k}",
            zorder=2 + k,
        )
        tips[f"marks{k}"] = [
            f"trial {number} ({label}); "
            f"{figure.x} = {source.told(figure.x, x)}; {figure.y} = {source.told(figure.y, y)}"
            for number, (x, y) in zip(numbers.tolist(), places.tolist(), strict=True)
        ]
    axes.set(xlabel=source.label(figure.x), ylabel=source.label(figure.y))
    _legend(axes, True)
    return tips


def _quiet(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_SOFT)
    axes.tick_params(colors=_SOFT, labelcolor=_INK)
    axes.grid(True, color=_LINE, linewidth=0.5)
    axes.set_axisbelow(True)
    for each in (axes.xaxis.label, axes.yaxis.label):
        each.set_color(_INK)


def _legend(axes: Axes, wanted: bool) -> None:
    if wanted:
        axes.legend(frameon=False, fontsize=9, labelcolor=_INK)


def _short(name: str) -> str:
    return harmless(name if len(name) <= 40 else "…" + name[-39:])
