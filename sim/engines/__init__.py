"""The engines behind ``sim.run``: one interface, one result, chosen by name.

An engine is a module with two functions:

- ``refusal(network, protocols) -> str | None``: why it cannot run them, or None;
- ``simulate(network, protocols, options) -> Trials``: run them, one after the other or together.

To add one, put its module here and its name into ``ENGINES``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol as Interface
from typing import cast

from hwlib.errors import InputError
from hwlib.network import Network
from sim.protocol import Protocol
from sim.result import Trials

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


class Engine(Interface):
    """What an engine's module provides."""

    def refusal(self, network: Network, protocols: Sequence[Protocol]) -> str | None:
        """Why the engine cannot run these, in a few words; None when it can."""

    def simulate(self, network: Network, protocols: Sequence[Protocol], options: Options) -> Trials:
        """Run every protocol on the network."""


def names() -> list[str]:
    """Names of the engines that exist."""
    return [name for name, module in ENGINES.items() if find_spec(module) is not None]


def check_name(name: str) -> None:
    """Refuse names that are no engine's.

    Raises:
        InputError: with the names that exist.
    """
    if name != "auto" and name not in names():
        raise InputError(f"engine: {name!r}, allowed: auto, {', '.join(names())}")


def choose(name: str, network: Network, protocols: Sequence[Protocol]) -> tuple[str, Engine]:
    """The engine of a name; ``auto`` takes the first that can run the protocols on the network.

    Raises:
        InputError: no such engine, or the engine cannot run these.
    """
    check_name(name)
    reason: str | None = None
    for candidate in names() if name == "auto" else [name]:
        engine = _load(candidate)
        reason = engine.refusal(network, protocols)
        if reason is None:
            return candidate, engine
    raise InputError(f"engine {name}: {reason}{'' if name == 'auto' else '; use engine auto'}")


def _load(name: str) -> Engine:
    return cast(Engine, import_module(ENGINES[name]))
