"""What the figures of a yield show: shares of chips, how they became known, and what the results hang on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinhop.plotting.plot_source import PlotSource
from spinhop.study.chip_yield import HOLDS, ChipShare, chip_results, chip_share, holding
from spinhop.study.number_names import MARGIN
from spinhop.study.sensitivity import Sensitivity, can_analyse, worst_parameters

_MOST_RULES = 12  # the ones that fewest chips keep
_MOST_PARAMETERS = 8
_MOST_HANGING = 3  # rules whose margins are asked what they hang on
_POINTS = 60  # of a course


@dataclass(frozen=True)
class ShareBars:
    """Share of the chips that work, do their task, keep the rules, and each of the rules that fewest keep."""

    shares: dict[str, ChipShare]
    title: str = "share of chips"


@dataclass(frozen=True)
class ShareCourse:
    """The share of chips that work after so many of them."""

    after: list[ChipShare]
    title: str = "share that works against chips"


@dataclass(frozen=True)
class SensitivityBars:
    """What a result hangs on: first-order index of each parameter with its 95 % interval, the largest first."""

    result: str
    most: list[Sensitivity]

    @property
    def title(self) -> str:
        """Of the figure."""
        return f"what {self.result} hangs on"


YieldFigures = ShareBars | ShareCourse | SensitivityBars


def yield_figures(source: PlotSource) -> list[YieldFigures]:
    """The figures of a yield, in the order of a page."""
    results = chip_results(source.numbers)
    works = results["works"]
    ends = np.unique(np.linspace(1, len(works), min(len(works), _POINTS)).round().astype(int))
    found: list[YieldFigures] = [
        ShareBars(chip_shares(source.numbers)), ShareCourse([chip_share(works[:end]) for end in ends]),
    ]  # fmt: skip
    if not can_analyse():
        return found
    outputs = {name: good.astype(float) for name, good in results.items()}
    outputs |= {name.removeprefix(MARGIN): source.numbers[name] for name in tightest(source, _MOST_HANGING)}
    hangs = worst_parameters(source.numbers, outputs)
    return [*found, *(SensitivityBars(name, most[:_MOST_PARAMETERS]) for name, most in hangs.items())]


def tightest(source: PlotSource, most: int) -> list[str]:
    """Margins of rules, the smallest mean first."""
    margins = {name: v[np.isfinite(v)] for name, v in source.numbers.items() if name.startswith(MARGIN)}
    found = {name: float(np.mean(v)) for name, v in margins.items() if len(v)}
    return sorted(found, key=lambda name: found[name])[:most]


def chip_shares(numbers: dict[str, np.ndarray]) -> dict[str, ChipShare]:
    """Of chips that work, do their task, keep the rules, and keep each of the rules that fewest do."""
    shares = {name: chip_share(good) for name, good in chip_results(numbers).items()}
    rules = {n.removeprefix(MARGIN): chip_share(holding(v, HOLDS)) for n, v in numbers.items() if n.startswith(MARGIN)}
    return shares | dict(sorted(rules.items(), key=lambda rule: rule[1].good)[:_MOST_RULES])
