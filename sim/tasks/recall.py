"""Recall of a design's stored patterns: starts given, random, or distorted patterns; bits that come back right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from hwlib.design import Design
from hwlib.storage.netcdf import Wanted
from hwlib.task_kinds import RecallFields
from hwlib.weights import bits, stored_patterns
from sim.tasks.images import distort, flipped_bits
from sim.tasks.kinds import CASE, Measure, RunTask, add_cases, differs
from sim.tasks.scores import (
    Added,
    nearest,
    of_unit_1,
    rest_times,
    same_memory,
    score,
    summarise,
    summarise_trials,
)

if TYPE_CHECKING:
    import xarray as xr

    from hwlib.network import Network
    from sim.protocol import Protocol

STARTS_STREAM = 1  # spawn key of the starts; 0 is that of the stored patterns (hwlib.weights.stored_patterns)
DISTORTION = "share of bits to flip, as asked for; rounded to whole bits"
NUMBERS = (
    Measure("accuracy_mean", "accuracy (right bits)", "share", "mean share of right bits", "accuracy_interval"),
    Measure("recalled", "recalled (all right, at rest)", "trials", "all bits right, and at rest", "recall_interval"),
    Measure("recall_rate", "", "share", "share of trials recalled", "recall_interval"),
)
COLUMNS = (
    Measure("distortion", "distortion", "share", DISTORTION),
    Measure("flipped", "flipped bits", "whole", "bits that are flipped: the distortion in whole bits"),
    Measure("trials", "", "whole", "trials"),
    Measure("accuracy_mean", "accuracy", "share", "mean share of right bits"),
    Measure("recalled", "recalled", "whole", "trials with all bits right, and at rest", of="trials"),
    Measure("undetermined", "undetermined", "whole", "trials whose outcome hangs on rounding", of="trials"),
    Measure("time_mean", "time to solution, mean", "time", "mean time to solution of trials at rest"),
)


STATES = Wanted(("trial", "neuron"), "i", optional=True)
RETOLD = {
    "state": STATES, "start": STATES, "pattern": Wanted(("stored", "neuron"), "i", optional=True),
    **{f"{which}_pattern": Wanted(("trial",), "i", optional=True) for which in ("recalled", "loaded")},
    "distortion": Wanted(("trial",), optional=True),
}  # fmt: skip


class Case(NamedTuple):
    """What a start was distorted from.

    Attributes:
        pattern: index of the stored pattern.
        distortion: share of its bits that are flipped, as it was asked for.
        row: index of what is told of it and others together.
    """

    pattern: int
    distortion: float
    row: int


class Recall(RecallFields, RunTask):
    """Recall of stored patterns: from given starts, from distorted patterns, or from random starts."""

    title: ClassVar[str] = "Recall"
    note: ClassVar[str] = "A pattern and its inverse count as one."
    measure: ClassVar[str] = "accuracy"
    measure_label: ClassVar[str] = "accuracy"
    numbers: ClassVar[tuple[Measure, ...]] = NUMBERS
    columns: ClassVar[tuple[Measure, ...]] = COLUMNS
    retold: ClassVar[Mapping[str, Wanted]] = RETOLD
    tolerance: ClassVar[float | None] = 1e-7  # many trials: times and energies within 1e-6, in half the steps

    def unscored(self, design: Design) -> str:
        """Weights from a matrix store no patterns."""
        stores = stored_patterns(design) is not None
        return "" if stores else "the design's weights are a matrix, there are no stored patterns to recall"

    def cases(self, design: Design) -> list[Case]:
        """What the starts are distorted from: every share, and for each the patterns one after the other."""
        patterns = stored_patterns(design)
        count = 0 if patterns is None else len(patterns)
        shares = self.distortion or ()
        return [Case(k % count, share, row) for row, share in enumerate(shares) for k in range(self.trials)]

    def start_bits(self, design: Design, trials: int | None = None) -> np.ndarray:
        """Given starts, distorted patterns, or random ones; from the first again when more are asked for.

        Bits that are drawn for trial t come from ``SeedSequence(design.seed, spawn_key=(1, t))``: they do not depend on
        how many trials there are.
        """
        cases = self.cases(design)
        given = len(self.starts or cases)
        count = trials if trials is not None else given or self.trials
        if self.starts:
            return bits([self.starts[k % given] for k in range(count)])
        if cases:
            patterns = np.asarray(stored_patterns(design))
            drawn = [(cases[k % given], _generator(design.seed, k % given)) for k in range(count)]
            return np.array([distort(patterns[case.pattern], case.distortion, rng) for case, rng in drawn])
        return random_bits(design, count)

    def as_good(self, design: Design, state: np.ndarray, wanted: np.ndarray) -> bool:
        """The state or its inverse."""
        return same_memory(state, wanted)

    def contradiction(self, result: xr.Dataset, design: Design) -> str:
        """Starts, right bits and all that is told of them, from the states and the stored patterns."""
        patterns = stored_patterns(design)
        if patterns is None:
            return ""
        starts = self.start_bits(design, result.sizes["trial"])
        return recall_contradiction(result, np.asarray(patterns), self.cases(design), starts)

    def score(self, result: xr.Dataset, design: Design, network: Network, point: Protocol) -> None:
        """Right bits: of the pattern that was distorted, else of the nearest stored one; or of its inverse."""
        patterns, cases, count = np.asarray(stored_patterns(design)), self.cases(design), result.sizes["trial"]
        cases = [cases[k % len(cases)] for k in range(count)] if cases else []
        added = score_recall(result, patterns, self.start_bits(design, count), cases)
        result.update(added)
        if cases:
            add_cases(result, self.columns, case_rows(result, added, cases))


def random_bits(design: Design, count: int) -> np.ndarray:
    """Random starts of the first so many trials, shape (count, N)."""
    n = design.network.neurons
    return np.array([_generator(design.seed, k).integers(0, 2, size=n, dtype=np.int8) for k in range(count)])


def score_recall(result: xr.Dataset, patterns: np.ndarray, starts: np.ndarray, cases: Sequence[Case]) -> Added:
    """What recall is told by: what is stored and loaded, right bits per trial and over all.

    Args:
        result: dataset of ``sim.run_batch``.
        patterns: stored bits, shape (patterns, N).
        starts: what the trials load, shape (trials, N).
        cases: what each trial's start was distorted from, and so must come back; none: the nearest pattern counts.
    """
    index = np.array([case.pattern for case in cases], int)
    states = result["state"].values
    added: Added = {
        "pattern": (("stored", "neuron"), patterns, of_unit_1("stored bits")),
        "start": (("trial", "neuron"), starts, of_unit_1("bits loaded")),
    }
    added |= score(states, result["at_rest"].values, patterns[index][:, None, :] if cases else patterns)
    added |= summarise(added["accuracy"][1], added["recalled"][1])
    added["recalled_pattern"] = ("trial", nearest(states, patterns), of_unit_1("nearest stored pattern"))
    if cases:
        added["loaded_pattern"] = ("trial", index, of_unit_1("which pattern was distorted"))
        shares = np.array([case.distortion for case in cases])
        added["distortion"] = ("trial", shares, of_unit_1(DISTORTION))
    return added


def recall_contradiction(result: xr.Dataset, patterns: np.ndarray, cases: Sequence[Case], starts: np.ndarray) -> str:
    """What of a stored recall is not what its states come to, as ``RunTask.contradiction``.

    Args:
        result: as it was read; without stored patterns and states, as of early versions, nothing is known.
        patterns: what the design stores, shape (patterns, N).
        cases: of the task; none: the nearest pattern counts.
        starts: what its trials load, shape (trials, N).
    """
    if "state" not in result or "pattern" not in result:
        return ""
    cases = [cases[k % len(cases)] for k in range(result.sizes["trial"])] if cases else []
    added = score_recall(result, patterns, starts, cases)
    rows = case_rows(result, added, cases)
    again = {name: values for name, (_, values, _) in (added | summarise_trials(result)).items()}
    told = {f"{CASE}_{name}": [row[name] for row in rows] for name in (rows[0] if rows else ())}
    return differs(result, again | told)


def case_rows(result: xr.Dataset, added: Added, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """What is told of the trials of each row of cases.

    Args:
        result: dataset of ``sim.run_batch``.
        added: of ``score_recall``.
        cases: what each trial's start was distorted from.
    """
    told = {name: result[name].values for name in ("time_to_solution", "at_rest", "undetermined")}
    told |= {name: added[name][1] for name in ("accuracy", "recalled")}
    rows = []
    for row in dict.fromkeys(case.row for case in cases):
        mine = [k for k, case in enumerate(cases) if case.row == row]
        time, at_rest = told["time_to_solution"][mine], told["at_rest"][mine]
        rows.append({
            "pattern": cases[mine[0]].pattern, "distortion": cases[mine[0]].distortion, "trials": len(mine),
            "flipped": flipped_bits(cases[mine[0]].distortion, result.sizes["neuron"]),
            "accuracy_mean": float(told["accuracy"][mine].mean()), "recalled": int(told["recalled"][mine].sum()),
            "undetermined": int(told["undetermined"][mine].sum()), "time_mean": rest_times(time, at_rest)["mean"],
        })  # fmt: skip
    return rows


def _generator(seed: int, trial: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(STARTS_STREAM, trial)))
