"""Points of an atlas: the rules on a drawn network of some size, and its task simulated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hwlib.design import Design
from hwlib.errors import InputError
from spinhop.atlas.sized_design import Curve, sized, slowed
from spinhop.extracted_network import draw_and_extract
from spinhop.verdicts.verdict import FAILS, UNDETERMINED, TrialCounts

NOT_DRAWN = "drawing"  # in place of a rule's name, where a design cannot be drawn
_MOST = 1e9


@dataclass(frozen=True)
class RulesPoint:
    """The rules on one drawing, for some of its curves.

    Attributes:
        base: the design of the atlas.
        neurons: N.
        curves: of one process and one style.
    """

    base: Design
    neurons: int
    curves: tuple[Curve, ...]


@dataclass(frozen=True)
class TaskPoint:
    """The task of the design, simulated on the drawn network.

    Attributes:
        base: the design of the atlas.
        neurons: N.
        curve: its process, style and s.
    """

    base: Design
    neurons: int
    curve: Curve


Found = dict[str, Any]


def computed(point: RulesPoint | TaskPoint) -> list[Found]:
    """What a point comes to, a dictionary per curve.

    Of rules: ``margins`` by rule, ``errors`` (names of the rules whose violation is one) and ``closes_at``, the N that
    the cells of this network foretell for the end of the V_DW window. Of the task: ``score``, ``ideal`` (the same on
    ideal wires), ``rest_rate``, and ``verdict``, a word of ``spinhop.verdicts``: all trials at rest, and as good as
    required or as ideal wires are; undetermined where that hangs on rounding.
    """
    return _rules(point) if isinstance(point, RulesPoint) else [_task(point)]


def _rules(point: RulesPoint) -> list[Found]:
    import sim

    first = point.curves[0]
    design = sized(point.base, first.process, first.style, point.neurons)
    try:
        network = draw_and_extract(design)
    except InputError:
        return [{"margins": {NOT_DRAWN: -1.0}, "errors": [NOT_DRAWN], "closes_at": None}] * len(point.curves)
    found = []
    for curve in point.curves:
        slow, its = slowed(design, network, curve)
        report = sim.judge(its, slow, design.load_process())
        found.append({
            "margins": {o.rule: max(min(o.margin, _MOST), -_MOST) for o in report.outcomes},
            "errors": sorted(o.rule for o in report.outcomes if o.severity == "error"),
            "closes_at": report.values["closes_at"],
        })  # fmt: skip
    return found


def _task(point: TaskPoint) -> Found:
    import sim
    from hwlib.schematic import ideal_network
    from sim.tasks.kinds import task_of

    design = sized(point.base, point.curve.process, point.curve.style, point.neurons)
    try:
        network = draw_and_extract(design)
    except InputError:
        return {"score": 0.0, "ideal": 0.0, "rest_rate": 0.0, "verdict": FAILS}
    slow, its = slowed(design, network, point.curve)
    process, task = design.load_process(), task_of(slow)
    drawn, ideal = (sim.run_task(each, slow, process) for each in (its, ideal_network(slow, process)))
    score, perfect = (float(each[task.measure].mean()) for each in (drawn, ideal))
    word = as_good(TrialCounts.of(drawn, task), TrialCounts.of(ideal, task), slow.task.required)
    return {"score": score, "ideal": perfect, "rest_rate": float(drawn["rest_rate"]), "verdict": word}


def as_good(drawn: TrialCounts, ideal: TrialCounts, required: float) -> str:
    """Whether drawn wires are as good as required, or as ideal ones are if that is less, whatever is undetermined."""
    words = {drawn.word(min(required, ideal.mean_accuracy(right=right))) for right in (False, True)}
    return words.pop() if len(words) == 1 else UNDETERMINED
