"""``optimize``: search for designs that work as drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwlib.seeds import LARGEST_SEED
from spinhop.commands.options import All, DesignFile, Json, Scheduler, Workers

if TYPE_CHECKING:
    from spinhop.optimize import Search


def optimize(
    design: DesignFile,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of results; default searches/<design name>.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option("--trials", min=1, max=1_000_000, help="Designs to try; default as the design says.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Of the proposals; default the design's.")
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    force: Annotated[bool, typer.Option("--force", help="Forget the trials that are stored.")] = False,
    whole: All = False,
    json: Json = False,
) -> None:
    """Search the space of a design's section search. Exit code 1 when no design holds every rule and does its task."""
    from spinhop.console import TaskBar, print_files, print_json, print_verdict
    from spinhop.optimize import optimize as search
    from spinhop.optimize.search_advice import search_advice

    with TaskBar("optimize") as bar:
        found = search(
            design, out, trials=trials, seed=seed, workers=workers, scheduler=scheduler, fresh=force, progress=bar
        )
    step = search_advice(found.trials)
    feasible = sum(trial.judged.feasible for trial in found.trials)
    if json:
        print_json({
            "trials": len(found.trials), "feasible": feasible, "page": str(found.page),
            "front": [
                {"trial": trial.number, "design": str(path), **trial.judged.values, "bounds": trial.judged.bounds}
                for trial, path in zip(found.front, found.designs, strict=True)
            ],
        } | ({} if step is None else {"next": step.data()}))  # fmt: skip
    else:
        _print_front(found, f"{feasible} of {len(found.trials)} designs hold every rule and do their task", whole)
        print_files(found.page)
        print_verdict((), step)
    if not found.front:
        raise typer.Exit(1)


def _print_front(found: Search, title: str, whole: bool) -> None:
    from spinhop.console import print_table
    from spinhop.optimize.trial_evaluation import OBJECTIVES
    from spinhop.verdicts.point_tables import amount

    values = [trial.judged.values for trial in found.front]
    names = [name for name in OBJECTIVES if any(name in each for each in values)]  # a yield only where sampled
    rows = [
        [str(trial.number), *(amount(each.get(name), OBJECTIVES[name]) or "–" for name in names), path.name]
        for trial, each, path in zip(found.front, values, found.designs, strict=True)
    ]
    print_table(title, ["front", *names, "design"], rows, whole=whole)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(optimize)
