"""What of a stored trial cannot be, by the design and by its other numbers. No proof that it was simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

    from hwlib.design import Design

IDEAL_WIRES = "ideal"  # attribute wires of a file
_ROUNDING = 1e-9  # relative; of places in L
_LIMIT = 1e-6  # of the time limit, by which a last step may miss it


def impossible_trial(found: xr.Dataset, design: Design) -> str:
    """What of trials contradicts the design or itself: rest, times, steps, walls; empty where nothing does.

    Args:
        found: variables of ``result_files.TRIAL`` with its traces, or of ``result_files.BATCH``.
        design: of the trials.
    """
    length = design.device.track_length
    if "steps" in found and (found["steps"].values < 0).any():
        return "steps is negative"
    # A layout from outside may have longer tracks, and is simulated as it is.
    longest = length if str(found.attrs.get("wires")) == IDEAL_WIRES else np.inf
    for name in ("wall_final", "event_wall"):
        if name in found and not _within(found[name].values, _ROUNDING * length, longest):
            return f"{name} is not on the track"
    return _rest(found, design) or (_course(found, length) if "event" in found.sizes else "")


def _within(wall: np.ndarray, slack: float, longest: float) -> bool:
    return bool(((wall >= -slack) & (wall <= longest + slack)).all())


def _rest(found: xr.Dataset, design: Design) -> str:
    """A trial that does not rest goes on until the time limit of a phase, and none goes on for longer."""
    if not {"time_load", "time_convergence", "at_rest"} <= set(found.variables):
        return ""
    limit, rest = design.task.time_limit, found["at_rest"].values
    phases = {"time_convergence": found["time_convergence"].values}
    if isinstance(design.operating_point.load, str):  # until every wall rests; else as long as the design says
        phases["time_load"] = found["time_load"].values
    for name, time in phases.items():
        if (time > (1 + _LIMIT) * limit).any():
            return f"{name} is longer than the time limit"
    ended = np.any([time >= (1 - _LIMIT) * limit for time in phases.values()], axis=0)
    return "at_rest is false of a trial that ended before the time limit" if (~rest & ~ended).any() else ""


def _course(found: xr.Dataset, length: float) -> str:
    """Every wall's events, which are in order, begin with the trial and end with it, where the wall ends."""
    device, time, wall = (found[f"event_{name}"].values for name in ("device", "time", "wall"))
    last = np.flatnonzero(np.diff(device, append=-1))
    first = np.concatenate([[0], last[:-1] + 1])
    end = float(found["time_to_solution"])
    if (time[first] != 0).any() or not np.allclose(time[last], end, rtol=_ROUNDING, atol=0):
        return "event_time does not go from the trial's beginning to its end"
    final = found["wall_final"].values
    return (
        ""
        if np.allclose(wall[last], final, rtol=0, atol=_ROUNDING * length)
        else "event_wall does not end at wall_final"
    )
