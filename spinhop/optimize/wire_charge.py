"""What charging the wires of a drawn network costs: C·V² energy, and the time that they need to settle."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hwlib.design import Design
from hwlib.nets import DENDRITE, DRIVE, LINE, RAIL
from hwlib.network import Network
from hwlib.process import Process
from sim.set_point import protocol_on

COUNTED_FROM = 0.01  # of the energy or the time without them: below, they are told and not counted


class WireCharge(NamedTuple):
    """What the engines, which take wires for resistors, leave out.

    Attributes:
        energy: Σ C·V² over all nets, each charged once a trial to the largest voltage it can have, in J.
        settling: longest Elmore time of a node in s.
    """

    energy: float
    settling: float

    def counted(self, time: float, energy: float) -> tuple[float, float]:
        """Time and energy of a trial with the wires' own, where these reach 1 %: they settle once in each phase."""
        longer = 2 * self.settling if self.settling >= COUNTED_FROM * time else 0.0
        more = self.energy if self.energy >= COUNTED_FROM * energy else 0.0
        return time + longer, energy + more


def wire_charge(network: Network, design: Design, process: Process, v_dw: float) -> WireCharge:
    """Charge of a network's wires.

    Args:
        network: extracted, with capacitances.
        design: its operating point.
        process: its process.
        v_dw: V_DW in V.

    Coupling capacitance counts twice: neighbours may move apart (Miller). No net passes the voltage of its source;
    drives stay below V_DW, dendrites below the largest of V_C and the weights.
    """
    from sim.rules.cases import Cases, Limits
    from sim.rules.wires import rc_time

    protocol = protocol_on(network, design, process, v_dw=v_dw)
    farad = network.net_capacitance.copy()
    for side in (0, 1):
        np.add.at(farad, network.coupling_nets[:, side], 2 * network.coupling_farad)
    held = np.fmax(*(np.abs(volts) for volts in (protocol.net_voltages(network), protocol.load_voltages(network))))
    weights = np.nanmax(held[network.nets_of(RAIL, LINE)], initial=0.0)
    volts = np.where(network.nets_of(DRIVE), v_dw, np.fmax(held, np.where(network.nets_of(DENDRITE), weights, 0.0)))
    outcome = rc_time(Cases(network, protocol, design.device, process, Limits()))
    assert outcome is not None and outcome.measured is not None
    return WireCharge(float(farad @ volts**2), float(outcome.measured))
