"""What can be plotted: the numbers of a study's, a yield's or a search's results under their names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hwlib.errors import InputError, cut, shown
from hwlib.quantities import printed_plain, printed_unit
from hwlib.storage.files import refuse_without_descriptors
from hwlib.storage.netcdf import Wanted, read_netcdf
from spinhop.optimize.search_history import HISTORY
from spinhop.optimize.search_results import AXIS, RESULTS
from spinhop.optimize.stored_trials import read_trials
from spinhop.optimize.trial_evaluation import OBJECTIVES
from spinhop.study.study_store import STORE, load_study_results

if TYPE_CHECKING:
    import xarray as xr

CHIP = "variation.chip"
REPEATS = (CHIP, "seed", "variation.seed")  # what is averaged over: another draw of the same thing
_OF_TRIAL = (*OBJECTIVES, "rest_rate")
_STATE = ("design_hash", "done", "problem")
_LARGEST = 1e30  # of any number in SI; beyond it ticks of an axis cannot be counted
_MOST_NAMES = 24  # in a message


@dataclass(frozen=True)
class PlotSource:
    """Results to plot, one row a point.

    Attributes:
        kind: ``study``; ``yield``: made chips of one design; ``search``.
        name: of the study, design or search.
        folder: of the results.
        parameters: what was chosen, by name, shape (points,); texts or numbers.
        numbers: what came out, NaN where there is none.
        units: of numbers and parameters that have one.
        refused: points without numbers.
        missing: points not computed yet.
        on_front: of a search, which trials are on its front; else empty.
        objectives: of a search.
        about: seed and versions, by name.
    """

    kind: Literal["study", "yield", "search"]
    name: str
    folder: Path
    parameters: dict[str, np.ndarray]
    numbers: dict[str, np.ndarray]
    units: dict[str, str]
    refused: int
    missing: int
    on_front: np.ndarray
    objectives: tuple[str, ...]
    about: dict[str, str]

    def parameter(self, name: str, option: str) -> np.ndarray:
        """A parameter's values; the option is for the message of one that is not there."""
        return _named(self.parameters, name, option)

    def number(self, name: str, option: str) -> np.ndarray:
        """A number's values."""
        return _named(self.numbers, name, option)

    def is_numeric(self, name: str) -> bool:
        """Whether a parameter is one of numbers."""
        return self.parameters[name].dtype.kind in "iuf"

    def axis(self, name: str, values: Any) -> tuple[float, str]:
        """How an axis tells some values of a number or parameter.

        Returns:
            The factor from SI to a usual unit, and the name with that unit, short enough for an axis.
        """
        unit = cut(self.units.get(name, ""), 16)
        if unit in ("", "1"):
            return 1.0, cut(name, 60)
        sizes = np.abs(np.asarray(values, float))
        told, factor = printed_unit(float(np.max(sizes, initial=0.0, where=np.isfinite(sizes))), unit)
        return factor, f"{cut(name, 60)} ({told})"

    def told(self, name: str, value: float, digits: int = 4) -> str:
        """A value of a number or parameter, in a usual unit where it has one."""
        return printed_plain(value, cut(self.units.get(name, ""), 16), digits)


def _named(values: dict[str, np.ndarray], name: str, option: str) -> np.ndarray:
    if name not in values:
        names = sorted(values)
        more = ", …" if len(names) > _MOST_NAMES else ""
        raise InputError(f"{option}: {shown(name)}, allowed: {', '.join(names[:_MOST_NAMES])}{more}")
    return values[name]


def open_source(path: Path) -> PlotSource:
    """Read results: a study's or a yield's folder or store, or a search's folder or ``search.nc``.

    Raises:
        InputError: something else, a damaged store, or results of no point.
    """
    search = path / RESULTS if path.is_dir() else path
    if search.suffix == ".nc" and search.is_file():
        return _of_search(search)
    if path.is_file() or not (path.suffix == ".zarr" or (path / STORE).is_dir()):
        what = "no such folder" if not path.exists() else f"neither {STORE} nor {RESULTS} in it"
        raise InputError(f"{path}: no results of sweep, yield or optimize ({what})")
    return _of_study(path)


