"""The engines behind ``sim.run``: one interface, one result, chosen by name.

An engine is a module with two functions:

- ``refusal(network, protocols) -> str | None``: why it cannot run them, or None;
- ``prepare(network) -> Solver``: what steps the network's walls (``sim.engines.stepper``); ``driver`` does the rest.

and, where it supports other laws of wall motion than the kinematic one, ``SUPPORTS``: it is never asked to run others.

To add one, put its module here and its name into ``ENGINES``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import cast

from hwlib.design import Design
from hwlib.errors import InputError, shown
from hwlib.network import Network
from hwlib.process import Process
from hwlib.schematic import ideal_network
from hwlib.sections.network_fields import NetworkFields
from sim.dynamics import WallDynamics, dynamics_of
from sim.engines.engine_interface import DEFAULT_TOLERANCE as DEFAULT_TOLERANCE
from sim.engines.engine_interface import Engine as Engine
from sim.engines.engine_interface import Options as Options
from sim.engines.engine_interface import Progress as Progress
from sim.engines.engine_interface import Support as Support
from sim.protocol import Protocol

ENGINES = {  # name: module, in the order in which ``auto`` asks them
    "ideal": "sim.engines.ideal",
    "layout": "sim.engines.layout",
    "reference": "sim.engines.reference",
}
THERMAL = {"ideal": "sim.thermal.ideal_walls", "layout": "sim.thermal.layout_walls"}  # the same for trials with noise


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


def check_engine(name: str, design: Design, process: Process) -> None:
    """Refuse an engine that does not support a design's law of wall motion, or not at its temperature.

    Args:
        name: of the engine.
        design: the design; nothing of it has to be drawn.
        process: its process.

    Raises:
        InputError: no such engine, or none of that name runs such walls.
    """
    check_name(name)
    # The law's parameters are the same for all devices: two neurons tell as much as a thousand.
    point = design.operating_point
    two = NetworkFields(neurons=2)
    small = Design(name=design.name, device=design.device, operating_point=point, network=two)
    law, noise = dynamics_of(ideal_network(small, process)), point.temperature is not None
    if next(_able(name, law, noise=noise), None) is None:
        raise _unsupported(name, law, noise=noise)


def choose(name: str, network: Network, protocols: Sequence[Protocol]) -> tuple[str, Engine]:
    """The engine of a name; ``auto`` takes the first that can run the protocols on the network.

    Raises:
        InputError: no such engine, or the engine cannot run these.
    """
    check_name(name)
    reason: str | None = None
    noise = any(protocol.noise is not None for protocol in protocols)
    law = dynamics_of(network)
    for candidate in _able(name, law, noise=noise):
        engine = _load(candidate, noise=noise)
        reason = engine.refusal(network, protocols)
        if reason is None:
            return candidate, engine
    if reason is None:
        raise _unsupported(name, law, noise=noise)
    raise InputError(f"engine {name}: {reason}{'' if name == 'auto' else '; use engine auto'}")


def _able(name: str, law: WallDynamics, *, noise: bool) -> Iterator[str]:
    """The engines that ``name`` may mean and that support a law of wall motion, with noise or without.

    One by one: the first is seldom refused, and the next takes a while to load.
    """
    for each in names() if name == "auto" else [name]:
        if support_of(each, noise=noise).includes(law, noise=noise):
            yield each


def _unsupported(name: str, law: WallDynamics, *, noise: bool) -> InputError:
    """What to raise where none of the engines of a name supports a law."""
    if law.pinning.any and not noise:
        return InputError(
            f"engine {name}: only trials at a temperature have pinning; give operating_point.temperature, 0 K for "
            "no noise"
        )
    what = f"{law.name} walls{' at a temperature' if noise else ''}"
    support = "; ".join(f"{each}: {support_of(each, noise=noise)}" for each in names())
    return InputError(f"engine {name}: does not support {what} ({support})")


def support_of(name: str, *, noise: bool = False) -> Support:
    """Which laws of wall motion an engine supports."""
    return getattr(_load(name, noise=noise), "SUPPORTS", Support())


def _load(name: str, *, noise: bool) -> Engine:
    module = THERMAL.get(name, ENGINES[name]) if noise else ENGINES[name]
    return cast(Engine, import_module(module))
