"""The results of a study: one Zarr store with a row per point, of which each is there whole or not at all.

Every chunk is a file that is written whole and renamed; the chunk that says which points are done is written last. A
point that it names therefore has all its numbers, whenever the process was killed. One process writes at a time.
"""

from __future__ import annotations

import math
import os
import shutil
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwlib.argument_kinds import takes_kinds
from hwlib.errors import InputError, StorageError, cut
from hwlib.storage.files import refuse_without_descriptors
from hwlib.storage.made_with import not_ours
from hwlib.storage.netcdf import read_bounded
from spinhop.study.point_evaluation import PointResult
from spinhop.study.store_claims import check_store
from spinhop.study.store_columns import StoredColumn, column, points_without
from spinhop.study.store_contents import (
    column_hash,
    refuse_changed_columns,
    refuse_impossible,
    refuse_other_values,
)

if TYPE_CHECKING:
    import xarray as xr

STORE = "results.zarr"
_NEW, _OLD = ".results-new.zarr", ".results-old.zarr"
_FORMAT = "spinhop-study-2"
_CHUNK = 1024  # points
_HASH, _DONE, _PROBLEM = "design_hash", "done", "problem"
_OWN = {
    _HASH: ("1", "hash of all that a point depends on"),
    _DONE: ("1", "whether the point has been computed"),
    _PROBLEM: ("1", "why a point has no numbers; empty where it has"),
}
_KINDS = {_HASH: "string", _DONE: "bool", _PROBLEM: "string"}
_WHAT = "store of a study"
_WRITTEN = "column_hashes"  # attribute: of the columns that are written when the store is made, name=hash
_RARELY = 20.0  # writing takes at most about one part in so many of the time
_SOON = 1.0  # s: a finished point waits no longer than until another one finishes then


