"""``check``: design rules, layout against netlist, operating point."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwlib.errors import cut, harmless
from hwlib.seeds import LARGEST_SEED
from spinhop.commands.options import (
    All,
    Force,
    Json,
    LayoutFile,
    LoneProcess,
    RunFolder,
    SpefFile,
    TopCell,
    is_layout,
    only_alone,
    refuse_given,
)

if TYPE_CHECKING:
    from hwlib.findings import Finding
    from spinhop.checking import Checked
    from spinhop.verdicts.point_tables import Point

OptionalDesign = Annotated[Path | None, typer.Argument(metavar="DESIGN", help="Design file (YAML).")]
_OF_CHECKS = ("design", "out", "layout", "top", "spef", "process", "against", "force", "whole")
MOST_NEURONS = 12  # with the least margin of V_DW
MOST_RULES = 5  # that hold, those with the least margin
MOST_LINES = 20  # of one check on the terminal; all of them are in its JSON file
MOST_OF_NAME = 60  # characters of a cell's name; files and pages have all of it


def check(
    design: OptionalDesign = None, out: RunFolder = None, layout: LayoutFile = None, top: TopCell = None,
    spef: SpefFile = None,
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Try the checks instead: plant faults on random designs.")
    ] = False,
    faults: Annotated[int, typer.Option("--faults", min=1, max=1_000_000, help="Faults of the self-test.")] = 60,
    largest: Annotated[int, typer.Option("--largest", min=2, max=60, help="Neurons of its largest design.")] = 12,
    seed: Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Of the self-test.")] = 1,
    process: LoneProcess = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="DESIGN", help="Design whose device a lone one is to be.")
    ] = None,
    force: Force = False, whole: All = False, json: Json = False,
) -> None:  # fmt: skip
    """Check the layout (design rules, LVS) and the operating point. Exit code 1 on violations.

    A layout file (.gds, .oas) in place of DESIGN is checked as one device by itself.
    """
    if self_test:
        refuse_given("not of the self-test, which draws random designs", *_OF_CHECKS)
        _self_test(faults, largest, seed, json)
        return
    refuse_given("for --self-test", "faults", "largest", "seed")
    if design is None:
        raise typer.BadParameter("give a design file, or --self-test", param_hint="DESIGN")
    if is_layout(design):
        refuse_given("for designs, not for a device by itself", "out", "layout", "spef")
        _check_lone(design, "ebeam" if process is None else process, top, against, json)
        return
    only_alone()
    from spinhop.checking import check_design
    from spinhop.console import StageLines, print_json

    with StageLines() as progress:
        checked = check_design(design, out=out, layout=layout, top=top, spef=spef, force=force, progress=progress)
    if json:
        found = {name: [vars(f) for f in findings] for name, findings in checked.findings.items()}
        print_json({
            "folder": str(checked.folder), "failed": checked.failed, "findings": found,
            "operating_point": checked.points, "skipped": checked.skipped, "limits": checked.limits.data(),
            "next": checked.step.data(),
        })  # fmt: skip
    else:
        _print_checked(checked, whole)
    if checked.failed:
        raise typer.Exit(1)


def _print_checked(checked: Checked, whole: bool) -> None:
    from spinhop.check_stages import TITLES
    from spinhop.console import print_files, print_table, print_verdict

    rows = []
    for name, findings in checked.findings.items():
        counts = [str(sum(f.severity == s for f in findings)) for s in ("error", "warning", "waived")]
        rows.append([TITLES[name], *counts])
    print_table("checks", ["", "errors", "warnings", "waived"], rows)
    for findings in checked.findings.values():
        _print_findings(findings, whole)
    _print_points(checked.points, whole)
    for name, why in checked.skipped.items():
        print(f"{TITLES[name]}: not made, {why}")
    print_files(checked.page)
    print_verdict([checked.limits], checked.step)


def _check_lone(layout: Path, process: str, top: str | None, against: Path | None, json: bool) -> None:
    from hwlib.findings import failed
    from spinhop.checking import check_alone
    from spinhop.console import print_json, print_table

    found = check_alone(layout, process, top=top, against=against)
    broken = failed(found.findings)
    if json:
        findings = [vars(finding) for finding in found.findings]
        print_json({"failed": broken, "findings": findings, "sizes": found.sizes, "values": found.values})
    else:
        _print_findings(found.findings)
        print_table("device as drawn", ["", ""], found.rows())
        print(harmless(f"{layout}: {'breaks its rules, or is no device' if broken else 'one device, no error'}"))
    if broken:
        raise typer.Exit(1)


def _self_test(faults: int, largest: int, seed: int, json: bool) -> None:
    from spinhop.checking import try_checks
    from spinhop.console import TaskBar, print_json, print_table

    with TaskBar("planted faults") as bar:
        tried = try_checks(faults, seed, largest=largest, progress=bar)
    if json:
        print_json([row._asdict() for row in tried])
    else:
        print_table(
            "planted faults", ["kind", "planted", "caught"], [[r.kind, str(r.planted), str(r.caught)] for r in tried]
        )
    if any(row.caught < row.planted for row in tried):
        raise typer.Exit(1)


def _print_findings(findings: list[Finding], whole: bool = False) -> None:
    for finding in findings if whole else findings[:MOST_LINES]:
        place = (
            f" at ({finding.x * 1e6:.4g}, {finding.y * 1e6:.4g}) µm"
            if finding.x is not None and finding.y is not None
            else ""
        )
        cell = f" in {cut(finding.cell, MOST_OF_NAME)}" if finding.cell else ""
        print(harmless(f"{finding.severity}: {finding.rule}: {finding.message}{cell}{place}"))
    if not whole and len(findings) > MOST_LINES:
        print(f"… and {len(findings) - MOST_LINES} more with --all")


def _print_points(points: dict[str, Point], whole: bool = False) -> None:
    """The rules and neurons nearest to their limits, or all of them."""
    from spinhop.verdicts import point_tables

    print("\noperating point: margins of every rule; measured value, limit and worst case of the last column made\n")
    rows = point_tables.rule_rows(points)
    shown = rows if whole else point_tables.nearest_rows(points, MOST_RULES)
    print(*point_tables.lines_of(point_tables.RULE_COLUMNS, shown), sep="\n")
    if len(shown) < len(rows):
        print(f"\n{len(rows) - len(shown)} more rules hold, with more room; --all prints them")
    name, point = list(points.items())[-1]
    neurons = len(point["values"]["low"])
    most = neurons if whole else MOST_NEURONS
    which = f"the {most} with the least margin, " if neurons > most else ""
    print(f"\nV_DW window by neuron, {which}{point_tables.SHORT[name]}\n")
    print(*point_tables.lines_of(point_tables.WINDOW_COLUMNS, point_tables.window_rows(point, most)), sep="\n")
    print("", *point_tables.window_summary(points), "", sep="\n")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(check)
