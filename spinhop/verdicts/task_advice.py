"""What helps a task that its network does not do, or does one time and not the next: by the kind of the task."""

from __future__ import annotations

from typing import NamedTuple

from hwlib.design import Design
from spinhop.designs.working_start import command_for


class TaskAdvice(NamedTuple):
    """What is said of a task whose trials fail.

    Attributes:
        reached: what holds where trials fail only by not resting in time.
        change: what to change where ideal wires fail as well.
        rule: whose lever that is; empty: none is known.
        unsure: what to do about an undetermined outcome.
        unsure_rule: whose lever that is; empty: none.
        instead: a command that writes such a design with wires of one that works as drawn; empty: none is known.
    """

    reached: str
    change: str
    rule: str
    unsure: str
    unsure_rule: str = ""
    instead: str = ""


RECALL = TaskAdvice(
    "the bits are right", "change the task or the weights", "drive.pattern",
    "give undetermined trials another start (seed), or patterns that are less alike",
)  # fmt: skip
_KINDS = {
    "recall": RECALL,
    "images": TaskAdvice(
        "the bits are right", "change the pictures or how much they are distorted", "task.images",
        "give undetermined trials other distorted copies (seed), or pictures that are less alike",
    ),
    "maxcut": TaskAdvice(
        "the cut is large enough", "change the starts or the mapping", "task.maxcut",
        "the cut hangs on rounding, so start elsewhere", "task.maxcut",
    ),
}  # fmt: skip
_OTHER = TaskAdvice(
    "the score is what is required", "change the task or the weights", "", "give undetermined trials another seed"
)


def advice_on(design: Design) -> TaskAdvice:
    """What is said of a design's task; at a temperature that comes first, as any task fails where walls wander."""
    advice = _KINDS.get(design.task.kind, _OTHER)
    kelvin = design.operating_point.temperature
    if kelvin is None:
        return advice._replace(instead=command_for(design))
    change = f"see whether it works without its {kelvin:g} K, else {advice.change}"
    return advice._replace(change=change, rule="task.temperature")
