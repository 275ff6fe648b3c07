"""Points of an atlas that are done: one file that a stopped one goes on from."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from hwlib.errors import InputError, shown
from hwlib.storage.json_files import Finite, Size, StoredModel, read_json
from hwlib.storage.writing import write_text
from hwlib.weight_styles import MAX_NEURONS
from spinhop.atlas.atlas_points import Found, RulesPoint, TaskPoint
from spinhop.atlas.sized_design import Curve
from spinhop.verdicts.verdict import UNDETERMINED, WORKS

POINTS = "points.json"
_Share = Annotated[float, Field(ge=0, le=1)]


class _Curve(StoredModel):
    process: str
    style: str
    s: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    scaled: bool


class _RulesFound(StoredModel):
    margins: dict[str, Finite]
    errors: list[str]
    closes_at: Size | None

    @model_validator(mode="after")
    def _of_rules_that_were_judged(self) -> _RulesFound:
        if strange := sorted(set(self.errors) - set(self.margins)):
            raise ValueError(f"rule {shown(strange[0], 60)} has no margin")
        return self


class _TaskFound(StoredModel):
    score: _Share
    ideal: _Share
    rest_rate: _Share
    verdict: Literal["works", "does not work", "undetermined"]

    @model_validator(mode="after")
    def _one_verdict(self) -> _TaskFound:
        works, rests = self.verdict == WORKS, self.rest_rate == 1.0
        if self.verdict != UNDETERMINED and works != rests and (works or self.score >= self.ideal):
            raise ValueError(f"{self.verdict} with score {self.score:.4g} and {self.rest_rate:.4g} at rest")
        return self


class _PointRow(StoredModel):
    curve: _Curve
    neurons: Annotated[int, Field(ge=2, le=MAX_NEURONS)]


class _RulesRow(_PointRow):
    found: _RulesFound


class _TaskRow(_PointRow):
    found: _TaskFound


class _StoredPoints(StoredModel):
    key: str
    rules: list[_RulesRow]
    trials: list[_TaskRow]

    @model_validator(mode="after")
    def _each_once(self) -> _StoredPoints:
        for rows in (self.rules, self.trials):
            places = Counter((*row.curve.model_dump().values(), row.neurons) for row in rows)
            if twice := [place for place, count in places.items() if count > 1]:
                raise ValueError(f"{twice[0][-1]} neurons of one curve twice")
        return self


class AtlasStore:
    """Points by curve and N.

    Args:
        folder: where the file lies.
        key: of all that points depend on; those under another key are refused.
    """

    def __init__(self, folder: Path, key: str):
        self._path, self._key = folder / POINTS, key
        self._rules: dict[Curve, dict[int, Found]] = {}
        self._trials: dict[Curve, dict[int, Found]] = {}

    @property
    def count(self) -> int:
        """Drawings whose rules were judged, and simulations."""
        drawings = {(c.process, c.style, n) for c, found in self._rules.items() for n in found}
        return len(drawings) + sum(map(len, self._trials.values()))

    def rules(self, curve: Curve) -> dict[int, Found]:
        """What the rules said, by N."""
        return self._rules.get(curve, {})

    def trials(self, curve: Curve) -> dict[int, Found]:
        """What was simulated, by N."""
        return self._trials.get(curve, {})

    def verdicts(self, curve: Curve) -> dict[int, str]:
        """Whether it works as simulated, a word of ``spinhop.verdicts`` by N."""
        return {n: str(found["verdict"]) for n, found in self.trials(curve).items()}

    def keep(self, point: RulesPoint | TaskPoint, found: list[Found]) -> None:
        """Keep what a point came to, in the file too."""
        curves = point.curves if isinstance(point, RulesPoint) else (point.curve,)
        kept = self._rules if isinstance(point, RulesPoint) else self._trials
        for curve, each in zip(curves, found, strict=True):
            kept.setdefault(curve, {})[point.neurons] = each
        data = {"key": self._key, "rules": _rows(self._rules), "trials": _rows(self._trials)}
        text = json.dumps(data)
        write_text(self._path, text + "\n")

    def load(self) -> None:
        """Take up what the file has.

        Raises:
            InputError: a damaged file, or points of another atlas.
        """
        if not os.path.lexists(self._path):
            return
        stored = read_json(self._path, _StoredPoints, "points of an atlas")
        if stored.key != self._key:
            raise InputError(
                f"{self._path}: of another atlas (design, its files, seed, versions or code differ); choose another "
                "folder, or --force to begin anew"
            )
        for rows, kept in ((stored.rules, self._rules), (stored.trials, self._trials)):
            for row in rows:
                kept.setdefault(Curve(**row.curve.model_dump()), {})[row.neurons] = row.found.model_dump()


def _rows(kept: dict[Curve, dict[int, Found]]) -> list[dict[str, Any]]:
    return [
        {"curve": vars(curve), "neurons": n, "found": each}
        for curve in sorted(kept)
        for n, each in sorted(kept[curve].items())
    ]
