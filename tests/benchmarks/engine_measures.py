"""Measurements of the engines: plain numbers, through the public calls alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from machine import wall_seconds
from whole_trials import design_of

import sim
from hwlib.design import Design
from hwlib.network import Network
from hwlib.schematic import ladder_network
from hwlib.weights import hebbian
from sim.protocol import Protocol, protocol_for
from sim.tasks.setup import paper_design
from spinhop.extracted_network import draw_and_extract
from spinhop.stages import RECALL_TOLERANCE

SPAN = 3.0  # ohm from end to end of a line: the same for every N, so that every network rests
TOLERANCE = 1e-6  # of L per step: times and energies within 1e-6 of those at 1e-9; ngspice stays within 1e-3


def case(neurons: int, ohm: float, *, load: float | str = 16e-9, seed: int = 1) -> tuple[Network, Protocol]:
    """The paper's network with ladders of ``ohm`` a cell, one random pattern stored, one random start."""
    design = paper_design(neurons, load=load)
    process = design.load_process()
    rng = np.random.default_rng(seed)
    levels, start = hebbian(rng.integers(0, 2, (1, neurons))), rng.integers(0, 2, neurons)
    return ladder_network(design, process, ohm), protocol_for(design, process, levels=levels, start=start)


def drawn_case(neurons: int) -> tuple[Network, Protocol]:
    """A network drawn with rails and somas centred, extracted; one random pattern, loaded for 16 ns."""
    design = Design(
        name=f"peer_{neurons}", seed=1, process="copper_thick",
        network={"neurons": neurons, "soma_placement": "centred", "weights": {"random_patterns": 1}},
        operating_point={"load": 16e-9},
    )  # fmt: skip
    network = draw_and_extract(design)
    return network, sim.first_trial(network, design, design.load_process())


def simulate(network: Network, protocol: Protocol, engine: str) -> xr.Dataset:
    """One trial without a trace."""
    return sim.run(network, protocol, engine=engine, record=False, tolerance=TOLERANCE)


def cost(neurons: int, repeats: int = 1) -> dict[str, Any]:
    """One trial with wires: how long, and how long per wall and accepted step.

    What is prepared before the first step (the plan, once per network and kind of sources) is measured by a trial that
    is cut off at once. Plans of large networks are kept for the next trial, so that what is left before its first step,
    and taken off, is measured by such a trial once more; the whole trial is that of a network not simulated before.
    By the clock, with as many threads as the engine chooses, compiled before.
    """
    begun = time.perf_counter()
    network, protocol = case(neurons, SPAN / neurons, load="rest")
    built = time.perf_counter() - begun
    compiled()
    at_once = cut_off(protocol)
    ready = min(_timed(lambda: simulate(copy(network), at_once, "layout"))[0] for _ in range(repeats + 1))
    kept = min(_timed(lambda: simulate(network, at_once, "layout"))[0] for _ in range(repeats + 1))
    runs = [_timed(lambda: simulate(network, protocol, "layout")) for _ in range(repeats)]
    moving, result = min(seconds for seconds, _ in runs) - kept, runs[-1][1]
    steps = int(result.steps)
    return {
        "neurons": neurons, "ohm": SPAN / neurons, "threads": threads(network), "build_seconds": built,
        "ready_seconds": ready, "seconds": ready + moving, "steps": steps, "at_rest": bool(result.at_rest),
        "ns_per_wall_step": max(moving, 0.0) * 1e9 / steps / neurons**2,
        "time_to_solution": float(result.time_to_solution), "accuracy": _right(result, protocol),
        "energy_balance": float(result.energy_balance), "kcl_residual": float(result.kcl_residual),
    }  # fmt: skip


def compiled() -> dict[str, Any]:
    """Make sure that every engine is compiled, for one thread and for all."""
    for neurons in (20, 200):
        network, trial = case(neurons, SPAN / neurons)
        simulate(network, cut_off(trial), "layout")
    network, trial = case(8, 0.0)
    simulate(network, trial, "ideal")
    return {}


def first_use() -> dict[str, Any]:
    """What compiling adds to a first use, with nothing kept from before, in seconds by the clock.

    Of ``spinhop run`` on the example that ``make run`` takes, which needs both engines; and of trials of both in one
    process, with the code that large networks need on several threads.
    """
    example = Path(__file__).parents[2] / "layouts" / "examples" / "hopfield_8.yaml"
    command = [sys.executable, "-m", "spinhop", "run", str(example), "--out", "run", "--json"]
    program = "import engine_measures; engine_measures.compiled()"
    return {"run_seconds": _added(command), "seconds": _added([sys.executable, "-c", program])}


def _added(command: list[str]) -> float:
    """How much longer a command takes with an empty store of compiled code than with its own, in new folders."""
    with tempfile.TemporaryDirectory() as store:
        took = []
        for _ in range(2):
            with tempfile.TemporaryDirectory() as folder:
                environment = os.environ | {"NUMBA_CACHE_DIR": store}
                call = partial(subprocess.run, command, cwd=folder, env=environment, check=True, capture_output=True)
                took.append(_timed(call)[0])
    return took[0] - took[1]


def whole_trials(neurons: int) -> dict[str, Any]:
    """A recall as a user counts it: all trials on drawn wires, by the clock, result included, compiled before.

    Rails, somas centred, thick copper, Table I's device slowed tenfold, load until rest; steps as of ``spinhop run``.
    Short ones run up to five times, of which the least counts.
    """
    design = design_of(neurons, seed=1)
    process, network = design.load_process(), draw_and_extract(design)
    sim.run_task(network, design, process, trials=2, tolerance=RECALL_TOLERANCE)  # at once, which is code of its own

    def once() -> xr.Dataset:  # on a network of its own, of which nothing is known yet
        return sim.run_task(copy(network), design, process, tolerance=RECALL_TOLERANCE)

    seconds, result = wall_seconds(once, 5, 3.0)
    return {
        "neurons": neurons, "trials": result.sizes["trial"], "seconds": seconds, "at_rest": int(result.at_rest.sum()),
        "recall_rate": float(result.recall_rate), "simulated": float(result.time_to_solution.mean()),
    }  # fmt: skip


def cut_off(protocol: Protocol) -> Protocol:
    """The trial that ends before anything moved."""
    return replace(protocol, load=1e-15, time_limit=1e-15)


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    answer = call()
    return time.perf_counter() - begun, answer


def threads(network: Network) -> int:
    """Threads that the layout engine takes for a network."""
    from sim.engines.layout import threads_for

    return threads_for(network)


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """Slope of log(time) over log(N), least squares."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def _right(result: xr.Dataset, protocol: Protocol) -> float:
    """Share of right bits against the one stored pattern or its inverse."""
    levels = np.asarray(protocol.levels)
    pattern = np.r_[1, (levels[1:, 0] > 0).astype(int)]
    same = float((result.state.values == pattern).mean())
    return max(same, 1 - same)
