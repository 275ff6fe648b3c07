"""Points of an atlas: the rules on a drawn network of some size, and its task simulated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hwlib.design import Design
from hwlib.errors import InputError
from spinhop.atlas.sized_design import Curve, sized, slowed
from spinhop.extracted_network import draw_and_extract

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
    ideal wires), ``rest_rate``, and ``works``: all trials at rest, and as good as required or as ideal wires are.
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
        return {"score": 0.0, "ideal": 0.0, "rest_rate": 0.0, "works": False}
    slow, its = slowed(design, network, point.curve)
    process, measure = design.load_process(), task_of(slow).measure
    result = sim.run_task(its, slow, process)
    ideal = float(sim.run_task(ideal_network(slow, process), slow, process)[measure].mean())
    score, rest = float(result[measure].mean()), float(result["rest_rate"])
    works = rest == 1.0 and score >= min(slow.task.required, ideal)
    return {"score": score, "ideal": ideal, "rest_rate": rest, "works": works}
