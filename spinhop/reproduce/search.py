"""Which layout works at N = 60: drawn in many ways, sorted out by the rules, tried in order of area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hwlib.schematic import ideal_network
from sim.tasks.run_task import recall
from spinhop.reproduce.corners import Corner, DrawnDesign, with_patterns, with_v_dw
from spinhop.reproduce.rows import Row, exact
from spinhop.reproduce.task import PERCENT, Context, PaperTask, Result, Steps
from spinhop.reproduce.wire_resistance import WALL_TOLERANCE, summary

_PROCESSES, _WIDENINGS, _PLACEMENTS = ("ebeam", "copper", "copper_thick"), (1.0, 2.0), ("diagonal", "centred")
_TRIALS = 6


@dataclass
class _Candidate:
    corner: Corner
    drawing: DrawnDesign
    facts: dict[str, Any]

    def at_its_window(self) -> None:
        """Move V_DW to the centre of the window that these wires leave."""
        self.drawing.design = with_v_dw(self.drawing.design, round(self.facts["recommended"], 3))
        self.facts = self.drawing.facts()


def run(context: Context) -> Result:
    """The smallest layout whose recall rests with every bit right, V_DW at the centre of its own window."""
    neurons = context.pick(60, 9)
    corners = [Corner(p, w, s) for p in _PROCESSES for w in _WIDENINGS for s in _PLACEMENTS]
    corners = context.pick(corners, corners[-2:])
    steps = Steps(context, 2 * len(corners))
    pattern = np.random.default_rng(context.spawn(12)).integers(0, 2, neurons)
    word = "".join(str(bit) for bit in pattern)
    drawn = []
    for corner in corners:
        design = with_patterns(corner.design(neurons), [word], context.spawn(13))
        drawing = DrawnDesign(design, context.work / f"search_{corner.label}".replace(" ", "_"))
        drawn.append(_Candidate(corner, drawing, drawing.facts()))
        steps.next()
    series = [{"label": c.corner.label, **{k: c.facts[k] for k in ("area", "margin", "weight_drop")}} for c in drawn]
    hopeful = sorted((c for c in drawn if c.facts["recommended"]), key=lambda c: c.facts["area"])
    rows = [_sorted_out(drawn, hopeful)]
    tried = []
    for candidate in hopeful:
        candidate.at_its_window()
        design, process = candidate.drawing.design, candidate.drawing.process
        how: dict[str, Any] = {"trials": _TRIALS, "tolerance": WALL_TOLERANCE}
        result = summary(recall(candidate.drawing.network, design, process, engine="layout", **how))
        tried.append((candidate, result))
        steps.next()
        if result["recalled"].value == PERCENT and result["undetermined"].value == 0:
            ideal = summary(recall(ideal_network(design, process), design, process, engine="ideal", **how))
            rows += _cost(neurons, candidate, result, ideal)
            break
    rows += [_try(neurons, candidate, result) for candidate, result in tried]
    return Result(rows, {"candidates": series})


def _sorted_out(drawn: list[_Candidate], hopeful: list[_Candidate]) -> Row:
    closed = ", ".join(c.corner.label for c in drawn if c not in hopeful) or "none"
    note = f"of {len(drawn)} drawn; no V_DW serves every neuron on: {closed} (rule vdw.window, no simulation needed)"
    return Row("layouts with a window for V_DW", "1", ideal=exact(len(hopeful)), note=note)


def _try(neurons: int, candidate: _Candidate, result: dict[str, Any]) -> Row:
    facts = candidate.facts
    note = (
        f"{facts['area']:.0f} µm², V_DW {facts['v_dw']:.3f} V in {facts['low']:.3f} … {facts['high']:.3f} V, weight "
        f"rails lose up to {facts['weight_drop']:.0f} %; rests in {result['rests'].value:.0f} % of {_TRIALS} trials"
    )
    if result["undetermined"].value:
        note += f", {result['undetermined'].value:.0f} % of which hang on rounding"
    label = candidate.corner.label
    return Row(f"tried at N = {neurons}: bit accuracy", "%", drawn={label: exact(result["accuracy"].value)}, note=note)


def _cost(neurons: int, found: _Candidate, result: dict[str, Any], ideal: dict[str, Any]) -> list[Row]:
    label = found.corner.label
    rows = [
        Row(f"smallest layout that works, N = {neurons}: {text}", unit, ideal=ideal[key], drawn={label: result[key]})
        for key, text, unit in (
            ("accuracy", "bit accuracy", "%"), ("time", "time to solution", "ns"), ("energy", "metered energy", "nJ")
        )
    ]  # fmt: skip
    shown = (("area", "area of the macro", "µm²"), ("v_dw", "V_DW", "V"), ("ohm", "wire resistance", "Ω per cell"))
    rows += [
        Row(f"smallest layout that works, N = {neurons}: {text}", unit, drawn={label: exact(found.facts[key])})
        for key, text, unit in shown
    ]
    return rows


TASK = PaperTask("search", "The smallest layout that works", run, drawn=True)
