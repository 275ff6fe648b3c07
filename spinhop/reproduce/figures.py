"""The figures, as the paper has them and one more, drawn from stored series."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import ScalarFormatter

from hwlib.files import replacing

BLUE, ORANGE, GREEN, RED, PURPLE, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#777777"
_STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "svg.hashsalt": "spinhop",
    "svg.fonttype": "path",
    "axes.titlesize": 10,
}


def draw(task: str, series: dict[str, Any], folder: Path) -> list[Path]:
    """Draw a task's figure as PNG and SVG.

    Args:
        task: name of the task.
        series: what it stored.
        folder: where the files go.

    Returns:
        The files; none when the task has no figure.
    """
    if task not in _FIGURES:
        return []
    with matplotlib.rc_context(_STYLE):
        figure = _FIGURES[task](series)
        paths = []
        for suffix, metadata in ((".png", {"Software": None}), (".svg", {"Date": None})):
            path = folder / f"{task}{suffix}"
            with replacing(path) as temporary:
                figure.savefig(temporary, dpi=150, metadata=metadata)
            paths.append(path)
    return paths


def _band(axes: Any, x: Any, intervals: Any, color: str, label: str, **style: Any) -> None:
    """A line of values with its confidence band; intervals (points, 3), open ends left out."""
    data = np.array([[np.nan if v is None else v for v in row] for row in intervals], float)
    axes.plot(x, data[:, 0], color=color, label=label, marker="o", markersize=3, **style)
    axes.fill_between(x, data[:, 1], data[:, 2], color=color, alpha=0.2, linewidth=0)


def _figure(width: float, height: float, columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(1, columns, **options)


def _recall(series: dict[str, Any]) -> Figure:
    figure, axes = _figure(5.2, 3.4)
    for patterns, color in zip("123", (BLUE, ORANGE, GREEN), strict=True):
        _band(
            axes,
            series["neurons"][patterns],
            series["accuracy"][patterns],
            color,
            f"{patterns} pattern" + "s" * (patterns > "1"),
        )
    axes.plot([29] * 3, [100, 98.98, 96.70], "kx", markersize=6, label="paper, N = 29")
    axes.set(xlabel="neurons N", ylabel="bit accuracy (%)", ylim=(85, 100.5))
    axes.legend(loc="lower right", ncols=2)
    return figure


def _efficiency(series: dict[str, Any]) -> Figure:
    figure, (left, right) = _figure(7.2, 3.0, 2)
    left.hist(series["time"], bins=30, color=BLUE, alpha=0.85)
    left.axvline(81.2, color="k", linestyle="--", label="paper, mean 81.2 ns")
    left.axvline(113, color="k", linestyle=":", label="paper, worst 113 ns")
    left.set(xlabel="time to solution (ns)", ylabel="trials")
    left.legend(fontsize=8)
    names = [*series["source"], *series["sink"]]
    values = [*series["source"].values(), *series["sink"].values()]
    colors = [BLUE] * len(series["source"]) + [ORANGE] * len(series["sink"])
    right.barh(range(len(names)), values, color=colors)
    right.set_yticks(range(len(names)), [f"{name}" for name in names])
    right.invert_yaxis()
    right.set(xlabel="mean energy (nJ)")
    right.legend(handles=[Patch(color=BLUE, label="delivered by"), Patch(color=ORANGE, label="turned to heat in")])
    right.grid(axis="y", visible=False)
    return figure


def _images(series: dict[str, Any]) -> Figure:
    figure = Figure(figsize=(7.6, 5.4), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=(1.4, 1))
    top, bottom = parts
    for axes, drawing in zip(top.subplots(1, 3, sharey=True), ("plain", "light", "wide"), strict=True):
        for (name, curve), color in zip(series[drawing]["accuracy"].items(), (BLUE, ORANGE, GREEN), strict=True):
            _band(axes, series["distortion"], curve, color, name)
        axes.set(title=f"{drawing} letters", xlabel="distortion", ylim=(50, 101))
        axes.legend(loc="lower left")
    top.axes[0].set_ylabel("bit accuracy (%)")
    side = series["side"]
    grid = bottom.subplots(2, len(series["samples"]))
    for k, sample in enumerate(series["samples"]):
        for axes, bits in zip(grid[:, k], (sample["start"], sample["end"]), strict=True):
            axes.imshow(np.reshape(bits, (side, side)), cmap="Greys", vmin=-1, vmax=1.3)
            axes.set(xticks=[], yticks=[])
            axes.grid(visible=False)
        grid[0, k].set_title(f"{sample['distortion']:.2f}", fontsize=8)
    grid[0, 0].set_ylabel("loaded")
    grid[1, 0].set_ylabel("at rest")
    return figure


def _maxcut(series: dict[str, Any]) -> Figure:
    figure, axes = _figure(5.2, 3.4)
    x, edges = series["neurons"], np.array(series["edges"])
    shown = (
        ("best", "optimum", GREEN),
        ("network", "network", BLUE),
        ("bisection", "random halving", ORANGE),
        ("random", "random cut", GREY),
    )
    for name, label, color in shown:
        share = np.array(series[name]) / edges
        half = 1.96 * share.std(axis=1, ddof=1) / np.sqrt(share.shape[1])
        _band(axes, x, np.stack([share.mean(1), share.mean(1) - half, share.mean(1) + half], axis=1), color, label)
    sizes = np.array((10, 20, 30, 40, 50, 60))
    paper = {
        "optimum": (17.35, 64.25, 139.65, 243.2, 374.85, 532.25),
        "network": (15.95, 57.8, 126.35, 220.35, 340.75, 491.75),
        "0.5-approximation": (12.65, 51.25, 111.95, 197.45, 312.85, 451.0),
    }
    for k, cuts in enumerate(paper.values()):
        axes.plot(sizes, np.array(cuts) / (sizes * (sizes - 1) / 4), "kx", label="paper" if k == 0 else None)
    axes.set(xlabel="nodes N", ylabel="cut / edges", ylim=(0.45, 0.85))
    axes.legend(ncols=2, fontsize=8)
    return figure


def _biqmac(series: dict[str, Any]) -> Figure:
    figure, (left, right) = _figure(8.2, 3.4, 2, width_ratios=(1.3, 1))
    k = np.arange(10)
    left.bar(k - 0.2, series["optimum"], 0.4, color=GREEN, label="optimum")
    left.bar(k + 0.2, list(series["cuts"].values())[-1], 0.4, color=BLUE, label="network, as in the paper")
    left.set(xlabel="g05_60 instance", ylabel="cut", ylim=(420, 570), xticks=k)
    left.legend(loc="upper center", ncols=2, fontsize=7)
    left.grid(axis="x", visible=False)
    best = np.array(series["optimum"])
    gaps = {"this network": 100 * (1 - np.mean(np.array(list(series["cuts"].values())[-1]) / best))}
    for name, cuts in series["software"].items():
        if name != "semidefinite bound":
            gaps[name] = 100 * (1 - np.mean(np.array(cuts) / best[: len(cuts)]))
    order = sorted(gaps, key=lambda name: gaps[name])
    right.barh(
        order, [gaps[name] for name in order], color=[BLUE if name == "this network" else GREY for name in order]
    )
    right.set(xlabel="distance from the optimum (%)")
    right.grid(axis="y", visible=False)
    return figure


def _weights(series: dict[str, Any]) -> Figure:
    figure, (left, right) = _figure(7.6, 3.2, 2)
    _band(left, series["weight"], series["mean"], BLUE, "mean")
    _band(left, series["weight"], series["median"], ORANGE, "median")
    left.plot(0.04, 102, "kx", label="paper, W = 0.04 V")
    left.set(xlabel="weight voltage W (V)", ylabel="time to solution (ns)", ylim=(60, None))
    left.legend()
    for name, label, color in (
        ("edp_mean", "estimate, mean time", BLUE),
        ("edp_median", "estimate, median time", ORANGE),
        ("edp_metered", "metered, mean time", GREEN),
    ):
        right.plot(series["weight"], series[name], marker="o", markersize=3, color=color, label=label)
    right.plot(0.04, 160, "kx", label="paper (printed 0.16 aJ·s)")
    right.set(xlabel="weight voltage W (V)", ylabel="energy × time (aJ·s)", yscale="log")
    right.yaxis.set_major_formatter(ScalarFormatter())
    right.yaxis.set_minor_formatter(ScalarFormatter())
    right.tick_params(axis="y", which="minor", labelsize=7)
    right.legend(fontsize=8)
    return figure


def _wires(series: dict[str, Any]) -> Figure:
    figure, (top, middle, right) = _figure(9.6, 3.4, 3)
    panels = (
        (top, "accuracy", "bit accuracy (%)"),
        (middle, "time", "time to solution (ns)"),
        (right, "energy", "metered energy (nJ)"),
    )
    colors = dict(zip(sorted(series["ladders"], key=int), (BLUE, ORANGE, GREEN, PURPLE), strict=False))
    for axes, name, label in panels:
        for n, ladder in series["ladders"].items():
            _band(axes, series["ohm"], ladder[name], colors[n], f"ladder, N = {n}")
        for drawn in series["drawn"]:
            marker = {"ebeam": "s", "copper": "D"}.get(drawn["process"], "o")
            axes.plot(
                drawn["ohm"],
                drawn[name],
                marker,
                color=colors.get(str(drawn["neurons"]), RED),
                fillstyle="none" if drawn["label"].endswith(" 1×") else "full",
                markeredgecolor=colors.get(str(drawn["neurons"]), RED),
                label=f"drawn, {drawn['label']}, N = {drawn['neurons']}",
            )
        axes.set(xlabel="wire resistance (Ω per cell)", ylabel=label)
        axes.set_xscale("symlog", linthresh=0.1)
    top.set_ylim(50, 102)
    middle.set_yscale("log")
    figure.legend(*top.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=7)
    return figure


_FIGURES: dict[str, Callable[[dict[str, Any]], Figure]] = {
    "recall": _recall,
    "efficiency": _efficiency,
    "images": _images,
    "maxcut": _maxcut,
    "biqmac": _biqmac,
    "weights": _weights,
    "wires": _wires,
}
