"""The picture of an atlas: first failing N over s, a panel per weight style, a colour per process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hwlib.storage.writing import write_atomic

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#777777")
_SETTINGS: Any = {"font.size": 9, "svg.hashsalt": "spinhop", "svg.fonttype": "path", "legend.frameon": False}


def draw_atlas(rows: Sequence[dict[str, Any]], largest: int, path: Path) -> None:
    """Draw rows of ``atlas_rows`` as SVG, and a PNG beside it.

    Lines: the first N at which a rule on what the network does is broken. Dotted: the same with wires × s, level by the
    similarity law. Bars: between the largest simulated N that works and the smallest that fails; crosses: undetermined.
    Triangles at the top: none up to the largest N.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    styles = list(dict.fromkeys(row["style"] for row in rows))
    processes = list(dict.fromkeys(row["process"] for row in rows))
    with matplotlib.rc_context(_SETTINGS):
        figure = Figure(figsize=(4.2 * len(styles) + 0.6, 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, len(styles), sharey=True, squeeze=False)[0]
        for panel, style in zip(panels, styles, strict=True):
            for k, process in enumerate(processes):
                mine = [row for row in rows if row["style"] == style and row["process"] == process]
                _draw_curve(panel, mine, largest, COLOURS[k % len(COLOURS)], _shift(k, len(processes)))
            slow = sorted({row["s"] for row in rows})
            panel.set(title=style, xlabel="s (R_P, R_AP, R_M × s, leaks / s)", xscale="log", yscale="log")
            panel.set_xticks(slow, [f"{s:g}" for s in slow])
            sizes = [n for n in (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256) if n <= largest]
            panel.set_yticks(sizes, [str(n) for n in sizes])
            panel.minorticks_off()
            panel.grid(alpha=0.3)
            panel.spines[["top", "right"]].set_visible(False)
        panels[0].set_ylabel("first N that fails")
        panels[-1].legend(handles=_keys(processes, rows), fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        for file, about in ((path, {"Date": None}), (path.with_suffix(".png"), {"Software": None})):
            write_atomic(file, lambda p, about=about, kind=file.suffix[1:]: figure.savefig(  # type: ignore[misc]
                p, format=kind, dpi=150, metadata=about
            ))  # fmt: skip


def _shift(k: int, count: int) -> float:
    """Factor on s that keeps curves apart that lie on each other."""
    return float(1.03 ** (k - (count - 1) / 2))


def _draw_curve(panel: Any, rows: list[dict[str, Any]], largest: int, colour: str, shift: float) -> None:
    known = [row for row in rows if row["works_below"] is not None]
    panel.plot([row["s"] * shift for row in known], [row["works_below"] for row in known], "-o", color=colour, ms=4)
    level = [row for row in rows if row["scaled_wires"] is not None]
    if len(level) > 1:
        panel.plot([row["s"] * shift for row in level], [row["scaled_wires"] for row in level], ":", color=colour, lw=1)
    held = [row["s"] * shift for row in rows if row["works_below"] is None]
    panel.plot(held, [largest * 1.04] * len(held), "^", color=colour, ms=5, mfc="none")
    for row in rows:
        works, fails = row["simulated_works"], row["simulated_fails"]
        if works and fails:
            panel.plot([row["s"] * shift] * 2, [works, fails], "-", color=colour, lw=5, alpha=0.35)
        unsure = [n for n in (row["undetermined_from"], row["undetermined_to"]) if n is not None]
        panel.plot([row["s"] * shift] * len(unsure), unsure, "x", color=colour, ms=5)


def _keys(processes: Sequence[str], rows: Sequence[dict[str, Any]]) -> list[Any]:
    """The legend: of what is drawn."""
    from matplotlib.lines import Line2D

    names = ["".join(c if c.isprintable() and c != "$" else "?" for c in name) for name in processes]
    colours = [COLOURS[k % len(COLOURS)] for k in range(len(names))]
    keys = [Line2D([], [], color=colour, marker="o", ms=4, label=name)
            for name, colour in zip(names, colours, strict=True)]  # fmt: skip
    if any(row["scaled_wires"] is not None for row in rows):
        keys.append(Line2D([], [], color="#444444", ls=":", label="wires × s too"))
    if any(row["simulated_works"] and row["simulated_fails"] for row in rows):
        keys.append(Line2D([], [], color="#444444", lw=5, alpha=0.35, label="simulated: works to fails"))
    if any(row["undetermined_from"] is not None for row in rows):
        keys.append(Line2D([], [], color="#444444", ls="", marker="x", label="simulated: undetermined"))
    if any(row["works_below"] is None for row in rows):
        mark = {"color": "#444444", "ls": "", "marker": "^", "mfc": "none"}
        keys.append(Line2D([], [], **mark, label="rules hold up to the largest N"))  # type: ignore[arg-type]
    return keys
