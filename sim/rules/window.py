"""Rules on V_DW: does every axon follow its soma both ways, and how large may the network grow?

Kinematic wall: an axon of neuron j moves toward ON when ``k·I > |v_leak|`` (paper, Section III-A.3). Its
current is linear in V_DW: ``I = g·V_DW + b``; b is what the dendrites' currents through the soma tracks add over the
shared ground (zero without wires), taken at the largest dendrite voltage of the matching sign. Without wires the
window is ``I_leak·((N−1)·R + R_M)``, R = R_P and R_AP (``hwlib.operating_point.v_dw_window``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hwlib.nets import DENDRITE, V_DW
from hwlib.operating_point import v_dw_eq4
from hwlib.quantities import digits_apart, printed, printed_span
from sim.rules.cases import Cases
from sim.rules.outcome import TIE, Outcome, first_largest, first_smallest

WINDOW_FORMULA = (
    "V_DW so that k·I(farthest axon, soma P) > |v_leak| and k·I(nearest axon, soma AP) < |v_leak|; "
    "without wires I_leak·((N−1)·R_P + R_M) < V_DW < I_leak·((N−1)·R_AP + R_M)"
)
WINDOW_SOURCE = (
    "paper, Section III-A.3: a high current beats the axon's leak, a low one does not; with R_M, which eq. (4) leaves "
    "out; with wires solved on the network"
)


@dataclass(frozen=True)
class Windows:
    """V_DW window of every neuron; one without axons has none: NaN, and device −1.

    Attributes:
        low, high: V, shape (N,); closed where low ≥ high.
        low_axon, high_axon: devices that set them, shape (N,).
    """

    low: np.ndarray
    high: np.ndarray
    low_axon: np.ndarray
    high_axon: np.ndarray

    @cached_property
    def lowest(self) -> float:
        """Lower end of the windows' intersection in V."""
        return float(np.nanmax(self.low))

    @cached_property
    def highest(self) -> float:
        """Upper end of the windows' intersection in V."""
        return float(np.nanmin(self.high))

    @property
    def last_on(self) -> int:
        """Device that sets the intersection's lower end."""
        return int(self.low_axon[first_largest(np.nan_to_num(self.low, nan=-np.inf))])

    @property
    def last_off(self) -> int:
        """Device that sets the intersection's upper end."""
        return int(self.high_axon[first_smallest(np.nan_to_num(self.high, nan=np.inf))])

    @property
    def open(self) -> bool:
        """Whether one V_DW serves every neuron."""
        return self.lowest < self.highest

    @property
    def recommended(self) -> float | None:
        """Centre of the intersection in V; None when it is empty."""
        return (self.lowest + self.highest) / 2 if self.open else None

    @property
    def most_serving(self) -> float:
        """V_DW in V within the windows of the most neurons, in the middle of where that is so: ``recommended`` if any.

        NaN where every neuron's own window is closed.
        """
        open_ones = self.low < self.high
        low, high = self.low[open_ones], self.high[open_ones]
        ends = np.sort(np.concatenate([low, high]))
        middle = (ends[1:] + ends[:-1]) / 2
        if not len(middle):
            return float("nan")
        served = ((low < middle[:, None]) & (middle[:, None] < high)).sum(axis=1)
        best = np.flatnonzero(served == served.max())
        widest = best[np.diff(ends)[best].argmax()]
        return float(middle[widest])


def v_dw_windows(cases: Cases) -> Windows:
    """Window of every neuron: all somas P for the low end, all AP for the high end.

    All somas alike is the bound for shared V_DW and ground wires: P makes the drop largest, AP smallest. Dendrites
    are held at +V (P) and −V (AP), V the larger of V_C and what the weights can put on a soma's track. Beside every
    state by dense solves it is exact with up to 50 Ω of ground per column. From about 100 Ω dendrites lift the ground
    of their axons enough to feed V_DW's wire through them: with some somas AP the ends of the window may lie further
    in. Wires of minimum width reach that at N = 60: 28 (``copper_thick``) to 135 Ω (``ebeam``) from an axon to ground.
    """
    low, low_axon = _threshold(cases, somas=True)
    high, high_axon = _threshold(cases, somas=False)
    return Windows(low, high, low_axon, high_axon)


