"""How a report opens: the verdict, and what it is about: process, operating point, device, stored patterns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from hwlib.design import Design
from hwlib.dynamics_data import Dynamics
from hwlib.errors import cut
from hwlib.operating_point import nominal_track
from hwlib.process import Process
from hwlib.quantities import printed
from hwlib.temperature import at_temperature
from hwlib.weights import stored_patterns
from spinhop.pages import page
from spinhop.pages.docs_links import docs_address
from spinhop.verdicts.levers import anchor
from spinhop.verdicts.next_step import NextStep
from spinhop.verdicts.verdict import VerdictLine

MOST_PATTERNS, MOST_BITS = 8, 64  # shown
_WORDS = {  # of fields whose names alone do not say what they are
    "threshold": "share of white below which a pixel is ON", "invert": "light pixels are ON instead",
    "mapping": "mapping of edges to weights", "weight": "edge attribute that is the weight",
    "prove": "time to prove each best cut", "budget": "time of all restarts that count",
    "required_accuracy": "accuracy that it needs", "required_share": "share of the best cut that it needs",
}  # fmt: skip
_SHARES = ("distortion", "threshold", "required_accuracy", "required_share")
Rows = list[list[str]]


def head(
    design: Design, process: Process, layout: str, lines: Sequence[VerdictLine], step: NextStep,
    voltages: Mapping[str, str], parasitics: str | None = None,
) -> Markup:  # fmt: skip
    """Title, verdict, what to do next, and the design's facts.

    Args:
        design: as simulated.
        process: its process.
        layout: where the layout comes from, ``drawn`` or a file's name.
        lines: the verdict.
        step: what to do next.
        voltages: V_DW as used and where it comes from, by kind of wires.
        parasitics: the file that the wires are from; None when they were extracted here.
    """
    source = "" if layout == "drawn" else f", layout from {layout}"
    network = design.network
    summary = (
        f"{network.neurons} neurons, {design.topology.devices} devices, weights on {network.weight_style}, somas "
        f"{network.soma_placement}{source}; seed {design.seed}"
    )
    wires = [["wires", f"parasitics of {cut(str(parasitics), 200)}"]] if parasitics else []
    tables = {
        "Process": [[process.name, process.description], *wires], "Operating point": _point(design, voltages),
        "Device": _device(design, process), "Task": _task(design), "Stored": _stored(design),
    }  # fmt: skip
    rows = [[title if k == 0 else "", *row] for title, rows in tables.items() for k, row in enumerate(rows)]
    return Markup("\n").join([
        page.heading(design.name), page.paragraph(summary, "soft"),
        page.verdict(*((str(line), line.kind) for line in lines)),
        next_paragraph(step),
        page.section("What was run", page.table([], rows, "facts")),
    ])  # fmt: skip


def next_paragraph(step: NextStep) -> Markup:
    """What to do next, with links to its lever on the page and in the docs."""
    if step.lever is None:
        return page.next_step(str(step), "", "")
    name = anchor(step.lever)
    return page.next_step(str(step), f"#{name}", docs_address("levers", name) or "")


def _point(design: Design, voltages: Mapping[str, str]) -> Rows:
    point, task = design.operating_point, design.task
    load = "until every wall rests" if isinstance(point.load, str) else printed(point.load, "s", 6)
    return [
        *([f"V_DW, {kind}", text] for kind, text in voltages.items()),
        ["V_C", printed(point.v_charge, "V", 6)],
        ["W", printed(point.weight, "V", 6)],
        ["axon leak, soma leak", f"{printed(point.axon_leak, 'm/s', 6)}, {printed(point.soma_leak, 'm/s', 6)}"],
        ["load phase", f"{load}, weights {point.rails_while_loading}"],
        ["time limit", printed(task.time_limit, "s", 6)],
    ]


def _device(design: Design, process: Process) -> Rows:
    design, process = at_temperature(design, process)
    device, thickness = design.device, process.layers["track"].thickness
    mobility, r_m = nominal_track(design, process)
    track = " × ".join(printed(x, "m", 6) for x in (device.track_length, device.track_width, thickness))
    return [
        ["track", f"{track}, R_M {r_m:.4g} Ω, wall velocity {mobility * 1e-6:.4g} m/s per µA"],
        ["walls", _dynamics(device.dynamics)],
        ["pillar", f"{printed(device.pillar_width, 'm', 6)} at {100 * device.pillar_position:g} % of the track"],
        ["temperature of these values", f"{device.reference_temperature:g} K"],
        ["R_P, R_AP", f"{device.r_p:.4g} Ω, {device.r_ap:.4g} Ω; barrier breaks at {device.breakdown_voltage:g} V"],
    ]


def _task(design: Design) -> Rows:
    """The task's fields that are set and mean something here, in words."""
    unused = {"time_limit", *(["time_step"] if design.operating_point.temperature is None else [])}
    fields = design.task.model_dump(mode="json", exclude_none=True, exclude=unused)
    return [[_WORDS.get(name, name.replace("_", " ")), _said(name, value)] for name, value in fields.items()]


def _said(name: str, value: Any) -> str:
    if isinstance(value, list):
        more = f" and {len(value) - MOST_PATTERNS} more" if len(value) > MOST_PATTERNS else ""
        return ", ".join(cut(_said(name, each), MOST_BITS) for each in value[:MOST_PATTERNS]) + more
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{100 * value:g} %" if name in _SHARES and isinstance(value, float) else str(value)


def _dynamics(dynamics: Dynamics) -> str:
    """The law of motion with its parameters."""
    given = ", ".join(f"{name} {value}" for name, value in dynamics.parameters.items())
    return f"{dynamics.model} dynamics{': ' + given if given else ''}"


def _stored(design: Design) -> Rows:
    patterns = stored_patterns(design)
    if patterns is None:
        of = design.programme.of if design.programme else "a matrix"
        return [["weights", f"{of}; no stored patterns"]]
    rows = []
    for k, pattern in enumerate(patterns[:MOST_PATTERNS]):
        word = "".join(str(int(bit)) for bit in pattern[:MOST_BITS]) + "…" * (len(pattern) > MOST_BITS)
        rows.append([f"pattern {k}", f"{word}, {100 * float(np.mean(pattern)):.0f} % ON"])
    if len(patterns) > MOST_PATTERNS:
        rows.append([f"and {len(patterns) - MOST_PATTERNS} more", ""])
    return rows
