"""Questions that ``Network.validate`` asks of its arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hwlib.errors import InputError, shown
from hwlib.nets import NetClass
from hwlib.quantities import refuse_masked


def within(values: np.ndarray, end: float) -> bool:
    """Whether all values are from 0 to below an end."""
    return bool(np.all((values >= 0) & (values < end)))


def is_array(values: object, kinds: str) -> bool:
    """Whether it is an array with dimensions, of NumPy's kinds of numbers that are given, and nothing is masked."""
    if not isinstance(values, np.ndarray) or np.ma.is_masked(values):
        return False
    return values.ndim > 0 and values.dtype.kind in kinds


def positive(values: np.ndarray) -> bool:
    """Whether all values are finite and above 0."""
    return bool(np.all(np.isfinite(values) & (values > 0)))


def check_devices(r_p: np.ndarray, r_ap: np.ndarray, pillar_centre: np.ndarray, length: np.ndarray) -> None:
    """Refuse devices whose numbers, each possible alone, contradict one another.

    Args:
        r_p: pillar resistances, parallel, in Ω, shape (devices,).
        r_ap: antiparallel, likewise.
        pillar_centre: centres of the pillars from the DW_IN ends of their tracks in m, likewise.
        length: track lengths in m, likewise.

    Raises:
        InputError: R_AP below R_P, or a pillar whose centre is beyond its track, naming the first device.
    """
    if len(below := np.flatnonzero(r_ap < r_p)):
        k = below[0]
        raise InputError(f"network: r_ap: {r_ap[k]:g} ohm at device {k}, allowed from r_p on, {r_p[k]:g} ohm")
    if len(beyond := np.flatnonzero(pillar_centre >= length)):
        k = beyond[0]
        found = f"{pillar_centre[k]:g} m at device {k}"
        raise InputError(f"network: pillar_centre: {found}, allowed below its track's length, {length[k]:g} m")


def check_classes(classes: Sequence[object]) -> None:
    """Refuse what is no class of nets.

    Raises:
        InputError: naming it.
    """
    for each in classes:
        if not isinstance(each, NetClass):
            raise InputError(f"classes: {shown(each)}, allowed: classes of hwlib.nets, as LINE")


def checked_indices(values: Any, count: int) -> np.ndarray:
    """Indices of some of ``count`` devices, or a yes or no of each, as whole numbers.

    Raises:
        InputError: something else.
    """
    refuse_masked(values, "devices")
    array = np.asarray(values)
    if array.dtype == bool and array.shape == (count,):
        array = np.flatnonzero(array)
    if array.ndim != 1 or array.dtype.kind not in "iu" or not within(array, count):
        raise InputError(f"devices: {shown(values)}, allowed: whole numbers from 0 to {count - 1}")
    return array
