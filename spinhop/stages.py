"""The stages of a run: drawing, extraction, simulation with ideal and with drawn wires, recall, report."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwlib.netcdf import write_netcdf
from hwlib.writing import write_bytes
from spinhop.provenance import file_hash
from spinhop.runs import Progress, Run, Stage, open_run, reopen_run

if TYPE_CHECKING:
    from hwlib.network import Network

TEXT_NETLIST_DEVICES = 20_000  # SPEF and SPICE of more devices are hundreds of megabytes: written on request only
CAPACITANCE_DEVICES = 20_000  # coupling of neighbouring wires takes minutes beyond; resistances do not
RECALL_TOLERANCE = 1e-7  # L per step: times and energies of many trials within 1e-6, in half the steps of one trial's
TRACE_DEVICES = 10_000  # wall traces of more devices do not fit a report, nor a small machine's memory

IDEAL_TRACE, DRAWN_TRACE = "ideal.nc", "drawn.nc"
IDEAL_RECALL, DRAWN_RECALL = "recall_ideal.nc", "recall_drawn.nc"
NETWORK, REPORT = "network.nc", "report.html"
LAYOUT_PICTURE, NEURON_PICTURE = "layout.png", "neuron.png"


def design_inputs(run: Run, *without: str) -> list[Any]:
    """What of the design and process decides a result: their fields but some, and the weights they lead to."""
    from hwlib.weights import weight_levels

    fields = run.design.model_dump(mode="json", exclude=set(without))
    weights = hashlib.sha256(weight_levels(run.design).tobytes()).hexdigest()
    return [fields, weights, run.process.model_dump(mode="json")]


def _drawing_inputs(run: Run) -> Any:
    if run.layout is not None:
        return [file_hash(run.layout), run.layout.suffix, run.top]
    return design_inputs(run, "seed", "operating_point", "task", "waivers")


def _draw(run: Run) -> Sequence[str]:
    import layouts

    if run.layout is None:
        component = layouts.hopfield(run.design, run.process)
        names = ["layout.gds", "layout.oas"]
        for name in names:
            layouts.write_layout(component, run.path(name))
    else:
        from hwlib.drawing.layout_file import cell_bytes
        from hwlib.drawing.reader import open_layout

        open_layout(run.layout, run.process, top=run.top)  # first: a file that is no layout must not be kept
        names = [f"layout{run.layout.suffix}"]
        write_bytes(run.path(names[0]), run.layout.read_bytes() if run.top is None else cell_bytes(run.layout, run.top))
    layouts.render(run.path(names[-1]), run.path(LAYOUT_PICTURE), run.process)
    return [*names, LAYOUT_PICTURE]


def layout_file(run: Run) -> Path:
    """The layout a run extracts: OASIS where there is one, it is the smaller."""
    oasis = run.path("layout.oas")
    return oasis if "layout.oas" in run.files("layout") else run.path("layout.gds")


def neuron_window(network: Network) -> tuple[float, float, float, float]:
    """Left, bottom, right, top in m of the middle neuron's soma with its neighbours, as extracted from the drawing."""
    soma = network.somas[network.neurons // 2]
    x, y = network.device_x[soma], network.device_y[soma]
    half = []
    for place, centre in ((network.device_x, x), (network.device_y, y)):
        distance = abs(place - centre)
        half.append(1.5 * distance[distance > 1e-9].min())
    return x - half[0], y - half[1], x + half[0], y + half[1]


def _extraction_inputs(run: Run) -> Any:
    return design_inputs(run, "seed", "task", "waivers")


def _extract(run: Run) -> Sequence[str]:
    import layouts
    from hwlib.extraction import extract, with_capacitance, write_spef, write_spice
    from hwlib.network import write_network

    network = extract(layout_file(run), run.process, run.design)
    if network.devices <= CAPACITANCE_DEVICES:
        network = with_capacitance(network, layout_file(run), run.process)
    write_network(network, run.path(NETWORK))
    layouts.render(layout_file(run), run.path(NEURON_PICTURE), run.process, window=neuron_window(network))
    names = [NETWORK, NEURON_PICTURE]
    if network.devices <= TEXT_NETLIST_DEVICES:
        write_spef(network, run.path("network.spef"))
        write_spice(network, run.path("network.spice"))
        names += ["network.spef", "network.spice"]
    return names


def ideal_wires(run: Run) -> Network:
    """The design's network with perfect wires."""
    from hwlib.schematic import ideal_network

    return ideal_network(run.design, run.process)


def drawn_network(run: Run) -> Network:
    """The network that the extraction stage wrote."""
    from hwlib.network import read_network

    return read_network(run.path(NETWORK))


def _network(run: Run, ideal: bool) -> Network:
    return ideal_wires(run) if ideal else drawn_network(run)


def _simulation_inputs(run: Run) -> Any:
    return [*design_inputs(run, "waivers"), run.engine]


def _trace(ideal: bool, name: str) -> Any:
    def work(run: Run) -> Sequence[str]:
        import sim

        network = _network(run, ideal)
        start = sim.starts(run.design, 1)[0]
        voltage = sim.v_dw_on(network, run.design, run.process)
        protocol = sim.protocol_on(network, run.design, run.process, start=start, v_dw=voltage.volts)
        result = sim.run(network, protocol, engine=run.engine, record=network.devices <= TRACE_DEVICES)
        result.attrs |= {"v_dw": voltage.volts, "v_dw_origin": voltage.origin}
        save_dataset(result, run.path(name))
        return [name]

    return work


def _recall(ideal: bool, name: str) -> Any:
    def work(run: Run) -> Sequence[str]:
        import sim

        network, kept = _network(run, ideal), run.path(f"{name}.partial")
        trials = partial(
            sim.recall, network, run.design, run.process, engine=run.engine, tolerance=RECALL_TOLERANCE,
            progress=run.advance, checkpoint=kept,
        )  # fmt: skip
        result = _resumed(trials, run.remark)
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


def save_dataset(dataset: Any, path: Path) -> Path:
    """Write an xarray dataset as netCDF-4, whole or not at all."""
    return write_netcdf(dataset, path)


def _report(run: Run) -> Sequence[str]:
    from spinhop.report import write_report

    write_report(run.folder)
    return [REPORT]


def _layout_notes(run: Run) -> dict[str, Any]:
    return {"layout": run.layout.name if run.layout else "drawn", **({"top_cell": run.top} if run.top else {})}


def _engine_notes(run: Run) -> dict[str, Any]:
    return {"engine": run.engine}


_SIMULATE = ("hwlib", "sim")
LAYOUT = Stage("layout", (), ("hwlib", "layouts"), _drawing_inputs, _draw, _layout_notes)
EXTRACTION = Stage("extraction", ("layout",), ("hwlib", "layouts"), _extraction_inputs, _extract)
SIMULATION_IDEAL = Stage(
    "simulation, ideal", (), _SIMULATE, _simulation_inputs, _trace(True, IDEAL_TRACE), _engine_notes
)
SIMULATION_DRAWN = Stage(
    "simulation, drawn", ("extraction",), _SIMULATE, _simulation_inputs, _trace(False, DRAWN_TRACE), _engine_notes
)
RECALL_IDEAL = Stage("recall, ideal", (), _SIMULATE, _simulation_inputs, _recall(True, IDEAL_RECALL), _engine_notes)
RECALL_DRAWN = Stage(
    "recall, drawn", ("extraction",), _SIMULATE, _simulation_inputs, _recall(False, DRAWN_RECALL), _engine_notes
)
_BEFORE_REPORT = (LAYOUT, EXTRACTION, SIMULATION_IDEAL, SIMULATION_DRAWN, RECALL_IDEAL, RECALL_DRAWN)
REPORT_STAGE = Stage(
    "report", tuple(stage.name for stage in _BEFORE_REPORT), ("hwlib", "sim", "spinhop"), lambda run: None, _report
)
ALL = (*_BEFORE_REPORT, REPORT_STAGE)
UP_TO = {
    "layout": (LAYOUT,),
    "extract": (LAYOUT, EXTRACTION),
    "simulate": (LAYOUT, EXTRACTION, SIMULATION_IDEAL, SIMULATION_DRAWN),
    "simulate ideal": (SIMULATION_IDEAL,),
    "recall": (LAYOUT, EXTRACTION, RECALL_IDEAL, RECALL_DRAWN),
    "recall ideal": (RECALL_IDEAL,),
    "run": ALL,
}


def rewrite_report(folder: Path) -> Path:
    """Write the report of a run folder again, from the files that are there.

    Raises:
        InputError: no run folder, a run is under way in it, or a stage that the report shows has not run.
    """
    from spinhop.report import write_report

    with reopen_run(folder) as manifest:
        path = write_report(folder)
        record = manifest["stages"].get(REPORT_STAGE.name)
        if record:
            record["files"][REPORT] = file_hash(path)
        return path


def run_design(
    design: Path, goal: str = "run", *, out: Path | None = None, layout: Path | None = None, top: str | None = None,
    engine: str = "auto", force: bool = False, progress: Progress = lambda stage, status, seconds: None,
) -> Run:  # fmt: skip
    """Bring the run folder of a design up to date.

    Args:
        design: design file.
        goal: which stages, a key of ``UP_TO``.
        out: run folder, default ``runs/<design name>``.
        layout: GDS or OASIS file to use instead of drawing one.
        top: its cell to use, when it has several top cells.
        engine: simulation engine.
        force: repeat stages whose inputs did not change, and overwrite files changed by hand.
        progress: called with stage, ``start``, ``done`` or ``kept``, and seconds; its method ``advance(done, total)``,
            if it has one, within stages that count; its method ``remark(text)`` with what else there is to say.

    Raises:
        InputError: bad input to any stage; files of finished stages stay.
    """
    from hwlib.weights import stored_patterns

    with open_run(design, out, layout=layout, top=top, engine=engine) as run:
        stages = UP_TO[goal]
        if goal == "run" and stored_patterns(run.design) is None:  # weights from a matrix: nothing to recall
            stages = tuple(stage for stage in stages if stage not in (RECALL_IDEAL, RECALL_DRAWN))
            run.forget(RECALL_IDEAL, RECALL_DRAWN)
        run.advance = getattr(progress, "advance", run.advance)
        run.remark = getattr(progress, "remark", run.remark)
        run.execute(stages, progress, force=force)
        return run
