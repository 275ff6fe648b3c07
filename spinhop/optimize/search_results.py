"""All trials of a search and which are on its front, as xarray, and their file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hwlib.sections.search_fields import SIMILARITY
from spinhop.optimize.search_history import SearchTrial
from spinhop.optimize.search_space import Axis
from spinhop.optimize.trial_evaluation import OBJECTIVES, STAGES

if TYPE_CHECKING:
    import xarray as xr

RESULTS = "search.nc"
AXIS = "axis_"  # before the names of variables that hold where on an axis each trial lies
_MEANINGS = {
    "time": "mean time to solution, as drawn", "energy": "mean energy per trial, as drawn",
    "edp": "time times energy", "area": "of the macro as drawn", "accuracy": "mean of the task's measure",
    "yield": "share of made chips that work", "rest_rate": "share of trials that came to rest",
}  # fmt: skip


def search_results(
    trials: Sequence[SearchTrial], front: Sequence[SearchTrial], axes: list[Axis], about: dict[str, Any]
) -> xr.Dataset:
    """All trials: axes, objectives (NaN where not simulated), violations per stage, and which are on the front."""
    import xarray as xr

    chosen = {trial.number for trial in front}
    data: dict[str, Any] = {}
    for axis in axes:
        found = [axis.value(trial.proposed[axis.name]) for trial in trials]
        meaning = "speed of the network, a factor" if axis.name == SIMILARITY else f"field {axis.name} of the design"
        values = np.array(found, dtype=str if axis.choices else float)
        data[f"{AXIS}{axis.name}"] = ("trial", values, _about(meaning, axis.unit))
    for name, unit in (OBJECTIVES | {"rest_rate": "1"}).items():
        numbers = [trial.judged.values.get(name, np.nan) for trial in trials]
        data[name] = ("trial", np.array(numbers, float), _about(_MEANINGS[name], unit))
    violations = np.array([trial.judged.violations for trial in trials])
    data["violation"] = (("trial", "stage"), violations, _about("by how much a stage is not passed; 0: it is"))
    data["on_front"] = ("trial", np.array([trial.number in chosen for trial in trials]), _about("no other is better"))
    places = {
        "trial": ("trial", [trial.number for trial in trials], _about("number of the design tried")),
        "stage": ("stage", list(STAGES), _about("what is asked of a design, one after the other")),
    }
    return xr.Dataset(data, places, attrs=about)


def _about(meaning: str, unit: str = "1") -> dict[str, str]:
    return {"units": unit, "long_name": meaning}
