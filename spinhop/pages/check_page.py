"""The page of a check: its verdict, where violations are, every rule with its margin, all findings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from hwlib.findings import Finding
from hwlib.process import Process
from hwlib.storage.writing import replacing
from spinhop.pages import page
from spinhop.pages.finding_list import SEVERITIES, finding_list, lever_list
from spinhop.pages.layout_section import DATA, SCRIPTS, layout_data, layout_section, opened
from spinhop.pages.report_head import next_paragraph
from spinhop.verdicts import point_tables
from spinhop.verdicts.next_step import NextStep
from spinhop.verdicts.point_tables import Point
from spinhop.verdicts.verdict import VerdictLine

if TYPE_CHECKING:
    from hwlib.drawing.reader import LayoutSource

MOST_PICTURES = 6
MOST_NEURONS = 1000
MOST_RULES = 8  # that hold, those with the least margin, shown without a click
PAGE, WINDOWS = "checks.html", "windows.svg"
_AROUND = 0.4e-6  # m of layout shown on each side of a marker


@dataclass(frozen=True)
class CheckedLayout:
    """The layout as the page of a check shows it.

    Attributes:
        view: data of the section to look at it; None where it is too large for a page.
        names: files of pictures of the first violations, in place of it.
        pictures: the same as figures.
    """

    view: dict[str, Any] | None
    names: list[str]
    pictures: list[Markup]


def checked_layout(folder: Path, layout: LayoutSource, process: Process, findings: list[Finding]) -> CheckedLayout:
    """Draw for the page what was checked, which takes most of the time of the page.

    Args:
        folder: the run folder, for pictures.
        layout: the layout that was checked, a file or open.
        process: its process.
        findings: of all checks.
    """
    view = layout_data(opened(layout), process, findings)
    for old in folder.glob("violation_*.png"):  # of an earlier check, which may have found more
        old.unlink()
    # Where the page holds no layout to look at: each takes a tenth of a second.
    return CheckedLayout(view, *(_pictures(folder, layout, process, findings) if view is None else ([], [])))


def write_check_page(
    folder: Path, layout: CheckedLayout, findings: dict[str, list[Finding]], points: dict[str, Point],
    titles: dict[str, str], limits: VerdictLine, step: NextStep,
) -> list[str]:  # fmt: skip
    """Write ``checks.html`` into a run folder.

    Args:
        folder: the run folder.
        layout: what was checked, as of ``checked_layout``.
        findings: by name of the check.
        points: every operating-point rule, by name of the check (``OperatingPointReport.as_dict``).
        titles: what each check is called on the page.
        limits: the verdict on them.
        step: what to do next.

    Returns:
        Names of the page and its pictures.

    Raises:
        StorageError: when the folder cannot be written.
    """
    found = [finding for each in findings.values() for finding in each]
    view = layout.view
    body = [
        page.heading(f"checks of {folder.name}"),
        page.verdict((str(limits), limits.kind)),
        next_paragraph(step),
        _counts(findings, points, titles),
        *finding_list(found, view is not None),
        *_where(view, layout.pictures),
    ]
    if points:
        body.append(page.section("V_DW", *_windows(folder, points)))
        body.append(page.section("Operating point, rule by rule", *_rules(points, titles), name="rules"))
    body += lever_list(found, step)
    data = {} if view is None else {DATA: view}
    with replacing(folder / PAGE) as temporary:
        text = page.document(f"checks – {folder.name}", body, scripts=SCRIPTS if data else (), data=data)
        temporary.write_text(text, encoding="utf-8")
    return [PAGE, *([WINDOWS] if points else []), *layout.names]


def _where(view: dict[str, Any] | None, pictures: list[Markup]) -> list[Markup]:
    """The layout, or pictures of the first violations where it is too large for a page."""
    if view is not None:
        note = "Drag to move; click, then wheel to zoom. A finding's place above shows it here."
        return [page.section("Layout", layout_section(view, ()), page.paragraph(note, "soft"), name="layout")]
    return [page.section("Layout", page.pair(*pictures), name="layout")] if pictures else []


def _counts(findings: dict[str, list[Finding]], points: dict[str, Point], titles: dict[str, str]) -> Markup:
    """A card a check: what it found, and of the operating point how many rules hold."""
    cards = []
    for name, found in findings.items():
        counts = [(sum(f.severity == s for f in found), s) for s in SEVERITIES]
        said = ", ".join(
            f"{count} {word}{'s' if count > 1 and word != 'waived' else ''}" for count, word in counts if count
        )
        rules = points[name]["rules"] if name in points else []
        held = f": {sum(row['status'] == 'pass' for row in rules)} of {len(rules)} rules hold" if rules else ""
        cards.append((said or "clean", titles[name] + held))
    return page.cards(cards)


def _rules(points: dict[str, Point], titles: dict[str, str]) -> list[Markup]:
    """Every rule's margins and worst case, those that hold, and formula, source and waiver of each, folded away."""
    nearest = {row[0] for row in point_tables.nearest_rows(points, MOST_RULES)}
    rows = point_tables.rule_rows(points)
    shown, rest = ([_rule(row) for row in rows if (row[0] in nearest) == near] for near in (True, False))
    parts = [
        page.paragraph(
            "The margin is the distance to the limit relative to it (for V_DW, relative to V_DW), negative for a "
            "violation. Measured value, limit and worst case are those of the drawn wires where they were judged.",
            "soft",
        ),
        page.table(point_tables.RULE_COLUMNS, shown, "text stacked"),
    ]  # fmt: skip
    if rest:
        more = page.table(point_tables.RULE_COLUMNS, rest, "text stacked")
        parts.append(page.folded(f"{len(rest)} more rules hold, with more room", more))
    for name, point in points.items():
        table = page.table(
            point_tables.SOURCE_COLUMNS, point_tables.source_rows(point), "text stacked", long=[2, 3, 4, 5]
        )
        parts.append(page.folded(f"Formulas, sources and waivers: {titles[name]}", table))
    return parts


