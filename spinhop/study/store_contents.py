"""Whether the numbers of a study's store can be those of its points: lost, swapped and forged columns cannot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from hwlib.errors import InputError, cut
from spinhop.run_folder.provenance import data_hash
from spinhop.study.number_names import DRAWING_ERRORS, MARGIN, RULES_BROKEN, UNSURE

_ROUNDING = 1e-9  # relative
_ALWAYS = ("works", UNSURE, "trials", "at_rest", "undetermined", "rest_rate", "energy_mean")  # where there are trials
_TRIALS = "trials"
_LOST = "a point that is done without this number"
_TIMES = ("time_mean", "time_median", "time_max")
_COUNTED = ("at_rest", "undetermined", "recalled")  # of the trials
_SHARES = ("rest_rate", "accuracy_mean", "recall_rate")
_NOT_NEGATIVE = (*_TIMES, "energy_mean", "area", DRAWING_ERRORS, RULES_BROKEN)
_WHOLE = (_TRIALS, *_COUNTED, DRAWING_ERRORS, RULES_BROKEN)


def refuse_other_values(
    path: Path, what: str, stored: Mapping[str, np.ndarray], wanted: Mapping[str, np.ndarray]
) -> None:  # fmt: skip
    """Refuse axes that are not those of the points.

    Args:
        path: the store.
        what: its kind in messages.
        stored: values of each axis as they are stored, shape (points,).
        wanted: the same as the study has them.

    Raises:
        InputError: one line with the column.
    """
    for name, values in wanted.items():
        if name not in stored or not np.array_equal(stored[name], values):
            raise _refused(path, what, name, "not the values of this study's points")


def column_hash(values: np.ndarray) -> str:
    """Hash of a column's values, by which a store whose study is not known can be compared with what was written."""
    return data_hash(values.tolist())[:16]


def refuse_changed_columns(
    path: Path, what: str, names: Iterable[str], stored: Mapping[str, np.ndarray], hashes: Mapping[str, str]
) -> None:  # fmt: skip
    """Refuse columns that are written once, the axes of a study, and are gone or not what was written.

    Args:
        path: the store.
        what: its kind in messages.
        names: of these columns.
        stored: all columns.
        hashes: of columns when they were written.

    Raises:
        InputError: one line with the column.
    """
    for name in names:
        if name not in stored:
            raise _refused(path, what, name, "the store says that it has this axis")
        if column_hash(stored[name]) != hashes.get(name):
            raise _refused(path, what, name, "not the values that the study wrote")


def refuse_impossible(
    path: Path, what: str, numbers: Mapping[str, np.ndarray], done: np.ndarray, problems: np.ndarray
) -> None:  # fmt: skip
    """Refuse numbers that no point can have, or that contradict each other.

    A number that the store lacks is compared with nothing.

    Args:
        path: the store.
        what: its kind in messages.
        numbers: by name, NaN where there is none, shape (points,).
        done: which points have been computed.
        problems: why a point has no numbers; empty where it has.

    Raises:
        InputError: one line with the column.
    """
    refused = done & (problems != "")
    for name, values in numbers.items():
        if np.isfinite(values[refused]).any():
            raise _refused(path, what, name, "a number of a point that has none")
    good = done & ~refused
    if not good.any():
        return
    of_good = {name: values[good] for name, values in numbers.items()}
    for name, reason in _faults(of_good):
        raise _refused(path, what, name, reason)


def _faults(numbers: Mapping[str, np.ndarray]) -> Iterator[tuple[str, str]]:
    """Columns of points with numbers that cannot be, and why."""
    yield from _gaps(numbers)
    for name, allowed, good in (
        *((name, "0 or 1", lambda values: np.isin(values, (0, 1))) for name in ("works", UNSURE)),
        *((name, "0 to 1", lambda values: (values >= 0) & (values <= 1 + _ROUNDING)) for name in _SHARES),
        *((name, "0 or more", lambda values: values >= 0) for name in _NOT_NEGATIVE),
        *((name, "whole numbers", lambda values: values == np.round(values)) for name in _WHOLE),
    ):
        known = _known(numbers.get(name))
        if (wrong := known[~good(known)]).size:
            yield name, f"{wrong[0]:.4g}, allowed {allowed}"
    yield from _contradictions(numbers)


def _gaps(numbers: Mapping[str, np.ndarray]) -> Iterator[tuple[str, str]]:
    needed = [name for name in _ALWAYS if name in numbers]
    if {"trials", "at_rest", "rest_rate"} & {*needed}:
        needed = [*_ALWAYS]
    if RULES_BROKEN in numbers or any(name.startswith(MARGIN) for name in numbers):
        needed.append(RULES_BROKEN)
    for name in needed:
        if name not in numbers:
            yield name, "is missing"
        elif np.isnan(numbers[name]).any():
            yield name, _LOST
    # Some points may lack a rule that others have; one that none has, has no column.
    yield from ((n, _LOST) for n, each in numbers.items() if n.startswith(MARGIN) and np.isnan(each).all())


def _contradictions(numbers: Mapping[str, np.ndarray]) -> Iterator[tuple[str, str]]:
    if _TRIALS in numbers:
        trials = numbers[_TRIALS]
        for name in _COUNTED:
            if name in numbers and ((numbers[name] < 0) | (numbers[name] > trials)).any():
                yield name, "more than there are trials"
        if not np.allclose(numbers["rest_rate"] * trials, numbers["at_rest"], rtol=_ROUNDING, atol=_ROUNDING):
            yield "rest_rate", "not at_rest over trials"
        if (numbers[UNSURE] > np.minimum(numbers["undetermined"], 1 - numbers["works"])).any():
            yield UNSURE, "of a point that works, or without an undetermined trial"
        for name in _TIMES:  # over trials at rest
            if name in numbers and (np.isfinite(numbers[name]) != (numbers["at_rest"] > 0)).any():
                yield name, "a time, of no trial at rest, or none of some"
    for name, values in numbers.items():
        for end, sign in (("low", 1), ("high", -1)):
            far = None if name in _COUNTED else numbers.get(f"{name}_{end}")  # older stores: of its share
            if far is not None and (sign * (far - values) > _ROUNDING * np.abs(values)).any():  # a NaN is not
                yield f"{name}_{end}", f"on the other side of {cut(name, 40)}"


def _known(values: np.ndarray | None) -> np.ndarray:
    return np.zeros(0) if values is None else values[~np.isnan(values)]


def _refused(path: Path, what: str, name: str, reason: str) -> InputError:
    return InputError(f"{path / cut(name, 60)}: damaged, or no {what} ({reason})")
