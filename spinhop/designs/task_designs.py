"""Designs that commands make of pictures and graphs, and what they come to, with ideal wires and as drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from hwlib.argument_kinds import takes_kinds
from hwlib.design import Design, completed
from hwlib.errors import FieldsError, InputError
from hwlib.field_words import in_words
from hwlib.task_registry import registered
from hwlib.weight_styles import LINES, RAILS
from spinhop.run_folder.inputs import RESOLVED
from spinhop.run_folder.run_names import run_name
from spinhop.run_folder.stored_results import StoredResults
from spinhop.running import run_design
from spinhop.verdicts.next_step import NextStep
from spinhop.verdicts.read_function import read_function
from spinhop.verdicts.read_verdict import read_limits, read_step
from spinhop.verdicts.task_outcome import TaskOutcome
from spinhop.verdicts.verdict import VerdictLine

if TYPE_CHECKING:
    from spinhop.run_folder.runs import Progress

DRAWN_SECONDS = 30.0  # of an estimate, up to which a command draws its network unasked
_WIRES = {"dendrite_width": 100e-9, "drive_width": 100e-9, "ground_width": 100e-9, "weight_width": 80e-9}
_RECORDED = 5  # trials that the recorded one, held to a smaller error, counts as
_TIME_LIMIT = 5e-6  # s, as the authors' programs


@dataclass(frozen=True)
class Answer:
    """What a task that a command made came to.

    Attributes:
        folder: the run folder.
        ideal: the trials with ideal wires.
        drawn: as drawn; None when nobody asked, or the drawing cannot be extracted.
        lines: the verdict: function, and limits where they were checked.
        step: what to do next.
    """

    folder: Path
    ideal: TaskOutcome
    drawn: TaskOutcome | None
    lines: tuple[VerdictLine, ...]
    step: NextStep

    def rows(self) -> list[dict[str, Any]]:
        """Plain data per case: with ideal wires, below ``drawn`` the same as drawn, or None, and the run's verdict."""
        drawn = [None] * len(self.ideal.cases) if self.drawn is None else self.drawn.cases
        verdict = {line.name: line.data() for line in self.lines} | {"next": self.step.data()}
        return [
            {**case, "drawn": other, **verdict, "folder": str(self.folder)}
            for case, other in zip(self.ideal.cases, drawn, strict=True)
        ]


@takes_kinds
def task_design(task: Mapping[str, Any], *, seed: int = 1, name: str | None = None) -> Design:
    """The paper's network for a task whose files give neurons and weights.

    Weights are on rails, which are shorter than lines, where there are few enough of them.

    Args:
        task: its fields; files by the paths that the user gave, wherever they are.
        seed: of every random draw.
        name: of the design; default made of its kind and files.

    Raises:
        InputError: what is wrong, with the paths as given.
    """
    from sim.tasks.setup import MAX_FREE_NEURONS, paper_design, require_fit

    if "kind" not in task:
        raise InputError(f"task.kind: missing, allowed: {', '.join(registered())}")
    data = paper_design(2).model_dump(exclude={"network", "task"})
    files = list(map(str, task.get("pictures") or [task.get("graph") or "letters"]))
    name = run_name(task["kind"], files) if name is None else name
    data |= {"name": name, "seed": seed, "network": _WIRES, "task": {"time_limit": _TIME_LIMIT, **task}}
    try:
        design = completed(Design.model_validate(data, context={"unread": True}), Path)
    except FieldsError as error:
        raise InputError(*(message for _, message in error.problems)) from None
    except ValidationError as error:
        found = error.errors(include_url=False)
        said = (f"{'.'.join(map(str, each['loc']))}: {in_words(each, Design, data)}" for each in found)
        raise InputError(*said) from None
    programme = design.programme
    assert programme is not None
    if RAILS.refusal(programme.levels, design.topology.joined) is None:
        return design
    if programme.neurons > MAX_FREE_NEURONS:
        try:
            require_fit(programme.levels)
        except InputError as error:
            raise InputError(f"{next(iter(design.task.files().values()))}: {error}") from None
    return design.model_copy(update={"network": design.network.model_copy(update={"weight_style": LINES.name})})


def drawn_seconds(design: Design) -> float:
    """Estimate of what it takes to draw, check, extract and simulate a design, in s on a slow core.

    Twice what nine designs took on a fast one (16 to 100 neurons on rails, 16 to 40 on lines, 1 to 20 trials on e-beam
    with Table I's devices, which often run to their time limit), within a third.
    """
    import sim

    n = design.network.neurons
    starts = sim.starts(design)
    trials = 1 if starts is None else len(starts)
    return 6 + 0.25 * n + (trials + _RECORDED) * 1.5e-4 * n**2


@takes_kinds
def answer(
    design: Design, progress: Progress, *, out: str | Path | None = None, ideal: bool = False, drawn: bool = False,
    engine: str = "auto",
) -> Answer:  # fmt: skip
    """Run a design's task with ideal wires and as drawn, in a run folder with checks and report like any other.

    Args:
        design: of ``task_design``.
        progress: as for ``run_design``; its remarks are made before any trial.
        out: run folder; default ``runs/<design name>``, or with a hash where that is one of other files.
        ideal: only with ideal wires: no layout, no checks, no report.
        drawn: as drawn whatever it costs; else only up to an estimate of ``DRAWN_SECONDS``.
        engine: simulation engine.
    """
    import sim
    from sim.tasks.run_task import ideal_for_task

    assert design.programme is not None
    process = design.load_process()
    remarks = sim.foretold(ideal_for_task(design, process), design, process)
    estimate = drawn_seconds(design)
    if not ideal and not drawn and estimate > DRAWN_SECONDS:
        remarks.append(
            f"{design.name}: {design.network.neurons} neurons as drawn take about {estimate:.0f} s: ideal wires only; "
            "give --drawn for both"
        )
        ideal = True
    goal = "recall ideal" if ideal else "run"
    done = run_design(design, goal, out=out, engine=engine, progress=progress, remarks=remarks)
    results = StoredResults.of(done)
    function = read_function(results, ideal=ideal)
    limits = None if ideal else read_limits(results)
    step = read_step(results, function=function, limits=limits).named(done.folder / RESOLVED)
    extracted = not ideal and bool(done.files(f"{design.task.kind}, drawn"))
    return Answer(
        done.folder, TaskOutcome.of(results.task(ideal=True)),
        TaskOutcome.of(results.task(ideal=False)) if extracted else None,
        (function,) if limits is None else (function, limits), step,
    )  # fmt: skip
