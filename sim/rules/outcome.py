"""What a rule says: value, requirement, margin, the worst device and its place; as findings, table and JSON."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from hwlib.design import RULE_NAME
from hwlib.errors import FieldsError, InputError, shown, suggestion
from hwlib.findings import Finding
from hwlib.quantities import in_percent, printed
from hwlib.storage.json_files import plain
from hwlib.storage.writing import write_text

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Place:
    """Where the worst case is.

    Attributes:
        name: device, net or wire in the user's terms, e.g. ``axon 3→5``.
        x, y: place on the layout in m; None without a layout.
    """

    name: str = ""
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True)
class Outcome:
    """The answer of one rule.

    Attributes:
        rule: name, also for waivers, e.g. ``vdw.window``.
        message: one sentence with the numbers.
        measured, required: values compared, in ``unit``; None when the rule only reports.
        margin: signed relative distance to the requirement, ≥ 0 when the rule holds; inf when it cannot be missed.
        severity: what a violation is.
        place: worst case.
        state: the bounding state it was found in.
        formula: what is compared.
        source: where formula and limit come from.
    """

    rule: str
    message: str
    margin: float
    severity: Severity
    formula: str
    source: str
    measured: float | None = None
    required: float | None = None
    unit: str = ""
    place: Place = field(default_factory=Place)
    state: str = ""

    @property
    def passed(self) -> bool:
        """Whether the rule holds; a limit met exactly holds (rounding of 1e-9 allowed)."""
        return self.margin >= -1e-9

    def marker(self, waivers: Mapping[str, str]) -> Finding:
        """The finding in words for a marker on the layout: with the place's name and the margin."""
        finding = self.finding(waivers)
        margin = f"; margin {in_percent(self.margin, 1)}" if math.isfinite(self.margin) else ""
        where = f"{self.place.name}: " if self.place.name and self.place.name not in self.message else ""
        return replace(finding, message=f"{where}{finding.message}{margin}")

    def finding(self, waivers: Mapping[str, str]) -> Finding:
        """The outcome as a finding; ``waived`` with its reason when the rule's name is in ``waivers``."""
        waived = self.rule in waivers
        return Finding(
            check="erc",
            rule=self.rule,
            message=self.message + (f" (waived: {waivers[self.rule]})" if waived else ""),
            severity="waived" if waived else self.severity,
            x=self.place.x,
            y=self.place.y,
            measured=_told(self.measured),
            required=_told(self.required),
            unit=self.unit,
        )


_LONGEST_NAME = 64
_TEXTS = ("message", "formula", "source", "unit", "state")
TIE = 1e-9  # relative difference within which two values are the same, however they were rounded


def first_largest(values: np.ndarray) -> int:
    """Index in the flat array of its largest value, of the first where several tie but for rounding."""
    largest = values.max()
    if not np.isfinite(largest):
        return int(values.argmax())
    return int((values >= largest - TIE * abs(largest)).argmax())


def first_smallest(values: np.ndarray) -> int:
    """Index in the flat array of its smallest value, as ``first_largest``."""
    return first_largest(-values)


def below(value: float, limit: float) -> float:
    """Margin of ``value ≤ limit``: 1 − value/limit."""
    return 1 - value / limit if limit > 0 else -math.inf


def above(value: float, limit: float) -> float:
    """Margin of ``value ≥ limit``: relative excess, value/limit − 1; inf when the limit is 0."""
    return value / limit - 1 if limit > 0 else math.inf


