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
from spinhop.plotting.level_names import text_names
from spinhop.plotting.plot_source import PlotSource
from spinhop.plotting.yield_drawing import INK, draw_course, draw_sensitivity, draw_shares
from spinhop.plotting.yield_figures import SensitivityBars, ShareBars, ShareCourse, YieldFigures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# Okabe and Ito, "Color universal design" (2008): told apart by the colour-blind; marks differ in form as well.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_MARKS, _LINES = ("o", "s", "^", "D", "v", "P"), ("-", "--", ":", "-.", "-", "--")
_SOFT, _LINE = "#5c6675", "#c9d0da"
_SIZE = (6.0, 3.8)  # inch: text is read at 500 px too
_BESIDE = 0.008  # of the axis
_CHARACTERS, _HANDLE = 76, 8  # of a line of the legend; of a name's mark and the gap beside it
_TICK = 24  # characters of a name beside an axis
_NUMBERED = ("seed", "chip")  # parameters whose numbers are names
_MOST_TICKS, _MOST_ASLANT = 30, 10  # names along an axis; of those that lie aslant
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
        for colour, variable in ((INK, "ink"), (_SOFT, "soft"), (_LINE, "line"), ("#ffffff", "paper")):
            value = value.replace(colour, f"var(--{variable})")
    return value if name in ("data-tip", "aria-label") else value.replace("url(#", f"url(#{prefix}")


def _marks(group: ElementTree.Element) -> list[ElementTree.Element]:
    """The marks of a group in the order in which they were drawn."""
    inside = {id(each) for defs in group.iter(f"{{{_SVG}}}defs") for each in defs.iter()}
    return [e for e in group.iter() if e.tag in (f"{{{_SVG}}}use", f"{{{_SVG}}}path") and id(e) not in inside]


def _curve(axes: Axes, figure: MeanCurve, source: PlotSource) -> Tips:
    tips: Tips = {}
    every = [point for points in figure.series.values() for point in points]
    (across, xlabel), (up, ylabel) = (
        source.axis(name, values)
        for name, values in ((figure.x, [p.x for p in every]), (figure.y, [p.y.value for p in every]))
    )
    places = [across * point.x for point in every]
    span = max(places) - min(places) or abs(places[0]) or 1.0
    handles: list[Any] = []
    for k, (name, points) in enumerate(figure.series.items()):
        colour = COLOURS[k % len(COLOURS)]
        beside = (k - (len(figure.series) - 1) / 2) * _BESIDE * span  # equal intervals would hide each other
        x = across * np.array([point.x for point in points]) + beside
        y = up * np.array([point.y for point in points]).reshape(-1, 3)
        ends = np.clip(np.abs(y[:, 1:] - y[:, :1]).T, 0, None)
        told = np.isfinite(ends).all(axis=0)
        axes.errorbar(x[told], y[told, 0], ends[:, told], fmt="none", ecolor=colour, capsize=3, elinewidth=1.2)
        if not (figure.ticks or figure.x.rpartition(".")[2] in _NUMBERED):  # else there is nothing between them
            axes.plot(x, y[:, 0], _LINES[k % len(_LINES)], color=colour, linewidth=1.4)
        mark = _MARKS[k % len(_MARKS)]
        handles.append(axes.scatter(x, y[:, 0], s=26, marker=mark, color=colour, zorder=3, gid=f"marks{k}"))
        tips[f"marks{k}"] = [_told(figure, name, point, source) for point in points]
    if figure.ticks:
        _name_ticks(axes.xaxis, list(figure.ticks.values()), across=True)
    elif len(set(places)) == 1:
        axes.set_xticks(places[:1])  # marks beside it are no other places
    axes.set(xlabel=xlabel, ylabel=ylabel)
    told = [point.y.value for point in every]
    if is_share(source, figure.y) and min(told) >= 0 and max(told) <= 1:
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, -_ROOM), min(high, 1 + _ROOM))
    if figure.by:
        _legend(axes, handles, list(figure.series), figure.by)
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
    scale, label = source.axis(figure.value, figure.means)
    edges = []
    for name, axis, k in ((figure.x, axes.xaxis, 0), (figure.y, axes.yaxis, 1)):
        factor, text = source.axis(name, figure.edges[k])
        edges.append(factor * figure.edges[k])
        axis.set_label_text(text)
        if not source.is_numeric(name):
            _name_ticks(axis, figure.names[k], across=k == 0)
        elif len(widths := np.diff(edges[k])) <= _MOST_ASLANT and np.allclose(widths, widths[0]):
            middles = edges[k][:-1] + widths / 2
            axis.set_ticks(middles, labels=[f"{middle:.6g}" for middle in middles.tolist()])
    mesh = axes.pcolormesh(*edges, scale * np.ma.masked_invalid(figure.means), cmap="cividis", gid="cells")
    mesh.set_clim(*(scale * np.array(ends_of(source, figure.value, figure.means))))
    bar = axes.figure.colorbar(mesh, ax=axes, label=label)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=_SOFT, labelcolor=INK)
    bar.ax.yaxis.label.set_color(INK)
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
    factor, label = source.axis(figure.value, figure.edges)
    edges = factor * figure.edges
    width = np.diff(edges) / len(figure.counts)
    handles: list[Any] = []
    for k, (name, counts) in enumerate(figure.counts.items()):
        bars = axes.bar(edges[:-1] + k * width, counts, width, align="edge", color=COLOURS[k])
        handles.append(bars)
        for bar, patch in enumerate(bars):
            patch.set_gid(f"bar{k}_{bar}")
            low, high = figure.edges[bar], figure.edges[bar + 1]
            ends = f"from {source.told(figure.value, low)} to {source.told(figure.value, high)}"
            text = f"{figure.value} {ends}; {counts[bar]} {what}"
            tips[f"bar{k}_{bar}"] = [f"{figure.by} = {name}; {text}" if figure.by else text]
    axes.set(xlabel=label, ylabel=what)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    if figure.by:
        _legend(axes, handles, list(figure.counts), figure.by)
    return tips


