"""A table of the operating-point rules as a run folder holds it, read with suspicion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from hwlib.json_files import Finite, StoredModel, read_json
from hwlib.weight_styles import MAX_NEURONS

_OfNeurons = Annotated[list[Finite], Field(min_length=1, max_length=MAX_NEURONS)]


class _RuleRow(StoredModel, extra="allow"):
    rule: str
    status: str
    severity: str
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


class _PointValues(StoredModel, extra="allow"):
    low: _OfNeurons
    high: _OfNeurons
    centre: _OfNeurons
    margin: _OfNeurons
    low_axon: list[str]
    high_axon: list[str]
    eq4: Finite
    recommended_v_dw: Finite | None
    closes_at: int | None
    v_dw: Finite
    v_dw_origin: str

    @model_validator(mode="after")
    def _one_of_each(self) -> _PointValues:
        lists = (self.low, self.high, self.centre, self.margin, self.low_axon, self.high_axon)
        if len({len(each) for each in lists}) > 1:
            raise ValueError("lists of different lengths")
        return self


class _StoredPoint(StoredModel, extra="allow"):
    rules: list[_RuleRow]
    values: _PointValues


def read_point(path: Path) -> dict[str, Any]:
    """``OperatingPointReport.as_dict`` of one network.

    Raises:
        InputError: one line with file and field; missing, damaged, or of another kind.
    """
    return read_json(path, _StoredPoint, "table of rules").model_dump()
