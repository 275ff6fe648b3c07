"""``sweep``, ``yield``, ``characterise``: a design's task at many points, on made chips, as a table of the macro."""

from __future__ import annotations

import importlib.util
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwlib.errors import InputError, shown
from spinhop.commands.options import All, DesignFile, Json, Scheduler, Workers
from spinhop.runtime.extras import extra_of

if TYPE_CHECKING:
    from spinhop.study.chip_yield import ChipShare, ChipYield
    from spinhop.study.sensitivity import Sensitivity


MOST_COLUMNS = 11  # of a table on the terminal; all of them are in its files


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
        data = {"points": found.points, "kept": found.kept, "refused": found.refused}
        data |= {"problem": found.problem or None, "folder": str(found.folder)}
        failed = found.refused == found.points
    if json:
        print_json(data)
    else:
        said = {k: v for k, v in data.items() if v is not None}
        cells = {k: f"{v:.3g} s" if k.startswith("seconds") else str(v) for k, v in said.items()}
        print_table(
            "sweep, dry run" if dry_run else "sweep", ["", ""], [[k.replace("_", " "), v] for k, v in cells.items()]
        )
    if failed:
        raise typer.Exit(1)


def chip_yield(
    design: DesignFile,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of results; default yields/<design name>.")
    ] = None,
    ideal: Annotated[bool, typer.Option("--ideal", help="Ideal wires, without drawing.")] = False,
    chips: Annotated[int, typer.Option("--chips", min=1, max=1_000_000, help="Most chips.")] = 1000,
    precision: Annotated[
        float, typer.Option("--precision", min=0.001, max=0.5, help="Half of the 95 % interval at which to stop.")
    ] = 0.05,
    trials: Annotated[
        int | None, typer.Option("--trials", min=1, max=1_000_000, help="Of the task, the first so many.")
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    force: Annotated[bool, typer.Option("--force", help="Forget the chips that are stored.")] = False,
    json: Json = False,
) -> None:
    """Say which share of the chips that a design's section variation makes work, and draw it. Exit code 1: none."""
    from spinhop.console import TaskBar, print_json
    from spinhop.study.chip_yield import yield_of

    can_draw = importlib.util.find_spec("matplotlib") is not None
    with TaskBar("yield") as bar:
        found = yield_of(
            design, out, wires="ideal" if ideal else "drawn", chips=chips, precision=precision, trials=trials,
            workers=workers, scheduler=scheduler, fresh=force, progress=bar,
        )  # fmt: skip
    picture = _drawn(found) if can_draw else None
    if json:
        print_json(_yield_data(found, picture))
    else:
        _print_yield(found, chips, picture)
        if not can_draw:
            print(f"its picture: pip install 'spinhop[{extra_of('matplotlib')}]'")
    if not found.works.good:
        raise typer.Exit(1)


def _yield_data(found: ChipYield, picture: Path | None) -> dict[str, Any]:
    def share(of: ChipShare) -> dict[str, Any]:
        return {**asdict(of), "share": of.value}

    return {
        "works": share(found.works), "task": share(found.task), "rules": share(found.rules),
        "by_rule": {name: share(of) for name, of in found.by_rule.items()},
        "sensitivity": {name: [each._asdict() for each in most] for name, most in found.sensitivity.items()},
        "undetermined": found.undetermined, "refused": found.refused, "problem": found.problem or None,
        "precise": found.precise, "folder": str(found.folder), "picture": None if picture is None else str(picture),
    }  # fmt: skip


def _print_yield(found: ChipYield, chips: int, picture: Path | None) -> None:
    from spinhop.console import print_files, print_table
    from spinhop.study.sensitivity import can_analyse

    rows = [
        [name, f"{s.good} of {s.chips}", f"{100 * s.value:.1f} %", f"{100 * s.low:.1f} … {100 * s.high:.1f} %",
         _hangs_on(found.sensitivity.get(name, []))]
        for name, s in {"works": found.works, "task": found.task, "rules": found.rules, **found.by_rule}.items()
    ]  # fmt: skip
    print_table("yield", ["", "chips", "share", "95 % interval", "hangs on"], rows)
    if found.undetermined:
        print(f"undetermined: {found.undetermined} of {found.task.chips} chips, counted as not doing their task")
    if found.refused:
        print(f"refused: {found.refused} of {found.works.chips} chips, counted as not working ({found.problem})")
    if not can_analyse():
        print("what it hangs on: pip install 'spinhop[search]'")
    if not found.precise:
        print(f"not as precise as asked: give more than {chips} --chips")
    print_files(found.folder)
    if picture is not None:
        print_files(picture)


