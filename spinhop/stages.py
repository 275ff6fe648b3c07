"""The stages of a run: drawing, extraction, simulation with ideal and with drawn wires, recall, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from hwlib.storage.writing import write_bytes
from spinhop.run_folder.artefacts import (
    COMPILING,
    DRAWN_TRACE,
    IDEAL_TRACE,
    NETWORK,
    PARASITICS,
    design_inputs,
    drawn_network,
    ideal_wires,
    layout_file,
    open_drawing,
    save_dataset,
    task_file,
)
from spinhop.run_folder.provenance import file_hash
from spinhop.run_folder.runs import Run, Stage
from spinhop.runtime.compile_progress import compiling

if TYPE_CHECKING:
    from hwlib.design import Design
    from hwlib.network import Network

TEXT_NETLIST_DEVICES = 20_000  # SPEF and SPICE of more devices are hundreds of megabytes: written on request only
CAPACITANCE_DEVICES = 20_000  # coupling of neighbouring wires takes minutes beyond; resistances do not
RECALL_TOLERANCE = 1e-7  # L per step, as drawn: times and energies of many trials within 1e-6, in half the steps
TRACE_DEVICES = 10_000  # wall traces of more devices do not fit a report, nor a small machine's memory


def _drawing_inputs(run: Run) -> Any:
    if run.layout is not None:
        return [file_hash(run.layout), run.layout.suffix, run.top]
    return design_inputs(run, "seed", "operating_point", "compensation", "task", "waivers")


def _draw(run: Run) -> Sequence[str]:
    from hwlib.drawing.reader import open_layout
    from hwlib.technology import write_technology

    if run.layout is None:
        import layouts
        from layouts.writer import write_layouts

        run.drawing = None
        component = layouts.hopfield(run.design, run.process)
        names = ["layout.gds", "layout.oas"]
        write_layouts(component, [run.path(name) for name in names])
    else:
        from hwlib.drawing.layout_file import cell_bytes

        if run.drawing is None:  # first: a file that is no layout must not be kept
            run.drawing = open_layout(run.layout, run.process, top=run.top, devices=run.design.topology.devices)
        names = [f"layout{run.layout.suffix}"]
        write_bytes(run.path(names[0]), run.layout.read_bytes() if run.top is None else cell_bytes(run.layout, run.top))
    if run.drawing is None:
        run.drawing = open_layout(run.path(names[-1]), run.process)
    unit = run.drawing.dbu * run.drawing.coarseness
    technology = write_technology(run.process, run.folder, stem="layout", unit=unit)
    return [*names, technology.name, technology.with_suffix(".lyp").name]


def _extraction_inputs(run: Run) -> Any:
    inputs = design_inputs(run, "seed", "compensation", "task", "waivers")
    return inputs if run.parasitics is None else [*inputs, run.parasitics.digest]


def _extract(run: Run) -> Sequence[str]:
    from hwlib.extraction import extract, with_parasitics, write_spef, write_spice
    from hwlib.network_file import write_network

    drawing, given = open_drawing(run), run.parasitics
    capacitance = given is None and run.design.topology.devices <= CAPACITANCE_DEVICES
    network = extract(drawing, run.process, run.design, capacitance=capacitance)
    if given is not None:  # the drawn devices on another tool's wires
        network = with_parasitics(network, given)
    network = replace(network, attrs=network.attrs | {"layout": layout_file(run).name})
    run.network = None
    write_network(network, run.path(NETWORK))
    names = [NETWORK]
    if network.devices <= TEXT_NETLIST_DEVICES:
        write_spef(network, run.path("network.spef"))
        write_spice(network, run.path("network.spice"))
        names += ["network.spef", "network.spice"]
    return names


def _network(run: Run, ideal: bool) -> Network:
    return ideal_wires(run) if ideal else drawn_network(run)


def _simulation_inputs(run: Run) -> Any:
    return [*design_inputs(run, "waivers"), run.engine]


def _trace_inputs(run: Run) -> Any:
    return [*_simulation_inputs(run), *(["voltages"] if run.voltages else [])]


def _trace(ideal: bool, name: str) -> Any:
    def work(run: Run) -> Sequence[str]:
        import sim
        from sim.engines import DEFAULT_TOLERANCE

        network = _network(run, ideal)
        voltage = sim.v_dw_on(network, run.design, run.process)
        protocol = sim.first_trial(network, run.design, run.process, v_dw=voltage.volts)
        record = network.devices <= TRACE_DEVICES
        if run.voltages and not record:
            run.remark(f"no node voltages: traces of more than {TRACE_DEVICES} devices are not recorded")
        voltages = run.voltages and record
        # Without a trace it is one trial more of the task, as exact as those.
        tolerance = DEFAULT_TOLERANCE if record else run_tolerance(run.design, ideal=ideal)
        with compiling(run.say, run.remark) as compiled:
            result = sim.run(
                network, protocol, engine=run.engine, record=record, voltages=voltages, tolerance=tolerance
            )  # fmt: skip
        run.compiling = compiled.seconds
        voltage.note(result)
        result.attrs["seed"] = run.design.seed
        save_dataset(result, run.path(name))
        return [name]

    return work


def run_tolerance(design: Design, *, ideal: bool) -> float:
    """Of walls in the trials of a run's task, as for ``sim.run``."""
    from sim.engines import DEFAULT_TOLERANCE
    from sim.tasks.kinds import task_of

    return (task_of(design).tolerance or DEFAULT_TOLERANCE) if ideal else RECALL_TOLERANCE