class StudyStore:
    """The store of a study's results, open for one process that adds to it.

    Args:
        folder: of results; nobody else writes there.
        identity: what the results depend on besides the axes, by a word for messages; hashes or short texts.
        hashes: of the points, in their order.
        columns: the values of each axis, in the same order.
        about: attributes for readers: seed, operating point, versions.
        units: of axes, SI; ``1`` of those that it lacks.

    Raises:
        InputError: a damaged store, or one of another study.
    """

    def __init__(
        self, folder: Path, identity: Mapping[str, str], hashes: Sequence[str], columns: Mapping[str, Sequence[Any]],
        about: Mapping[str, Any], units: Mapping[str, str] | None = None,
    ):  # fmt: skip
        self._path, self._hashes, self._units = folder / STORE, list(hashes), units or {}
        self.done = np.zeros(len(hashes), bool)
        self._values: dict[str, np.ndarray] = {}
        self._problems = np.full(len(hashes), "", dtype=object)
        self._about: dict[str, tuple[str, str]] = {}
        self._dirty: set[int] = set()
        self._written, self._took = -math.inf, 0.0
        attributes = {
            "format": _FORMAT, **about, **{f"identity_{word}": text for word, text in identity.items()},
            "coordinates": " ".join([*columns, _HASH]),
        }  # fmt: skip
        _mend(folder)
        if os.path.lexists(self._path):
            self._take_up(folder, identity, attributes, columns)
        else:
            with _named(self._path):
                self._make(folder, attributes, columns)
        self._group = _opened(self._path, "r+")

    def add(self, index: int, result: PointResult) -> None:
        """Add what a point came to; it is written at once, or with those that follow within a second."""
        for name, value in result.values.items():
            if name not in self._values:
                self._about[name] = result.about[name]
                self._values[name] = np.full(len(self._hashes), np.nan)
            self._values[name][index] = value
        self._problems[index] = cut(result.problem, 160)
        self.done[index] = True
        self._dirty.add(index // _CHUNK)
        if time.monotonic() - self._written > max(_SOON, _RARELY * self._took):
            self.write()

    @property
    def refused(self) -> int:
        """How many points have no numbers."""
        return int(sum(map(bool, self._problems)))

    def problem(self, points: int | None = None) -> str:
        """Why most of the points without numbers have none, of the first ``points``; empty where all have some."""
        found = Counter(filter(None, self._problems[:points]))
        return found.most_common(1)[0][0] if found else ""

    @property
    def names(self) -> list[str]:
        """Names of the numbers that some point has."""
        return list(self._values)

    def numbers(self, name: str) -> np.ndarray:
        """A number of every point, NaN where there is none."""
        return self._values.get(name, np.full(len(self._hashes), np.nan))

    def write(self) -> None:
        """Write what has been added and is not yet written."""
        begun = time.monotonic()
        with _named(self._path):
            for chunk in sorted(self._dirty):
                self._write_rows(slice(chunk * _CHUNK, min((chunk + 1) * _CHUNK, len(self._hashes))))
        self._dirty.clear()
        self._written = time.monotonic()
        self._took = self._written - begun

    def _write_rows(self, rows: slice) -> None:
        for name, values in self._values.items():
            if name not in self._group:
                unit, meaning = self._about[name]
                _array(self._group, name, "float64", len(self._hashes), np.nan, unit, meaning)
            self._group[name][rows] = values[rows]
        self._group[_PROBLEM][rows] = self._problems[rows]
        self._group[_DONE][rows] = self.done[rows]  # last: what it names is there

    def _make(self, folder: Path, attributes: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]) -> None:
        """A store with every point and no results, whole or not at all."""
        import zarr

        arrays = {name: column(values) for name, values in columns.items()}
        arrays[_HASH] = np.array(self._hashes, dtype=object)
        written = " ".join(f"{name}={column_hash(array)}" for name, array in arrays.items())
        group = zarr.open_group(folder / _NEW, mode="w", attributes={**attributes, _WRITTEN: written})
        count = len(self._hashes)
        for name, array in arrays.items():
            kind = "str" if array.dtype == object else array.dtype.name
            about = _OWN.get(name, (self._units.get(name, "1"), f"field {name} of the design"))
            _array(group, name, kind, count, _empty(kind), *about)[:] = array
        for name, kind in ((_PROBLEM, "str"), (_DONE, "bool")):
            _array(group, name, kind, count, _empty(kind), *_OWN[name])
        (folder / _NEW).rename(self._path)

    def _take_up(
        self, folder: Path, identity: Mapping[str, str], attributes: Mapping[str, Any],
        columns: Mapping[str, Sequence[Any]],
    ) -> None:  # fmt: skip
        """Take up stored points; a study with more of them gets a store with more rows.

        A point whose values the study has under another hash is of a file as it was before: it is left out.
        """
        stored = _stored(self._path, identity)
        try:
            index = {name: k for k, name in enumerate(self._hashes)}
            before = [str(name) for name in stored[_HASH].values.tolist()]
            strange = [k for k, name in enumerate(before) if name not in index]
            if foreign := points_without(columns, {name: stored[name].values[strange] for name in columns}):
                raise InputError(
                    f"{self._path}: {foreign} points that this study does not have; choose another folder, "
                    "or --force to begin anew"
                )
            stored = {name: each.without(strange) for name, each in stored.items()}
            found = [str(name) for name in stored[_HASH].values.tolist()]
            done = np.flatnonzero(stored[_DONE].values)
            if len({*before}) != len(before):
                raise ValueError
            rows = [index[name] for name in found]
            wanted = {name: column([values[k] for k in rows]) for name, values in columns.items()}
            refuse_other_values(
                self._path, _WHAT, {name: stored[name].values for name in wanted if name in stored}, wanted
            )
            place = np.array(rows, int)[done]
            for name in sorted({*stored} - {*_OWN, *columns}):
                self._values[name] = np.full(len(self._hashes), np.nan)
                self._values[name][place] = np.asarray(stored[name].values, float)[done]
                self._about[name] = (str(stored[name].attrs["units"]), str(stored[name].attrs["long_name"]))
            self._problems[place] = stored[_PROBLEM].values.astype(object)[done]
            self.done[place] = True
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise _damaged(self._path, error) from None
        if before != self._hashes:
            self._grow(folder, attributes, columns)

    def _grow(self, folder: Path, attributes: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]) -> None:
        """Make the larger store beside, with all stored results, and put it in place of the smaller one."""
        self._path.rename(folder / _OLD)
        # From here on _mend puts the old one back, until the new one stands.
        larger = folder / (_NEW + ".rows")
        shutil.rmtree(larger, ignore_errors=True)
        larger.mkdir()
        self._path = larger / STORE
        with _named(self._path):
            self._make(larger, attributes, columns)
        self._group = _opened(self._path, "r+")
        self._dirty = set(range(math.ceil(len(self._hashes) / _CHUNK)))
        self.write()
        self._written, self._took = -math.inf, 0.0
        self._path = self._path.rename(folder / STORE)
        _mend(folder)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Name the store that cannot be written: Zarr does not say which file had no room."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error})") from None


def _stored(path: Path, identity: Mapping[str, str]) -> dict[str, StoredColumn]:
    """The columns of a store of this study."""
    size = _checked(path)
    group = _opened(path, "r")
    _same(path, group, identity)

    def columns() -> dict[str, StoredColumn]:
        return {name: StoredColumn(array[:], dict(array.attrs)) for name, array in group.arrays()}

    found = read_bounded(path, _WHAT, columns, size, "Zarr")
    _refuse_contents(path, {name: each.values for name, each in found.items()}, group.attrs)
    return found


def _refuse_contents(path: Path, columns: Mapping[str, np.ndarray], attributes: Mapping[str, Any]) -> None:
    """Refuse what the store of no study can hold, and axes that are not what the study wrote."""
    axes = str(attributes.get("coordinates", "")).split()
    written = dict(each.split("=", 1) for each in str(attributes.get(_WRITTEN, "")).split() if "=" in each)
    refuse_changed_columns(path, _WHAT, dict.fromkeys([*axes, _HASH, *written]), columns, written)
    numbers = {n: each for n, each in columns.items() if n not in {*_OWN, *axes} and each.dtype.kind == "f"}
    refuse_impossible(path, _WHAT, numbers, columns[_DONE].astype(bool), columns[_PROBLEM].astype(object))