def _rule(row: list[str]) -> list[str]:
    verdicts = [page.tag(text, _status(text)) if text else Markup() for text in row[1:3]]
    return [row[0], *verdicts, *row[3:]]


def _status(verdict: str) -> str:
    return next((severity for severity in SEVERITIES if verdict.endswith(severity)), "pass")


def _windows(folder: Path, points: dict[str, Point]) -> list[Markup]:
    """What V_DW may be: in sentences, as a picture, and neuron by neuron."""
    from spinhop.pages.window_plot import write_window_plot

    parts = [page.paragraph(line + ".") for line in point_tables.window_summary(points)]
    path = write_window_plot(folder / WINDOWS, points)
    parts.append(page.picture(path, "V_DW window of every neuron: between them its axons follow its soma both ways"))
    for name, point in points.items():
        table = page.table(point_tables.WINDOW_COLUMNS, point_tables.window_rows(point, MOST_NEURONS))
        parts.append(page.folded(f"Neuron by neuron, {point_tables.SHORT[name]}", table))
    return parts


def _pictures(
    folder: Path, layout: LayoutSource, process: Process, findings: list[Finding]
) -> tuple[list[str], list[Markup]]:
    """Files and figures: errors first, then warnings, one picture for each rule, each marker in red."""
    from hwlib.checks.places import marked_boxes
    from layouts import render

    chosen: dict[str, Finding] = {}
    for finding in sorted(findings, key=lambda f: f.severity != "error"):
        if finding.severity != "waived" and finding.x is not None:
            chosen.setdefault(finding.rule, finding)
    shown = list(chosen.values())[:MOST_PICTURES]
    names, parts = [], []
    for k, (finding, box) in enumerate(zip(shown, marked_boxes(layout, shown), strict=True)):
        if box is None:
            continue
        window = (box[0] - _AROUND, box[1] - _AROUND, box[2] + _AROUND, box[3] + _AROUND)
        path = folder / f"violation_{k}.png"
        render(layout, path, process, window=window, marks=[box], inches=4.6)
        names.append(path.name)
        parts.append(page.picture(path, f"{finding.severity}: {finding.rule}: {finding.message}"))
    return names, parts