def _front(axes: Axes, figure: FrontPlot, source: PlotSource) -> Tips:
    tips: Tips = {}
    (across, xlabel), (up, ylabel) = (
        source.axis(name, figure.places[:, k]) for k, name in enumerate((figure.x, figure.y))
    )
    drawn_ones: dict[str, Any] = {}
    kinds = ((~figure.on_front, "#8a97ab", "o", "not on the front"), (figure.on_front, COLOURS[1], "D", "front"))
    for k, (some, colour, mark, label) in enumerate(kinds):
        places, numbers = figure.places[some], figure.trials[some]
        if len(places) == 0:
            continue
        drawn_ones[label] = axes.scatter(
            across * places[:, 0], up * places[:, 1], s=24 + 8 * k, marker=mark, color=colour, gid=f"marks{k}",
            zorder=2 + k,
        )  # fmt: skip
        tips[f"marks{k}"] = [
            f"trial {number} ({label}); "
            f"{figure.x} = {source.told(figure.x, x)}; {figure.y} = {source.told(figure.y, y)}"
            for number, (x, y) in zip(numbers.tolist(), places.tolist(), strict=True)
        ]
    best = figure.on_front
    for number, (x, y) in zip(figure.trials[best].tolist(), figure.places[best].tolist(), strict=True):
        place = across * x, up * y
        axes.annotate(str(number), place, xytext=(5, 4), textcoords="offset points", fontsize=8, color=INK)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    _legend(axes, list(drawn_ones.values()), list(drawn_ones))
    return tips


def _name_ticks(axis: Axis, names: list[str], *, across: bool) -> None:
    """Texts along an axis, at 0, 1, 2 …: turned where they would lie on each other, some left out of many."""
    short = text_names(names, _TICK)
    places = range(0, len(short), -(-len(short) // _MOST_TICKS))
    axis.set_ticks(places, labels=[short[k] for k in places])
    if across and len(short) * (max(map(len, short)) + 2) > _CHARACTERS:
        turn, anchor = (30, "right") if len(short) <= _MOST_ASLANT else (90, "center")
        for text in axis.get_ticklabels():
            text.set(rotation=turn, horizontalalignment=anchor)


def _quiet(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_SOFT)
    axes.tick_params(colors=_SOFT, labelcolor=INK)
    axes.grid(True, color=_LINE, linewidth=0.5)
    axes.set_axisbelow(True)
    for each in (axes.xaxis.label, axes.yaxis.label):
        each.set_color(INK)


def _legend(axes: Axes, handles: list[Any], names: list[str], by: str = "") -> None:
    """Above the axes, where it covers no mark: as many columns as the longest name leaves room for."""
    columns = max(1, _CHARACTERS // (max(map(len, names)) + _HANDLE))
    legend = axes.figure.legend(
        handles, [harmless(name) for name in names], loc="outside upper center", ncols=columns,
        title=_short(by) or None, frameon=False, fontsize=9, title_fontsize=9, labelcolor=INK,
    )  # fmt: skip
    legend.get_title().set_color(INK)


def _short(name: str) -> str:
    return harmless(name if len(name) <= 40 else "…" + name[-39:])
