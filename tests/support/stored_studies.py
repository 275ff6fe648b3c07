"""Stores of studies that nobody computed, for what reads them."""

from __future__ import annotations

from spinhop.study.point_evaluation import PointResult
from spinhop.study.study_store import StudyStore


def store_in(folder, columns, results, about=None, units=None):
    """A study's store with these columns and points; None: a point that is not computed. Returns its folder."""
    count = len(results)
    folder.mkdir(parents=True, exist_ok=True)
    named = {"study": "some", "design": "small", "study_seed": "1", "versions": "x 1"}
    store = StudyStore(folder, {"axes": "x"}, [f"h{k}" for k in range(count)], columns, named | (about or {}), units)
    for k, found in enumerate(results):
        if found is not None:
            store.add(k, found)
    store.write()
    return folder


def result(**numbers):
    """A point with these numbers."""
    units = {"time_mean": "s"}
    return PointResult(numbers, {name: (units.get(name, "1"), name) for name in numbers})
