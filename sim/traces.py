"""Walls over time, from the events of a recorded trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from hwlib.argument_kinds import takes_kinds
from hwlib.errors import InputError, shown
from hwlib.quantities import array_in_si

_BAND = 1e-4  # of what the walls go: where two outermost walls cross is looked for when it matters by more


class WallPoints(NamedTuple):
    """Points of a wall's way: times in s, positions in m, kinds as of ``sim.result.EVENT_KINDS``, shapes (points,)."""

    time: np.ndarray
    position: np.ndarray
    kind: np.ndarray


def has_walls(result: xr.Dataset) -> bool:
    """Whether a result was recorded with its walls."""
    return "event_wall" in result


def wall_points(result: xr.Dataset, devices: Sequence[int] | np.ndarray | None = None) -> list[WallPoints]:
    """The points of some walls, straight between one and the next within 1e-3 of L.

    Args:
        result: of ``sim.run``, recorded.
        devices: which; default all.

    Raises:
        InputError: a result without walls, or no such device.
    """
    if not has_walls(result):
        raise InputError("result: holds no walls over time; simulate one trial with record=True")
    count = result.sizes["device"]
    try:
        chosen = np.arange(count) if devices is None else np.atleast_1d(np.asarray(devices))
    except ValueError:  # rows of different lengths
        raise InputError(f"devices: found {shown(devices)}, allowed are whole numbers, 0 to {count - 1}") from None
    if chosen.ndim > 1:
        raise InputError(f"devices: shape {chosen.shape}, needs (devices,)")
    if len(chosen) and chosen.dtype.kind not in "iu":
        raise InputError(f"devices: found {shown(chosen.tolist()[0])}, allowed are whole numbers, 0 to {count - 1}")
    if len(chosen) and not 0 <= chosen.min() <= chosen.max() < count:
        raise InputError(f"devices: found {chosen.min()} to {chosen.max()}, allowed 0 to {count - 1}")
    of = result["event_device"].values
    names = ("event_time", "event_wall", "event_kind")
    arrays = [result[name].values for name in names]
    first, last = (np.searchsorted(of, chosen, side=side) for side in ("left", "right"))
    return [WallPoints(*(each[a:b] for each in arrays)) for a, b in zip(first, last, strict=True)]


@takes_kinds
def walls_at(
    result: xr.Dataset, time: float | str | Sequence[float | str] | np.ndarray,
    devices: Sequence[int] | np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Positions of walls in m at any times, within 1e-3 of L; before the trial and after it as at its ends.

    Args:
        result: of ``sim.run``, recorded.
        time: s from the start of the load phase, or texts such as ``"10 ns"``.
        devices: which; default all.

    Returns:
        Shape of ``time`` with the devices as last dimension.

    Raises:
        InputError: as ``wall_points``; or a time that is no number.
    """
    at = array_in_si(time, "s", "time")
    if np.isnan(at).any():
        raise InputError("time: NaN, allowed are numbers in s and texts with a unit")
    walls = [np.interp(at, each.time, each.position) for each in wall_points(result, devices)]
    return np.stack(walls, axis=-1) if walls else np.zeros((*at.shape, 0))


def wall_band(result: xr.Dataset, devices: Sequence[int] | np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The band that some walls fill: times in s, smallest and largest positions in m, straight from point to point.

    Args:
        result: of ``sim.run``, recorded.
        devices: at least one.

    Raises:
        InputError: as ``wall_points``.
    """
    time = np.unique(np.concatenate([each.time for each in wall_points(result, devices)]))
    while True:
        walls = walls_at(result, time, devices)
        crossings = np.concatenate([_crossings(time, walls, walls.argmin(1)), _crossings(time, walls, walls.argmax(1))])
        more = np.union1d(time, crossings)
        if len(more) == len(time):
            return time, walls.min(axis=1), walls.max(axis=1)
        time = more


def _crossings(time: np.ndarray, walls: np.ndarray, outer: np.ndarray) -> np.ndarray:
    """Moments between two times at which the walls that are outermost before and after cross."""
    k = np.flatnonzero(outer[1:] != outer[:-1])
    before, after = outer[k], outer[k + 1]
    apart, then = walls[k, before] - walls[k, after], walls[k + 1, before] - walls[k + 1, after]
    far = np.minimum(abs(apart), abs(then)) > _BAND * np.ptp(walls)
    k, apart, then = k[far], apart[far], then[far]
    return time[k] + (time[k + 1] - time[k]) * apart / (apart - then)
