"""ngspice beside the engines: one trial, alone and as one of twenty, and the walls of both."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from engine_measures import TOLERANCE, case, drawn_case, simulate
from machine import child_cpu_seconds, cpu_seconds

import sim
from hwlib.network import Network
from sim import spice
from sim.protocol import Protocol

STEP = 0.2e-9  # s, the longest of ngspice
TRIALS = 20
LONG = 5e-6  # s of convergence: until rest


def ladders_against_ngspice(neurons: int, ohm: float, engine: str, span: float = LONG) -> dict[str, Any]:
    """The paper's network with ladders of ``ohm`` a cell, on an engine and on ngspice."""
    network, protocol = case(neurons, ohm)
    return _row(network, replace(protocol, time_limit=span), engine) | {"neurons": neurons, "ohm": ohm}


def drawn_against_ngspice(neurons: int, span: float = LONG) -> dict[str, Any]:
    """A drawn and extracted network with rails and somas centred, on the layout engine and on ngspice."""
    network, protocol = drawn_case(neurons)
    return _row(network, replace(protocol, time_limit=span), "layout") | {"neurons": neurons, "ohm": "drawn"}


def _row(network: Network, protocol: Protocol, engine: str) -> dict[str, Any]:
    """CPU times, their ratios, how far the walls are apart at the end.

    Both run the load phase and then until rest or the time limit. Writing the deck and reading its answer do not count.
    The engine is compiled before; *of twenty* is a trial's share of a batch from as many random starts.
    """
    neurons, span = network.neurons, float(protocol.time_limit)
    simulate(network, protocol, engine)
    mine, known = cpu_seconds(lambda: simulate(network, protocol, engine), 20, 3.0)
    rng = np.random.default_rng(2)
    starts = [replace(protocol, start=rng.integers(0, 2, neurons)) for _ in range(TRIALS)]
    batch, _ = cpu_seconds(lambda: sim.run_batch(replace(network), starts, engine=engine, tolerance=TOLERANCE), 3, 3.0)
    with tempfile.TemporaryDirectory() as folder:
        lasting = min(float(known.time_convergence) + 1e-9, span)
        deck = spice.write_deck(network, protocol, Path(folder) / "bench.cir", duration=lasting, max_step=STEP)
        theirs, run = child_cpu_seconds(lambda: spice.run_deck(deck.bench))
        seen = spice.read_back(network, protocol, deck, run, samples=20)
    apart = float(np.abs((seen.wall_final - known.wall_final).values / network.length).max())
    same = bool(np.array_equal(seen.state, known.state)) and bool(known.at_rest) == bool(seen.at_rest)
    return {
        "engine": engine, "seconds": mine, "of_twenty": batch / TRIALS, "ngspice_seconds": theirs,
        "ratio": theirs / mine, "ratio_of_twenty": theirs * TRIALS / batch, "walls_apart": apart, "same_outcome": same,
        "at_rest": bool(known.at_rest), "simulated": float(known.time_to_solution), "steps": int(known.steps),
        "ngspice_points": len(run.time),
    }  # fmt: skip