def _of_study(path: Path) -> PlotSource:
    try:
        data = load_study_results(path)
        done = np.asarray(data["done"].values, bool)
        rows = data.isel(point=np.flatnonzero(done))
        named = {str(name): np.asarray(rows[name].values) for name in rows.variables}
        parameters = {
            str(name): _plain(named[str(name)]) for name in rows.coords if str(name) not in _STATE
        }  # fmt: skip
        numbers = {str(name): named[str(name)].astype(float) for name in rows.data_vars if str(name) not in _STATE}
        problems = _plain(named["problem"])
        _check_sizes(path, parameters | numbers)
        refused = int(np.sum(problems != ""))
    except InputError:
        raise
    except Exception as error:  # of a store that somebody changed Zarr and xarray raise all kinds
        refuse_without_descriptors(path, error)
        raise InputError(f"{path}: damaged, or no store of a study ({type(error).__name__})") from None
    if not done.any():
        raise InputError(f"{path}: no point has been computed yet; run the sweep")
    if refused == done.sum():
        raise InputError(f"{path}: none of its {refused} points has a result: {cut(problems[0], 100)}")
    if "works" in numbers:  # a point without a network does not work
        numbers["works"] = np.where(problems != "", 0.0, numbers["works"])
    kind: Literal["study", "yield"] = "yield" if set(parameters) == {CHIP} else "study"
    return PlotSource(
        kind, _text(data, "study"), path.parent if path.suffix == ".zarr" else path, dict(sorted(parameters.items())),
        dict(sorted(numbers.items())), _units(rows, rows.variables),
        refused, int((~done).sum()), np.zeros(0, bool), (),
        _about(data, "design", "seed", "study_seed", "versions"),
    )  # fmt: skip


def _of_search(path: Path) -> PlotSource:
    axes = _axes_of_search(path.parent)
    wanted = {name: Wanted(("trial",), gaps=True, optional=True) for name in _OF_TRIAL}
    wanted |= {f"{AXIS}{name}": Wanted(("trial",), kind, optional=True) for name, kind in axes.items()}
    data = read_netcdf(path, "results of a search", {**wanted, "on_front": Wanted(("trial",), "b")})
    source = search_source(path.parent, data)
    if len(set(source.objectives)) < len(source.objectives):  # there is a figure of each two
        raise InputError(f"{path}: damaged, or no results of a search (an objective twice)")
    if source.refused == len(source.on_front):
        raise InputError(f"{path}: no design of this search was simulated; nothing to plot")
    _check_sizes(path, source.parameters | source.numbers)
    return source


def search_source(folder: Path, data: xr.Dataset) -> PlotSource:
    """Results of a search to plot.

    Args:
        folder: of the results.
        data: as of ``search_results``.
    """
    numbers = {name: np.asarray(data[name].values, float) for name in _OF_TRIAL if name in data}
    objectives = tuple(name for name in _text(data, "objectives").split(", ") if name in numbers)
    on_front = np.asarray(data["on_front"].values, bool)
    known = np.isfinite([numbers[name] for name in objectives]).all(axis=0) if objectives else np.zeros_like(on_front)
    names = [str(name).removeprefix(AXIS) for name in data.data_vars if str(name).startswith(AXIS)]
    parameters = {name: _plain(data[f"{AXIS}{name}"].values) for name in names}
    return PlotSource(
        "search", _text(data, "design"), folder, parameters, numbers,
        OBJECTIVES | {"rest_rate": "1"} | _units(data, parameters, AXIS),
        int((~known).sum()), 0, on_front, objectives, _about(data, "design", "seed", "versions"),
    )  # fmt: skip


def _units(data: Any, names: Iterable[Any], prefix: str = "") -> dict[str, str]:
    return {str(name): str(data[f"{prefix}{name}"].attrs.get("units", "")) for name in names}


def _check_sizes(path: Path, values: dict[str, np.ndarray]) -> None:
    for name, each in values.items():
        if each.dtype.kind in "iuf":
            large = each[np.isfinite(each) & (np.abs(each) > _LARGEST)]
            if large.size:
                raise InputError(f"{path}: damaged: {cut(name, 60)} is {large[0]:.4g}, allowed up to {_LARGEST:g}")


def _axes_of_search(folder: Path) -> dict[str, Literal["f", "U"]]:
    """Whether each axis is of numbers or of texts, as the trials beside say it; none without them."""
    path = folder / HISTORY
    if not path.is_file():
        return {}
    trials = read_trials(path).trials
    if not trials:
        raise InputError(f"{path}: damaged, or no trials of a search (none in it)")
    return {name: "U" if isinstance(value, str) else "f" for name, value in trials[0].proposed.items()}


def _plain(values: np.ndarray) -> np.ndarray:
    """Numbers as they are; the rest as texts."""
    return values if values.dtype.kind in "iuf" else np.array([str(value) for value in values.tolist()], dtype=object)


def _text(data: xr.Dataset, name: str) -> str:
    return cut(str(data.attrs.get(name, "")), 100)


def _about(data: xr.Dataset, *names: str) -> dict[str, str]:
    return {name.replace("_", " "): cut(str(data.attrs[name]), 400) for name in names if name in data.attrs}
