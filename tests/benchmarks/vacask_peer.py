"""VACASK beside the engines: one trial, and the walls of both."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from engine_measures import drawn_case, simulate
from machine import child_cpu_seconds, cpu_seconds

import sim
from sim import spice
from sim.spice.trial_bench import Names
from sim.traces import walls_at


def against_vacask(neurons: int) -> dict[str, Any]:
    """One trial with the layout engine and with VACASK: CPU times, their ratio, how far walls are ever apart."""
    network, protocol = drawn_case(neurons)
    simulate(network, protocol, "layout")
    mine, known = cpu_seconds(lambda: simulate(network, protocol, "layout"), 5, 3.0)
    lasting = float(known.time_convergence) + 1e-9
    with tempfile.TemporaryDirectory() as folder:
        deck = spice.write_deck(network, protocol, Path(folder) / "trial.sim", duration=lasting, dialect="vacask")
        theirs, run = child_cpu_seconds(lambda: spice.run_vacask(deck.bench, timeout=3000))
    names = Names(network)
    seen_walls = np.stack([run.vectors[names.vector(wall)] for wall in names.walls], axis=1)
    trace = sim.run(network, protocol, engine="layout")
    moments = np.linspace(0, float(trace.time[-1]), 400)
    walls = walls_at(trace, moments) / network.length
    there = np.stack([np.interp(moments, run.time, wall) for wall in seen_walls.T], axis=-1)
    return {
        "neurons": neurons, "seconds": mine, "vacask_seconds": theirs, "ratio": theirs / mine,
        "walls_apart": float(np.abs(walls - there).max()), "simulated": float(known.time_to_solution),
        "points": len(run.time), "at_rest": bool(known.at_rest),
    }  # fmt: skip
