"""Findings on a page: what was found, a button that goes to its place on the layout, and the lever of its rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from hwlib.findings import Finding
from spinhop.pages import page
from spinhop.verdicts import point_tables
from spinhop.verdicts.levers import Lever, anchor, lever_of
from spinhop.verdicts.next_step import NextStep

SEVERITIES = ("error", "warning", "waived")
MOST_ROWS, MOST_OPEN = 200, 25  # of all findings on the page, the rest is in the JSON files; shown without a click


def finding_list(findings: Sequence[Finding], viewed: bool) -> list[Markup]:
    """A section with all findings, errors first; nothing where there are none.

    Args:
        findings: in the order of their numbers on the page.
        viewed: whether the page shows the layout, so that there is somewhere to go.
    """
    if not findings:
        return []
    order = sorted(range(len(findings)), key=lambda k: SEVERITIES.index(findings[k].severity))
    celled = any(finding.cell for finding in findings)
    columns = ["severity", "rule", "finding", "x, y (µm)", *(["cell"] if celled else [])]
    rows = [_row(findings[k], k, viewed, celled) for k in order[:MOST_ROWS]]
    parts = [page.table(columns, rows[:MOST_OPEN], "text stacked", long=[2])]
    if len(rows) > MOST_OPEN:
        more = page.table(columns, rows[MOST_OPEN:], "text stacked", long=[2])
        parts.append(page.folded(f"{len(rows) - MOST_OPEN} more", more))
    if len(findings) > MOST_ROWS:
        parts.append(page.paragraph(f"… and {len(findings) - MOST_ROWS} more in the JSON files", "soft"))
    return [page.section("Findings", *parts, name="findings")]


def lever_list(findings: Iterable[Finding], step: NextStep | None) -> list[Markup]:
    """A section that says what helps about the rules found and about the next step; nothing where there are none."""
    rules = [*([step.rule] if step is not None and step.rule else []), *(finding.rule for finding in findings)]
    levers: dict[Lever, str] = {}
    for rule in rules:
        levers.setdefault(lever_of(rule), rule)
    if not levers:
        return []
    items = [(anchor(lever), rule, lever.title, lever.change) for lever, rule in levers.items()]
    return [page.section("What to change", page.levers(items), name="levers")]


def _row(finding: Finding, number: int, viewed: bool, celled: bool) -> list[str]:
    at = point_tables.place(finding.x, finding.y)
    return [
        page.tag(finding.severity, finding.severity), page.link(finding.rule, f"#{anchor(lever_of(finding.rule))}"),
        finding.message, page.place(at, number) if at and viewed else at, *([finding.cell] if celled else []),
    ]  # fmt: skip
