"""The report of a run: one HTML page that needs nothing else, also offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from hwlib.argument_kinds import takes_kinds
from hwlib.design import Design, load_design
from hwlib.errors import InputError
from hwlib.network import Network
from hwlib.schematic import ideal_network
from hwlib.storage.writing import write_text
from sim.energies import SINKS, SOURCES
from spinhop.check_stages import read_checks
from spinhop.pages import page
from spinhop.pages.finding_list import finding_list, lever_list
from spinhop.pages.layout_section import DATA, MOST_DEVICES, SCRIPTS, layout_data, layout_path, layout_section, opened
from spinhop.pages.report_head import head
from spinhop.pages.resistance_table import (
    FARTHEST,
    TO_FARTHEST,
    NetClassResistance,
    ohms,
    resistance_rows,
    resistance_table,
)
from spinhop.pages.task_pictures import task_pictures
from spinhop.pages.wall_data import wall_data
from spinhop.picture_stages import LAYOUT_PICTURE, NEURON_PICTURE
from spinhop.run_folder.artefacts import COMPILING, NETWORK, PARASITICS, read_own_network, task_file
from spinhop.run_folder.inputs import RESOLVED
from spinhop.run_folder.manifest import known_files, read_manifest
from spinhop.run_folder.stored_results import StoredResults
from spinhop.verdicts.next_step import next_step
from spinhop.verdicts.read_function import read_function, why_not_extracted
from spinhop.verdicts.task_advice import advice_on
from spinhop.verdicts.task_outcome import TaskOutcome, set_voltage, side_by_side, text, trial_data, trial_rows
from spinhop.verdicts.verdict import limits_line

if TYPE_CHECKING:
    import xarray as xr

    from hwlib.findings import Finding
    from hwlib.process import Process

WALLS = "wall-data"
IDEAL, DRAWN = "ideal wires", "as drawn"
TRACES = {IDEAL: "ideal.nc", DRAWN: "drawn.nc"}
_BRANCHES = {
    "weight": "weight sources", "vdw": "V_DW source", "load": "load source",
    "pillar": "in pillars", "track": "in tracks", "wire": "in wires",
}  # fmt: skip


@takes_kinds
def write_report(
    folder: str | Path,
    design: Design | None = None,
    network: Network | None = None,
    *,
    results: StoredResults | None = None,
) -> Path:
    """Write ``report.html`` of a run folder from its artefacts.

    Args:
        folder: a run folder whose stages up to recall are finished.
        design: as the folder holds it; None: read there.
        network: the extracted one; None: read there.
        results: of the folder, of one who reads them too.

    Raises:
        InputError: no run folder, or a stage that has not run.
        StorageError: the page cannot be written.
    """
    folder = Path(folder)
    document = _document(_contents(folder, design, network, results))
    return write_text(folder / "report.html", document)


class _ReportContents(NamedTuple):
    """What a run folder holds for its report.

    Attributes:
        results: its files.
        design, process: of the run.
        network: the extracted one, or one with ideal wires where nothing was extracted.
        drawn: whether it was extracted.
        drawing: its layout; None: there is none.
        traces: one trial with every wall, by kind of wires.
        batches: the task's trials, likewise; none where they have no scores.
    """

    results: StoredResults
    design: Design
    process: Process
    network: Network
    drawn: bool
    drawing: Path | None
    traces: dict[str, xr.Dataset]
    batches: dict[str, xr.Dataset]


def _contents(
    folder: Path, design: Design | None, network: Network | None, results: StoredResults | None
) -> _ReportContents:  # fmt: skip
    manifest = read_manifest(folder) if results is None else results.manifest
    if manifest is None:
        raise InputError(f"{folder}: no run folder; make one with spinhop run DESIGN")
    drawn = why_not_extracted(manifest) is None
    titles = [title for title in TRACES if drawn or title == IDEAL]
    design = design or load_design(folder / RESOLVED)
    results = results or StoredResults(folder, manifest, design)
    kind = design.task.kind
    scored = titles if f"{kind}, ideal" in manifest["stages"] else []
    drawing = layout_path(folder, manifest)
    made = [TRACES[title] for title in titles] + [task_file(kind, ideal=title == IDEAL) for title in scored]
    _refuse_unknown(results, [*([NETWORK] if drawn else []), *made], drawing)
    process = design.load_process()
    if not drawn:
        network = ideal_network(design, process)
    elif network is None:
        network = read_own_network(folder / NETWORK, design)
    batches = {title: results.task(ideal=title == IDEAL) for title in scored}
    traces = {title: results.trial(ideal=title == IDEAL) for title in titles}
    return _ReportContents(results, design, process, network, drawn, drawing, traces, batches)


def _document(contents: _ReportContents) -> str:
    results, design, process, network, drawn, drawing, traces, batches = contents
    wires = resistance_table(network) if drawn else []
    outcomes = {title: TaskOutcome.of(batch) for title, batch in batches.items()}
    trials = {title: trial_data(trace) for title, trace in traces.items()}
    checks = read_checks(results)
    lines = read_function(results), limits_line(checks.findings, checks.points, checks.skipped)
    step = next_step(*lines, checks.findings, advice_on(design))
    findings = [finding for found in checks.findings.values() for finding in found]
    walls, recorded = _walls(traces, network)
    view = _layout_view(drawing, design, process, findings, network if drawn else None)
    stages = results.manifest["stages"]
    layout = stages.get("layout", {}).get("layout", "drawn")
    parasitics = stages.get("extraction", {}).get(PARASITICS) if drawn else None
    body = [
        head(design, process, layout, lines, step, _voltages(outcomes, trials), parasitics),
        _cards(outcomes, trials, wires),
        _outcome(outcomes) if outcomes else _trial(trials),
        *_cases(outcomes),
        *task_pictures(design, batches),
        _layout(results.folder, view, list(recorded["courses"]) if recorded else []),
        *finding_list(findings, view is not None),
        walls,
        *([_wires(wires)] if drawn else []),
        _energies(_energy_of(outcomes, trials)),
        *lever_list(findings, step),
        _provenance(results.manifest, design.seed),
    ]
    data = {name: each for name, each in ((DATA, view), (WALLS, recorded)) if each is not None}
    return page.document(f"{design.name} – spinhop", body, scripts=SCRIPTS if data else (), data=data)


def _refuse_unknown(results: StoredResults, needed: list[str], drawing: Path | None) -> None:
    """Refuse files that the page shows and that are not as the run left them."""
    shown = [name for name in (LAYOUT_PICTURE, NEURON_PICTURE) if (results.folder / name).exists()]
    layout = [drawing.name] if drawing else []
    known_files(results.folder, results.manifest, [*needed, *shown, *layout], results.now)


def _layout_view(
    drawing: Path | None, design: Design, process: Process, findings: list[Finding], network: Network | None
) -> dict[str, Any] | None:  # fmt: skip
    """The layout for the page, with what wires take at every device of an extracted network small enough to show it."""
    if drawing is None:
        return None
    drops = None
    if network is not None:
        import sim

        drops = sim.wire_drops(network, design, process) if network.devices <= MOST_DEVICES else {}
    return layout_data(opened(drawing), process, findings, network=network, drops=drops)


def _voltages(outcomes: dict[str, TaskOutcome], trials: dict[str, dict[str, Any]]) -> dict[str, str]:
    """V_DW as used, by kind of wires."""
    if outcomes:
        return {title: set_voltage(outcome.v_dw, outcome.v_dw_origin) for title, outcome in outcomes.items()}
    return {title: set_voltage(trial["v_dw"], trial["v_dw_origin"]) for title, trial in trials.items()}


def _cards(
    outcomes: dict[str, TaskOutcome], trials: dict[str, dict[str, Any]], wires: list[NetClassResistance]
) -> Markup:  # fmt: skip
    values = []
    if outcomes:
        for of, what in (
            (lambda o: o.headline()[0], outcomes[IDEAL].headline()[1]),
            (lambda o: text(o.time_mean, "s"), "mean time"), (lambda o: text(o.energy_mean, "J"), "energy per trial"),
        ):  # fmt: skip
            values.append(_beside({title: of(outcome) for title, outcome in outcomes.items()}, what))
    else:
        times = {title: text(trial["time_to_solution"], "s") for title, trial in trials.items()}
        values.append(_beside(times, "one trial"))
    if wires:
        worst = max(wires, key=lambda row: row.high)
        values.append((ohms(worst.high), f"{TO_FARTHEST}, {worst.worst}"))
    return page.cards(values)


def _beside(values: dict[str, str], what: str) -> tuple[str, str]:
    """As drawn in large, ideal beside it in words; ideal alone where nothing was drawn."""
    if DRAWN in values:
        return values[DRAWN], f"{what} as drawn; {values[IDEAL]} ideal"
    return values[IDEAL], f"{what}, ideal wires"


def _trial(trials: dict[str, dict[str, Any]]) -> Markup:
    note = (
        "The weights are a matrix: there are no stored patterns to recall, so this is one trial from the first start."
    )
    return page.section("Outcome", page.table(["", *trials], trial_rows(trials)), page.paragraph(note, "soft"))


def _outcome(outcomes: dict[str, TaskOutcome]) -> Markup:
    trials = outcomes[IDEAL].trials
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
    task = outcomes[IDEAL].task
    intervals = "Intervals: 95 %. " if any(number.interval for number in task.numbers) else ""
    note = f"{intervals}{task.note} Times over trials at rest."
    return page.section(task.title, *parts, page.paragraph(note, "soft"))


def _cases(outcomes: dict[str, TaskOutcome]) -> list[Markup]:
    """What the task tells per distortion, picture or graph."""
    told = {title: outcome for title, outcome in outcomes.items() if outcome.cases}
    return [
        page.section(
            f"{o.task.title}, {title}", page.table(*o.case_table()),
            *(page.paragraph(line, "warn") for line in o.task.said(o.cases)),
        ) for title, o in told.items()
    ]  # fmt: skip


def _layout(folder: Path, view: dict[str, Any] | None, courses: list[str]) -> Markup:
    """The layout to move through, or its picture where it is too large; one neuron, folded away."""
    parts: list[Markup] = []
    if view is not None:
        note = (
            "Drag to move; click, then wheel to zoom. IR drop: what the wires of a kind take at each device, the most "
            "over the bounding states of the operating point's rules."
        )
        parts += [layout_section(view, courses), page.paragraph(note, "soft")]
    elif (folder / LAYOUT_PICTURE).is_file():
        parts.append(page.picture(folder / LAYOUT_PICTURE, "the whole macro"))
    if (folder / NEURON_PICTURE).is_file():
        picture = page.picture(folder / NEURON_PICTURE, "one neuron: soma and neighbouring axons")
        parts.append(page.folded("One neuron as a picture", picture))
    return page.section("Layout", *parts, name="layout")


def _wires(table: list[NetClassResistance]) -> Markup:
    columns, rows = resistance_rows(table)
    note = (
        "Wires and vias extracted from the drawn polygons, from each net's source (pins; the soma's pillar for axon "
        f"drives) to its farthest device terminal, over the nets of a class. {FARTHEST}"
    )
    return page.section("Wire resistance", page.table(columns, rows), page.paragraph(note, "soft"))


def _walls(traces: dict[str, xr.Dataset], network: Network) -> tuple[Markup, dict[str, Any] | None]:
    from sim.traces import has_walls

    recorded = {title: trace for title, trace in traces.items() if has_walls(trace)}
    if not recorded:
        note = page.paragraph("Traces of this many devices are not recorded.")
        return page.section("Wall positions over time", note), None
    text = (
        "One trial. Lines: somas; bands: the axons that a soma drives, from the slowest to the fastest. Dashed: end of "
        "the load phase. Click for the layout at that time, drag to zoom, double click for all."
    )
    section = page.section("Wall positions over time", page.walls(), page.paragraph(text, "soft"))
    return section, wall_data(recorded, network)


def _energy_of(outcomes: dict[str, TaskOutcome], trials: dict[str, dict[str, Any]]) -> dict[str, dict[str, float]]:
    if outcomes:
        return {title: outcome.energy for title, outcome in outcomes.items()}
    return {title: trial["energy"] for title, trial in trials.items()}


def _energies(energies: dict[str, dict[str, float]]) -> Markup:
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


def _provenance(manifest: dict[str, Any], seed: int) -> Markup:
    stages = [
        [name, _took(record), record["finished"], ", ".join(record["files"])]
        for name, record in manifest["stages"].items()
    ]
    versions = ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())
    engines = sorted({record["engine"] for record in manifest["stages"].values() if "engine" in record})
    return page.section(
        "How it was made",
        page.folded(
            "Stages and files", page.table(["stage", "took", "finished", "files"], stages, "text stacked", long=[3])
        ),
        page.paragraph(f"Seed {seed}; engine {', '.join(engines)}; {versions}", "soft"),
    )


def _took(record: dict[str, Any]) -> str:
    compiling = record.get(COMPILING, 0.0)
    return f"{record['seconds']:.2f} s" + (f", {compiling:.0f} s of it compiling" if compiling else "")
