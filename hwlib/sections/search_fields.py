"""The ``search`` section of a design file: what an optimiser may change, and what it is to reach."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from hwlib.strict_model import StrictModel
from hwlib.text_form import TextForm
from hwlib.units import Quantity, Whole

Objective = Literal["time", "energy", "edp", "area", "accuracy", "yield"]
AxisName = Annotated[
    str,
    Field(max_length=80),
    TextForm(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,4}$", "a field's path, such as device.tmr"),
]
AxisEnd = str | float
SIMILARITY = "s"


def _each_once(names: tuple[Objective, ...]) -> tuple[Objective, ...]:
    if repeated := next((name for k, name in enumerate(names) if name in names[:k]), None):
        raise ValueError(f"{repeated} twice")
    return names


class SearchFields(StrictModel):
    """Axes and objectives of ``spinhop optimize``."""

    axes: dict[AxisName, tuple[AxisEnd, ...]] = Field(
        min_length=1, max_length=40,
        description="field by its path, as operating_point.weight → [lowest, highest], or names to choose from; "
        "s: RA, R_M, leaks and time limits together",
    )  # fmt: skip
    objectives: Annotated[tuple[Objective, ...], AfterValidator(_each_once)] = Field(
        default=("time", "energy"), min_length=1, max_length=6,
        description="all but accuracy and yield are made small; edp: energy × time; yield: of made chips",
    )  # fmt: skip
    trials: Whole = Field(default=64, ge=1, le=1_000_000, description="designs to try")
    batch: Whole = Field(
        default=8, ge=1, le=1000, description="designs proposed at a time, whatever the number of workers"
    )
    yield_chips: Whole = Field(
        default=32,
        ge=1,
        le=100_000,
        description="made chips that a design's yield is counted of, where it is an objective",
    )
    most_sheet_resistance: Annotated[float, Quantity("ohm", 0.1, 1e9)] = Field(
        default=2000.0, description="per square of the track: how far R_M follows s (200 µΩ·cm at 1 nm)"
    )