def _drawn(found: ChipYield) -> Path | None:
    """The page of a yield's figures; None of chips that have no network."""
    from spinhop.plotting import plot_store

    return plot_store(found.folder).page if found.refused < found.works.chips else None


def characterise(
    design: DesignFile,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of results; default characterisations/<design name>.")
    ] = None,
    v_dw: Annotated[
        str | None, typer.Option("--v-dw", metavar="LIST", help="Voltages, as '80 mV, 90 mV'; default by --supply.")
    ] = None,
    supply: Annotated[
        str | None,
        typer.Option("--supply", metavar="LIST", help="Factors on the design's own V_DW; default 0.9 to 1.1."),
    ] = None,
    temperature: Annotated[
        str | None, typer.Option("--temperature", metavar="LIST", help="As '250 K, 300 K'; default the design's own.")
    ] = None,
    ideal: Annotated[bool, typer.Option("--ideal", help="Ideal wires, without drawing.")] = False,
    trials: Annotated[
        int | None, typer.Option("--trials", min=1, max=1_000_000, help="Of the task, the first so many.")
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    force: Annotated[bool, typer.Option("--force", help="Forget the rows that are stored.")] = False,
    whole: All = False,
    json: Json = False,
) -> None:
    """Tell time, energy, V_DW window and success against V_DW and temperature. Exit code 1 when no row has numbers."""
    from spinhop.console import TaskBar, print_files, print_json, print_table
    from spinhop.study.characterisation import SUPPLIES
    from spinhop.study.characterisation import characterise as run
    from spinhop.study.characterisation_table import cells, main_columns

    if v_dw is not None and supply is not None:
        raise InputError("--v-dw and --supply: give one of them")
    volts, kelvin, factors = _listed("--v-dw", v_dw), _listed("--temperature", temperature), _factors(supply)
    with TaskBar("characterise") as bar:
        found = run(
            design, out, v_dw=volts, supplies=factors or SUPPLIES, temperatures=kelvin,
            wires="ideal" if ideal else "drawn", trials=trials, workers=workers, scheduler=scheduler, fresh=force,
            progress=bar,
        )  # fmt: skip
    if json:
        columns = {name: column._asdict() for name, column in found.columns.items()}
        print_json({"folder": str(found.folder), "columns": columns, "rows": found.rows, "refused": found.refused})
    else:
        names = list(found.columns) if whole else main_columns(found.columns)[:MOST_COLUMNS]
        rows = [[*cells(found.columns, row, names), "own" if row["own"] else row["problem"]] for row in found.rows]
        print_table("characterisation", [*names, ""], rows)
        print_files(*found.files)
    if found.refused == len(found.rows):
        raise typer.Exit(1)


def _listed(option: str, text: str | None) -> list[str]:
    """The entries of a list; none where it was not given."""
    parts = [part.strip() for part in text.split(",")] if text is not None else []
    if not all(parts):
        raise InputError(f"{option}: {shown(text)} has an empty entry")
    return parts


def _factors(text: str | None) -> list[float]:
    from hwlib.quantities import parse_number

    parts = _listed("--supply", text)
    try:
        return [parse_number(part) for part in parts]
    except ValueError:
        raise InputError(f"--supply: {shown(text)} are no numbers; write for example '0.9, 1, 1.1'") from None


def _hangs_on(found: list[Sensitivity]) -> str:
    """The two parameters that explain most, with the share of the variance."""
    return ", ".join(f"{each.parameter} {100 * each.share:.0f} %" for each in found[:2] if each.sure)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(sweep)
    app.command("yield")(chip_yield)
    app.command()(characterise)
