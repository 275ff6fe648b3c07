"""The engines behind ``sim.run``: one interface, one result, chosen by name.

An engine is a module with two functions:

- ``refusal(network, protocols) -> str | None``: why it cannot run them, or None;
- ``prepare(network) -> Solver``: what steps the network's walls (``sim.engines.stepper``); ``driver`` does the rest.

and, where it supports other laws of wall motion than the kinematic one, ``SUPPORTS``: it is never asked to run others.

To add one, put its module here and its name into ``ENGINES``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast
from typing import Protocol as Interface

from hwlib.errors import InputError, shown
from hwlib.network import Network
from sim.dynamics import Kinematic, WallDynamics, dynamics_of
from sim.protocol import Protocol

if TYPE_CHECKING:
    from sim.engines.stepper import Solver

ENGINES = {  # name: module, in the order in which ``auto`` asks them
    "ideal": "sim.engines.ideal",
    "layout": "sim.engines.layout",
    "reference": "sim.engines.reference",
}
DEFAULT_TOLERANCE = 1e-9  # largest estimated error of a wall per step, fraction of its L
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Options:
    """How an engine works, and what it keeps.

    Attributes:
        tolerance: largest estimated error of a wall position per step, as a fraction of its L.
        record: keep walls over time, and samples of the circuit; then there is exactly one protocol.
        samples: most samples (``sim.recorder``).
        progress: called with (trials done, trials in all).
        checkpoint: of a single protocol that is not recorded: file to go on from when it exists, rewritten during the
            run and removed at its end. Engines that cannot stop within a trial leave it alone.
    """

    tolerance: float = DEFAULT_TOLERANCE
    record: bool = False
    samples: int = 2000
    progress: Progress | None = None
    checkpoint: Path | None = None


@dataclass(frozen=True)
class Support:
    """Laws of wall motion (``sim.dynamics``) that an engine supports; an engine that says nothing, the kinematic one.

    Attributes:
        dynamics: their names; None: all.
        noise: whether it supports laws with noise.
    """

    dynamics: frozenset[str] | None = frozenset({Kinematic.name})
    noise: bool = False

    def includes(self, law: WallDynamics) -> bool:
        """Whether the engine moves walls by this law, noise and all."""
        return (self.dynamics is None or law.name in self.dynamics) and (self.noise or law.diffusion() is None)

    def __str__(self) -> str:
        laws = "every law" if self.dynamics is None else ", ".join(sorted(self.dynamics))
        return laws if self.noise else f"{laws} without noise"


class Engine(Interface):
    """What an engine's module provides."""

    def refusal(self, network: Network, protocols: Sequence[Protocol]) -> str | None:
        """Why the engine cannot run these, in a few words; None when it can."""

    def prepare(self, network: Network) -> Solver:
        """What makes steppers for the phases of trials on a network."""


def names() -> list[str]:
    """Names of the engines that exist."""
    return [name for name, module in ENGINES.items() if find_spec(module) is not None]


def check_name(name: str) -> None:
    """Refuse names that are no engine's.

    Raises:
        InputError: with the names that exist.
    """
    if name != "auto" and name not in names():
        raise InputError(f"engine: {shown(name)}, allowed: auto, {', '.join(names())}")


def choose(name: str, network: Network, protocols: Sequence[Protocol]) -> tuple[str, Engine]:
    """The engine of a name; ``auto`` takes the first that can run the protocols on the network.

    Raises:
        InputError: no such engine, or the engine cannot run these.
    """
    check_name(name)
    reason: str | None = None
    for candidate in _able(name, dynamics_of(network)):
        engine = _load(candidate)
        reason = engine.refusal(network, protocols)
        if reason is None:
            return candidate, engine
    raise InputError(f"engine {name}: {reason}{'' if name == 'auto' else '; use engine auto'}")


def _able(name: str, law: WallDynamics) -> list[str]:
    """The engines that ``name`` may mean and that support a law of wall motion.

    Raises:
        InputError: there is none.
    """
    able = [each for each in (names() if name == "auto" else [name]) if support_of(each).includes(law)]
    if not able:
        what = f"{law.name} walls{'' if law.diffusion() is None else ' with noise'}"
        support = "; ".join(f"{each}: {support_of(each)}" for each in names())
        raise InputError(f"engine {name}: does not support {what} ({support})")
    return able


def support_of(name: str) -> Support:
    """Which laws of wall motion an engine supports."""
    return getattr(_load(name), "SUPPORTS", Support())


def _load(name: str) -> Engine:
    return cast(Engine, import_module(ENGINES[name]))
