"""Columns of a study's store as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np


def column(values: Sequence[Any]) -> np.ndarray:
    """The values of an axis as an array: whole numbers, numbers, yes or no, or texts."""
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return np.array(values, bool)
    if kinds == {int} and all(abs(value) < 2**63 for value in values):
        return np.array(values, np.int64)
    if kinds <= {int, float} and bool not in kinds:
        return np.array(values, float)
    texts = [", ".join(map(str, value)) if isinstance(value, tuple) else str(value) for value in values]
    return np.array(texts, dtype=object)


class StoredColumn(NamedTuple):
    """A column of a store, and what it says of itself."""

    values: np.ndarray
    attrs: dict[str, Any]

    def without(self, rows: Sequence[int]) -> StoredColumn:
        """The same without some rows."""
        return StoredColumn(np.delete(self.values, rows), self.attrs)


def points_without(columns: Mapping[str, Sequence[Any]], stored: Mapping[str, np.ndarray]) -> int:
    """How many stored points have values of the axes that no point of a study has.

    Args:
        columns: values of each axis at the points of the study.
        stored: the same at the stored points, in the same order of the axes.
    """
    points = set(zip(*(column(values).tolist() for values in columns.values()), strict=True))
    return sum(point not in points for point in zip(*(values.tolist() for values in stored.values()), strict=True))
