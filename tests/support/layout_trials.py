"""Trials of the layout engine that tests look into, or share among threads."""

from __future__ import annotations

from pathlib import Path

from hwlib.network import Network
from sim.engines import Options
from sim.engines.driver import TrialRun, run_trial
from sim.engines.layout.layout_stepper import LayoutSolver
from sim.protocol import Protocol
from sim.result import Trials


def trial_run(network: Network, protocol: Protocol, tolerance: float = 1e-9, threads: int | None = 1) -> TrialRun:
    """A trial that has just begun; its ``stepper`` has the assembled system."""
    return TrialRun(LayoutSolver(network, threads), protocol, Options(tolerance=tolerance))


def simulate_trial(
    network: Network,
    protocol: Protocol,
    options: Options,
    *,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Trials:
    """One trial with a choice of threads, and a file to go on from."""
    return run_trial(TrialRun(LayoutSolver(network, threads), protocol, options), checkpoint)
