"""The tasks as drawn: layouts of both processes and two wire widths, extracted, and run with the very same trials."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwlib.design import Design
from hwlib.network import Network
from hwlib.process import Process
from hwlib.schematic import ideal_network
from sim.pattern_recall import recall
from sim.tasks import maxcut, statistics
from sim.tasks.rudy import g05, random_graph
from sim.tasks.setup import paper_design, with_levels
from sim.tasks.statistics import Interval
from spinhop.reproduce.rows import Row, exact
from spinhop.reproduce.task import NJ, NS, PERCENT, Context, Result, Steps, Task
from spinhop.reproduce.wires import TIME_LIMIT, ohm_per_cell, summary

_WIRES = {"dendrite_width": "m3", "drive_width": "m2", "ground_width": "m2", "weight_width": "m3", "vdw_width": "m3"}

_UNFINISHED = (
    f"some runs do not rest: they count as they stand after {NS * TIME_LIMIT:.0f} ns in a phase, so their time and "
    "energy are lower bounds, not costs of a solution"
)


@dataclass(frozen=True)
class Corner:
    """A process preset and how much wider than its minimum the wires are."""

    process: str
    widening: float

    @property
    def label(self) -> str:
        """Name in tables and figures."""
        return f"{self.process} {self.widening:g}×"


def run(context: Context) -> Result:
    """Recall (one pattern) and max-cut on layouts with weight rails."""
    corners = [Corner(process, wide) for process in ("ebeam", "copper") for wide in (1.0, 3.0)]
    corners = context.pick(corners, corners[:2])
    sizes = context.pick({29: 6, 60: 2}, {8: 2})  # neurons: trials
    steps = Steps(context, 2 * len(corners) * len(sizes))
    rows: list[Row] = []
    points: list[dict[str, Any]] = []
    for neurons, trials in sizes.items():
        of_size = _one_size(context, corners, neurons, trials, steps)
        rows += of_size.rows
        points += of_size.series["points"]
    return Result(rows, {"points": points})


def _one_size(context: Context, corners: list[Corner], neurons: int, trials: int, steps: Steps) -> Result:
    recalled: dict[str, dict[str, Interval]] = {}
    cuts: dict[str, dict[str, Interval]] = {}
    foretold: dict[str, str] = {}
    points: list[dict[str, Any]] = []
    pattern = np.random.default_rng(context.spawn(10, neurons)).integers(0, 2, neurons)
    word = "".join(str(bit) for bit in pattern)
    graph = g05(60, 0) if neurons == 60 else random_graph(neurons, 50, 0)
    for corner in corners:
        design = corner_design(corner, neurons)
        storing = with_pattern(design, word, context.spawn(11, neurons))
        layout = Drawing(storing, context.work / f"recall_{neurons}_{corner.label}")
        ideal = ideal_network(storing, layout.process)
        for name, network, engine in (("ideal", ideal, "ideal"), (corner.label, layout.network, "layout")):
            recalled[name] = summary(recall(network, storing, layout.process, engine=engine, trials=trials))
        foretold[corner.label] = layout.rules()
        here = {key: recalled[corner.label][key].value for key in ("accuracy", "time", "energy")}
        points.append(
            {"process": corner.process, "label": corner.label, "neurons": neurons}
            | {"ohm": ohm_per_cell(layout.network)}
            | here
        )
        steps.next()
        cuts |= _cuts(corner, design, [graph], context, steps)
    return Result(_rows(recalled, cuts, foretold, neurons), {"points": points})


def _cuts(
    corner: Corner, design: Design, sources: list[Any], context: Context, steps: Steps
) -> dict[str, dict[str, Interval]]:
    """Cut, time and energy over the graphs, each with a layout of its own."""
    found: dict[str, list[Any]] = {"ideal": [], corner.label: []}
    for k, graph in enumerate(sources):
        levels = maxcut.weight_levels(graph, "paper")
        folder = context.work / f"cut{k}_{design.network.neurons}_{corner.label}"
        layout = Drawing(with_levels(design, levels), folder)
        for name, network, engine in (("ideal", None, "ideal"), (corner.label, layout.network, "layout")):
            found[name].append(maxcut.solve([graph], mapping="paper", design=design, network=network, engine=engine))
        steps.next()
    return {
        name: {
            "cut": statistics.mean(np.array([float(d["cut"][0]) for d in data])),
            "time": statistics.mean(np.array([NS * float(d["time_to_solution"][0]) for d in data])),
            "rests": exact(PERCENT * float(np.mean([float(d["at_rest"][0]) for d in data]))),
            "energy": statistics.mean(np.array([NJ * float(d["energy_source"].sum()) for d in data])),
        }
        for name, data in found.items()
    }


def corner_design(corner: Corner, neurons: int) -> Design:
    """The paper's operating point in one process, wires widened alike on all nets."""
    design = paper_design(neurons, load="rest", time_limit=TIME_LIMIT, process=corner.process)
    process = design.load_process()
    data = design.model_dump()
    for field, layer in _WIRES.items():
        data["network"][field] = corner.widening * (process.layers[layer].min_width or 0.0)
    data["name"] = f"{corner.process}-{neurons}-{corner.widening:g}x".replace(".", "p")
    return Design.model_validate(data)


