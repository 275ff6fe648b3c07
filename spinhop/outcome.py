"""The outcome of a recall beside that of another: accuracy, rest, time, energy, as numbers and as text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwlib.errors import cut
from hwlib.quantities import human
from spinhop.result_files import SOURCES, read_recall, read_trial

if TYPE_CHECKING:
    import xarray as xr

    from hwlib.network import Network

_NUMBERS = ("accuracy_mean", "recall_rate", "time_mean", "time_median", "time_max", "energy_mean")
_INTERVALS = ("accuracy_interval", "recall_interval")


@dataclass(frozen=True)
class Outcome:
    """What a batch of recall trials came to: the numbers of its dataset, under the dataset's names.

    Attributes:
        trials: how many.
        accuracy_mean, accuracy_interval: mean share of right bits with its 95 % confidence interval.
        recalled: trials with every bit right and at rest.
        recall_rate, recall_interval: their share with its 95 % confidence interval.
        at_rest: trials that came to rest before the limit.
        undetermined: trials whose outcome hangs on rounding.
        time_mean, time_median, time_max: load and convergence in s, over the trials at rest (NaN when none is).
        energy_mean: delivered by all sources per trial in J.
        energy: mean per source and per sink in J, by name.
        v_dw: V (None when the file does not say); v_dw_origin: where it comes from.
    """

    trials: int
    accuracy_mean: float
    accuracy_interval: tuple[float, float]
    recalled: int
    recall_rate: float
    recall_interval: tuple[float, float]
    at_rest: int
    undetermined: int
    time_mean: float
    time_median: float
    time_max: float
    energy_mean: float
    energy: dict[str, float]
    v_dw: float | None = None
    v_dw_origin: str = ""

    @classmethod
    def of(cls, recall: xr.Dataset) -> Outcome:
        """The outcome in the dataset of ``sim.recall``."""
        energy = {
            str(name): float(value)
            for variable, dim in (("energy_source", "source"), ("energy_sink", "sink"))
            for name, value in zip(recall[dim].values, recall[variable].mean("trial").values, strict=True)
        }
        numbers: dict[str, Any] = {name: float(recall[name]) for name in _NUMBERS}
        bounds: dict[str, Any] = {name: tuple(map(float, recall[name].values)) for name in _INTERVALS}
        return cls(
            trials=recall.sizes["trial"], recalled=int(recall["recalled"].sum()), at_rest=int(recall["at_rest"].sum()),
            undetermined=int(recall["undetermined"].sum()), energy=energy, **numbers, **bounds, **_set_point(recall),
        )  # fmt: skip

    def rows(self) -> list[tuple[str, str]]:
        """Label and text of every number."""
        bits, trials = ([100 * bound for bound in bounds] for bounds in (self.accuracy_interval, self.recall_interval))
        return [
            ("accuracy (right bits)", f"{100 * self.accuracy_mean:.1f} % ({bits[0]:.1f} … {bits[1]:.1f})"),
            (
                "recalled (all right, at rest)",
                f"{self.recalled} of {self.trials} ({trials[0]:.0f} … {trials[1]:.0f} %)",
            ),
            ("at rest", f"{self.at_rest} of {self.trials}"),
            ("undetermined", f"{self.undetermined} of {self.trials}"),
            ("time to solution, mean", text(self.time_mean, "s")),
            ("time to solution, longest", text(self.time_max, "s")),
            ("energy per trial", text(self.energy_mean, "J")),
            ("V_DW", set_voltage(self.v_dw, self.v_dw_origin)),
        ]


def _set_point(result: xr.Dataset) -> dict[str, Any]:
    """V_DW and where it comes from, as a dataset says."""
    volts = float(result["v_dw"]) if "v_dw" in result else None
    return {"v_dw": volts, "v_dw_origin": cut(str(result.attrs.get("v_dw_origin", "")), 80)}


def set_voltage(volts: float | None, origin: str) -> str:
    """V_DW and where it comes from, in words."""
    return "–" if volts is None else f"{volts:.4g} V, {origin}"


def side_by_side(outcomes: dict[str, Outcome]) -> list[list[str]]:
    """Rows of label and one text per outcome."""
    columns = [outcome.rows() for outcome in outcomes.values()]
    return [[cells[0][0], *(text for _, text in cells)] for cells in zip(*columns, strict=True)]


def text(value: float, unit: str) -> str:
    """A measured value to four digits, or a dash when there is none."""
    return "–" if np.isnan(value) else human(value, unit, 4)


def as_data(outcome: Outcome) -> dict[str, Any]:
    """Plain data for JSON: NaN becomes None."""
    return {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in vars(outcome).items()}


def read_outcome(path: Path, network: Network | None = None) -> Outcome:
    """The outcome of a recall dataset on disk; arguments and errors as of ``read_recall``."""
    return Outcome.of(read_recall(path, network))


def read_trial_data(path: Path) -> dict[str, Any]:
    """``trial_data`` of one trial's dataset on disk; errors as of ``read_trial``."""
    return trial_data(read_trial(path))


def trial_data(trial: xr.Dataset) -> dict[str, Any]:
    """State, rest, times and energies of one trial's dataset, as plain data."""
    energies = {
        str(name): float(value)
        for variable, dim in (("energy_source", "source"), ("energy_sink", "sink"))
        for name, value in zip(trial[dim].values, trial[variable].values, strict=True)
    }
    asked = "undetermined" in trial  # ngspice does not ask
    times = {name: float(trial[name]) for name in ("time_load", "time_convergence", "time_to_solution")}
    other = (
        {"undetermined": bool(trial["undetermined"]), "other_state": _word(trial["other_state"].values),
         "other_time": float(trial["other_time"])}
        if asked else {"undetermined": None}
    )  # fmt: skip
    facts = {"state": _word(trial["state"].values), "at_rest": bool(trial["at_rest"]), **other, **times}
    return {**facts, "energy": energies, **_set_point(trial)}


def _word(bits: np.ndarray) -> str:
    """Bits as text, undecided ones as ``?``."""
    return "".join("?" if bit < 0 else str(int(bit)) for bit in bits)


def trial_rows(results: dict[str, dict[str, Any]]) -> list[list[str]]:
    """Rows of label and one text per result of ``trial_data``."""
    sums = {kind: sum(data["energy"].get(name, 0.0) for name in SOURCES) for kind, data in results.items()}
    return [
        ["final state", *(data["state"] for data in results.values())],
        ["undetermined", *(_hangs(data) for data in results.values())],
        ["at rest", *("yes" if data["at_rest"] else "no" for data in results.values())],
        ["load", *(text(data["time_load"], "s") for data in results.values())],
        ["time to solution", *(text(data["time_to_solution"], "s") for data in results.values())],
        ["energy", *(text(sums[kind], "J") for kind in results)],
        ["V_DW", *(set_voltage(data["v_dw"], data["v_dw_origin"]) for data in results.values())],
    ]


def _hangs(data: dict[str, Any]) -> str:
    """Whether a trial of ``trial_data`` is undetermined, and what it may come to as well."""
    if not data["undetermined"]:
        return "no" if data["undetermined"] is False else "not asked"
    return f"UNDETERMINED, or {data['other_state']} after {text(data['other_time'], 's')}"
