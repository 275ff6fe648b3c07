"""Rules on the load phase: does V_C set every soma, whatever the start and in the task's own, and for long enough?"""

from __future__ import annotations

import numpy as np

from hwlib.quantities import printed
from sim.rules.cases import LOAD_STATE, Cases
from sim.rules.outcome import Outcome, above, first_largest, first_smallest
from sim.rules.starts import LoadedStarts

MOST_BITS = 32  # of a start in a message
_SOURCE = "paper, Section III-B: ±V_C sets every soma; with wires solved on the network"


def load_drive(cases: Cases, loaded: LoadedStarts | None) -> Outcome | None:
    """Does V_C bring every soma to its bit in the task's own starts? ``b·(k·I + v_leak,soma) > 0``, b = ±1.

    Ideally ``I = b·V_C/R_M``. None when the task's starts are unknown.
    """
    if loaded is None:
        return None
    somas = cases.network.somas
    against = np.where(loaded.bits != 0, 1.0, -1.0) * cases.leak_current[somas]  # positive where the leak opposes
    margin = _margin(loaded.current, against)
    k, neuron = np.unravel_index(first_smallest(margin), margin.shape)
    current, leak = float(loaded.current[k, neuron]), float(against[k, neuron])
    word = _word(loaded.bits[k])
    return Outcome(
        rule="leak.load",
        message=f"{_drive(cases, current, int(neuron), leak)}, in the start of trial {loaded.trials[k]} ({word})",
        margin=float(margin[k, neuron]), severity="error",
        formula="b·(k·I + v_leak,soma) > 0, b = ±1 each bit of each start; without wires I = b·V_C/R_M", source=_SOURCE,
        measured=current, required=leak, unit="A", place=cases.device_place(int(somas[neuron])),
        state=f"load, start of trial {loaded.trials[k]}",
    )  # fmt: skip


def any_load_drive(cases: Cases) -> Outcome:
    """Does V_C move every soma both ways whatever the start? A warning: the task may never load the worst one.

    With wires and open weight rails the worst start is one neuron against all others; all axons ON is what it finds
    when all others are ON.
    """
    somas, bound = cases.network.somas, cases.load_bound
    ratios, drives = [], []
    for sign in (1, -1):
        drive = bound.drive + np.minimum(sign * bound.drift, 0)
        drives.append(drive)
        ratios.append(_margin(drive, sign * cases.leak_current[somas]))
    least = np.min(ratios, axis=1)
    side = 1 if least[1] < 0 else first_smallest(least)  # one OFF against all ON has the axons ON that the bound takes
    k = first_smallest(ratios[side])
    current, leak = float(drives[side][k]), float((1, -1)[side] * cases.leak_current[somas[k]])
    return Outcome(
        rule="leak.load_any",
        message=f"{_drive(cases, current, k, leak)}, in the worst start: {_worst_start(cases, k, side == 0)}",
        margin=float(ratios[side][k]), severity="warning", formula="b·(k·I + v_leak,soma) > 0, b = ±1, any start",
        source=f"{_SOURCE}, over all starts", measured=current, required=leak, unit="A",
        place=cases.device_place(int(somas[k])), state=f"{LOAD_STATE}, {'−+'[side == 0]}V_C",
    )  # fmt: skip


def load_time(cases: Cases, loaded: LoadedStarts | None) -> Outcome | None:
    """Does the load phase last until the starts are in the pillars, and stay there? None when no start is known.

    A soma that is to be ON travels past its pillar, then its axons, which it drives only from there on, past theirs:
    ``(x + w/2)/(k·I + v_leak)`` of both, with the currents of the loaded start. The load may last the given time, or
    until rest and no longer than the time limit. When the rule holds all walls are that far; a little less time may do
    as well, because an axon sets out while its soma's wall is still under the pillar.
    """
    network = cases.network
    if loaded is None or not (loaded.bits.any() or loaded.axons.any()):
        return None
    total = loaded.soma + loaded.axons
    start, k = (int(index) for index in np.unravel_index(first_largest(total), total.shape))
    soma, axons, total = loaded.soma[start, k], loaded.axons[start, k], total[start, k]
    timed = cases.protocol.load != "rest"
    limit = float(cases.protocol.load) if timed else cases.protocol.time_limit
    parts = f"{_takes(soma)} for its soma, {_takes(axons)} for its axons"
    if not loaded.bits[start, k]:
        parts = "its soma is OFF, but not all of its axons stay there"
    given = f"the load phase lasts {printed(limit, 's')}" if timed else f"the time limit is {printed(limit, 's')}"
    needs = f"needs {printed(total, 's')} to be loaded" if np.isfinite(total) else "is never loaded"
    return Outcome(
        rule="load.time",
        message=f"neuron {k} {needs}, in the start of trial {loaded.trials[start]}: {parts}; {given}",
        margin=above(limit, float(total)), severity="error",
        formula="(x_MTJ + w/2)/(k·I_load + v_leak,soma) + (x_MTJ + w/2)/(k·I_drive + v_leak,axon) ≤ load time",
        source="kinematic wall past the pillar, soma then axon; authors' programs: 16 ns at V_C = 0.1 V",
        measured=float(total) if np.isfinite(total) else None, required=limit, unit="s",
        place=cases.device_place(int(network.somas[k])),
        state=f"load, start of trial {loaded.trials[start]}, walls OFF at first",
    )  # fmt: skip


def _takes(time: float) -> str:
    return printed(time, "s") if np.isfinite(time) else "never"


def _margin(drive: np.ndarray, against: np.ndarray) -> np.ndarray:
    """Excess of drives over leaks that oppose them, relative to the leak; how much is left of leaks that help.

    Args:
        drive: track current toward the bit, A.
        against: what it has to exceed, A: negative where the leak helps.
    """
    scale = np.maximum(np.abs(against), 1e-30)
    return np.where((against <= 0) & (drive > 0), np.inf, (drive - against) / scale)


def _drive(cases: Cases, current: float, neuron: int, against: float) -> str:
    soma = cases.device_place(int(cases.network.somas[neuron])).name
    leak = f"its leak {'needs' if against > 0 else 'helps with'} {printed(abs(against), 'A')}"
    drives = f"V_C = {printed(cases.protocol.v_charge, 'V')} drives {printed(current, 'A')}"
    return f"{drives} through {soma} toward its bit, {leak}"


def _word(bits: np.ndarray) -> str:
    word = "".join(str(int(bit)) for bit in bits)
    return word if len(word) <= MOST_BITS else f"{word[:MOST_BITS]}…"


def _worst_start(cases: Cases, neuron: int, on: bool) -> str:
    """The start that helps one neuron least, in words: whom each other dendrite pulls with or against."""
    pull = cases.load_bound.pull[neuron]
    others = np.delete(pull, neuron)
    bits = np.where(pull > 0, not on, on).astype(int)
    bits[neuron] = on
    if (others > 0).all() or not others.any():
        return f"neuron {neuron} {'ON' if on else 'OFF'}, all others {'OFF' if on else 'ON'}"
    return _word(bits)
