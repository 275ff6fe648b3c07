"""A design's operating point on a network: V_DW ``auto`` is the centre of the window that the network's wires leave."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hwlib.argument_kinds import takes_kinds
from hwlib.design import Design
from hwlib.dynamics_data import DEFAULT
from hwlib.nets import LINE
from hwlib.network import Network
from hwlib.operating_point import resolve_v_dw
from hwlib.process import Process
from hwlib.quantities import printed
from hwlib.temperature import at_temperature
from hwlib.weights import weight_levels
from sim.last_network import LastNetwork
from sim.protocol import Protocol, protocol_for
from sim.rules.cases import Cases, Limits
from sim.rules.statics import StaticCircuits
from sim.rules.window import v_dw_windows

if TYPE_CHECKING:
    import xarray as xr

_ROUNDS = 5  # V_DW moves its own window a little, over the ground wires: a few nanovolts after two rounds
_SETTLED = 1e-9
_MOST_VOLTS = 1e3  # that a design may set; a law without steady drive (β = 0) would ask for more


class SetVoltage(NamedTuple):
    """V_DW as a network gets it.

    Attributes:
        volts: V.
        origin: where it comes from, in words: ``as stated``, ``eq. (4)``, ``centre of the drawn window`` …
    """

    volts: float
    origin: str

    def note(self, result: xr.Dataset) -> None:
        """Say it in a result's dataset: variable ``v_dw`` and attribute ``v_dw_origin``."""
        result["v_dw"] = ((), self.volts, {"units": "V", "long_name": "V_DW"})
        result.attrs["v_dw_origin"] = self.origin

    def __str__(self) -> str:
        return f"V_DW {printed(self.volts, 'V')}, {self.origin}"


# Rules, traces and trials ask for the set point of one network in turn: what it was asked for, and what was found.
_LAST = LastNetwork[tuple[tuple[str, str, bytes | None], SetVoltage]]()


def known_v_dw(design: Design, process: Process, *, wires: bool, law: str | None = None) -> SetVoltage | None:
    """V_DW of a design where no network need be solved for it; None where it is the centre of a network's own window.

    Args:
        design: its operating point.
        process: its process.
        wires: whether the network has drawn wires.
        law: that moves its walls; default the design's.
    """
    design, process = at_temperature(design, process)
    setting, law = design.operating_point.v_dw, law or design.device.dynamics.model
    if wires and design.compensated_v_dw is not None:
        return SetVoltage(design.compensated_v_dw, "compensation of the wires")
    if setting != "auto":
        origin = "the paper's eq. (4)" if setting == "eq4" else "as stated"
        return SetVoltage(resolve_v_dw(design, process), origin)
    if not wires and law == DEFAULT:
        return SetVoltage(resolve_v_dw(design, process), "centre of the ideal window")
    return None


@takes_kinds
def v_dw_on(
    network: Network, design: Design, process: Process, *, levels: np.ndarray | None = None,
    circuits: StaticCircuits | None = None,
) -> SetVoltage:  # fmt: skip
    """V_DW of a design on a network: the one place where it is decided.

    ``auto`` is the centre of the window of this very network, so that an ideal network and a drawn one are each run at
    their own. A drawn window that is closed has no centre: then the ideal one's is taken.

    Args:
        network: ideal or extracted.
        design: its operating point.
        process: its process.
        levels: weights as multiples of W, for networks with weight lines; default the design's.
        circuits: of this network, for what was solved before; default: new ones.
    """
    known = known_v_dw(design, process, wires=network.has_wires, law=network.dynamics.model)
    if known is not None:
        return known
    design, process = at_temperature(design, process)
    ideal = resolve_v_dw(design, process)
    if not network.nets_of(LINE).any():
        levels = None  # rails say them: who gives them as well asks for nothing else
    elif levels is None:
        levels = weight_levels(design)
    asked = (
        design.model_dump_json(),
        process.model_dump_json(),
        None if levels is None else np.asarray(levels).tobytes(),
    )
    before = _LAST.get(network)
    if before is not None and before[0] == asked:
        return before[1]
    solved = circuits or StaticCircuits(network)
    found = _centre(network, design, process, levels, solved, ideal)
    if circuits is None:
        solved.forget()
    return _LAST.keep(network, (asked, found))[1]


def _centre(
    network: Network,
    design: Design,
    process: Process,
    levels: np.ndarray | None,
    circuits: StaticCircuits,
    ideal: float,
) -> SetVoltage:
    """The centre of a network's window; ``ideal``: of the one without wires, where it has none."""
    protocol = protocol_for(design, process, levels=levels, **_made_up(network, design))
    for _ in range(_ROUNDS):
        cases = Cases(network, protocol, design.device, process, Limits(), circuits=circuits)
        centre = v_dw_windows(cases).recommended
        if centre is None:
            return SetVoltage(ideal, "centre of the ideal window, as the drawn one is closed")
        if centre > _MOST_VOLTS:
            return SetVoltage(ideal, "centre of the ideal window of kinematic walls, as the law's own is out of reach")
        settled = abs(centre - protocol.v_dw) <= _SETTLED * centre or cases.dendrite_bound == protocol.v_charge
        protocol = replace(protocol, v_dw=centre)
        if settled:
            break
    return SetVoltage(protocol.v_dw, f"centre of the {'drawn' if network.has_wires else 'ideal'} window")


@takes_kinds
def protocol_on(network: Network, design: Design, process: Process, **changes: Any) -> Protocol:
    """The design's operating point as a protocol for a network, V_DW as ``v_dw_on`` says; a drawn one is compensated.

    Args:
        network: ideal or extracted.
        design: its operating point.
        process: its process.
        changes: override fields of ``Protocol``; ``levels`` are otherwise the design's weights.
    """
    if "levels" not in changes:
        changes["levels"] = weight_levels(design)
    if "v_dw" not in changes:
        changes["v_dw"] = v_dw_on(network, design, process, levels=changes["levels"]).volts
    return protocol_for(design, process, **_made_up(network, design) | changes)


def _made_up(network: Network, design: Design) -> dict[str, Any]:
    """Voltages of weight nets that make up for wires, where there are any."""
    net_levels = design.net_levels() if network.has_wires else None
    return {} if net_levels is None else {"net_levels": net_levels}
