"""What of a trial under way, as a file has it, cannot be: checkpoints may be damaged, or come from others."""

from __future__ import annotations

import numpy as np

from hwlib.network import Network
from sim.energies import impossible_energies
from sim.engines.stepper import CONVERGENCE, LOAD, Phase
from sim.protocol import Protocol
from sim.walls import on_tracks

STATE = "phase", "phase_time", "at_rest", "energy", "residual", "steps", "wall"  # of every engine
_ROUNDED = 1 + 1e-9  # of a phase's longest time
_KINDS = {"phase": "iu", "steps": "iu", "at_rest": "b"}


def refuse_impossible(state: dict[str, np.ndarray], network: Network, protocol: Protocol) -> None:
    """Refuse numbers that no trial has between two of its steps.

    Args:
        state: the arrays called ``STATE``.
        network: that the trial is of.
        protocol: likewise.

    Raises:
        ValueError: with the name of what cannot be.
    """
    shapes = {"phase_time": (2,), "at_rest": (2,), "energy": (6,), "wall": (network.devices,)}
    for name in STATE:
        each = state[name]
        if each.shape != shapes.get(name, ()) or each.dtype.kind not in _KINDS.get(name, "f"):
            raise ValueError(name)
        if not np.isfinite(each).all():
            raise ValueError(name)
    begun = LOAD if protocol.start is not None else CONVERGENCE
    if not begun <= state["phase"] <= CONVERGENCE:
        raise ValueError("phase")
    loaded = bool(state["phase"] > begun)
    load = Phase(network, protocol, LOAD, 0.0)
    most = longest(load) if loaded else 0.0
    if not 0 <= state["phase_time"][LOAD] <= most or state["phase_time"][CONVERGENCE] != 0:
        raise ValueError("phase_time")
    if state["at_rest"][CONVERGENCE] or not (state["at_rest"][LOAD] or (loaded and load.until_rest)):
        raise ValueError("at_rest")
    if state["residual"] < 0 or state["steps"] < 0 or (not loaded and state["steps"]):
        raise ValueError("residual or steps")
    if not on_tracks(network, state["wall"]):
        raise ValueError("wall")
    if impossible(state["energy"]) or (not loaded and state["energy"].any()):
        raise ValueError("energy")


def impossible(energy: np.ndarray) -> bool:
    """Whether no circuit takes the energies of a stepper, shape (6,)."""
    return not np.isfinite(energy).all() or bool(impossible_energies(energy[None, :3], energy[None, 3:]))


def refuse_unlike(own: dict[str, np.ndarray], kept: dict[str, np.ndarray]) -> None:
    """Refuse parts of a stepper of other shapes or kinds than its own; errors as of ``refuse_impossible``."""
    for name, values in kept.items():
        if own[name].shape != values.shape or own[name].dtype.kind != values.dtype.kind:
            raise ValueError(name)


def longest(phase: Phase) -> float:
    """Latest time in s that a phase under way may have."""
    return phase.until * _ROUNDED
