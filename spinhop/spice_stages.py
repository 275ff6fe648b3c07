"""The stages behind ``spinhop spice``: a deck of the design's trial, and its run with ngspice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinhop.artefacts import DRAWN_TRACE, IDEAL_TRACE, design_inputs, drawn_network, ideal_wires, save_dataset
from spinhop.result_files import read_trial
from spinhop.runs import Progress, Run, Stage, open_run
from spinhop.stages import EXTRACTION, LAYOUT, SIMULATION_DRAWN, SIMULATION_IDEAL

if TYPE_CHECKING:
    from hwlib.network import Network
    from sim.protocol import Protocol
    from sim.spice import Deck

AFTER_REST = 5e-9  # s: the deck goes on after the engine's walls rest


def spice_design(
    design: Path, *, ideal: bool, run: bool, out: Path | None = None, layout: Path | None = None,
    top: str | None = None, engine: str = "auto", force: bool = False,
    progress: Progress = lambda stage, status, seconds: None,
) -> Run:  # fmt: skip
    """Bring the run folder up to the design's SPICE deck, and to ngspice's result.

    Args:
        design: design file.
        ideal: perfect wires instead of drawn ones.
        run: run the deck.
        out: run folder, default ``runs/<design name>``.
        layout: GDS or OASIS file to use instead of drawing one.
        top: its cell to use, when it has several top cells.
        engine: of the simulation that says how long load and convergence take.
        force: repeat stages whose inputs did not change.
        progress: as for ``run_design``.

    Raises:
        InputError: bad input to any stage; ngspice is to run and is missing or fails.
    """
    from sim.spice import find_ngspice, refuse_other_dynamics

    if run:
        find_ngspice()  # before minutes of work for nothing
    with open_run(design, out, layout=layout, top=top, engine=engine) as opened:
        noise = opened.design.operating_point.temperature is not None
        refuse_other_dynamics(opened.design.device.dynamics.model, noise=noise)
        stages = [SIMULATION_IDEAL] if ideal else [LAYOUT, EXTRACTION, SIMULATION_DRAWN]
        stages += [DECKS[ideal], *([RUNS[ideal]] if run else [])]
        opened.execute(stages, progress, force=force)
        return opened


def names(ideal: bool) -> tuple[str, str, str, str]:
    """Files of one kind of wires: the deck's bench and network, ngspice's result, the engine's."""
    kind = "ideal" if ideal else "drawn"
    return f"{kind}.cir", f"{kind}_network.inc", f"{kind}_ngspice.nc", IDEAL_TRACE if ideal else DRAWN_TRACE


def _trial(run: Run, ideal: bool) -> tuple[Network, Protocol]:
    import sim

    network = ideal_wires(run) if ideal else drawn_network(run)
    return network, sim.first_trial(network, run.design, run.process)


def _write(run: Run, ideal: bool, network: Network, protocol: Protocol) -> Deck:
    from sim.spice import write_deck

    bench, _, _, trace = names(ideal)
    known = read_trial(run.path(trace), network)
    load, span = float(known.time_load), float(known.time_convergence) + AFTER_REST
    return write_deck(network, protocol, run.path(bench), load_time=load, duration=span)


def _deck_stage(ideal: bool) -> Stage:
    before = SIMULATION_IDEAL if ideal else SIMULATION_DRAWN

    def work(run: Run) -> Sequence[str]:
        _write(run, ideal, *_trial(run, ideal))
        return names(ideal)[:2]

    return Stage(f"SPICE, {_kind(ideal)}", (before.name,), ("hwlib", "sim"), _inputs, work)


def _run_stage(ideal: bool) -> Stage:
    def work(run: Run) -> Sequence[str]:
        import sim
        from sim.spice import read_back, run_deck

        network, protocol = _trial(run, ideal)
        deck = _write(run, ideal, network, protocol)
        name = names(ideal)[2]
        result = read_back(network, protocol, deck, run_deck(deck.bench), samples=2000)
        sim.v_dw_on(network, run.design, run.process).note(result)
        save_dataset(result, run.path(name))
        return [name]

    return Stage(f"ngspice, {_kind(ideal)}", (DECKS[ideal].name,), ("hwlib", "sim"), _inputs, work)


def _kind(ideal: bool) -> str:
    return "ideal" if ideal else "drawn"


def _inputs(run: Run) -> Any:
    return design_inputs(run, "waivers")


DECKS = {ideal: _deck_stage(ideal) for ideal in (False, True)}
RUNS = {ideal: _run_stage(ideal) for ideal in (False, True)}
