"""``compensate``, ``train`` and ``order``: voltages, weights and places that suit the wires of a drawn design."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from hwlib.seeds import LARGEST_SEED
from spinhop.commands.options import DesignFile, Json, Overwrite, finite

Simulate = Annotated[
    bool, typer.Option("--simulate/--rules-only", help="Also run the task's trials, before and after.")
]


def compensate(
    design: DesignFile,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Design to write; default <design>_compensated.yaml."),
    ] = None,
    limit: Annotated[
        str | None,
        typer.Option(
            "--limit", metavar="VOLTS", help="Largest weight voltage, as '250 mV'; default twice the weights'."
        ),
    ] = None,
    spread: Annotated[
        float, typer.Option("--spread", min=0, max=0.3, callback=finite, help="Of R_P and leaks, for the sensitivity.")
    ] = 0.05,
    draws: Annotated[int, typer.Option("--draws", min=1, max=10_000, help="Networks with spread devices.")] = 20,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Of the draws; default the design's.")
    ] = None,
    simulate: Simulate = True,
    force: Overwrite = False,
    json: Json = False,
) -> None:
    """Find weight voltages and V_DW with which a drawn design does what ideal wires would let it do.

    Exit code 1 when the compensated network does not do its task, or breaks a limit.
    """
    from hwlib.errors import InputError
    from hwlib.quantities import parse_quantity
    from spinhop.console import TaskBar
    from spinhop.designs.compensating import compensate_design
    from spinhop.designs.design_comparison import COLUMNS

    target = out or design.with_name(f"{design.stem}_compensated.yaml")
    try:
        volts = None if limit is None else parse_quantity(limit, "V")
    except ValueError as error:
        raise InputError(f"--limit: {error}") from None
    with TaskBar("compensate") as bar:
        made = compensate_design(
            design, target, limit=volts, spread=spread, draws=draws, seed=seed, simulate=simulate, replace_file=force,
            progress=bar.named,
        )  # fmt: skip
    notes = [f"{made.at_limit} of {made.nets} are at the limit"] if made.at_limit else []
    title = f"{made.nets} weight voltages, sought for {made.states} states"
    _tell(made, title, COLUMNS, notes, json=json)


def train(
    design: DesignFile,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Design to write; default <design>_trained.yaml.")
    ] = None,
    limit: Annotated[
        float | None,
        typer.Option(
            "--limit", min=1e-6, max=1e6, callback=finite, help="Largest weight, multiples of W; default none."
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, max=1000, help="Equal steps from 0 to the limit; default any value.")
    ] = None,
    simulate: Simulate = True,
    force: Overwrite = False,
    json: Json = False,
) -> None:
    """Learn weights on a drawn design's wires, so that what it stores are rest states as drawn (perceptron rule).

    Exit code 1 when the trained network does not do its task, or breaks a limit.
    """
    from spinhop.console import TaskBar
    from spinhop.designs.trained_design import COLUMNS, train_design

    target = out or design.with_name(f"{design.stem}_trained.yaml")
    with TaskBar("train") as bar:
        made = train_design(
            design, target, limit=limit, steps=steps, simulate=simulate, replace_file=force, progress=bar.named
        )
    _tell(made, "weights learnt on the drawn network", COLUMNS, made.notes, json=json)


def order(
    design: DesignFile,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Design to write; default <design>_ordered.yaml.")
    ] = None,
    rule: Annotated[
        Literal["drive.pattern", "drive.path", "vdw.window"], typer.Option("--rule", help="Whose margin decides.")
    ] = "drive.pattern",
    tries: Annotated[
        int, typer.Option("--tries", min=0, max=100_000, help="Exchanges of two neurons, after four sorted orders.")
    ] = 24,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Of the exchanges; default the design's.")
    ] = None,
    simulate: Simulate = True,
    force: Overwrite = False,
    json: Json = False,
) -> None:
    """Find an order of the neurons in the drawing in which a rule has more room; each order is drawn and extracted.

    Exit code 1 when the ordered network does not do its task, or breaks a limit.
    """
    from spinhop.console import TaskBar
    from spinhop.designs.ordering import COLUMNS, order_design

    target = out or design.with_name(f"{design.stem}_ordered.yaml")
    with TaskBar("order") as bar:
        made = order_design(
            design, target, rule=rule, tries=tries, seed=seed, simulate=simulate, replace_file=force, progress=bar.named
        )
    notes = [f"margin of {made.rule}: {made.margin[0]:.4g} as given, {made.margin[1]:.4g} as found"]
    _tell(made, f"{made.tried} orders drawn, best for {made.rule}", COLUMNS, notes, json=json)


def _tell(made: Any, title: str, columns: Sequence[str], notes: Sequence[str] = (), *, json: bool) -> None:
    """Print what a command made of a design and the verdict on that; exit with 1 when it is a bad one."""
    from spinhop.console import print_files, print_json, print_verdict
    from spinhop.designs.design_comparison import print_comparison

    verdict, step = made.verdict, made.verdict.step.named(made.design)
    if json:
        told = {name: str(value) if isinstance(value, Path) else value for name, value in vars(made).items()}
        del told["verdict"]
        print_json(told | {line.name: line.data() for line in verdict.lines} | {"next": step.data()})
    else:
        print_comparison(title, made.rows, columns)
        for note in notes:
            print(note)
        print_files(made.design)
        print_verdict(verdict.lines, step)
    if any(line.failed for line in verdict.lines):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(compensate)
    app.command()(train)
    app.command()(order)