@dataclass(frozen=True)
class OperatingPointReport:
    """All outcomes of the operating-point rules on one network.

    Attributes:
        outcomes: one per rule (per layer or net class where a rule has several).
        waivers: rule name → reason.
        values: numbers without a requirement: windows per neuron, recommended V_DW, the N where the window closes.
    """

    outcomes: tuple[Outcome, ...]
    waivers: Mapping[str, str]
    values: Mapping[str, Any]

    def findings(self) -> list[Finding]:
        """A finding for every rule that does not hold."""
        return [o.finding(self.waivers) for o in self.outcomes if not o.passed]

    def markers(self) -> list[Finding]:
        """The same as markers on the layout, each at the rule's worst case."""
        return [o.marker(self.waivers) for o in self.outcomes if not o.passed]

    def rows(self) -> list[dict[str, Any]]:
        """One plain dictionary per outcome, with its status: pass, error, warning or waived, and a waiver's reason."""
        rows = []
        for outcome in self.outcomes:
            row = asdict(outcome)
            place = row.pop("place")
            status = "pass" if outcome.passed else outcome.finding(self.waivers).severity
            where = {"where": place["name"], "x": place["x"], "y": place["y"]}
            reason = self.waivers.get(outcome.rule, "") if status == "waived" else ""
            rows.append(row | where | {"status": status, "reason": reason})
        return rows

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain JSON values; numbers that are not finite become None."""
        return plain({"rules": self.rows(), "waivers": dict(self.waivers), "values": dict(self.values)})

    def write_json(self, path: str | Path) -> Path:
        """Write ``as_dict`` as JSON.

        Raises:
            StorageError: the file cannot be written.
        """
        import json

        text = json.dumps(self.as_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        return write_text(Path(path), text + "\n")

    def table(self) -> str:
        """The outcomes as an aligned plain-text table."""
        head = ("rule", "status", "margin", "measured", "required", "where", "state")
        lines = [head]
        for row in self.rows():
            told = (_told(row[name]) for name in ("measured", "required"))
            numbers = [printed(value, row["unit"]) if value is not None else "" for value in told]
            margin = in_percent(row["margin"], 1) if math.isfinite(row["margin"]) else ""  # else there is none to say
            lines.append((row["rule"], row["status"], margin, *numbers, row["where"], row["state"]))
        widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
        return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def rule_name(name: str) -> str:
    """The name of a rule from outside, if it is one.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or re.fullmatch(RULE_NAME, name) is None:
        raise ValueError(f"a rule's name is a text like noise.read, found {shown(name)}")
    return name


def added_outcome(rule: str, found: Any) -> Outcome | None:
    """What a rule from outside says, if it can be told and waived under the rule's name.

    Raises:
        InputError: what it gives is neither an outcome of its own nor None.
    """
    if found is None:
        return None
    if not isinstance(found, Outcome):
        raise InputError(f"rule {rule}: gave {shown(found)}, allowed: an Outcome, or None")
    allowed = {
        "rule": (found.rule == rule, f"{shown(rule)}, as it was registered"),
        "severity": (found.severity in get_args(Severity), " or ".join(get_args(Severity))),
        "margin": (_is_number(found.margin) and not math.isnan(found.margin), "a number that is not NaN"),
        "measured": (found.measured is None or _is_number(found.measured), "a number, or None"),
        "required": (found.required is None or _is_number(found.required), "a number, or None"),
        "place": (isinstance(found.place, Place), "a Place"),
    } | {name: (isinstance(getattr(found, name), str), "a text") for name in _TEXTS}
    for name, (good, what) in allowed.items():
        if not good:
            raise InputError(f"rule {rule}: {name} is {shown(getattr(found, name))}, allowed: {what}")
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def check_waivers(waivers: Iterable[str], known: Sequence[str]) -> None:
    """Refuse waivers of rules that do not exist.

    Raises:
        FieldsError: each with its field in a design, and what there is.
    """
    wrong = []
    for name in waivers:
        if not isinstance(name, str):
            wrong.append((("waivers",), f"{shown(name)}, allowed: names of rules"))
        elif name not in known:
            close = difflib.get_close_matches(name, known, 1)
            wrong.append((("waivers", name), f"no such operating-point rule; {suggestion(close, known)}"))
    if wrong:
        raise FieldsError(wrong)


def _told(value: float | None) -> float | None:
    """A value as findings and tables have it: none where it is not finite."""
    return value if value is not None and math.isfinite(value) else None
