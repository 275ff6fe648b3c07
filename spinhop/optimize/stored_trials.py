"""Trials of a search, and the result of a single design, as their JSON files hold them, read with suspicion."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ModelWrapValidatorHandler, model_validator

from hwlib.errors import shown
from hwlib.storage.json_files import Finite, StoredModel, read_json
from spinhop.optimize.trial_evaluation import OBJECTIVES, STAGES, Judged
from spinhop.run_folder.provenance import data_hash

_Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
_Value = Finite | _Whole | Annotated[str, Field(max_length=1000)]  # of an axis
_ROUNDING = 1e-9  # relative
_LARGEST = 1e30  # of any number in SI
_RANGES = {name: (0.0, _LARGEST) for name in OBJECTIVES} | {
    "accuracy": (-_LARGEST, 1 + 1e-6), "yield": (0.0, 1.0), "rest_rate": (0.0, 1.0),
}  # fmt: skip


def _that_can_be(values: dict[str, float]) -> dict[str, float]:
    """A measure may be negative, of a cut of negative weights, and rounded."""
    for name, value in values.items():
        low, high = _RANGES.get(name, (-_LARGEST, _LARGEST))
        if not low <= value <= high:  # a NaN is neither
            raise ValueError(f"{shown(name, 40)} is {value:.4g}, allowed {low:.4g} to {high:.4g}")
    return values


_Violation = Annotated[float, Field(ge=0, le=_LARGEST, allow_inf_nan=False)]


class _Bound(StoredModel):
    name: str
    formula: str
    unit: str
    value: Finite
    limit: Finite
    margin: Finite


class _Judged(StoredModel):
    violations: Annotated[list[_Violation], Field(min_length=len(STAGES), max_length=len(STAGES))]
    why: str
    values: Annotated[dict[str, float], AfterValidator(_that_can_be)]
    bounds: list[_Bound]

    @model_validator(mode="after")
    def _one_verdict(self) -> _Judged:
        """A design that holds breaks nothing, and all its trials rest; a product is that of its factors."""
        holds, found = max(self.violations) <= 0, self.values
        if holds and self.why:
            raise ValueError(f"why {shown(self.why, 40)} without a violation")
        if holds and found.get("rest_rate", 1.0) != 1.0:
            raise ValueError(f"rest_rate {found['rest_rate']:.4g} without a violation")
        if {"time", "energy", "edp"} <= {*found}:
            product = found["time"] * found["energy"]
            if not math.isclose(found["edp"], product, rel_tol=_ROUNDING):
                raise ValueError(f"edp {found['edp']:.4g} is not time times energy, {product:.4g}")
        return self

    def judged(self) -> Judged:
        """The same as the search has it."""
        return Judged(**self.model_dump())


class StoredTrial(StoredModel):
    """A proposal and what became of it."""

    number: int
    proposed: Annotated[dict[str, _Value], Field(min_length=1)]
    judged: _Judged
    hash: str


class StoredTrials(StoredModel):
    """The file of a search."""

    key: str
    seed: int
    trials: list[StoredTrial]

    @model_validator(mode="wrap")
    @classmethod
    def _as_written(cls, data: Any, of_kinds: ModelWrapValidatorHandler[StoredTrials]) -> StoredTrials:
        found = of_kinds(data)
        for k, (row, own) in enumerate(zip(data["trials"], _hashes(found.key, data["trials"]), strict=True)):
            if row["hash"] != own:
                raise ValueError(f"trials.{k}: not what the search wrote")
        return found

    @model_validator(mode="after")
    def _in_their_order(self) -> StoredTrials:
        for k, trial in enumerate(self.trials):
            if trial.number != k:
                raise ValueError(f"trial {shown(trial.number, 20)} in place of {k}")
        return self


def with_hashes(key: str, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Trials as they are stored, each with a hash of itself and of those before it.

    A proposal or a result that is changed by hand is noticed by it. Proposing all of them again finds changed proposals
    alone, and takes a time that grows with their square (3.4 s of 520 trials).

    Args:
        key: of the search.
        rows: fields of each trial, plain data.
    """
    rows = list(rows)
    return [{**row, "hash": own} for row, own in zip(rows, _hashes(key, rows), strict=True)]


def _hashes(key: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    before = key
    for row in rows:
        yield (before := data_hash([before, {name: value for name, value in row.items() if name != "hash"}]))


class _StoredDesign(StoredModel):
    key: str
    judged: _Judged


def read_trials(path: Path) -> StoredTrials:
    """Trials of a search.

    Raises:
        InputError: one line with file and field; damaged, or of another kind.
    """
    return read_json(path, StoredTrials, "trials of a search")


def read_judged(path: Path) -> tuple[str, Judged]:
    """Key and result of a single design; errors as of ``read_trials``."""
    stored = read_json(path, _StoredDesign, "result of a design")
    return stored.key, stored.judged.judged()
