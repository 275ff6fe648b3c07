"""Trials of a search, and the result of a single design, as their JSON files hold them, read with suspicion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from hwlib.json_files import Finite, StoredModel, read_json
from spinhop.optimize.trial_evaluation import STAGES, Judged

_Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
_Value = Finite | _Whole | Annotated[str, Field(max_length=1000)]  # of an axis


class _Bound(StoredModel):
    name: str
    formula: str
    unit: str
    value: Finite
    limit: Finite
    distance: Finite


class _Judged(StoredModel):
    violations: Annotated[list[Finite], Field(min_length=len(STAGES), max_length=len(STAGES))]
    why: str
    values: dict[str, float]
    bounds: list[_Bound]

    def judged(self) -> Judged:
        """The same as the search has it."""
        return Judged(**self.model_dump())


class StoredTrial(StoredModel):
    """A proposal and what became of it."""

    number: int
    proposed: Annotated[dict[str, _Value], Field(min_length=1)]
    judged: _Judged


class StoredTrials(StoredModel):
    """The file of a search."""

    key: str
    seed: int
    trials: list[StoredTrial]


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
