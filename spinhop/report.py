"""The report of a run: one HTML page that needs nothing else, also offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwlib.design import Design, load_design
from hwlib.errors import InputError
from hwlib.network import Network, read_network
from hwlib.writing import replacing
from spinhop import page
from spinhop.inputs import RESOLVED, inputs_hash, matrix_in_folder
from spinhop.manifest import known_files, read_manifest
from spinhop.outcome import (
    Outcome,
    read_outcome,
    side_by_side,
    text,
    trial_data,
    trial_rows,
)
from spinhop.page import escape
from spinhop.result_files import SINKS, SOURCES, read_trial
from spinhop.wires import ohms, resistance_rows, resistance_table

if TYPE_CHECKING:
    import xarray as xr

LAYOUT_PICTURE, NEURON_PICTURE, NETWORK = "layout.png", "neuron.png", "network.nc"
RECALLS = {"ideal wires": "recall_ideal.nc", "as drawn": "recall_drawn.nc"}
TRACES = {"ideal wires": "ideal.nc", "as drawn": "drawn.nc"}
_BRANCHES = {
    "weight": "weight sources", "vdw": "V_DW source", "load": "load source",
    "pillar": "in pillars", "track": "in tracks", "wire": "in wires",
}  # fmt: skip


def write_report(folder: Path) -> Path:
    """Write ``report.html`` of a run folder from its artefacts.

    Args:
        folder: a run folder whose stages up to recall are finished.

    Raises:
        InputError: no run folder, or a stage that has not run.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise InputError(f"{folder}: no run folder; make one with spinhop run DESIGN")
    recalls = RECALLS if "recall, ideal" in manifest["stages"] else {}
    pictures = [name for name in (LAYOUT_PICTURE, NEURON_PICTURE) if (folder / name).exists()]
    design = load_design(folder / RESOLVED)
    now = inputs_hash(folder, matrix_in_folder(folder, design))
    known_files(folder, manifest, [NETWORK, *TRACES.values(), *recalls.values(), *pictures], now)
    network = _network(folder / NETWORK, design)
    outcomes = {title: read_outcome(folder / name, network) for title, name in recalls.items()}
    traces = {title: read_trial(folder / name, network, traces=True) for title, name in TRACES.items()}
    trials = {title: trial_data(trace) for title, trace in traces.items()}
    head, walls = _walls(traces, network)
    body = [
        _header(design, manifest),
        _cards(outcomes, trials, network),
        _outcome(outcomes) if outcomes else _trial(trials),
        _layout(folder),
        _wires(network),
        walls,
        _energies(_energy_of(outcomes, trials)),
        _provenance(manifest),
    ]
    path = folder / "report.html"
    with replacing(path) as temporary:
        temporary.write_text(page.document(f"{design.name} – spinhop", body, head=head), encoding="utf-8")
    return path


def _network(path: Path, design: Design) -> Network:
    network = read_network(path)
    if network.neurons != design.network.neurons or network.devices != design.network.neurons**2:
        raise InputError(
            f"{path}: {network.neurons} neurons and {network.devices} devices, the run's design has "
            f"{design.network.neurons} neurons"
        )
    return network


def _header(design: Design, manifest: dict[str, Any]) -> str:
    style = design.network.weight_style
    drawn = manifest["stages"].get("layout", {}).get("layout", "drawn")
    source = "" if drawn == "drawn" else f", layout from {drawn}"
    line = (
        f"{design.network.neurons} neurons, {design.network.neurons**2} devices, weights on {style}, "
        f"somas {design.network.soma_placement}{source}; seed {design.seed}"
    )
    return f"<h1>{escape(design.name)}</h1>\n" + page.paragraph(line, "soft")


def _cards(outcomes: dict[str, Outcome], trials: dict[str, dict[str, Any]], network: Network) -> str:
    values = []
    if outcomes:
        ideal, drawn = outcomes["ideal wires"], outcomes["as drawn"]
        values.append(
            (f"{100 * drawn.accuracy_mean:.1f} %", f"accuracy as drawn; {100 * ideal.accuracy_mean:.1f} % ideal")
        )
        values.append((text(drawn.time_mean, "s"), f"mean time as drawn; {text(ideal.time_mean, 's')} ideal"))
        values.append((text(drawn.energy_mean, "J"), f"energy per trial; {text(ideal.energy_mean, 'J')} ideal"))
    else:
        times = [text(trials[title]["time_to_solution"], "s") for title in ("as drawn", "ideal wires")]
        values.append((times[0], f"one trial as drawn; {times[1]} ideal"))
    worst = max(resistance_table(network), key=lambda row: row.high)
    values.append((ohms(worst.high), f"largest wire resistance, {worst.worst}"))
    return page.cards(values)