def _task(ideal: bool, name: str) -> Any:
    def work(run: Run) -> Sequence[str]:
        import sim
        from sim.tasks.run_task import ideal_for_task

        network = ideal_for_task(run.design, run.process) if ideal else drawn_network(run)
        for line in sim.foretold(network, run.design, run.process):
            run.remark(line)
        trials = partial(
            sim.run_task, network, run.design, run.process, engine=run.engine,
            tolerance=run_tolerance(run.design, ideal=ideal),
            progress=run.advance, checkpoint=run.path(f"{name}.partial"),
        )  # fmt: skip
        with compiling(run.say, run.remark) as compiled:
            result = _resumed(trials, run.remark)
        run.compiling = compiled.seconds
        if not ideal:
            from sim.engines.layout import forget_plans

            forget_plans()  # no trials any more
        save_dataset(result, run.path(name))
        return [name]

    return work


def _resumed(trials: Callable[[], Any], remark: Callable[[str], None]) -> Any:
    """Go on from what an interrupted run left; a file that is damaged, or of another design, is said and removed."""
    from sim.checkpoint import CheckpointError

    for _ in range(2):  # the finished trials, and the one under way
        try:
            return trials()
        except CheckpointError as error:
            remark(f"{error}; its trials are run again")
            error.path.unlink(missing_ok=True)
    return trials()


def _layout_notes(run: Run) -> dict[str, Any]:
    return {"layout": run.layout.name if run.layout else "drawn", **({"top_cell": run.top} if run.top else {})}


def _parasitics_notes(run: Run) -> dict[str, Any]:
    return {} if run.parasitics is None else {PARASITICS: run.parasitics.title}


def _engine_notes(run: Run) -> dict[str, Any]:
    return {"engine": run.engine, **({COMPILING: round(run.compiling, 3)} if run.compiling else {})}


_SIMULATE = ("hwlib", "sim")
LAYOUT = Stage("layout", (), ("hwlib", "layouts"), _drawing_inputs, _draw, _layout_notes)
EXTRACTION = Stage("extraction", ("layout",), ("hwlib", "layouts"), _extraction_inputs, _extract, _parasitics_notes)
SIMULATION_IDEAL = Stage("simulation, ideal", (), _SIMULATE, _trace_inputs, _trace(True, IDEAL_TRACE), _engine_notes)
SIMULATION_DRAWN = Stage(
    "simulation, drawn", ("extraction",), _SIMULATE, _trace_inputs, _trace(False, DRAWN_TRACE), _engine_notes
)


@lru_cache(maxsize=64)
def task_stage(kind: str, *, ideal: bool) -> Stage:
    """The stage that runs the trials of a kind of tasks, with ideal wires or as drawn."""
    name, needs = f"{kind}, {'ideal' if ideal else 'drawn'}", () if ideal else ("extraction",)
    work = _task(ideal, task_file(kind, ideal=ideal))
    return Stage(name, needs, _SIMULATE, _simulation_inputs, work, lambda run: _engine_notes(run) | {"task": kind})
