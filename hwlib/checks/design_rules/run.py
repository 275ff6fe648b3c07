"""Design-rule check: the rules of a process on the polygons of a layout."""

from __future__ import annotations

from hwlib.argument_kinds import takes_kinds
from hwlib.checks.design_rules.checker import Checker
from hwlib.checks.design_rules.kind import RULE_KINDS
from hwlib.checks.design_rules.near_checker import NearChecker
from hwlib.checks.design_rules.rule import design_rules
from hwlib.drawing.reader import LayoutSource, open_layout
from hwlib.findings import Finding
from hwlib.process import Process
from hwlib.quantities import whole_number

MAX_PER_RULE = 10_000
_MOST_FINDINGS = 1_000_000_000  # that can be asked for


@takes_kinds
def drc(layout: LayoutSource, process: Process, *, limit: int = MAX_PER_RULE) -> list[Finding]:
    """Check a layout against every rule of its process.

    Args:
        layout: GDSII or OASIS file (or a layout in memory, which is left unchanged).
        process: the process.
        limit: findings reported per rule; beyond them one more finding says how many were left out.

    Returns:
        One finding per violation, in the cell where it occurs and in that cell's coordinates (m), with the measured
        and the required value. A violation inside a repeated cell is one finding.

    Raises:
        InputError: a file that cannot be checked (see ``open_layout``).
    """
    limit = whole_number(limit, "limit", least=0, most=_MOST_FINDINGS)
    drawing, rules = open_layout(layout, process), design_rules(process)
    checker, near = Checker(drawing, limit), NearChecker(drawing, rules)
    findings: list[Finding] = []
    for rule in rules:
        if near.holds(rule):
            continue
        found: list[Finding] = []
        for count, finding in enumerate(RULE_KINDS[rule.kind].check(checker, rule)):
            if count == limit:
                message = f"more than {limit} findings; the rest is left out"
                found.append(Finding("drc", rule.name, message, rule.severity))
                break
            found.append(finding)
        findings += sorted(found, key=lambda f: (f.cell, f.x or 0.0, f.y or 0.0))
    return findings
