"""One number of the paper beside ours, and the verdict."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from sim.tasks.statistics import Interval

Status = Literal["pass", "explained", "differs", "info"]
TOLERANCE, TIME_TOLERANCE = 0.02, 0.05


@dataclass(frozen=True)
class Row:
    """A number, as the paper prints it, as its authors' formula gives it, and as we find it.

    Attributes:
        quantity: what is compared.
        unit: of all values.
        paper: printed (or read from its data); None where the paper has none.
        estimate: the authors' estimate formula evaluated here.
        ideal: on ideal wires, with its 95 % confidence interval.
        drawn: the same on extracted layouts, by name of the layout.
        status: ``pass`` (within tolerance, or the interval holds the paper's value), ``explained``, ``differs``, or
            ``info`` (nothing to compare with).
        note: the reason behind ``explained``, or a remark.
    """

    quantity: str
    unit: str
    paper: float | None = None
    estimate: float | None = None
    ideal: Interval | None = None
    drawn: dict[str, Interval] = field(default_factory=dict)
    status: Status = "info"
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        data = dict(self.__dict__)
        data["ideal"] = _to_list(self.ideal)
        data["drawn"] = {name: _to_list(value) for name, value in self.drawn.items()}
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Row:
        """The inverse of ``as_dict``."""
        drawn = {name: _from_list(value) for name, value in data["drawn"].items()}
        return cls(**{**data, "ideal": _from_list(data["ideal"]), "drawn": drawn})


def _to_list(interval: Interval | None) -> list[float | None] | None:
    """JSON knows no infinity: an open end of an interval is null."""
    return None if interval is None else [x if math.isfinite(x) else None for x in interval]


def _from_list(values: list[float | None] | None) -> Any:
    if values is None:
        return None
    value, low, high = values
    return Interval(
        math.nan if value is None else value, -math.inf if low is None else low, math.inf if high is None else high
    )


def exact(value: float) -> Interval:
    """A value without statistical spread."""
    return Interval(float(value), float(value), float(value))


def compared(
    quantity: str,
    unit: str,
    paper: float,
    *,
    ideal: Interval | None = None,
    estimate: float | None = None,
    tolerance: float = TOLERANCE,
    sample: float = 0.0,
    reason: str = "",
    note: str = "",
) -> Row:
    """A row judged by its ideal value, or, where the paper prints an estimate, by that and then by the ideal value.

    A value agrees within the tolerance, or when the difference is no larger than its 95 % interval. A row with an
    estimate passes when both agree, and can be explained only when the estimate does: it is what the paper prints.

    Args:
        quantity: what is compared.
        unit: of all values.
        paper: the paper's value.
        ideal: our value.
        estimate: the authors' formula.
        tolerance: relative.
        sample: our sample's size over that of the paper, when the paper's value is itself a mean over such a sample:
            the two half-widths add in squares. 0: the paper's value has no spread.
        reason: turns ``differs`` into ``explained``.
        note: remark in every case.
    """
    if ideal is None and estimate is None:
        raise ValueError(f"{quantity}: nothing to compare with the paper")

    def agrees(ours: Interval) -> bool:
        difference = paper - ours.value
        spread = (ours.high - ours.value if difference > 0 else ours.value - ours.low) * math.sqrt(1 + sample)
        spread = spread if math.isfinite(spread) else 0.0  # a single trial has no interval to hide behind
        return abs(difference) <= max(tolerance * abs(paper), spread)

    formula = estimate is None or agrees(exact(estimate))
    good = formula and (ideal is None or agrees(ideal))
    status: Status = "pass" if good else ("explained" if reason and formula else "differs")
    text = "; ".join(part for part in (note, "" if good else reason) if part)
    return Row(quantity, unit, paper, estimate, ideal, {}, status, text)


def summary_of(rows: Iterable[Row]) -> str:
    """How many rows pass, are explained, differ, and have nothing to compare with, in words."""
    counts = Counter(row.status for row in rows)
    compared_rows = counts["pass"] + counts["explained"] + counts["differs"]
    return (
        f"{counts['pass']} of {compared_rows} numbers agree with the paper, {counts['explained']} differ and are "
        f"explained, {counts['differs']} differ; {counts['info']} more have no number of the paper beside them"
    )
