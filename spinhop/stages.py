"""The stages of a run: drawing, extraction, simulation with ideal and with drawn wires, recall, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from hwlib.writing import write_bytes
from spinhop.artefacts import (
    DRAWN_RECALL,
    DRAWN_TRACE,
    IDEAL_RECALL,
    IDEAL_TRACE,
    NETWORK,
    design_inputs,
    drawn_network,
    ideal_wires,
    layout_file,
    save_dataset,
)
from spinhop.provenance import file_hash
from spinhop.runs import Run, Stage

if TYPE_CHECKING:
    from hwlib.network import Network

TEXT_NETLIST_DEVICES = 20_000  # SPEF and SPICE of more devices are hundreds of megabytes: written on request only
CAPACITANCE_DEVICES = 20_000  # coupling of neighbouring wires takes minutes beyond; resistances do not
RECALL_TOLERANCE = 1e-7  # L per step: times and energies of many trials within 1e-6, in half the steps of one trial's
TRACE_DEVICES = 10_000  # wall traces of more devices do not fit a report, nor a small machine's memory

LAYOUT_PICTURE, NEURON_PICTURE = "layout.png", "neuron.png"


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
        voltage.note(result)
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
