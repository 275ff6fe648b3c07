"""What a kind of task is to the simulator: its trials on a network, and what they came to, as named numbers.

A task is one class: the fields of the design's ``task`` (pydantic), what its files make the network hold (``read``),
its trials, and their score. Commands, run folders, reports and checks take any of them. To add one, derive a class from
``RunTask`` and register it under its kind (``sim.register_task``).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np

from hwlib.design import Design
from hwlib.errors import InputError, shown
from hwlib.storage.netcdf import Wanted
from hwlib.task_kinds import Task, whole_task
from hwlib.task_registry import class_of, registered
from hwlib.weights import stored_patterns

if TYPE_CHECKING:  # a design's task is read without what runs it
    import xarray as xr

    from hwlib.network import Network
    from sim.protocol import Protocol

Style = Literal["share", "trials", "number", "estimate", "whole", "time", "energy", "text", "lines", "yes"]
_ROUNDING, _NOTHING = 1e-9, 1e-15  # relative; what 1 less a share leaves of nothing
CASE = "case"  # the dimension of what is told per distortion, picture or graph


@dataclass(frozen=True)
class Measure:
    """A number or text that a task's trials come to, under one name everywhere: result file, JSON, terminal, page.

    Attributes:
        name: of the variable; one per case is called ``case_<name>`` in the file.
        label: in tables for people; empty: not shown there.
        style: ``share`` of 1; ``trials``: so many of all, kept as yes or no per trial; ``number``; ``estimate``, told
            by four digits; ``whole`` number; ``time`` in s; ``energy`` in J; ``text``; ``lines`` of text; ``yes`` or
            no. A number of a case may be NaN: there is none.
        meaning: what it is.
        interval: name of the variable with its 95 % confidence interval; of ``trials`` that of their share.
        of: per case: what a whole number is so many of.
        unsure: per case: what people are shown instead where ``undetermined`` says that it hangs on rounding.
        if_any: per case: people are shown it only where some case has one that is not 0.
    """

    name: str
    label: str
    style: Style
    meaning: str
    interval: str = ""
    of: str = ""
    unsure: str = ""
    if_any: bool = False

    @property
    def attributes(self) -> dict[str, str]:
        """Unit and meaning, as every variable of a result carries them."""
        return {"units": {"time": "s", "energy": "J"}.get(self.style, "1"), "long_name": self.meaning}


class Shown(NamedTuple):
    """A picture that a task's trials lead to.

    Attributes:
        title: what it shows.
        cells: 1 ON, 0 OFF, −1 undecided, shape (rows, columns).
    """

    title: str
    cells: np.ndarray


class AnswerCost(NamedTuple):
    """What an answer takes, and whether it is one.

    Attributes:
        time: s, mean over the answers.
        energy: J from all sources, likewise.
        rest: share of the answers that are states of rest.
    """

    time: float
    energy: float
    rest: float


class RunTask(Task):
    """A task that networks are simulated with.

    Attributes:
        title: heading of its results.
        note: what a reader of them must know, a sentence; may be empty.
        measure: variable of the result, one number 0 … 1 per trial: how well it did; the verdict takes their mean.
        measure_label: the same in words.
        numbers: what is told of all trials together.
        columns: what is told per case.
        pictured: variables of the result that ``shown`` needs, over trial and neuron.
        retold: variables of the result that ``contradiction`` looks at where it has them, by name.
        tolerance: of walls in trials with ideal wires, as for ``sim.run``; None: its default.
        packages: what it imports that an extra brings: asked for before a trial is run.
    """

    title: ClassVar[str]
    note: ClassVar[str] = ""
    measure: ClassVar[str]
    measure_label: ClassVar[str]
    numbers: ClassVar[tuple[Measure, ...]]
    columns: ClassVar[tuple[Measure, ...]] = ()
    pictured: ClassVar[tuple[str, ...]] = ()
    retold: ClassVar[Mapping[str, Wanted]] = {}
    tolerance: ClassVar[float | None] = None
    packages: ClassVar[tuple[str, ...]] = ()

    def unscored(self, design: Design) -> str:
        """Why there is nothing to compare the trials of this design with; empty when there is."""
        return ""

    def stored(self, design: Design) -> np.ndarray | None:
        """The patterns that the network is to hold, shape (patterns, N); None when it stores none."""
        return stored_patterns(design)

    @abstractmethod
    def start_bits(self, design: Design, trials: int | None = None) -> np.ndarray | None:
        """The bits that the trials load, shape (trials, N); None when they load nothing and start with all walls OFF.

        Args:
            design: the design.
            trials: the first so many; default all.
        """

    def protocols(self, design: Design, point: Protocol, trials: int | None = None) -> list[Protocol]:
        """What is done to the network, trial by trial.

        Args:
            design: the design.
            point: its operating point, and its weights where the network takes any.
            trials: the first so many; default all.
        """
        starts = self.start_bits(design, trials)
        return [point] if starts is None else [replace(point, start=start) for start in starts]

    def as_good(self, design: Design, state: np.ndarray, wanted: np.ndarray) -> bool:
        """Whether a state of the somas is as good an answer as the one that ideal wires end in.

        Args:
            design: the design.
            state: bits, shape (N,).
            wanted: bits, shape (N,).
        """
        return bool(np.array_equal(state, wanted))

    def foretold(self, design: Design, network: Network, point: Protocol) -> list[str]:
        """What can be said before any trial is run, a line each."""
        return []

    @abstractmethod
    def score(self, result: xr.Dataset, design: Design, network: Network, point: Protocol) -> None:
        """Add to the dataset of the trials the measure of each, and all of ``numbers`` and ``columns``."""

    def contradiction(self, result: xr.Dataset, design: Design) -> str:
        """What of a stored result is not what its own states come to on this design; empty where all is.

        Args:
            result: as it was read: ``numbers``, ``columns``, the measure, and what it has of ``retold``.
            design: whose trials they are said to be.
        """
        return ""

    def answer(self, result: xr.Dataset) -> AnswerCost:
        """What an answer took, of scored trials: a trial, where the task does not choose the best of several."""
        return AnswerCost(*(float(result[name]) for name in ("time_mean", "energy_mean", "rest_rate")))

    def answers(self, result: xr.Dataset) -> xr.Dataset | None:
        """What a verdict counts instead of each trial, where the task chooses the best of several.

        Args:
            result: scored trials, or one trial of ``sim.run``.

        Returns:
            ``at_rest``, ``undetermined`` and the measure, over ``trial``: an answer each; None: each trial is one.
        """
        return None

    @classmethod
    def said(cls, cases: Sequence[Mapping[str, Any]]) -> list[str]:
        """What is to be said of cases in words, a line each, beside their table."""
        return []

    def shown(self, result: xr.Dataset, design: Design) -> list[list[Shown]]:
        """Pictures for the report, in rows."""
        return []


def task_of(design: Design) -> RunTask:
    """The task of a design, as one that can be simulated.

    Raises:
        InputError: a kind that is only a description.
    """
    task = whole_task(design.task)
    if not isinstance(task, RunTask):
        raise InputError(f"task.kind: {shown(task.kind)} is described, but nothing here simulates it")
    return task


def refuse_unscored(design: Design) -> None:
    """Refuse a design whose trials there is nothing to compare with.

    Raises:
        InputError: it is one, or as of ``task_of``.
    """
    if why := task_of(design).unscored(design):
        raise InputError(f"{design.task.kind}: {why}")


def run_class(kind: str) -> type[RunTask]:
    """The class of a kind of tasks that can be simulated.

    Raises:
        InputError: there is none of this name.
    """
    found = class_of(kind)
    if found is None or not issubclass(found, RunTask):
        raise InputError(f"task: no kind {shown(kind)} can be simulated; allowed: {', '.join(registered())}")
    return found


def add_cases(result: xr.Dataset, columns: Sequence[Measure], rows: Sequence[Mapping[str, Any]]) -> None:
    """Add what is told per case to a result.

    Args:
        result: dataset of the trials.
        columns: the measures.
        rows: a value of each measure, per case; None: there is none.
    """
    added = {}
    for column in columns:
        values = [row[column.name] for row in rows]
        kind: Any = {"text": str, "lines": str, "whole": np.int64, "yes": bool}.get(column.style, float)
        array = np.array([np.nan if value is None else value for value in values], dtype=kind)
        added[f"{CASE}_{column.name}"] = CASE, array, column.attributes
    result.update(added)


def case_answers(result: xr.Dataset, measure: str) -> xr.Dataset:
    """Answers of cases, as of ``RunTask.answers``, whose trials take turns and have their case's measure.

    Args:
        result: scored trials with ``case_at_rest`` and ``case_undetermined``.
        measure: variable over the trials.
    """
    told = {name: result[f"{CASE}_{name}"].values for name in ("at_rest", "undetermined")}
    told[measure] = result[measure].values[: result.sizes[CASE]]
    return type(result)({name: ("trial", values) for name, values in told.items()})


def differs(result: xr.Dataset, again: Mapping[str, Any]) -> str:
    """Which variable of a stored result is another than what it comes to once more; empty where none is.

    Args:
        result: as it was read.
        again: values by name; those that the result lacks are passed over.
    """
    for name, values in again.items():
        if name not in result:
            continue
        stored, wanted = result[name].values, np.asarray(values)
        numbers = wanted.dtype.kind in "fc"
        same = np.shape(stored) == wanted.shape and (
            np.allclose(stored, wanted, rtol=_ROUNDING, atol=_NOTHING, equal_nan=True)
            if numbers else np.array_equal(stored, wanted)
        )  # fmt: skip
        if not same:
            return f"{name} is not what its states and the design come to"
    return ""