def _trial(trials: dict[str, dict[str, Any]]) -> str:
    note = (
        "The weights are a matrix: there are no stored patterns to recall, so this is one trial from the first start."
    )
    return page.section("Outcome", page.table(["", *trials], trial_rows(trials)), page.paragraph(note, "soft"))


def _outcome(outcomes: dict[str, Outcome]) -> str:
    trials = outcomes["as drawn"].trials
    parts = [page.table(["", *outcomes], side_by_side(outcomes))]
    restless = {title: o.trials - o.at_rest for title, o in outcomes.items() if o.at_rest < o.trials}
    for title, count in restless.items():
        parts.append(
            page.paragraph(f"{title}: {count} of {trials} trials did not come to rest before the limit", "warn")
        )
    for title, outcome in outcomes.items():
        if outcome.undetermined:
            line = (
                f"{title}: {outcome.undetermined} of {trials} trials are undetermined: their outcome hangs on rounding"
            )
            parts.append(page.paragraph(line, "warn"))
    note = "Intervals: 95 %. A pattern and its inverse count as one. Times over trials at rest."
    return page.section("Recall", *parts, page.paragraph(note, "soft"))


def _layout(folder: Path) -> str:
    pictures = [page.picture(folder / LAYOUT_PICTURE, "the whole macro")]
    if (folder / NEURON_PICTURE).is_file():
        pictures.append(page.picture(folder / NEURON_PICTURE, "one neuron: soma and neighbouring axons"))
    return page.section("Layout", page.pair(*pictures))


def _wires(network: Network) -> str:
    columns, rows = resistance_rows(resistance_table(network))
    note = (
        "Wires and vias extracted from the drawn polygons, from each net's source (pins; the soma's pillar for axon "
        "drives) to its farthest device terminal, over the nets of a class."
    )
    return page.section("Wire resistance", page.table(columns, rows), page.paragraph(note, "soft"))


def _walls(traces: dict[str, xr.Dataset], network: Network) -> tuple[str, str]:
    from sim.traces import has_walls
    from spinhop.plots import MAX_LINES, wall_plots

    drawable = {title: trace for title, trace in traces.items() if has_walls(trace)}
    if not drawable:
        return "", page.section("Walls", page.paragraph("Traces of this many devices are not recorded."))
    head, plots = wall_plots(drawable, network)
    note = (
        "One trial. Lines: somas; bands: the axons that a soma drives, from the slowest to the fastest. Dashed: end of "
        "the load phase. Hover for the neuron, drag to zoom."
    )
    if network.neurons > MAX_LINES:
        note += f" The first {MAX_LINES} neurons of {network.neurons}."
    return head, page.section("Wall positions over time", plots, page.paragraph(note, "soft"))


def _energy_of(outcomes: dict[str, Outcome], trials: dict[str, dict[str, Any]]) -> dict[str, dict[str, float]]:
    if outcomes:
        return {title: outcome.energy for title, outcome in outcomes.items()}
    return {title: trial["energy"] for title, trial in trials.items()}


def _energies(energies: dict[str, dict[str, float]]) -> str:
    rows = []
    for name in (*SOURCES, *SINKS):
        cells = []
        for energy in energies.values():
            whole = sum(energy[source] for source in SOURCES)
            share = f" ({100 * energy[name] / whole:.1f} %)" if whole > 0 else ""
            cells.append(text(energy[name], "J") + share)
        rows.append([_BRANCHES[name], *cells])
    note = "Per trial (mean): what the sources deliver, and where it turns into heat."
    return page.section("Energy by branch", page.table(["", *energies], rows), page.paragraph(note, "soft"))


def _provenance(manifest: dict[str, Any]) -> str:
    stages = [
        [name, f"{record['seconds']:.2f} s", record["finished"], ", ".join(record["files"])]
        for name, record in manifest["stages"].items()
    ]
    versions = ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())
    engines = sorted({record["engine"] for record in manifest["stages"].values() if "engine" in record})
    return page.section(
        "How it was made",
        page.table(["stage", "took", "finished", "files"], stages),
        page.paragraph(f"Seed {manifest['seed']}; engine {', '.join(engines)}; {versions}", "soft"),
    )
