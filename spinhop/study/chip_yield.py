"""``spinhop yield``: the share of made chips that work, until it is known as precisely as asked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from scipy import stats

from hwlib.argument_kinds import takes_kinds
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.quantities import plain_number, whole_number
from sim.tasks.statistics import LEVEL
from spinhop.pages.docs_links import see
from spinhop.run_folder.inputs import read_design
from spinhop.runtime.executor import Advance, check_workers, executor
from spinhop.study.number_names import DRAWING_ERRORS, MARGIN, RULES_BROKEN, UNSURE
from spinhop.study.point_evaluation import evaluated
from spinhop.study.sensitivity import Sensitivity, can_analyse, worst_parameters
from spinhop.study.study_fields import MOST_POINTS, AxisRange, study_of
from spinhop.study.study_store import StudyStore, rows_of
from spinhop.study.sweep_runner import StudyPlan, held_store

_ROUND = 16  # chips between two looks at the precision, whatever the number of workers
BROKEN_RULES = (RULES_BROKEN, DRAWING_ERRORS)
HOLDS = -1e-9  # margin: a limit met exactly holds


@dataclass(frozen=True)
class ChipShare:
    """A share of chips.

    Attributes:
        good: chips that do.
        chips: looked at.
        low, high: Clopper and Pearson's interval, 95 %.
    """

    good: int
    chips: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share."""
        return self.good / self.chips


@dataclass(frozen=True)
class ChipYield:
    """How many chips work.

    Attributes:
        works: chips that do their task and keep the rules.
        task: chips that do their task: every trial at rest, with the required score.
        undetermined: chips of which it hangs on rounding whether they do their task; they count as not doing it.
        rules: chips that keep every rule of severity error, those of the drawing too.
        by_rule: chips that keep each rule, also those that only warn.
        refused: chips without a network, with a reason in the store; they count as not working.
        problem: the reason of most of these; empty without any.
        precise: whether half the interval of ``works`` is as small as asked.
        folder: of the store, for ``open_study``.
        sensitivity: what each result hangs on: ``works``, ``task``, ``rules`` and the margin of each rule, where it
            varies; empty without SALib, and of fewer than 48 chips.
    """

    works: ChipShare
    task: ChipShare
    rules: ChipShare
    by_rule: dict[str, ChipShare]
    undetermined: int
    refused: int
    problem: str
    precise: bool
    folder: Path
    sensitivity: dict[str, list[Sensitivity]]


def chip_share(good: np.ndarray) -> ChipShare:
    """The share of chips for which something holds, shape (chips,), at least one."""
    count, chips = int(np.sum(good)), len(good)
    interval = stats.binomtest(count, chips).proportion_ci(LEVEL, method="exact")
    return ChipShare(count, chips, float(interval.low), float(interval.high))


@takes_kinds
def yield_of(
    design_path: str | Path, folder: str | Path | None = None, *, wires: Literal["ideal", "drawn"] = "drawn",
    chips: int = 1000, precision: float = 0.05, trials: int | None = None, workers: int | None = 1,
    scheduler: str | None = None, client: Any = None, fresh: bool = False,
    progress: Advance = lambda done, total: None,
) -> ChipYield:  # fmt: skip
    """Judge the chips that a design's ``variation`` makes, one after the other, until their share is known.

    Chips are numbered from 0. After every 16 the interval of those that work is looked at; half of it at or below
    ``precision`` ends the count. (So stopped, the interval still covers 94 % or more.) Which chips are counted does not
    depend on the number of workers, and a stopped count goes on.

    Args:
        design_path: the design file, with a section ``variation``.
        folder: of results; default ``yields/<design name>``.
        wires: drawn and extracted, or ideal.
        chips: most chips.
        precision: half of the interval, 0 … 1.
        trials: of the task, the first so many; default all.
        workers: as of ``spinhop.runtime.executor``.
        scheduler: likewise; its workers must see the folders.
        client: a ``dask.distributed.Client`` in place of both; it stays open.
        fresh: forget stored chips.
        progress: called with (chips judged, most chips).

    Raises:
        InputError: a design without variation, numbers out of range, or what ``sweep`` raises.
    """
    chips = whole_number(chips, "chips", most=MOST_POINTS)
    precision = plain_number(precision, "precision", least=1e-3, most=0.5)
    plan = _plan(Path(design_path), folder, wires, chips, trials)
    elsewhere = scheduler is not None or client is not None
    check_workers(workers, None)
    with ExitStack() as stack:
        processes = stack.enter_context(executor(scheduler=scheduler, client=client)) if elsewhere else None
        store = stack.enter_context(held_store(plan, fresh))
        counted = 0
        progress(int(store.done.sum()), chips)
        while counted < chips and not (counted and _precise(store, counted, precision)):
            begun, counted = counted, min(counted + _ROUND, chips)
            missing = [k for k in range(begun, counted) if not store.done[k]]
            if not missing:
                continue
            if processes is None:
                processes = stack.enter_context(executor(workers))
            try:
                for k, result in processes.finished(evaluated, [plan.sent(k) for k in missing]):
                    store.add(missing[k], result)
                    progress(int(store.done.sum()), chips)
            finally:
                store.write()
        return _counted(store, counted, precision, plan.folder)


