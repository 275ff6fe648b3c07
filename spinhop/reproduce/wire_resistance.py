"""What wire resistance does: uniform ladders on dendrite rows and drive columns, with drawn layouts marked."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from hwlib.network import MTJ_OUT, Network
from hwlib.schematic import ladder_network
from sim.circuit.resistor_network import ResistorGraph, ResistorNetwork
from sim.tasks import statistics
from sim.tasks.random_recall import random_recall
from sim.tasks.setup import at_ideal_v_dw, paper_design
from sim.tasks.statistics import Interval
from spinhop.reproduce.rows import Row
from spinhop.reproduce.task import NJ, NS, PERCENT, Context, PaperTask, Result, Steps

TIME_LIMIT = 0.5e-6  # s in a phase: a network still moving after this is counted as never resting
WALL_TOLERANCE = 1e-5  # of L per step: times and energies to 1e-4, ten to twenty times faster than the default
_OHMS = (0.0, 0.3, 1.0, 2.0, 4.0)
_TRIALS = 6


def run(context: Context) -> Result:
    """One-pattern recall for ladders of 0 to 4 Ω per cell."""
    sizes, ohms = context.pick((29, 60), (9,)), context.pick(_OHMS, (0.0, 1.0, 4.0))
    trials = context.pick(_TRIALS, 2)
    steps = Steps(context, len(sizes) * len(ohms))
    ladders: dict[str, dict[str, list[Any]]] = {}
    rows: list[Row] = []
    for n in sizes:
        design = at_ideal_v_dw(paper_design(n, load="rest", time_limit=TIME_LIMIT))
        process = design.load_process()
        curves: dict[str, list[Any]] = {}
        for ohm in ohms:
            network = ladder_network(design, process, ohm)
            engine = "layout" if network.has_wires else "ideal"
            data = random_recall(
                design, 1, trials, context.spawn(9, n), network=network, engine=engine, tolerance=WALL_TOLERANCE,
                progress=steps,
            )  # fmt: skip
            steps.next()
            for name, value in summary(data).items():
                curves.setdefault(name, []).append(list(value))
        ladders[str(n)] = curves
        for k, ohm in enumerate(ohms):
            rows.append(
                Row(
                    f"time to solution, N = {n}, {ohm:g} Ω per cell",
                    "ns",
                    ideal=Interval(*curves["time"][k]),
                    note=f"accuracy {curves['accuracy'][k][0]:.4g} %, {curves['rests'][k][0]:.0f} % of trials rest "
                    f"within {NS * TIME_LIMIT:.0f} ns a phase",
                )
            )
    return Result(rows, {"ohm": list(ohms), "ladders": ladders, "drawn": []})


def summary(data: xr.Dataset) -> dict[str, Interval]:
    """Accuracy (%), time (ns), metered energy (nJ), and shares of trials (%): at rest, recalled, undetermined."""
    return {
        "accuracy": statistics.mean_of_shares(PERCENT * data["accuracy"].values, PERCENT),
        "time": statistics.mean(NS * data["time_to_solution"].values),
        "energy": statistics.mean(NJ * data["energy_source"].sum("source").values),
        "rests": _share(data["at_rest"].values),
        "recalled": _share(data["recalled"].values),
        "undetermined": _share(data["undetermined"].values),
    }


def _share(which: np.ndarray) -> Interval:
    return Interval(*(PERCENT * x for x in statistics.proportion(int(which.sum()), len(which))))


def ohm_per_cell(network: Network) -> float:
    """Resistance per cell of the middle dendrite row in Ω, between two taps so that the taps' own vias cancel."""
    row = network.neurons // 2
    axons = (network.post == row) & ~network.is_soma
    taps, column = network.terminals[axons, MTJ_OUT], network.pre[axons]
    net = network.node_net[taps[0]]
    inside = network.node_net[network.resistor_nodes[:, 0]] == net
    graph = ResistorGraph(network.resistor_nodes[inside], network.nodes)
    wires = ResistorNetwork(graph, 1 / network.resistor_ohm[inside], np.arange(network.nodes) == taps[0])
    middle, last = len(taps) // 2, len(taps) - 1  # the first tap is the reference
    ampere = np.zeros((network.nodes, 2))
    ampere[taps[[middle, last]], [0, 1]] = 1.0
    near, far = wires.potentials(injected=ampere)[taps[[middle, last]], [0, 1]]
    return float(far - near) / float(column[last] - column[middle])


TASK = PaperTask("wires", "Wire resistance", run, drawn=True)
