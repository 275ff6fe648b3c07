"""The page of a check: its verdict, pictures of where violations are, every rule with its margin, all findings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from hwlib.findings import Finding
from hwlib.process import Process
from hwlib.writing import replacing
from spinhop import page, point_tables
from spinhop.point_tables import Point
from spinhop.verdict import VerdictLine

if TYPE_CHECKING:
    from hwlib.drawing.reader import LayoutSource

MOST_ROWS = 200  # of one check on the page; all of them are in its JSON file
MOST_PICTURES = 6
MOST_NEURONS = 1000
PAGE, WINDOWS = "checks.html", "windows.png"
_AROUND = 0.4e-6  # m of layout shown on each side of a marker
_SEVERITIES = ("error", "warning", "waived")


def write_check_page(
    folder: Path, layout: LayoutSource, process: Process, findings: dict[str, list[Finding]], points: dict[str, Point],
    titles: dict[str, str], limits: VerdictLine,
) -> list[str]:  # fmt: skip
    """Write ``checks.html`` into a run folder.

    Args:
        folder: the run folder.
        layout: the layout that was checked, a file or open.
        process: its process.
        findings: by name of the check.
        points: every operating-point rule, by name of the check (``OperatingPointReport.as_dict``).
        titles: what each check is called on the page.
        limits: the verdict on them.

    Returns:
        Names of the page and its pictures.

    Raises:
        InputError: when the folder cannot be written.
    """
    body = [
        page.heading(f"checks of {folder.name}"),
        page.verdict((str(limits), limits.kind)),
        _counts(findings, titles),
    ]
    for old in folder.glob("violation_*.png"):  # of an earlier check, which may have found more
        old.unlink()
    names, pictures = _pictures(folder, layout, process, [f for found in findings.values() for f in found])
    if pictures:
        body.append(page.section("Where", page.pair(*pictures)))
    body += [page.section(titles[name], _table(found)) for name, found in findings.items() if found]
    if points:
        body.append(page.section("V_DW", *_windows(folder, points)))
        body.append(page.section("Operating point, rule by rule", *_rules(points, titles)))
    with replacing(folder / PAGE) as temporary:
        temporary.write_text(page.document(f"checks – {folder.name}", body), encoding="utf-8")
    return [PAGE, *([WINDOWS] if points else []), *names]


def _counts(findings: dict[str, list[Finding]], titles: dict[str, str]) -> Markup:
    cards = []
    for name, found in findings.items():
        counts = [(sum(f.severity == s for f in found), s) for s in _SEVERITIES]
        said = ", ".join(
            f"{count} {word}{'s' if count > 1 and word != 'waived' else ''}" for count, word in counts if count
        )
        cards.append((said or "clean", titles[name]))
    return page.cards(cards)


def _tag(severity: str, text: str | None = None) -> Markup:
    return page.tag(text or severity, severity)


def _table(findings: list[Finding]) -> Markup:
    celled = any(finding.cell for finding in findings)
    rows = []
    for finding in sorted(findings, key=lambda f: _SEVERITIES.index(f.severity))[:MOST_ROWS]:
        cells = [finding.rule, finding.message, *([finding.cell] if celled else [])]
        cells.append(point_tables.place(finding.x, finding.y))
        rows.append([_tag(finding.severity), *cells])
    more = len(findings) - MOST_ROWS
    note = page.paragraph(f"… and {more} more in the JSON file", "soft") if more > 0 else Markup()
    return page.table(["", "rule", "finding", *(["cell"] if celled else []), "x, y (µm)"], rows, "text") + note


def _rules(points: dict[str, Point], titles: dict[str, str]) -> list[Markup]:
    """Every rule's margins and worst case; formula, source and waiver of each, folded away."""
    rows = []
    for row in point_tables.rule_rows(points):
        verdicts = [_tag(_status(text), text) if text else Markup() for text in row[1:3]]
        rows.append([row[0], *verdicts, *row[3:]])
    parts = [
        page.paragraph(
            "The margin is the distance to the limit relative to it (for V_DW, relative to V_DW), negative for a "
            "violation. Measured value, limit and worst case are those of the drawn wires where they were judged.",
            "soft",
        ),
        page.table(point_tables.RULE_COLUMNS, rows, "text"),
    ]  # fmt: skip
    for name, point in points.items():
        table = page.table(point_tables.SOURCE_COLUMNS, point_tables.source_rows(point), "text")
        parts.append(page.folded(f"Formulas, sources and waivers: {titles[name]}", table))
    return parts


def _status(verdict: str) -> str:
    return next((severity for severity in _SEVERITIES if verdict.endswith(severity)), "pass")


def _windows(folder: Path, points: dict[str, Point]) -> list[Markup]:
    """What V_DW may be: in sentences, as a picture, and neuron by neuron."""
    from spinhop.window_plot import write_window_plot

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
