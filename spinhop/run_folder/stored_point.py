"""A table of the operating-point rules as a run folder holds it, read with suspicion."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from hwlib.errors import InputError, shown
from hwlib.findings import Finding
from hwlib.storage.json_files import Finite, Size, StoredModel, read_json
from hwlib.weight_styles import MAX_NEURONS

if TYPE_CHECKING:
    from hwlib.design import Design

_ROUNDING = 1e-9  # of a limit that is met exactly
_OfNeurons = Annotated[list[Finite | None], Field(min_length=1, max_length=MAX_NEURONS)]


class _RuleRow(StoredModel, extra="allow"):
    rule: str
    status: Literal["pass", "error", "warning", "waived"]
    severity: Literal["error", "warning"]
    margin: Finite | None
    measured: Finite | None
    required: Finite | None
    x: Finite | None
    y: Finite | None
    unit: str
    where: str
    state: str
    formula: str
    source: str
    reason: str

    @model_validator(mode="after")
    def _one_verdict(self) -> _RuleRow:
        if self.status not in ("pass", "waived", self.severity):
            raise ValueError(f"a rule whose violation is {self.severity} has status {self.status}")
        if self.margin is not None and (self.margin >= -_ROUNDING) != (self.status == "pass"):
            raise ValueError(f"status {self.status} with margin {self.margin:.4g}")
        return self


class _PointValues(StoredModel, extra="allow"):
    low: _OfNeurons
    high: _OfNeurons
    centre: _OfNeurons
    margin: _OfNeurons
    low_axon: list[str | None]
    high_axon: list[str | None]
    eq4: Finite
    recommended_v_dw: Finite | None
    closes_at: Size | None
    v_dw: Finite
    v_dw_origin: str
    ohm_per_cell: dict[str, Finite] | None = None
    design: str | None = None  # early versions do not say
    seed: int | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> _PointValues:
        lists = (self.low, self.high, self.centre, self.margin, self.low_axon, self.high_axon)
        if len({len(each) for each in lists}) > 1:
            raise ValueError("lists of different lengths")
        if any(len({value is None for value in neuron}) > 1 for neuron in zip(*lists, strict=True)):
            raise ValueError("a neuron with a part of a window")
        if all(value is None for value in self.low):
            raise ValueError("no neuron has a window")
        return self


class _StoredPoint(StoredModel, extra="allow"):
    rules: list[_RuleRow]
    waivers: dict[str, str] | None = None
    values: _PointValues


def read_point(path: Path) -> dict[str, Any]:
    """``OperatingPointReport.as_dict`` of one network.

    Raises:
        InputError: one line with file and field; missing, damaged, or of another kind.
    """
    return read_json(path, _StoredPoint, "table of rules").model_dump()


def refuse_other_design(path: Path, point: dict[str, Any], design: Design) -> None:
    """Refuse a table of rules that is of another design than the folder's.

    Args:
        path: of the table.
        point: its content.
        design: the folder's.

    Raises:
        InputError: saying in what they differ.
    """
    values = point["values"]
    for what, said, here in (
        ("neurons", len(values["low"]), design.network.neurons), ("waivers", point["waivers"], dict(design.waivers)),
        ("design", values["design"], design.name), ("seed", values["seed"], design.seed),
    ):  # fmt: skip
        if said is not None and said != here:
            raise InputError(
                f"{path}: damaged, or of another design ({what} {shown(said, 40)}, here {shown(here, 40)})"
            )


def refuse_contradiction(path: Path, point: dict[str, Any], findings: Sequence[Finding], beside: str) -> None:
    """Refuse a table whose rules that do not hold are not the findings of the same check.

    Args:
        path: of the table.
        point: its content.
        findings: of the check.
        beside: name of their file, for the message.

    Raises:
        InputError: naming a rule.
    """
    rows = Counter(_row(r["status"], r) for r in point["rules"] if r["status"] != "pass")
    found = Counter(_row(f.severity, vars(f)) for f in findings)
    if other := (rows - found) + (found - rows):
        rule = min(other)[0]
        raise InputError(f"{path}: damaged, or of another check than {beside}: they differ in rule {shown(rule)}")


def _row(verdict: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    """What a table and a list of findings both say of a rule that does not hold."""
    numbers = (row[name] for name in ("measured", "required", "x", "y"))
    return (
        row["rule"],
        verdict,
        row["unit"],
        *(repr(v if v is not None and math.isfinite(v) else None) for v in numbers),
    )
