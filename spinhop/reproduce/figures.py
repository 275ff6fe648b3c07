"""The figures, as the paper has them and one more, drawn from stored series."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import ScalarFormatter

from hwlib.storage.writing import replacing

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


def _figure(width: float, height: float, columns: int = 1, rows: int = 1, **options: Any) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


def _recall(series: dict[str, Any]) -> Figure:
    figure, axes = _figure(5.6, 3.6)
    for patterns, color in zip("123", (BLUE, ORANGE, GREEN), strict=True):
        neurons, accuracy = np.array(series["neurons"][patterns]), series["accuracy"][patterns]
        several = f"{patterns} pattern" + "s" * (patterns > "1")
        for odd, label, style in ((1, several, "-"), (0, f"{several}, even N (ties)", ":")):
            chosen = np.flatnonzero(neurons % 2 == odd)
            if len(chosen):
                _band(axes, neurons[chosen], [accuracy[k] for k in chosen], color, label, linestyle=style)
    axes.plot([29] * 3, [100, 98.98, 96.70], "kx", markersize=6, label="paper, N = 29")
    axes.set(xlabel="neurons N", ylabel="bit accuracy (%)", ylim=(85, 100.8))
    axes.legend(loc="lower right", ncols=2, fontsize=8)
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
    shown = {"weight": "weight sources", "vdw": "V_DW", "load": "V_C (load)", "wire": "wires"}
    right.set_yticks(range(len(names)), [shown.get(name, f"{name}s") for name in names])
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
        axes.set(title=f"{drawing} letters", xlabel="share of flipped bits", ylim=(50, 101))
        axes.legend(loc="lower left")
    top.axes[0].set_ylabel("bit accuracy (%)")
    side = series["side"]
    grid = bottom.subplots(2, len(series["samples"]))
    for k, sample in enumerate(series["samples"]):
        for axes, bits in zip(grid[:, k], (sample["start"], sample["end"]), strict=True):
            shown = np.where(np.array(bits) < 0, 0.5, bits)  # undecided bits are grey
            axes.imshow(np.reshape(shown, (side, side)), cmap="Greys", vmin=0, vmax=1.2)
            axes.set(xticks=[], yticks=[])
            axes.grid(visible=False)
            axes.spines[:].set_visible(True)
        grid[0, k].set_title(f"{sample['distortion']:.0%} flipped", fontsize=7)
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
    from spinhop.reproduce.biqmac import PAPER_CUTS

    figure, (left, right) = _figure(8.8, 3.6, 2, width_ratios=(1.4, 1))
    k = np.arange(10)
    left.plot(k, series["optimum"], "o", color=GREEN, label="optimum")
    left.plot(k, list(series["cuts"].values())[-1], "s", color=BLUE, label="network")
    left.plot(k, PAPER_CUTS, "kx", label="paper's cuts")
    left.axhline(442.5, color=GREY, linestyle="--", label="random cut (mean)")
    left.set(xlabel="instance k of g05_60.k", ylabel="edges cut", ylim=(430, 580), xticks=k)
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


_PROCESS_COLORS = {"ebeam": BLUE, "copper": ORANGE, "copper_thick": GREEN}
_MARKERS = {"ebeam": "s", "copper": "D", "copper_thick": "^"}


def _wires(series: dict[str, Any]) -> Figure:
    figure, panels = _figure(9.6, 4.2, 3)
    names = (("accuracy", "bit accuracy (%)"), ("time", "time to solution (ns)"), ("energy", "metered energy (nJ)"))
    colors = dict(zip(sorted(series["ladders"], key=int), (BLUE, ORANGE, GREEN, PURPLE), strict=False))
    for axes, (name, label) in zip(panels, names, strict=True):
        for n, ladder in series["ladders"].items():
            _band(axes, series["ohm"], ladder[name], colors[n], f"ladder, N = {n}")
        for drawn in series["drawn"]:
            color = colors.get(str(drawn["neurons"]), RED)
            axes.plot(
                drawn["ohm"], drawn[name], _MARKERS.get(drawn["process"], "v"), color=color, markersize=7,
                fillstyle="full" if drawn["rests"] else "none",
            )  # fmt: skip
            if name == "time":
                short = drawn["label"].split(" ", 1)[1].replace(", centred", "c")
                axes.annotate(
                    short,
                    (drawn["ohm"], drawn[name]),
                    xytext=(5, 4),
                    textcoords="offset points",
                    fontsize=6,
                    color=color,
                )
        axes.set(xlabel="resistance of a dendrite (Ω per cell)", ylabel=label)
        axes.set_xscale("symlog", linthresh=0.3)
        ticks = (0, 0.3, 1, 2, 4)
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
    panels[0].set_ylim(45, 103)
    panels[1].set_yscale("log")
    panels[2].set_yscale("log")
    handles = panels[0].get_legend_handles_labels()[0]
    if series["drawn"]:
        style: Any = {"linestyle": "none", "markersize": 6}
        processes = dict.fromkeys(drawn["process"] for drawn in series["drawn"])
        handles += [
            Line2D([], [], color=GREY, marker=_MARKERS.get(p, "v"), label=f"drawn, {p}", **style) for p in processes
        ]
        handles += [
            Line2D([], [], color=GREY, marker="o", label="drawn: rests, as good as ideal", **style),
            Line2D([], [], color=GREY, marker="o", fillstyle="none", label="drawn: does not rest, or errs", **style),
        ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8)
    return figure


def _search(series: dict[str, Any]) -> Figure:
    figure, axes = _figure(6.4, 3.6)
    for candidate in series["candidates"]:
        process, how = candidate["label"].split(" ", 1)
        color = _PROCESS_COLORS.get(process, GREY)
        axes.plot(candidate["area"], candidate["margin"], "o" if "centred" in how else "s", color=color)
        axes.annotate(
            how.split(",")[0], (candidate["area"], candidate["margin"]), xytext=(5, 3), textcoords="offset points",
            fontsize=7,
        )  # fmt: skip
    axes.axhline(0, color="k", linewidth=0.8)
    axes.set(xlabel="area of the macro (µm²)", ylabel="margin of V_DW in its window (%)", xscale="log")
    style: Any = {"linestyle": "none"}
    handles: list[Any] = [
        Patch(color=c, label=p) for p, c in (("ebeam", BLUE), ("copper", ORANGE), ("copper_thick", GREEN))
    ]
    handles += [
        Line2D([], [], color=GREY, marker=marker, label=f"somas {place}", **style)
        for marker, place in (("s", "on the diagonal"), ("o", "centred"))
    ]
    axes.legend(handles=handles, fontsize=7, ncols=2)
    return figure


def _capacity(series: dict[str, Any]) -> Figure:
    figure, axes = _figure(7.6, 3.2 * len(series), 2, len(series), squeeze=False, sharey=True)
    labels = list(
        dict.fromkeys(label for each in series.values() for wires in ("ideal", "drawn") for label in each[wires])
    )
    colors = dict(zip(labels, matplotlib.color_sequences["tab20"], strict=False))
    for row, (n, each) in zip(axes, series.items(), strict=True):
        for panel, wires in zip(row, ("ideal", "drawn"), strict=True):
            panel.set_visible(bool(each[wires]))
            for label, shares in each[wires].items():
                counts = each["counts"][: len(shares["one"])]
                _band(panel, counts, shares["one"], colors[label], label, linestyle=":" if "≤" in label else "-")
            panel.set(title=f"N = {n}, {wires} wires", xlabel="stored patterns", ylim=(-3, 103))
        row[0].set_ylabel("patterns at rest (%)")
    handles = [
        Line2D([], [], color=colors[label], label=label, linestyle=":" if "≤" in label else "-") for label in labels
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=7)
    return figure


_FIGURES: dict[str, Callable[[dict[str, Any]], Figure]] = {
    "recall": _recall,
    "efficiency": _efficiency,
    "images": _images,
    "maxcut": _maxcut,
    "biqmac": _biqmac,
    "weights": _weights,
    "wires": _wires,
    "search": _search,
    "capacity": _capacity,
}