def _plan(
    design_path: Path, folder: str | Path | None, wires: Literal["ideal", "drawn"], chips: int, trials: int | None
) -> StudyPlan:
    design = read_design(design_path, drawn=wires == "drawn")
    if design.variation is None:
        raise InputError(f"{design_path}: no section 'variation'; {see('studies', 'made-chips')}")
    if wires == "ideal":
        _refuse_of_layouts(design_path, design)
    folder = Path("yields") / design.name if folder is None else Path(folder)
    rows = max(chips, rows_of(folder))  # chips that are stored stay, also where fewer are asked for
    axis = AxisRange(low=0, high=rows - 1, count=rows) if rows > 1 else (0,)
    study = study_of(
        design_path, design.folder, name=design.name, design=design_path.name, wires=wires, rules=True, trials=trials,
        axes={"variation.chip": axis},
    )  # fmt: skip
    return StudyPlan(study, str(design_path), folder)


def _refuse_of_layouts(design_path: Path, design: Design) -> None:
    """Refuse a variation that ideal wires cannot have: every chip would be refused, and told as one that fails."""
    import sim
    from sim.tasks.run_task import ideal_for_task

    process = design.load_process()
    assert design.variation is not None
    try:
        sim.sampled_chip(ideal_for_task(design, process), process, design.variation)
    except InputError as error:
        raise InputError(f"{design_path}: {error}") from None


def holding(values: np.ndarray, least: float) -> np.ndarray:
    """Of each chip whether its number is at least so large; without one it is not."""
    return np.nan_to_num(values, nan=-math.inf, posinf=math.inf) >= least


def chip_results(numbers: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Whether each chip works, does its task, keeps the rules, by ``works``, ``task``, ``rules``; shape (chips,).

    Args:
        numbers: of a yield's store, by name; without ``BROKEN_RULES`` no rule was judged.
    """
    task = holding(numbers["works"], 1.0)
    rules = np.logical_and.reduce([numbers.get(name, np.zeros(len(task))) == 0 for name in BROKEN_RULES])
    return {"works": task & rules, "task": task, "rules": rules}


def _results(store: StudyStore, counted: int) -> dict[str, np.ndarray]:
    names = ["works", RULES_BROKEN, *([DRAWING_ERRORS] if DRAWING_ERRORS in store.names else [])]
    return chip_results({name: store.numbers(name)[:counted] for name in names})


def _precise(store: StudyStore, counted: int, precision: float) -> bool:
    share = chip_share(_results(store, counted)["works"])
    return (share.high - share.low) / 2 <= precision


def _counted(store: StudyStore, counted: int, precision: float, folder: Path) -> ChipYield:
    outputs = _results(store, counted)
    names = [name for name in store.names if name.startswith(MARGIN)]
    by_rule = {name.removeprefix(MARGIN): chip_share(holding(store.numbers(name)[:counted], HOLDS)) for name in names}
    refused = int(np.isnan(store.numbers("works")[:counted]).sum())
    results = {name: good.astype(float) for name, good in outputs.items()}
    results |= {name.removeprefix(MARGIN): store.numbers(name)[:counted] for name in names}
    numbers = {name: store.numbers(name)[:counted] for name in store.names}
    works, does, keeps = (chip_share(good) for good in outputs.values())
    unsure = int((store.numbers(UNSURE)[:counted] == 1).sum())
    return ChipYield(
        works, does, keeps, by_rule, unsure, refused, store.problem(counted), _precise(store, counted, precision),
        folder, worst_parameters(numbers, results) if can_analyse() else {},
    )  # fmt: skip
