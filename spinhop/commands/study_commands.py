"""``sweep``: a design's task at many points."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spinhop.commands.options import Json, Scheduler, Workers


def sweep(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="Study file (YAML).")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of results; default studies/<study name>.")
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many points, and how long; keep nothing.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Forget the points that are stored.")] = False,
    json: Json = False,
) -> None:
    """Run a design's task at every point of a study. Exit code 1 when no point has a result."""
    from spinhop.console import TaskBar, print_json, print_table
    from spinhop.study.sweep_runner import estimate
    from spinhop.study.sweep_runner import sweep as run

    if dry_run:
        would = estimate(study, out, workers=workers, scheduler=scheduler, fresh=force)
        data = {
            "points": would.points, "missing": would.missing, "workers": would.workers,
            "seconds_per_point": would.seconds_per_point if would.missing else None, "seconds": would.seconds,
            "folder": str(would.folder),
        }  # fmt: skip
        failed = False
    else:
        with TaskBar("sweep") as bar:
            found = run(study, out, workers=workers, scheduler=scheduler, fresh=force, progress=bar)
        data = {"points": found.points, "kept": found.kept, "refused": found.refused, "folder": str(found.folder)}
        failed = found.refused == found.points
    if json:
        print_json(data)
    else:
        cells = {k: f"{v:.3g} s" if k.startswith("seconds") and v is not None else str(v) for k, v in data.items()}
        print_table(
            "sweep, dry run" if dry_run else "sweep", ["", ""], [[k.replace("_", " "), v] for k, v in cells.items()]
        )
    if failed:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(sweep)
