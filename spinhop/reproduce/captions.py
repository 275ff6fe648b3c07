"""What each figure shows: one paragraph under it, saying what was run."""

from __future__ import annotations

_FULL = {
    "recall": (
        "Random patterns stored, a random start loaded for 16 ns, bits counted against the nearest stored pattern "
        "or its inverse, on ideal wires; bands are 95 % intervals of the mean. Even N can tie (dotted)."
    ),
    "efficiency": (
        "One random pattern, N = 60, ideal wires. Left: time to solution of all trials, load included. Right: "
        "mean energy by source and by what turned it to heat."
    ),
    "images": (
        "Three letters stored together, N = 100, ideal wires, three drawings of the letters. Bits count against "
        "the letter that was distorted, or its inverse. Below: single trials with the plain letters, black is ON."
    ),
    "maxcut": (
        "Twenty random graphs a size, half of all edges present; every wall OFF at the start, ideal wires. Bands "
        "are 95 % intervals over the graphs. The optimum is proved to N = 20, beyond it the best that tabu search "
        "finds."
    ),
    "biqmac": (
        "The ten graphs g05_60.0 to .9, ideal wires, Table I's pillar. Right: mean distance from the optimum "
        "beside software on the same graphs."
    ),
    "weights": ("One random pattern, N = 60, V_C = 0.25 V, load of 15 ns, the same trials at every W, ideal wires."),
    "wires": (
        "One-pattern recall. Lines: the same resistance between all neighbouring cells of dendrites and drives, "
        "everything else ideal. Markers: extracted layouts, labelled by the width of their wires over the minimum "
        "(c: somas centred); they lose voltage on rails and ground as well. Trials that do not rest count as they "
        "stand at the limit."
    ),
    "search": (
        "Twelve layouts at N = 60, judged by rules alone, labelled by the width of their wires over the minimum: "
        "below zero the usual V_DW lies outside some neuron's window."
    ),
    "capacity": (
        "Random patterns, stored together by each rule: the share that are rest states, in themselves or inverted. "
        "Bands are 95 % intervals; patterns stored together rest or not together. Drawn in copper_thick with weight "
        "lines, somas centred; "
        "R_P, R_AP, R_M × 10 and leaks / 10."
    ),
}
_QUICK = _FULL | {
    "maxcut": _FULL["maxcut"].replace("Twenty random graphs", "Five random graphs"),
    "biqmac": _FULL["biqmac"].replace("on the same graphs", "on the first of them"),
    "search": _FULL["search"].replace("Twelve layouts at N = 60", "Layouts of nine neurons"),
}


def caption(task: str, quick: bool) -> str:
    """What stands under the figure of a task, in a full run or a reduced one; empty for a task without figure."""
    return (_QUICK if quick else _FULL).get(task, "")
