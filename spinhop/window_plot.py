"""The V_DW windows of all neurons as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hwlib.writing import write_atomic
from spinhop.point_tables import SHORT, Point

_COLOURS = {"erc_ideal": "#b9c4d6", "erc_drawn": "#3056a0"}


def write_window_plot(path: Path, points: dict[str, Point]) -> Path:
    """Draw each neuron's window as a bar, with the set V_DW, eq. (4) and the recommended value as lines.

    Args:
        path: picture to write.
        points: ``OperatingPointReport.as_dict`` by name of the check.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(9.6, 3.6), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for name, point in points.items():
        low, high = (np.array(point["values"][end]) for end in ("low", "high"))
        neurons = np.arange(len(low))
        width = 0.8 if name == "erc_ideal" else 0.45
        bars = np.maximum(high - low, 0)
        axes.bar(neurons, bars, width, bottom=low, color=_COLOURS[name], label=f"window, {SHORT[name]}")
        shut = neurons[low >= high]
        axes.plot(shut, low[shut], "x", color="#c4552d", label=f"closed, {SHORT[name]}" if len(shut) else None)
    values = (points.get("erc_drawn") or points["erc_ideal"])["values"]
    axes.axhline(values["v_dw"], color="#1d2430", linewidth=1.4, label="V_DW as set")
    axes.axhline(values["eq4"], color="#c4552d", linewidth=1.2, linestyle=":", label="the paper's eq. (4)")
    if values["recommended_v_dw"] is not None:
        axes.axhline(
            values["recommended_v_dw"], color="#2ca02c", linewidth=1.2, linestyle="--", label="recommended"
        )  # fmt: skip
    axes.set(xlabel="neuron", ylabel="V_DW (V)", xlim=(-0.6, len(values["low"]) - 0.4), ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8.5)
    return write_atomic(path, lambda p: figure.savefig(p, format="png", metadata={"Software": None}))
