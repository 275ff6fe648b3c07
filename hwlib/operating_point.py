"""V_DW: the window that makes axons follow their soma, without wire resistance (physics of eq. (4), with R_M)."""

from __future__ import annotations

from typing import NamedTuple

from hwlib.argument_kinds import takes_kinds
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.process import Process
from hwlib.quantities import in_si, whole_number

_MOST_NEURONS = 10**9  # of a window in closed form


class Window(NamedTuple):
    """Open interval of V_DW in volts."""

    low: float
    high: float

    @property
    def centre(self) -> float:
        """Middle of the window in V."""
        return (self.low + self.high) / 2

    def contains(self, v_dw: float) -> bool:
        """Whether axons follow their soma both ways at this voltage."""
        return self.low < v_dw < self.high


def leak_current(leak: float, mobility: float) -> float:
    """Track current in A that balances a leak: ``|v_leak| / k``."""
    return abs(leak) / mobility


def v_dw_window(
    neurons: int, i_leak: float | str, r_p: float | str, r_ap: float | str, r_m: float | str
) -> Window:  # fmt: skip
    """Exact window without wires: ``I_leak·((N−1)·R + R_M)`` with R = R_P (low) and R_AP (high).

    Args:
        neurons: N.
        i_leak: track current that balances an axon's leak, A or a text such as ``"1.2 uA"``.
        r_p: pillar resistance, parallel, Ω or a text.
        r_ap: antiparallel, likewise.
        r_m: track resistance, Ω or a text.

    Raises:
        InputError: no such quantities, negative ones, no whole number of neurons, or R_AP below R_P.
    """
    neurons = whole_number(neurons, "neurons", most=_MOST_NEURONS)
    i_leak = in_si(i_leak, "A", "i_leak", sign="not negative")
    given = (("r_p", r_p), ("r_ap", r_ap), ("r_m", r_m))
    r_p, r_ap, r_m = (in_si(value, "ohm", name, sign="not negative") for name, value in given)
    if r_ap < r_p:
        raise InputError(f"r_ap: {r_ap:g} ohm, allowed from r_p on, {r_p:g} ohm")
    fan_out = neurons - 1
    return Window(i_leak * (fan_out * r_p + r_m), i_leak * (fan_out * r_ap + r_m))


def v_dw_eq4(neurons: int, i_leak: float, r_p: float, r_ap: float) -> float:
    """The paper's eq. (4): window centre without the R_M term, ``I_leak·R_P·(N−1)·(1 + T/2)``, in V."""
    return i_leak * r_p * (neurons - 1) * (1 + (r_ap - r_p) / r_p / 2)


def nominal_track(design: Design, process: Process) -> tuple[float, float]:
    """Nominal wall mobility k (m/s per A) and track resistance R_M (Ω) of a design."""
    track = process.layers["track"]
    sheet = design.device.track_sheet_resistance(process.track_sheet_resistance)
    mobility = design.device.mobility(design.device.track_width * track.thickness)
    return mobility, sheet * design.device.track_length / design.device.track_width


@takes_kinds
def resolve_v_dw(design: Design, process: Process) -> float:
    """V_DW in volts for a design: its value, eq. (4), or the centre of the window with R_M (``auto``).

    The window is the neurons' common one, from the largest fan-out's lower to the smallest one's upper end; eq. (4) is
    taken with the largest.
    """
    setting = design.operating_point.v_dw
    if isinstance(setting, float):
        return setting
    mobility, r_m = nominal_track(design, process)
    i_leak = leak_current(design.operating_point.axon_leak, mobility)
    r_p, r_ap, fan_out = design.device.r_p, design.device.r_ap, design.topology.out_degree
    fan_out = fan_out[fan_out > 0]
    if setting == "eq4":
        return v_dw_eq4(int(fan_out.max()) + 1, i_leak, r_p, r_ap)
    low, high = (v_dw_window(int(fan) + 1, i_leak, r_p, r_ap, r_m) for fan in (fan_out.max(), fan_out.min()))
    return Window(low.low, high.high).centre
