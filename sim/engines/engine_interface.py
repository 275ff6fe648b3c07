"""What an engine is asked with, and what it says of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol as Interface

import numpy as np

from hwlib.network import Network
from sim.dynamics import Kinematic, WallDynamics
from sim.engines.stepper import Solver
from sim.protocol import Protocol

DEFAULT_TOLERANCE = 1e-9  # largest estimated error of a wall per step, fraction of its L
Progress = Callable[[float, int], None]  # parts that are done, in all


@dataclass(frozen=True)
class Options:
    """How an engine works, and what it keeps.

    Attributes:
        tolerance: largest estimated error of a wall position per step, as a fraction of its L.
        record: keep walls over time, and samples of the circuit; then there is exactly one protocol.
        samples: most samples (``sim.recorder``).
        voltages: sample node voltages too.
        progress: called with (trials done, trials in all); of a trial under way the share that is done counts.
        checkpoint: of a single protocol that is not recorded: file to go on from when it exists, rewritten during the
            run and removed at its end. Engines that cannot stop within a trial leave it alone.
    """

    tolerance: float = DEFAULT_TOLERANCE
    record: bool = False
    samples: int = 2000
    voltages: bool = False
    progress: Progress | None = None
    checkpoint: Path | None = None


@dataclass(frozen=True)
class Support:
    """Laws of wall motion (``sim.dynamics``) that an engine supports; an engine that says nothing, the kinematic one.

    Attributes:
        dynamics: their names; None: all.
        noise: whether it runs them at a temperature.
    """

    dynamics: frozenset[str] | None = frozenset({Kinematic.name})
    noise: bool = False

    def includes(self, law: WallDynamics, *, noise: bool = False) -> bool:
        """Whether the engine moves walls by this law, at a temperature where that is asked; else without pinning."""
        if not noise and law.pinning.any:
            return False
        if noise and (not self.noise or law.diffusion(np.zeros(law.network.devices)) is None):
            return False
        return self.dynamics is None or law.name in self.dynamics

    def __str__(self) -> str:
        if self.noise:
            return "laws that say their diffusion"
        laws = "every law" if self.dynamics is None else ", ".join(sorted(self.dynamics))
        return f"{laws} without noise"


class Engine(Interface):
    """What an engine's module provides."""

    def refusal(self, network: Network, protocols: Sequence[Protocol]) -> str | None:
        """Why the engine cannot run these, in a few words; None when it can."""

    def prepare(self, network: Network) -> Solver:
        """What makes steppers for the phases of trials on a network."""