def _threshold(cases: Cases, *, somas: bool) -> tuple[np.ndarray, np.ndarray]:
    """V_DW at which the worst axon of each neuron stands still, and that axon, shape (N,)."""
    network, axons = cases.network, cases.axons
    state, held = cases.parallel(somas, "all"), cases.held(DENDRITE)
    gain, share = (
        cases.circuits.track_current(state, held, network.nets_of(each).astype(float))[axons]
        for each in (V_DW, DENDRITE)
    )
    offset = (1 if somas else -1) * cases.dendrite_bound * share if network.has_wires else 0.0
    threshold = (cases.leak_current[axons] - offset) / gain
    worst = np.full(network.neurons, np.nan)
    (np.fmax if somas else np.fmin).at(worst, network.pre[axons], threshold)
    theirs = worst[network.pre[axons]]
    at_worst = axons[np.abs(threshold - theirs) <= TIE * np.abs(theirs)][::-1]  # the first of several is written last
    axon = np.full(network.neurons, -1)
    axon[network.pre[at_worst]] = at_worst
    return worst, axon


def vdw_window(cases: Cases, windows: Windows) -> Outcome:
    """Does the set V_DW lie in every neuron's window? Margin: distance to the nearer end, relative to V_DW."""
    v_dw = cases.protocol.v_dw
    to_low, to_high = v_dw - windows.lowest, windows.highest - v_dw
    if to_low - to_high <= 10 * TIE * abs(v_dw):  # at the centre, where ``auto`` is, the lower end is told
        margin, device, bound = to_low, windows.last_on, windows.lowest
        what, state = "switches on too late or never", "all somas P"
    else:
        margin, device, bound = to_high, windows.last_off, windows.highest
        what, state = "does not switch off", "all somas AP"
    place = cases.device_place(device)
    digits = digits_apart(v_dw, bound)
    span = f"window {printed_span(windows.lowest, windows.highest, 'V', digits)}, {cases.wires}"
    advice = (
        "the window is closed: no V_DW serves every neuron"
        if windows.recommended is None
        else f"recommended {printed(windows.recommended, 'V')}"
    )
    verdict = f"inside its {span}" if margin >= 0 else f"outside its {span}: {place.name} {what}"
    return Outcome(
        rule="vdw.window", message=f"V_DW = {printed(v_dw, 'V', digits)} is {verdict}; {advice}",
        margin=float(margin / v_dw),
        severity="error", formula=WINDOW_FORMULA, source=WINDOW_SOURCE, measured=v_dw, required=bound, unit="V",
        place=place, state=state,
    )  # fmt: skip


def eq4_voltage(cases: Cases) -> float:
    """V_DW of the paper's eq. (4) in V, for the median axon leak."""
    leak = float(np.median(cases.leak_current[cases.axons]))
    fan_out = int(np.bincount(cases.network.pre[cases.axons]).max())
    return v_dw_eq4(fan_out + 1, leak, cases.device.r_p, cases.device.r_ap)


def vdw_eq4(cases: Cases, windows: Windows) -> Outcome:
    """Would the paper's eq. (4) lie in the window? An error when V_DW is set to it, else a warning."""
    value = eq4_voltage(cases)
    margin = min(value - windows.lowest, windows.highest - value)
    bound = windows.lowest if value - windows.lowest <= windows.highest - value else windows.highest
    used = bool(np.isclose(value, cases.protocol.v_dw, rtol=1e-9))
    where, span = "inside" if margin >= 0 else "outside", printed_span(windows.lowest, windows.highest, "V")
    return Outcome(
        rule="vdw.eq4",
        message=f"eq. (4) gives {printed(value, 'V')}, {where} the window {span}, {cases.wires}"
        + ("; V_DW is set to it" if used else ""),
        margin=float(margin / abs(value)), severity="error" if used else "warning",
        formula="V_DW = I_leak·R_P·(N−1)·(1 + T/2) inside the window",
        source="paper, eq. (4): it leaves out R_M and every wire",
        measured=value, required=bound, unit="V",
        place=cases.device_place(windows.last_on), state="all somas P / all AP",
    )  # fmt: skip
