"""The page of a check: its findings in tables, and a picture of the first errors where they are on the layout."""

from __future__ import annotations

from html import escape
from pathlib import Path

from hwlib.files import replacing
from hwlib.findings import Finding
from hwlib.process import Process
from spinhop import page

MOST_ROWS = 200  # of one check on the page; all of them are in its JSON file
MOST_PICTURES = 4
_AROUND = 0.5e-6  # m of layout shown on each side of a marker


def write_check_page(
    folder: Path, layout: Path, process: Process, findings: dict[str, list[Finding]], titles: dict[str, str]
) -> Path:
    """Write ``checks.html`` into a run folder.

    Args:
        folder: the run folder.
        layout: the layout file that was checked.
        process: its process.
        findings: by name of the check.
        titles: what each check is called on the page.

    Raises:
        InputError: when the folder cannot be written.
    """
    counts = [
        [titles[name], *(str(sum(f.severity == s for f in found)) for s in ("error", "warning", "waived"))]
        for name, found in findings.items()
    ]
    body = [f"<h1>checks of {escape(folder.name)}</h1>"]
    body.append(page.section("Result", page.table(["", "errors", "warnings", "waived"], counts)))
    pictures = _pictures(folder, layout, process, [f for found in findings.values() for f in found])
    if pictures:
        body.append(page.section("Where", *pictures))
    body += [page.section(titles[name], _table(found)) for name, found in findings.items() if found]
    path = folder / "checks.html"
    with replacing(path) as temporary:
        temporary.write_text(page.document(f"checks – {folder.name}", body), encoding="utf-8")
    return path


def _table(findings: list[Finding]) -> str:
    rows = []
    for finding in findings[:MOST_ROWS]:
        place = "" if finding.x is None or finding.y is None else f"{finding.x * 1e6:.4g}, {finding.y * 1e6:.4g}"
        rows.append([finding.severity, finding.rule, finding.message, finding.cell, place])
    more = len(findings) - MOST_ROWS
    note = page.paragraph(f"… and {more} more in the JSON file", "soft") if more > 0 else ""
    return page.table(["", "rule", "finding", "cell", "x, y (µm)"], rows) + note


def _pictures(folder: Path, layout: Path, process: Process, findings: list[Finding]) -> list[str]:
    """Errors first, then warnings, one picture for each rule, each marker in red."""
    from hwlib.checks.places import marked_boxes
    from layouts import render

    chosen: dict[str, Finding] = {}
    for finding in sorted(findings, key=lambda f: f.severity != "error"):
        if finding.severity != "waived" and finding.x is not None:
            chosen.setdefault(finding.rule, finding)
    shown = list(chosen.values())[:MOST_PICTURES]
    parts = []
    for k, (finding, box) in enumerate(zip(shown, marked_boxes(layout, shown), strict=True)):
        if box is None:
            continue
        window = (box[0] - _AROUND, box[1] - _AROUND, box[2] + _AROUND, box[3] + _AROUND)
        path = folder / f"violation_{k}.png"
        with replacing(path) as picture:
            render(layout, picture, process, window=window, marks=[box])
        parts.append(page.picture(path, f"{finding.rule}: {finding.message}"))
    return parts