def with_pattern(design: Design, word: str, seed: int) -> Design:
    """The design storing one pattern; ``seed`` gives its random starts, as in the paper's recall."""
    data = design.model_dump() | {"seed": seed}
    data["network"]["weights"] = {"patterns": (word,)}
    return Design.model_validate(data)


class Drawing:
    """A design drawn, written and extracted in a folder."""

    def __init__(self, design: Design, folder: Path):
        import layouts
        from hwlib.extraction import extract

        self.design: Design = design
        self.process: Process = design.load_process()
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{design.name}.oas"
        layouts.write_layout(layouts.hopfield(design, self.process), self.path)
        self.network: Network = extract(self.path, self.process, design)

    def rules(self) -> str:
        """Names of the operating-point rules this network breaks, or ``none``."""
        from sim.protocol import protocol_for
        from sim.rules import check_operating_point

        protocol = protocol_for(self.design, self.process)
        found = check_operating_point(self.network, protocol, self.design.device, self.process)
        broken = dict.fromkeys(finding.rule for finding in found if finding.severity == "error")
        return ", ".join(broken) or "none"


def _rows(
    recalled: dict[str, dict[str, Interval]],
    cuts: dict[str, dict[str, Interval]],
    foretold: dict[str, str],
    neurons: int,
) -> list[Row]:
    broken = "; ".join(f"{label}: {rules}" for label, rules in foretold.items())
    named = (
        ("accuracy", "bit accuracy", "%"),
        ("time", "time to solution, load until rest", "ns"),
        ("energy", "metered energy", "nJ"),
        ("rests", "trials that come to rest", "%"),
    )
    rows = [_row(f"recall, N = {neurons}: {text}", unit, key, recalled) for key, text, unit in named]
    rows += [
        _row(f"max-cut, N = {neurons}: {text}", unit, key, cuts)
        for key, text, unit in (
            ("cut", "cut", "1"),
            ("time", "time to solution", "ns"),
            ("energy", "metered energy", "nJ"),
            ("rests", "runs that come to rest", "%"),
        )
    ]
    rows.append(Row(f"rules of the operating point broken, N = {neurons}", "1", note=broken))
    return rows


def _row(quantity: str, unit: str, key: str, values: dict[str, dict[str, Interval]]) -> Row:
    drawn = {name: value[key] for name, value in values.items() if name != "ideal"}
    rests = all(value["rests"].value == PERCENT for value in values.values())
    note = "" if rests or key == "rests" else _UNFINISHED
    return Row(quantity, unit, ideal=values["ideal"][key], drawn=drawn, note=note)


TASK = Task("drawn", "As drawn", run, drawn=True)
