"""What to do next about a verdict: which rule decides, and what in the design moves it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwlib.errors import harmless
from spinhop.verdicts.levers import Lever, lever_of
from spinhop.verdicts.task_advice import RECALL, TaskAdvice
from spinhop.verdicts.verdict import BROKEN, FAILS, NOT_CHECKED, RESTS, UNDETERMINED, WORKS, VerdictLine

if TYPE_CHECKING:
    from hwlib.findings import Finding

_DESIGN = "DESIGN"  # the file of the user
_WIRES = ("drive.path", "ir.")  # rules that say which wires a failing network loses its voltage on


@dataclass(frozen=True)
class NextStep:
    """What to do next.

    Attributes:
        why: what it is about, in words.
        lever: what to change; None where no rule decides.
        rule: the rule that decides; empty where none does.
        instead: a command that writes a design with the wires of one that works as drawn; empty where none is known.
    """

    why: str
    lever: Lever | None = None
    rule: str = ""
    instead: str = ""

    def __str__(self) -> str:
        text = f"{self.why}; what helps: {self.lever.change}" if self.lever else self.why
        if not self.instead:
            return text
        return f"{text}; or begin with wires of a network that works as drawn: `{self.instead}`"

    def named(self, design: Path) -> NextStep:
        """The same with a design file in its commands."""
        return replace(self, why=self.why.replace(_DESIGN, harmless(shlex.quote(str(design)))))

    def data(self) -> dict[str, Any]:
        """For JSON."""
        lever = self.lever.change if self.lever else ""
        return {"text": str(self), "rule": self.rule, "lever": lever, "instead": self.instead}


def next_step(
    function: VerdictLine | None, limits: VerdictLine | None, findings: Mapping[str, Sequence[Finding]],
    advice: TaskAdvice = RECALL,
) -> NextStep:  # fmt: skip
    """What to do next, from the verdict and what the checks found.

    Args:
        function: whether the network does its task; None: no trials say.
        limits: whether all limits are kept; None: not asked.
        findings: by name of the check.
        advice: on the design's task.
    """
    step = _first(function, limits, findings, advice)
    fails = function is not None and _word(function, "drawn") == FAILS and _word(function, "ideal") != FAILS
    return replace(step, instead=advice.instead) if fails else step


def _first(
    function: VerdictLine | None, limits: VerdictLine | None, findings: Mapping[str, Sequence[Finding]],
    advice: TaskAdvice,
) -> NextStep:  # fmt: skip
    """What to do first with the design that there is."""
    if limits is not None and limits.word == BROKEN:
        rule = str(limits.facts.get("rule") or "")
        return NextStep(f"mend {rule or 'what is broken'} first", lever_of(rule) if rule else None, rule)
    if function is not None and function.word == FAILS:
        return _failing(function, findings, advice)
    if limits is not None and limits.word == NOT_CHECKED:
        return NextStep(f"check the limits: spinhop check {_DESIGN}")
    if function is not None and function.word == UNDETERMINED:
        if UNDETERMINED not in (_word(function, kind) for kind in ("drawn", "ideal")):
            return NextStep(f"simulate it as drawn: spinhop run {_DESIGN}")
        return _step(advice.unsure, advice.unsure_rule)
    return _working(function, limits, findings)


def _step(why: str, rule: str) -> NextStep:
    return NextStep(why, lever_of(rule) if rule else None, rule)


def _failing(function: VerdictLine, findings: Mapping[str, Sequence[Finding]], advice: TaskAdvice) -> NextStep:
    if _restless(function):
        reached = f"{advice.reached}, but " if _is_scored(function) else ""
        return _step(f"{reached}not every trial rests in time", "leak.axon_time")
    if _word(function, "ideal") == FAILS:
        also = " too" if "drawn" in function.facts else ""
        return _step(f"ideal wires fail{also}, so {advice.change}", advice.rule)
    if any(f.rule == "drive.release" for f in _warnings(findings)):
        return NextStep("wires drive all somas the same way from the start", lever_of("drive.release"), "drive.release")
    worst = _worst(f for f in _warnings(findings) if f.rule.startswith(_WIRES))
    if worst is not None:
        return NextStep(f"the wires decide, most of all {worst.rule}", lever_of(worst.rule), worst.rule)
    return NextStep("ideal wires work, so the drawn ones decide", lever_of("drive.path"), "drive.path")


def _restless(function: VerdictLine) -> bool:
    """Whether the trials that fail reach what the task requires, and only do not rest before its limit."""
    counts = _failing_counts(function)
    required = next((value for name, value in function.facts.items() if name.startswith("required")), 1.0)
    reached = next((value for name, value in counts.items() if name.endswith("_mean")), 1.0)
    return bool(counts) and counts.get("at_rest", 0) < counts.get("trials", 0) and reached >= required


def _failing_counts(function: VerdictLine) -> dict[str, Any]:
    return next((function.facts[kind] for kind in ("drawn", "ideal") if _word(function, kind) == FAILS), {})


def _is_scored(function: VerdictLine) -> bool:
    """Whether there was anything to compare trials with: not of weights from a matrix alone."""
    return any(name.endswith("_mean") for name in _failing_counts(function))


def _working(
    function: VerdictLine | None, limits: VerdictLine | None, findings: Mapping[str, Sequence[Finding]]
) -> NextStep:  # fmt: skip
    broken = (
        _worst(f for found in findings.values() for f in found if f.severity == "error") if limits is None else None
    )
    if broken is not None:  # checks of this design that were made before
        what = f"mend {broken.rule} first, which a check of this design found broken"
        return NextStep(what, lever_of(broken.rule), broken.rule)
    known = function is not None and function.word == WORKS
    works = "nothing has to change" if known else f"simulate it: spinhop run {_DESIGN}"
    if function is not None and function.word == RESTS:
        works = "to judge more than rest, give the patterns that the weights are to store (network.weights.rule: given)"
    if limits is None and not findings:
        return NextStep(f"{works} for its task; check its limits too: spinhop check {_DESIGN}")
    worst = _worst(_warnings(findings))
    if worst is not None:
        return NextStep(f"{works}; the largest warning is {worst.rule}", lever_of(worst.rule), worst.rule)
    rule = str(limits.facts.get("rule") or "") if limits is not None else ""
    if rule:
        return NextStep(f"{works}; the nearest limit is {rule}", lever_of(rule), rule)
    return NextStep(works)


def _word(function: VerdictLine, kind: str) -> str:
    return str(function.facts.get(kind, {}).get("verdict", ""))


def _warnings(findings: Mapping[str, Sequence[Finding]]) -> Iterable[Finding]:
    checks = ["erc_drawn"] if "erc_drawn" in findings else ["erc_ideal"]
    return [f for name in checks for f in findings.get(name, ()) if f.severity == "warning"]


def _worst(findings: Iterable[Finding]) -> Finding | None:
    """The one that is furthest beyond its limit, by the ratio of the two."""

    def beyond(finding: Finding) -> float:
        measured, required = abs(finding.measured or 0.0), abs(finding.required or 0.0)
        low, high = sorted((measured, required))
        return high / low if low > 0 else 0.0

    return max(findings, key=beyond, default=None)
