"""The stages behind ``spinhop spice``: a deck of the design's trial, and its run with a circuit simulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwlib.argument_kinds import takes_kinds
from hwlib.quantities import human
from spinhop.run_folder.artefacts import design_inputs, drawn_network, ideal_wires, save_dataset
from spinhop.run_folder.runs import Progress, Run, Stage, open_run, refuse_unused, tell_inputs
from spinhop.run_folder.stored_results import StoredResults
from spinhop.stages import EXTRACTION, LAYOUT, SIMULATION_DRAWN, SIMULATION_IDEAL

if TYPE_CHECKING:
    from hwlib.design import Design
    from hwlib.network import Network
    from hwlib.process import Process
    from sim.protocol import Protocol
    from sim.spice import Deck

AFTER_REST = 5e-9  # s: the deck goes on after the engine's walls rest


@takes_kinds
def spice_design(
    design: str | Path, *, ideal: bool, run: bool, out: str | Path | None = None, layout: str | Path | None = None,
    top: str | None = None, spef: str | Path | None = None, engine: str = "auto", dialect: str = "ngspice",
    force: bool = False, progress: Progress = lambda stage, status, seconds: None,
) -> Run:  # fmt: skip
    """Bring the run folder up to the design's deck, and to the simulator's result.

    Args:
        design: design file.
        ideal: perfect wires instead of drawn ones.
        run: run the deck.
        out: run folder, default ``runs/<design name>``.
        layout: GDS or OASIS file to use instead of drawing one.
        top: its cell to use, when it has several top cells.
        spef: parasitics of another tool (SPEF) to use instead of extracting wires.
        engine: of the simulation that says how long load and convergence take.
        dialect: of the deck: ``ngspice``, ``xyce``, ``vacask`` or ``spectre``.
        force: repeat stages whose inputs did not change.
        progress: as for ``run_design``.

    Raises:
        InputError: bad input to any stage; the simulator is to run and is missing, fails, or is none run here.
    """
    from sim.spice import check_simulator, deck_law_of, dialect_of

    form = dialect_of(dialect)
    if run:
        check_simulator(dialect)  # before minutes of work for nothing
    refuse_unused(ideal=ideal, layout=layout, spef=spef, engine=engine)

    def refuse(design: Design, process: Process) -> None:
        from sim.engines import check_engine  # loaded once there is a design

        noise = design.operating_point.temperature is not None
        deck_law_of(design.device.dynamics.model, verilog_a=form.verilog_a, noise=noise)
        check_engine(engine, design, process)

    with open_run(
        design, out, layout=layout, top=top, spef=spef, engine=engine, to_draw=not ideal, refuse=refuse
    ) as opened:
        opened.remark = getattr(progress, "remark", opened.remark)
        tell_inputs(opened)
        stages = [SIMULATION_IDEAL] if ideal else [LAYOUT, EXTRACTION, SIMULATION_DRAWN]
        stages += [deck_stage(ideal, dialect), *([run_stage(ideal, dialect)] if run else [])]
        opened.execute(stages, progress, force=force)
        return opened


def names(ideal: bool, dialect: str = "ngspice") -> tuple[str, str]:
    """Files of one kind of wires: the deck's bench, the simulator's result."""
    from sim.spice import dialect_of

    kind = _kind(ideal)
    bench = dialect_of(dialect).bench_name.format(kind)
    return bench, f"{kind}_{dialect}.nc"


def _trial(run: Run, ideal: bool) -> tuple[Network, Protocol]:
    import sim

    network = ideal_wires(run) if ideal else drawn_network(run)
    protocol = sim.first_trial(network, run.design, run.process)
    if float(StoredResults.of(run).trial(ideal=ideal).time_load) == 0:  # every wall is where the pattern wants it
        protocol = replace(protocol, start=None)
    return network, protocol


def _write(run: Run, ideal: bool, dialect: str, network: Network, protocol: Protocol) -> Deck:
    from sim.spice import write_deck

    bench = names(ideal, dialect)[0]
    known = StoredResults.of(run).trial(ideal=ideal)
    load, span = float(known.time_load), float(known.time_convergence) + AFTER_REST
    voltage = f"V_DW {human(protocol.v_dw, 'V', 6)}, {known.attrs['v_dw_origin']}"
    return write_deck(
        network, protocol, run.path(bench), load_time=load, duration=span, dialect=dialect, remark=voltage
    )


def deck_stage(ideal: bool, dialect: str) -> Stage:
    """The stage that writes a deck."""
    before = SIMULATION_IDEAL if ideal else SIMULATION_DRAWN

    def work(run: Run) -> Sequence[str]:
        return [path.name for path in _write(run, ideal, dialect, *_trial(run, ideal)).files]

    title = "SPICE" if dialect == "ngspice" else f"{dialect} deck"
    return Stage(f"{title}, {_kind(ideal)}", (before.name,), ("hwlib", "sim"), _inputs, work)


def run_stage(ideal: bool, dialect: str) -> Stage:
    """The stage that runs a deck."""

    def work(run: Run) -> Sequence[str]:
        import sim
        from sim.spice import read_back, run_written

        network, protocol = _trial(run, ideal)
        deck = _write(run, ideal, dialect, network, protocol)
        name = names(ideal, dialect)[1]
        result = read_back(network, protocol, deck, run_written(deck), samples=2000)
        sim.v_dw_on(network, run.design, run.process).note(result)
        result.attrs["seed"] = run.design.seed
        save_dataset(result, run.path(name))
        return [name]

    before = deck_stage(ideal, dialect)
    return Stage(f"{dialect}, {_kind(ideal)}", (before.name,), ("hwlib", "sim"), _inputs, work)


def _kind(ideal: bool) -> str:
    return "ideal" if ideal else "drawn"


def _inputs(run: Run) -> Any:
    return design_inputs(run, "waivers")
