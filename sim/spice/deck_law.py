"""The laws of wall motion that decks have: as a Verilog-A model, and as equations of a SPICE subcircuit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwlib.errors import InputError
from hwlib.network import Network
from hwlib.registry import Registry
from sim.dynamics import Collective, Kinematic, dynamics_of
from sim.dynamics.kinematic import SPICE_LAW

PARAMETERS = {  # of every device in decks: field of the network
    "length": "length", "centre": "pillar_centre", "width": "pillar_width", "r_p": "r_p", "r_ap": "r_ap",
    "r_m": "r_m", "mobility": "mobility", "leak": "leak",
}  # fmt: skip


@dataclass(frozen=True)
class DeckLaw:
    """A law in decks.

    Attributes:
        name: of the law in ``sim.dynamics``; the Verilog-A file and its module are ``dwmtj_<name>``.
        states: state variables besides the position: further nodes, 1 V for one SI unit, from their first value on.
        parameters: of the law that its model has; those that matter at a temperature alone are left out.
        velocity: of a free wall in m/s, of parameters in braces, for subcircuits; None: it is no subcircuit, only a
            Verilog-A model.
    """

    name: str
    states: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    velocity: str | None = None

    @property
    def module(self) -> str:
        """Name of the Verilog-A module."""
        return f"dwmtj_{self.name}"

    @property
    def model(self) -> Path:
        """The Verilog-A file."""
        return Path(__file__).with_name(f"{self.module}.va")

    def values(self, network: Network) -> dict[str, np.ndarray]:
        """Every parameter of a network's devices by its name in decks, shape (devices,)."""
        geometry = {name: getattr(network, field) for name, field in PARAMETERS.items()}
        known = dynamics_of(network).values
        return geometry | {name: known[name] for name in self.parameters}


DECK_LAWS: Registry[DeckLaw] = Registry("law in decks")


def register(law: DeckLaw) -> DeckLaw:
    """Add a law by its name; its Verilog-A model stands beside this file.

    Raises:
        ValueError: there is one of that name.
    """
    return DECK_LAWS.add(law.name, law)


def deck_law_of(model: str, *, verilog_a: bool = True, noise: bool = False) -> DeckLaw:
    """The law of a name.

    Args:
        model: the name.
        verilog_a: of the deck's device; else it is a subcircuit.
        noise: the walls have a temperature.

    Raises:
        InputError: decks, or decks of that kind, do not have it, or not with noise.
    """
    have = [law.name for law in DECK_LAWS.values() if verilog_a or law.velocity is not None]
    if model not in have:
        kind = "Verilog-A decks" if verilog_a else "SPICE decks"
        other = "--dialect vacask or " if model in DECK_LAWS else ""
        raise InputError(
            f"spice: walls in {kind} are {' or '.join(have)}, the network's are {model}; use {other}engine reference"
        )
    if noise:
        raise InputError("spice: walls in decks have no noise; leave operating_point.temperature out")
    return DECK_LAWS[model]


register(DeckLaw(Kinematic.name, velocity=SPICE_LAW % "V(dw_in,dw_out)/{r_m}"))
register(
    DeckLaw(
        Collective.name,
        ("angle",),
        ("damping", "nonadiabatic_ratio", "wall_width", "anisotropy_field", "first_angle", "lande_factor"),
    )
)
