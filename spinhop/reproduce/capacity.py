"""How many patterns a network holds: Hebb's rule beside others, on ideal wires and on a layout."""

from __future__ import annotations

from typing import Any

import numpy as np

from hwlib.design import Design
from hwlib.network import Network
from hwlib.schematic import ideal_network
from hwlib.weight_styles import LINES
from sim.memory_capacity import ON_DRAWN, TRAININGS, Training, resting_patterns
from sim.set_point import protocol_on
from sim.tasks import statistics
from spinhop.extracted_network import draw_and_extract
from spinhop.optimize.search_space import scaled
from spinhop.reproduce.rows import Row, exact
from spinhop.reproduce.task import PERCENT, Context, PaperTask, Result, Steps

COUNTS = {6: (1, 2, 3), 29: (1, 2, 3, 4, 6, 8, 11, 14, 18, 22, 26), 100: (1, 3, 6, 10, 15, 20, 30, 40)}
SETS = {6: (2, 1), 29: (10, 3), 100: (3, 0)}  # of random patterns, on ideal wires and as drawn
PROCESS, SLOWED = "copper_thick", 10.0  # R_P, R_AP, R_M × 10, leaks / 10: at Table I's N = 100 cannot be wired
HELD = 0.95  # share of the patterns at rest up to which a count is said to be held


def run(context: Context) -> Result:
    """Share of stored patterns that are rest states, by training rule and number of patterns."""
    sizes = context.pick((29, 100), (6,))
    steps = Steps(context, sum(sum(SETS[n]) for n in sizes))
    series: dict[str, Any] = {}
    rows: list[Row] = []
    for n in sizes:
        design = _design(n)
        ideal = ideal_network(design, design.load_process())
        found: dict[str, Any] = {"counts": list(COUNTS[n])}
        found["ideal"] = _shares(context, design, ideal, COUNTS[n], SETS[n][0], steps)
        drawn = draw_and_extract(design) if SETS[n][1] else None  # lines of 100 neurons take minutes
        found["drawn"] = {} if drawn is None else _shares(context, design, drawn, COUNTS[n], SETS[n][1], steps)
        series[str(n)] = found
        rows += [_row(n, found, label) for label in found["ideal"] | found["drawn"]]
    return Result(rows, series)


def _design(neurons: int) -> Design:
    data = {
        "name": f"capacity-{neurons}", "process": PROCESS,
        "network": {"neurons": neurons, "weight_style": LINES.name, "soma_placement": "centred"},
    }  # fmt: skip
    return scaled(Design.model_validate(data), SLOWED, most_sheet=1e6)


def _shares(
    context: Context, design: Design, network: Network, counts: tuple[int, ...], sets: int, steps: Steps
) -> dict[str, Any]:  # fmt: skip
    """Share of patterns at rest with its interval in %, in one form, and in both, by training, over the counts.

    Patterns of a set rest or not by the same weights, so that the interval is one of groups.
    """
    process, n = design.load_process(), network.neurons
    point, device = protocol_on(network, design, process), design.device
    trainings: tuple[Training, ...] = TRAININGS + (ON_DRAWN if network.has_wires else ())
    resting = np.zeros((sets, len(trainings), len(counts), 2), int)
    for k in range(sets):
        patterns = np.random.default_rng(context.spawn(14, n, k)).integers(0, 2, (max(counts), n))
        resting[k] = resting_patterns(
            network, point, patterns, counts, trainings, device.r_p / device.r_ap, progress=steps
        )  # fmt: skip
        steps.next()
    return {
        training.label: {
            form: [
                [PERCENT * x for x in statistics.grouped_proportion(resting[:, t, c, f], count)]
                for c, count in enumerate(counts)
            ]
            for f, form in enumerate(("one", "both"))
        }
        for t, training in enumerate(trainings)
    }


def _row(n: int, found: dict[str, Any], label: str) -> Row:
    """Up to how many patterns a training holds."""

    def held(wires: str, form: str) -> int:
        shares = found[wires].get(label, {}).get(form, [])
        passed = [share[0] >= PERCENT * HELD for share in shares]
        return max([0, *(count for k, count in enumerate(found["counts"][: len(passed)]) if all(passed[: k + 1]))])

    both = {wires: held(wires, "both") for wires in ("ideal", "drawn") if label in found[wires]}
    drawn = {PROCESS: exact(held("drawn", "one"))} if label in found["drawn"] else {}
    note = f"in both forms {', '.join(f'{wires} {count}' for wires, count in both.items())}"
    return Row(
        f"patterns held, N = {n}: {label}", "1",
        ideal=exact(held("ideal", "one")) if label in found["ideal"] else None,
        drawn=drawn, note=f"{note}; tried {found['counts']}",
    )  # fmt: skip


TASK = PaperTask("capacity", "Training beyond Hebb: how many patterns are rest states", run, drawn=True)