@takes_kinds
def open_study(folder: str | Path) -> xr.Dataset:
    """The results of a study, also of one under way: an xarray dataset over ``point``, loaded when it is used.

    Coordinates are the study's parameters by the path of their field, and ``design_hash``; ``done`` says which points
    have been computed. Numbers in SI with units and meaning.

    Args:
        folder: of the study, or its Zarr store.

    Raises:
        InputError: no store of a study.
    """
    path = _path_of(folder)
    _checked(path)
    return _dataset(path)


def _path_of(folder: str | Path) -> Path:
    folder = Path(folder)
    path = folder if folder.suffix == ".zarr" else folder / STORE
    if not path.is_dir():
        raise InputError(f"{path}: no {_WHAT}")
    return path


def _dataset(path: Path) -> xr.Dataset:
    import xarray as xr

    _opened(path, "r")
    try:
        with warnings.catch_warnings(action="ignore"):  # of a column that is being made
            return xr.open_zarr(path, consolidated=False, chunks=None)
    except Exception as error:  # of a store that somebody changed xarray raises all kinds
        raise _damaged(path, error) from None


def load_study_results(folder: str | Path) -> xr.Dataset:
    """The same in memory, read with suspicion; arguments and errors of ``open_study``."""
    path = _path_of(folder)
    size = _checked(path)
    found = read_bounded(path, _WHAT, partial(_loaded, _dataset(path)), size, "Zarr")
    columns = {str(name): np.asarray(each.values) for name, each in found.variables.items()}
    _refuse_contents(path, columns, _opened(path, "r").attrs)
    return found


def _loaded(data: xr.Dataset) -> xr.Dataset:
    """In memory, and first which points are done: of those all else is there, whoever writes meanwhile."""
    data[_DONE].load()
    return data.load()


def stored_hashes(path: Path, identity: Mapping[str, str]) -> set[str]:
    """The points that a store has, none where there is no store.

    Raises:
        InputError: a damaged store, or one of another study.
    """
    if not os.path.lexists(path):
        return set()
    stored = _stored(path, identity)
    return set(stored[_HASH].values[stored[_DONE].values].tolist())


def rows_of(folder: Path) -> int:
    """How many points the store in a folder has, done or not; 0 without one that can be read."""
    path = folder / STORE
    try:
        return int(_opened(path, "r")[_HASH].shape[0]) if path.exists() and _checked(path) else 0
    except (InputError, KeyError, AttributeError):  # it is told when it is taken up
        return 0


def forget_study(folder: Path) -> None:
    """Remove the store of a folder."""
    _mend(folder)
    if os.path.lexists(folder / STORE):
        (folder / STORE).rename(folder / (_NEW + ".rows"))
        _mend(folder)


def _mend(folder: Path) -> None:
    """Finish or take back what a killed process left half way."""
    if (folder / _OLD).exists() and not (folder / STORE).exists():
        (folder / _OLD).rename(folder / STORE)
    for name in (_NEW, _OLD, f"{_NEW}.rows"):
        if (folder / name).is_dir() and not (folder / name).is_symlink():
            shutil.rmtree(folder / name, ignore_errors=True)
        else:
            (folder / name).unlink(missing_ok=True)
    for path in (folder / STORE).glob("**/*.partial"):  # chunks and metadata that were being written
        path.unlink(missing_ok=True)


def _checked(path: Path) -> int:
    """Bytes that a store's files take, of one that may come from others and is opened next."""
    return check_store(path, _KINDS, _HASH, _WHAT)


def _opened(path: Path, mode: Any) -> Any:
    """The group of a store that has been looked at, or is our own."""
    import zarr

    try:
        group = zarr.open_group(path, mode=mode, zarr_format=3)
        if wrong := not_ours(group.attrs["format"], _FORMAT):
            raise InputError(f"{path}: damaged, or no {_WHAT} ({wrong})")
    except (OSError, InputError):
        raise
    except Exception as error:  # Zarr raises all kinds
        raise _damaged(path, error) from None
    return group


def _damaged(path: Path, error: Exception) -> InputError:
    refuse_without_descriptors(path, error)
    return InputError(f"{path}: damaged, or no {_WHAT} ({type(error).__name__})")


def _same(path: Path, stored: Any, identity: Mapping[str, str]) -> None:
    differs = [word for word, wanted in identity.items() if stored.attrs.get(f"identity_{word}") != wanted]
    if differs:
        raise InputError(
            f"{path}: of another study: its {', '.join(differs)} {'differs' if len(differs) == 1 else 'differ'}; "
            "choose another folder, or --force to begin anew"
        )


def _array(group: Any, name: str, kind: str, count: int, empty: Any, unit: str, meaning: str) -> Any:
    return group.create_array(
        name, shape=(count,), chunks=(min(_CHUNK, count),), dtype=kind, fill_value=empty, dimension_names=["point"],
        attributes={"units": unit, "long_name": meaning},
    )  # fmt: skip


def _empty(kind: str) -> Any:
    return {"str": "", "bool": False, "int64": 0}.get(kind, float("nan"))
