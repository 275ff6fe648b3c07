"""One proposed design: cheap rules first, then drawing, rules on its wires, and the simulation last."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwlib.design import Design, load_design
from hwlib.network import Network
from hwlib.quantities import in_percent
from hwlib.storage.scratch import scratch_folder
from spinhop.extracted_network import draw_and_check
from spinhop.verdicts.verdict import TrialCounts

if TYPE_CHECKING:
    from hwlib.drawing.reader import Drawing

STAGES = ("fields", "rules_ideal", "drawing", "rules_drawn", "task")
_LEAST = 1e-9  # of one that is broken: 0 means that a stage holds
_TOLERANCE = 1e-5  # L per step, as drawn: times and energies to 1e-4, in a third of the time
_MOST = 10.0  # of one violation, and of a stage that was not reached
OBJECTIVES = {"time": "s", "energy": "J", "edp": "J*s", "area": "m^2", "accuracy": "1", "yield": "1"}
LARGE = ("accuracy", "yield")  # objectives that are made large


def two_objectives(objectives: Sequence[str]) -> tuple[str, str]:
    """The two that a picture shows of a search: its first two, or its only one and the energy or time."""
    first, second = (*objectives, "energy" if objectives[0] != "energy" else "time")[:2]
    return first, second


@dataclass
class Judged:
    """What became of a proposed design.

    Attributes:
        violations: one number per stage, 0 where it holds; a stage that was not reached has the largest.
        why: what failed first, in words.
        values: every objective, in SI (``yield`` where it is asked for, of a design that holds), and ``rest_rate``;
            only of a design that reached the simulation. Time and energy of one that holds everywhere count its wires'
            charge where that reaches 1 % (``WireCharge``).
        bounds: what limits it, as of ``design_bounds``; likewise.
    """

    violations: list[float] = field(default_factory=lambda: [_MOST] * len(STAGES))
    why: str = ""
    values: dict[str, float] = field(default_factory=dict)
    bounds: list[dict[str, Any]] = field(default_factory=list)

    @property
    def feasible(self) -> bool:
        """Whether it holds everywhere."""
        return max(self.violations) <= 0

    def passes(self, stage: str, violation: float, why: str) -> bool:
        """Note a stage; whether it holds."""
        self.violations[STAGES.index(stage)] = violation
        if violation > 0:
            self.why = why
        return violation <= 0


def judged(path: Path, chips: int = 0) -> Judged:
    """Judge a design file: every operating-point rule without error and none waived, its drawing clean, its task done.

    Args:
        path: the design; a file inside the folder of the search.
        chips: made chips of its variation that the yield of a design that holds is counted of; 0: none is.
    """
    result = Judged()
    try:
        design = load_design(path)
    except ValueError as error:  # InputError is one
        result.passes("fields", 1.0, str(error).splitlines()[0].partition(": ")[2])
        return result
    result.passes("fields", 0.0, "")
    _judge(design, result, chips)
    return result


def _judge(design: Design, result: Judged, chips: int) -> None:
    import sim
    from sim.engines import check_engine
    from sim.tasks.kinds import task_of
    from sim.tasks.run_task import ideal_for_task
    from spinhop.optimize.design_bounds import design_bounds
    from spinhop.optimize.trial_yield import working_share
    from spinhop.optimize.wire_charge import wire_charge

    process = design.load_process()
    check_engine("auto", design, process)  # which ends the search, and not after many designs that fail before trials
    if not result.passes("rules_ideal", *_rules(ideal_for_task(design, process), design)[:2]):
        return
    with scratch_folder() as folder:
        drawing = _drawn(design, result, folder)
        if drawing is None:
            return
        network, area, opened = drawing
        violation, why, report = _rules(network, design)
        if not result.passes("rules_drawn", violation, why):
            return
        trials = sim.run_task(network, design, process, tolerance=_TOLERANCE)
        task = task_of(design)
        accuracy, (time, energy, rest) = float(trials[task.measure].mean()), task.answer(trials)
        missing = max(design.task.required - accuracy, 0.0) + (1 - rest)
        counts = TrialCounts.of(trials, task)
        if missing <= 0 and not counts.works(design.task.required):  # undetermined
            missing = _LEAST
        unsure = f", {counts.undetermined.sum()} undetermined" if counts.undetermined.any() else ""
        why = f"{task.measure} {accuracy:.4g}, {in_percent(rest)} of the trials at rest{unsure}"
        result.passes("task", missing, why)
        v_dw = float(trials["v_dw"])
        if result.feasible:
            from hwlib.extraction.conductors import with_capacitance

            charged = with_capacitance(network, opened, process)
            charge = wire_charge(charged, design, process, v_dw)
            result.bounds = design_bounds(design, process, report, charge, v_dw, time, energy)
            time, energy = charge.counted(time, energy)
        if result.feasible and chips:
            result.values["yield"] = working_share(design, process, network, chips)
    found = {"time": time, "energy": energy, "edp": time * energy, "area": area, "accuracy": accuracy}
    found |= result.values | {"rest_rate": rest}
    result.values = {name: value for name, value in found.items() if math.isfinite(value)}


def _rules(network: Network, design: Design) -> tuple[float, str, Any]:
    """How far errors miss their requirements, the worst in words, and the report.

    Of each error the logarithm: margins of rules on small currents are hundreds, and still have to show which of two
    designs is nearer.
    """
    import sim

    report = sim.judge(network, design.model_copy(update={"waivers": {}}), design.load_process())
    broken = [o for o in report.outcomes if not o.passed and o.severity == "error"]
    worst = min(broken, key=lambda outcome: outcome.margin, default=None)
    missed = sum(min(math.log1p(max(-outcome.margin, _LEAST)), _MOST) for outcome in broken)
    return missed, f"{worst.rule}: {worst.message}" if worst else "", report


def _drawn(design: Design, result: Judged, folder: Path) -> tuple[Network, float, Drawing] | None:
    """The extracted network, the area of its macro in m², and the layout; None when its drawing has errors."""
    from hwlib.errors import InputError
    from hwlib.extraction import extract

    process = design.load_process()
    try:
        drawn = draw_and_check(design, process, folder)
        why = drawn.errors[0].rule if drawn.errors else ""
        if result.passes("drawing", min(float(len(drawn.errors)), _MOST), why):
            return extract(drawn.opened, process, design), drawn.area, drawn.opened
    except InputError as error:
        result.passes("drawing", _MOST, error.lines[0])
    return None
