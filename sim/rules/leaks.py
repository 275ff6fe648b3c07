"""Rules on the leaks: they must decide when nothing else does, and never beat what should decide."""

from __future__ import annotations

import math

import numpy as np

from hwlib.quantities import printed
from sim.rules.axon_course import axon_courses
from sim.rules.cases import ALL_ON, LOWEST, Cases
from sim.rules.outcome import Outcome, Place, above, below, first_largest, first_smallest

SOLVE_GROUPS = 64  # right-hand sides of the worst-row search; up to 64 neurons every row has its own
MANY, FEW_GROUPS = 300, 16  # beyond so many neurons a solve takes a second


def axon_leak_sign(cases: Cases) -> Outcome:
    """Does every axon leak toward OFF? ``v_leak,axon < 0``: an undriven axon must reset (paper, Section III-A.3)."""
    leak = cases.network.leak[cases.axons]
    worst = int(cases.axons[first_largest(leak)])
    value = float(leak.max())
    return Outcome(
        rule="leak.axon_sign", message=f"axon leaks are at most {value:.4g} m/s; they must move the wall toward OFF",
        margin=-value / float(np.abs(leak).max() or 1.0) if value < 0 else -1.0, severity="error",
        formula="v_leak,axon < 0", source="paper, Section III-A.3: the leak outweighs a low current; L_SYN of Table I",
        measured=value, required=0.0, unit="m/s", place=cases.device_place(worst),
    )  # fmt: skip


def axon_leak_size(cases: Cases) -> Outcome:
    """Is each axon's leak between its currents at the set V_DW: below with the soma P, above with it AP?"""
    run, axons = cases.run_states, cases.axons
    on_name, off_name = ALL_ON, LOWEST
    need = cases.leak_current[axons]
    on, off = run[on_name].track_current[axons], run[off_name].track_current[axons]
    positive = np.maximum(need, 1e-30)
    margin_on, margin_off = 1 - positive / np.maximum(on, 1e-30), 1 - off / positive
    late = margin_on.min() <= margin_off.min()
    k = first_smallest(margin_on if late else margin_off)
    margin = float(min(margin_on.min(), margin_off.min()))
    current = float((on if late else off)[k])
    side = "at most" if late else "at least"
    return Outcome(
        rule="leak.axon_size",
        message=f"axon leak equals {printed(need[k], 'A')}, must be {side} {printed(current, 'A')} at V_DW = "
        f"{printed(cases.protocol.v_dw, 'V')}",
        margin=margin, severity="error", formula="I(soma AP) < |v_leak,axon|/k < I(soma P)",
        source=f"paper, Section III-A.3; {cases.wall_law}, currents solved on the network",
        measured=float(need[k]), required=current, unit="A", place=cases.device_place(int(axons[k])),
        state=on_name if late else off_name,
    )  # fmt: skip


def soma_leak(cases: Cases) -> Outcome:
    """Is the soma leak below the smallest drive that has to decide, one axon's flip?

    ``|v_leak,soma|/k < ΔI``, ``ΔI = |W|·(1/R_P − 1/R_AP)·T`` with T the soma-track current per current entering at the
    axon's tap: without wires ``1/(R_M·ΣG + 1)``. All axons ON makes ΣG largest and ΔI smallest. Up to 64 neurons each
    row is solved alone; beyond, rows 64 (of more than 300: 16) apart share one: only the shared ground couples them.
    """
    network, axons = cases.network, cases.axons
    drive = np.full(network.devices, np.inf)
    groups = min(network.neurons, FEW_GROUPS if network.neurons > MANY else SOLVE_GROUPS)
    for group in range(groups):
        mine = axons[network.post[axons] % groups == group]
        transfer = cases.run_all_on.pillar_transfer(network.somas[group::groups])[mine]
        flip = (1 / network.r_p[mine] - 1 / network.r_ap[mine]) * np.abs(cases.weight[mine])
        drive[mine] = np.where(flip > 0, flip * transfer, np.inf)
    leak = np.abs(cases.leak_current[network.somas])
    ratio = drive[axons] / np.maximum(leak[network.post[axons]], 1e-30)
    worst = int(axons[first_smallest(ratio)])
    required, measured = float(drive[worst]), float(leak[network.post[worst]])
    decides = bool(np.isfinite(required))
    drives = "no weight decides: all are 0"
    if decides:
        drives = f"the smallest deciding drive, one flip of {cases.device_place(worst).name}, is "
        drives += f"{printed(required, 'A')} {cases.wires}"
    return Outcome(
        rule="leak.soma", message=f"soma leak equals {printed(measured, 'A')}; {drives}",
        margin=below(measured, required) if decides else math.inf, severity="error",
        formula="|v_leak,soma|/k < |W|·(1/R_P − 1/R_AP)/(R_M·ΣG + 1), ΣG with all axons ON",
        source="paper, Section III-A.2 and the dendrite of Fig. 4, a divider; with wires solved on the network",
        measured=measured, required=required if decides else None, unit="A",
        place=cases.device_place(worst) if decides else Place(), state="all axons ON, dendrite balanced",
    )  # fmt: skip


def axon_time(cases: Cases) -> Outcome:
    """Does every axon switch both ways within the time limit, all somas turned alike and all axons on their way?

    The rule on V_DW asks whether axons follow at all, this one whether they do before the trial is over.
    """
    courses = axon_courses(cases)
    slowest = courses[first_largest(np.array([course.time.max() for course in courses]))]
    k = first_largest(slowest.time)
    time, limit = float(slowest.time[k]), cases.protocol.time_limit
    place = cases.device_place(int(cases.axons[k]))
    takes = f"takes {printed(time, 's')} to switch" if np.isfinite(time) else "never switches"
    return Outcome(
        rule="leak.axon_time",
        message=f"{place.name} {takes} {'on' if slowest.on else 'off'}; the convergence phase is limited to "
        f"{printed(limit, 's')}",
        margin=above(limit, time), severity="error",
        formula="∫dq/(k·I(soma P) + v_leak,axon) and ∫dq/|k·I(soma AP) + v_leak,axon| over L ≤ time limit",
        source=f"{cases.wall_law}, currents solved on the network as all axons move; limit: task.time_limit of the "
        "design file",
        measured=time if np.isfinite(time) else None, required=limit, unit="s", place=place, state=slowest.state,
    )  # fmt: skip


def leak_time(cases: Cases) -> Outcome:
    """Does a soma that no drive moves come to rest in time? ``L/|v_leak,soma|`` below the convergence limit."""
    network, somas = cases.network, cases.network.somas
    speed = np.abs(cases.dynamics.steady_velocity(np.zeros(network.devices))[somas])
    time = np.full(len(somas), np.inf)
    np.divide(network.length[somas], speed, out=time, where=speed > 0)
    k = first_largest(time)
    limit = cases.protocol.time_limit
    alone = f"crosses by its leak alone in {printed(time[k], 's')}"
    moves = alone if np.isfinite(time[k]) else "has no leak to cross by"
    return Outcome(
        rule="leak.time",
        message=f"a balanced soma {moves}; the convergence phase is limited to {printed(limit, 's')}",
        margin=above(limit, float(time[k])) if np.isfinite(time[k]) else -1.0, severity="warning",
        formula="L/|v_leak,soma| < time limit",
        source="kinematic wall at I = 0; limit: task.time_limit of the design file",
        measured=float(time[k]) if np.isfinite(time[k]) else None,
        required=limit, unit="s",
        place=cases.device_place(int(somas[k])), state="dendrite balanced",
    )  # fmt: skip
