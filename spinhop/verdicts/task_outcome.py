"""The outcome of a task's trials beside that of others: scores, rest, time, energy, as numbers and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwlib.errors import cut
from hwlib.quantities import printed
from sim.energies import SOURCES
from spinhop.run_folder.result_files import read_trial

if TYPE_CHECKING:
    import xarray as xr

    from sim.tasks.kinds import Measure, RunTask


@dataclass(frozen=True)
class TaskOutcome:
    """What the trials of a task came to: the numbers of its dataset, under the dataset's names.

    Attributes:
        task: the class of the kind of tasks, which says what its numbers are.
        trials: how many.
        numbers: the task's own, by name: a value, a count of trials, or an interval.
        at_rest: trials that came to rest before the limit.
        undetermined: trials whose outcome hangs on rounding.
        time_mean, time_median, time_max: load and convergence in s, over the trials at rest (NaN when none is).
        energy_mean: delivered by all sources per trial in J.
        energy: mean per source and per sink in J, by name.
        v_dw: V (None when the file does not say); v_dw_origin: where it comes from.
        cases: what the task tells per distortion, picture or graph, by name of the column; empty where it has none.
    """

    task: type[RunTask]
    trials: int
    numbers: dict[str, Any]
    at_rest: int
    undetermined: int
    time_mean: float
    time_median: float
    time_max: float
    energy_mean: float
    energy: dict[str, float]
    v_dw: float | None = None
    v_dw_origin: str = ""
    cases: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, result: xr.Dataset) -> TaskOutcome:
        """The outcome in the dataset of ``sim.run_task``."""
        from sim.tasks.kinds import run_class

        task = run_class(str(result.attrs.get("task", "recall")))
        energy = {
            str(name): float(value)
            for variable, dim in (("energy_source", "source"), ("energy_sink", "sink"))
            for name, value in zip(result[dim].values, result[variable].values.mean(axis=0), strict=True)
        }
        times: dict[str, Any] = {f"time_{name}": float(result[f"time_{name}"]) for name in ("mean", "median", "max")}
        return cls(
            task=task, trials=result.sizes["trial"], numbers=_numbers(task, result),
            at_rest=int(result["at_rest"].values.sum()), undetermined=int(result["undetermined"].values.sum()),
            energy=energy, energy_mean=float(result["energy_mean"]), cases=_cases(task, result), **times,
            **_set_point(result),
        )  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        """One of the task's own numbers."""
        if name.startswith("_") or name == "numbers" or name not in self.numbers:
            raise AttributeError(name)
        return self.numbers[name]

    def rows(self) -> list[tuple[str, str]]:
        """Label and text of every number."""
        own = [(number.label, self.number(number)) for number in self.task.numbers if number.label]
        return [
            *own,
            ("at rest", f"{self.at_rest} of {self.trials}"),
            ("undetermined", f"{self.undetermined} of {self.trials}"),
            ("time to solution, mean", text(self.time_mean, "s")),
            ("time to solution, longest", text(self.time_max, "s")),
            ("energy per trial", text(self.energy_mean, "J")),
            ("V_DW", set_voltage(self.v_dw, self.v_dw_origin)),
        ]

    def number(self, number: Measure) -> str:
        """The text of one of the task's numbers, with its interval where it has one."""
        value, share = self.numbers[number.name], number.style == "share"
        said = f"{value} of {self.trials}" if number.style == "trials" else shown_value(number, value)
        if not number.interval:
            return said
        low, high = (100 * bound for bound in self.numbers[number.interval])
        return f"{said} ({low:.1f} … {high:.1f})" if share else f"{said} ({low:.0f} … {high:.0f} %)"

    def headline(self) -> tuple[str, str]:
        """The task's first number without its interval, and what it is."""
        first = self.task.numbers[0]
        return shown_value(first, self.numbers[first.name]), self.task.measure_label

    def case_table(self) -> tuple[list[str], list[list[str]]]:
        """Columns and cells of what is told per case."""
        return case_table(self.task, self.cases)


def case_table(task: type[RunTask], cases: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Columns and cells of what a kind of tasks tells per case."""
    columns = [
        column for column in task.columns
        if column.label and (not column.if_any or any(case[column.name] for case in cases))
    ]  # fmt: skip
    return [column.label for column in columns], [[_cell(column, case) for column in columns] for case in cases]


def _cell(column: Measure, case: Mapping[str, Any]) -> str:
    if column.unsure and case["undetermined"]:
        return column.unsure
    value = case[column.name]
    return f"{value} of {case[column.of]}" if column.of else shown_value(column, value)


def _numbers(task: type[RunTask], result: xr.Dataset) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number in task.numbers:
        values = result[number.name].values
        found[number.name] = int(values.sum()) if number.style == "trials" else values.item()
        if number.interval:
            found[number.interval] = tuple(map(float, result[number.interval].values))
    return found


def _cases(task: type[RunTask], result: xr.Dataset) -> list[dict[str, Any]]:
    """What a result tells per case, as plain data; a number that there is none of is None."""
    if "case" not in result.sizes:
        return []
    columns = {column.name: result[f"case_{column.name}"].values.tolist() for column in task.columns}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    lines = {column.name for column in task.columns if column.style == "lines"}
    return [
        {name: value.splitlines() if name in lines else _or_none(value) for name, value in row.items()} for row in rows
    ]


def _or_none(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value


def shown_value(measure: Measure, value: Any) -> str:
    """A task's number or text, for people."""
    if _or_none(value) is None:
        return "–"
    if measure.style == "yes":
        return "yes" if value else "no"
    if measure.style == "share":
        return f"{100 * value:g} %" if measure.name == "distortion" else f"{100 * value:.1f} %"
    if measure.style in ("time", "energy"):
        return text(value, "s" if measure.style == "time" else "J")
    digits = {"number": 10, "estimate": 4}.get(measure.style)
    return f"{value:.{digits}g}" if digits else str(value)


def _set_point(result: xr.Dataset) -> dict[str, Any]:
    """V_DW and where it comes from, as a dataset says."""
    volts = float(result["v_dw"]) if "v_dw" in result else None
    return {"v_dw": volts, "v_dw_origin": cut(str(result.attrs.get("v_dw_origin", "")), 80)}


def set_voltage(volts: float | None, origin: str) -> str:
    """V_DW and where it comes from, in words."""
    return "–" if volts is None else f"{printed(volts, 'V')}, {origin}"


def side_by_side(outcomes: dict[str, TaskOutcome]) -> list[list[str]]:
    """Rows of label and one text per outcome."""
    columns = [outcome.rows() for outcome in outcomes.values()]
    return [[cells[0][0], *(text for _, text in cells)] for cells in zip(*columns, strict=True)]


def text(value: float, unit: str) -> str:
    """A measured value to four digits, or a dash when there is none."""
    return "–" if np.isnan(value) else printed(value, unit)


def as_data(outcome: TaskOutcome) -> dict[str, Any]:
    """Plain data for JSON: NaN becomes None; ``cases`` only where there are some."""
    data = {name: value for name, value in vars(outcome).items() if name not in ("task", "numbers")} | outcome.numbers
    if not outcome.cases:
        del data["cases"]
    return {name: _or_none(value) for name, value in data.items()}


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
