"""Figures of a yield, drawn into axes; each gives the texts of its marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hwlib.errors import cut, harmless
from spinhop.plotting.yield_figures import SensitivityBars, ShareBars, ShareCourse

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spinhop.study.chip_yield import ChipShare

INK = "#1d2430"  # of texts and intervals; a page puts its own in place of it
_CHARACTERS = 28  # of a name beside a bar


def draw_shares(axes: Axes, figure: ShareBars, colours: Sequence[str]) -> dict[str, list[str]]:
    """A bar a result, the first on top, with its interval."""
    names, shares = list(figure.shares), list(figure.shares.values())
    ends = [[s.value - s.low for s in shares], [s.high - s.value for s in shares]]
    results = 3  # works, task, rules; the rest are single rules
    bars = axes.barh(
        range(len(names)), [s.value for s in shares], xerr=np.maximum(ends, 0), height=0.65, capsize=3, ecolor=INK,
        color=[colours[0] if k < results else colours[5] for k in range(len(names))],
    )  # fmt: skip
    tips = {}
    for k, (patch, share) in enumerate(zip(bars.patches, shares, strict=True)):
        patch.set_gid(f"share{k}")
        tips[f"share{k}"] = [f"{names[k]}: {told_share(share)}"]
    _names(axes, names)
    axes.set(xlabel="share of chips", xlim=(0, 1.02))
    return tips


def draw_course(axes: Axes, figure: ShareCourse, colours: Sequence[str]) -> dict[str, list[str]]:
    """The share with its interval as a band, against the chips that were judged."""
    from matplotlib.ticker import MaxNLocator

    chips = [share.chips for share in figure.after]
    axes.fill_between(
        chips, [s.low for s in figure.after], [s.high for s in figure.after], color=colours[0], alpha=0.2, linewidth=0
    )
    axes.plot(chips, [s.value for s in figure.after], color=colours[0], linewidth=1.4)
    axes.scatter(chips, [s.value for s in figure.after], s=14, color=colours[0], zorder=3, gid="course")
    axes.set(xlabel="chips judged", ylabel="share that works", ylim=(-0.02, 1.02))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return {"course": [f"works: {told_share(share)}" for share in figure.after]}


def draw_sensitivity(axes: Axes, figure: SensitivityBars, colours: Sequence[str]) -> dict[str, list[str]]:
    """A bar a parameter, the most important on top, with its interval; pale where that holds 0."""
    tips = {}
    names = [f"{each.parameter}, {each.by}" for each in figure.most]
    bars = axes.barh(
        range(len(names)), [each.share for each in figure.most], xerr=[each.half for each in figure.most], height=0.65,
        capsize=3, ecolor=INK, color=[colours[1] if each.sure else colours[4] for each in figure.most],
    )  # fmt: skip
    for k, (patch, each) in enumerate(zip(bars.patches, figure.most, strict=True)):
        patch.set_gid(f"hangs{k}")
        tips[f"hangs{k}"] = [
            f"{figure.result}: {each.share:.3g}{_half(each.half)} of the variance by the {each.by} of {each.parameter}"
        ]
    _names(axes, names)
    axes.set(xlabel=f"share of the variance of {cut(figure.result, 40)}")
    return tips


def _half(half: float) -> str:
    return f" ± {half:.2g}" if math.isfinite(half) else " (too few chips differ for an interval)"


def told_share(share: ChipShare) -> str:
    """In words, with the interval."""
    return f"{share.good} of {share.chips} chips, {share.value:.4g} ({share.low:.4g} … {share.high:.4g})"


def _names(axes: Axes, names: list[str]) -> None:
    axes.set_yticks(range(len(names)), [harmless(cut(name, _CHARACTERS)) for name in names])
    axes.invert_yaxis()
