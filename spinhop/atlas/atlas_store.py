"""Points of an atlas that are done: one file that a stopped one goes on from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hwlib.errors import InputError
from hwlib.json_files import read_json
from hwlib.writing import write_atomic
from spinhop.atlas.atlas_points import Found, RulesPoint, TaskPoint
from spinhop.atlas.sized_design import Curve

POINTS = "points.json"


class AtlasStore:
    """Points by curve and N.

    Args:
        folder: where the file lies.
        key: of all that points depend on; those under another key are not used.
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

    def works(self, curve: Curve) -> dict[int, bool]:
        """Whether it worked as simulated, by N."""
        return {n: bool(found["works"]) for n, found in self.trials(curve).items()}

    def keep(self, point: RulesPoint | TaskPoint, found: list[Found]) -> None:
        """Keep what a point came to, in the file too."""
        curves = point.curves if isinstance(point, RulesPoint) else (point.curve,)
        kept = self._rules if isinstance(point, RulesPoint) else self._trials
        for curve, each in zip(curves, found, strict=True):
            kept.setdefault(curve, {})[point.neurons] = each
        data = {"key": self._key, "rules": _rows(self._rules), "trials": _rows(self._trials)}
        text = json.dumps(data)
        write_atomic(self._path, lambda path: path.write_text(text + "\n", encoding="utf-8"))

    def load(self) -> None:
        """Take up what the file has, if it is of this atlas.

        Raises:
            InputError: a damaged file.
        """
        if not self._path.is_file():
            return
        data = read_json(self._path, dict[str, Any], "points of an atlas")
        if data.get("key") != self._key:
            return
        try:
            for name, kept in (("rules", self._rules), ("trials", self._trials)):
                for row in data[name]:
                    kept.setdefault(Curve(**row["curve"]), {})[int(row["neurons"])] = row["found"]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{self._path}: damaged, or no points of an atlas ({type(error).__name__})") from None


def _rows(kept: dict[Curve, dict[int, Found]]) -> list[dict[str, Any]]:
    return [
        {"curve": vars(curve), "neurons": n, "found": each}
        for curve in sorted(kept)
        for n, each in sorted(kept[curve].items())
    ]
