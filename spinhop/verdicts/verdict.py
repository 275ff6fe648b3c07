"""The verdict on a design in two lines: does the network do its task, and are its limits kept? Made here alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spinhop.verdicts.point_tables import SHORT, Point, percent

if TYPE_CHECKING:
    import xarray as xr

    from hwlib.findings import Finding
    from sim.tasks.kinds import RunTask

WORKS, FAILS, UNDETERMINED = "works", "does not work", "undetermined"
RESTS = "comes to rest"  # all that can be said where there is nothing to compare the trials with
KEPT, WAIVED, BROKEN, NOT_CHECKED = "kept", "waived", "broken", "not checked"
_WAIVED_ERROR = ("waived", "error")  # status and severity of a rule
DRAWING = {"drc": "design rules", "lvs": "layout against netlist"}


@dataclass(frozen=True)
class VerdictLine:
    """One line of the verdict.

    Attributes:
        name: ``function`` or ``limits``.
        word: the verdict itself, one of the words above.
        reason: what it rests on, in words.
        facts: the same in numbers, plain data.
    """

    name: str
    word: str
    reason: str
    facts: Mapping[str, Any]

    @property
    def failed(self) -> bool:
        """Whether this alone makes a command exit with 1."""
        return self.word in (FAILS, BROKEN)

    @property
    def kind(self) -> str:
        """How a page shows it: ``good``, ``bad`` or ``unsure``."""
        return "bad" if self.failed else "good" if self.word in (WORKS, KEPT) else "unsure"

    def __str__(self) -> str:
        return f"{self.name}: {self.word}, {self.reason}" if self.reason else f"{self.name}: {self.word}"

    def data(self) -> dict[str, Any]:
        """For JSON."""
        return {"verdict": self.word, "text": str(self), **self.facts}


@dataclass(frozen=True)
class TrialCounts:
    """Trials as the verdict counts them.

    Attributes:
        at_rest: came to rest, shape (trials,).
        accuracy: the task's measure, 0 … 1 (of recall the share of right bits), shape (trials,); None without one.
        undetermined: the outcome hangs on rounding, shape (trials,).
        measure: its name, in files and JSON.
        label: the same in words.
        answers: the same of what the task answers where it chooses the best of several trials; None: each trial counts.
    """

    at_rest: np.ndarray
    accuracy: np.ndarray | None
    undetermined: np.ndarray
    measure: str = "accuracy"
    label: str = "accuracy"
    answers: TrialCounts | None = None

    @classmethod
    def of(cls, result: xr.Dataset, task: RunTask) -> TrialCounts:
        """Those of a dataset of ``sim.run_task`` of a task, or of one trial of ``sim.run``."""
        measure, label = task.measure, task.measure_label
        found = cls._in(result, measure, label)
        answers = task.answers(result)
        return found if answers is None else replace(found, answers=cls._in(answers, measure, label))

    @classmethod
    def _in(cls, result: xr.Dataset, measure: str, label: str) -> TrialCounts:
        rest = np.atleast_1d(result["at_rest"].values.astype(bool))
        unsure = result["undetermined"].values if "undetermined" in result else np.zeros(len(rest))
        accuracy = np.atleast_1d(result[measure].values) if measure in result else None
        return cls(rest, accuracy, np.atleast_1d(unsure).astype(bool), measure, label)

    def word(self, required: float) -> str:
        """Whether every trial, or answer where there are some, came to rest and the mean accuracy is what is required.

        Undetermined when it would change with the undetermined trials counted as right, or as wrong. Without an
        accuracy no network works: it comes to rest, or does not work.
        """
        if self.answers is not None:
            return self.answers.word(required)
        as_right, as_wrong = self._good(required, right=True), self._good(required, right=False)
        if as_right != as_wrong:
            return UNDETERMINED
        if not as_right:
            return FAILS
        return RESTS if self.accuracy is None else WORKS

    def works(self, required: float) -> bool:
        """Whether the word is that it works."""
        return self.word(required) == WORKS

    def mean_accuracy(self, *, right: bool) -> float:
        """The mean accuracy of the trials, or answers where there are some, undetermined ones as right or wrong."""
        if self.answers is not None:
            return self.answers.mean_accuracy(right=right)
        assert self.accuracy is not None
        return float(np.where(self.undetermined, right, self.accuracy).mean())

    def _good(self, required: float, *, right: bool) -> bool:
        if self.accuracy is None:
            return bool(np.where(self.undetermined, right, self.at_rest).all())
        rest = self.at_rest | (self.undetermined & right)
        return bool(rest.all()) and self.mean_accuracy(right=right) >= required

    def facts(self, required: float) -> dict[str, Any]:
        """The counts as plain data."""
        accuracy = {} if self.accuracy is None else {f"{self.measure}_mean": float(self.accuracy.mean())}
        return {"verdict": self.word(required), **accuracy, **self._numbers("trials"), **self._of_answers()}

    def _of_answers(self) -> dict[str, int]:
        return {} if self.answers is None else self.answers._numbers("answers", "answers_")

    def _numbers(self, what: str, prefix: str = "") -> dict[str, int]:
        sums = {"at_rest": int(self.at_rest.sum()), "undetermined": int(self.undetermined.sum())}
        return {what: len(self.at_rest)} | {f"{prefix}{name}": value for name, value in sums.items()}

    def counts(self, required: float, *, needs: bool = True) -> str:
        """The counts in words, with what is needed or without."""
        best = "" if self.answers is None or not self.at_rest.any() else "best of "
        parts = [f"{best}{int(self.at_rest.sum())} of {len(self.at_rest)} trials at rest"]
        if self.accuracy is not None:
            needed = f" (needs {100 * required:g} %)" if needs else ""
            parts.insert(0, f"{self.label} {_share(float(self.accuracy.mean()), required)}{needed}")
        if self.undetermined.any():
            parts.append(f"{int(self.undetermined.sum())} undetermined")
        return ", ".join(parts)


def _share(value: float, required: float) -> str:
    """A share in percent; with more digits where one would round it to the other side of what is required."""
    digits = 1 if abs(value - required) >= 1e-3 or value == required else 4
    return f"{100 * value:.{digits}f} %"


def function_line(
    required: float, drawn: TrialCounts | None, ideal: TrialCounts | None, missing: str = "not simulated as drawn", *,
    alone: bool = False, field: str = "required_accuracy",
) -> VerdictLine:  # fmt: skip
    """Does the network do its task? As drawn, every trial comes to rest with the required mean accuracy.

    Where there is nothing to compare with the verdict is only that it comes to rest, or not.

    Args:
        required: what the task requires, e.g. ``task.required_accuracy``.
        drawn: trials as drawn; None when there are none.
        ideal: the same with ideal wires; None when there are none.
        missing: why there are none as drawn.
        alone: judge the network with ideal wires, as nobody asked for drawn ones.
        field: the field of the task that requires it.
    """
    facts: dict[str, Any] = {field: required}
    facts |= {kind: trials.facts(required) for kind, trials in (("drawn", drawn), ("ideal", ideal)) if trials}
    if drawn is None:
        if ideal is None:
            return VerdictLine("function", UNDETERMINED, missing, facts)
        if alone:
            reason = f"ideal wires: {ideal.counts(required)}{_uncompared(ideal)}"
            return VerdictLine("function", ideal.word(required), reason, facts)
        return VerdictLine(
            "function", UNDETERMINED, f"{missing}; ideal wires: {_beside(ideal, required, needs=True)}", facts
        )
    word, beside = drawn.word(required), ""
    if ideal is not None:
        beside = f"; ideal wires: {_beside(ideal, required, needs=False)}"
        if FAILS == word == ideal.word(required):
            beside += ", so no wire is to blame"
    return VerdictLine("function", word, f"as drawn: {drawn.counts(required)}{beside}{_uncompared(drawn)}", facts)


def _uncompared(trials: TrialCounts) -> str:
    return "; no stored patterns to compare with" if trials.accuracy is None else ""


def _beside(ideal: TrialCounts, required: float, *, needs: bool) -> str:
    return f"{ideal.word(required)}, {ideal.counts(required, needs=needs)}"


def limits_line(
    findings: Mapping[str, Sequence[Finding]], points: Mapping[str, Point], skipped: Mapping[str, str]
) -> VerdictLine:
    """Are all limits kept: design rules, layout against netlist, operating point with ideal and with drawn wires?

    Warnings break nothing, whether waived or not.

    Args:
        findings: by name of the check (``drc``, ``lvs``, ``erc_ideal``, ``erc_drawn``).
        points: every rule of the operating point, by name of the check (``OperatingPointReport.as_dict``).
        skipped: why a check was not made.
    """
    if not findings:
        return VerdictLine("limits", NOT_CHECKED, "run spinhop check", {})
    rules = {
        severity: {(f.check, f.rule) for found in findings.values() for f in found if f.severity == severity}
        for severity in ("error", "waived", "warning")
    }
    waived = {r["rule"] for p in points.values() for r in p["rules"] if (r["status"], r["severity"]) == _WAIVED_ERROR}
    word = BROKEN if rules["error"] else WAIVED if waived else KEPT
    counts = {
        "broken": len(rules["error"]), "waived": len(waived), "warnings": len(rules["warning"]),
        "warnings_waived": len(rules["waived"]) - len(waived),
    }  # fmt: skip
    said = ", ".join(f"{n} {_counted(name, n)}" for name, n in counts.items() if n)
    worst, facts = _worst(word, findings, points)
    reason = f"worst {worst}" if worst else ""
    if said:
        reason += f" ({said})"
    if "erc_drawn" in skipped:
        reason += f"; operating point as drawn not judged: {skipped['erc_drawn']}"
    if "currents" in skipped:
        reason += f"; currents of wires not judged: {skipped['currents']}"
    return VerdictLine("limits", word, reason.strip(), {**facts, **counts})


def _counted(name: str, count: int) -> str:
    return (name.replace("warnings", "warning") if count == 1 else name).replace("_", " ")


def _worst(
    word: str, findings: Mapping[str, Sequence[Finding]], points: Mapping[str, Point]
) -> tuple[str, dict[str, Any]]:
    """The rule that the verdict hangs on: one of the drawing first, then the one with the least margin."""
    for check, title in DRAWING.items():
        broken = [f.rule for f in findings.get(check, ()) if f.severity == "error"]
        if broken:
            rule = max(dict.fromkeys(broken), key=broken.count)
            often = f"{broken.count(rule)} times" if broken.count(rule) > 1 else "once"
            return f"{rule} of the {title}, {often}", {"rule": rule, "check": check, "margin": None}
    status = {BROKEN: "error", WAIVED: "waived", KEPT: "pass"}[word]
    for name in reversed(list(points)):  # what ideal wires say matters only where the drawn ones say nothing
        rows = [r for r in points[name]["rules"] if r["status"] == status and _judges(r)]
        if rows:
            break
    else:
        return "", {"rule": None, "check": None, "margin": None}
    row = min(rows, key=lambda r: -np.inf if r["margin"] is None else r["margin"])
    margin = "" if row["margin"] is None else f", margin {percent(row['margin'])},"
    facts = {"rule": row["rule"], "check": name, "margin": row["margin"], "where": row["where"]}
    return f"{row['rule']}{margin} at {row['where']}, {SHORT[name]}", facts


def _judges(row: Mapping[str, Any]) -> bool:
    """Whether a rule decides on the limits: one whose violation is an error, and that compares where it holds."""
    return row["severity"] == "error" and (row["margin"] is not None or row["status"] != "pass")
