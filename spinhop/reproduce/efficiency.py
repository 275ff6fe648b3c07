"""Time and energy of random recall at N = 60: the paper's 81.2 ns, 44.3 mW, 3.60 nJ and worst case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import xarray as xr

from hwlib.design import Design
from sim.tasks import statistics
from sim.tasks.estimate import authors_estimate, recalled_weight_power
from sim.tasks.random_recall import random_recall
from sim.tasks.setup import paper_design
from sim.tasks.statistics import Interval
from spinhop.reproduce.rows import TIME_TOLERANCE, Row, compared
from spinhop.reproduce.task import MW, NJ, NS, Context, PaperTask, Result

_BATCH = 100  # the paper's number of trials: its worst case is the largest of a hundred


def run(context: Context) -> Result:
    """One pattern, N = 60, load phase of 16 ns."""
    design = paper_design(60)
    estimate = authors_estimate(design, design.load_process())
    data = random_recall(design, 1, context.pick(1000, 200), context.spawn(60), progress=context.progress)
    time = NS * data["time_to_solution"].values
    load = random_recall(paper_design(60, load="rest"), 1, context.pick(300, 50), context.spawn(61))
    energy = NJ * data["energy_source"].sum("source").values
    why = why_less(design)
    rows = [
        compared("time to solution, mean, N = 60", "ns", 81.2, ideal=statistics.mean(time), tolerance=TIME_TOLERANCE),
        compared(
            "time to solution, worst of 100, N = 60", "ns", 113.0, ideal=_worst(time), tolerance=TIME_TOLERANCE,
            note=f"{len(time)} trials; the interval covers 95 % of hundreds drawn from them",
        ),
        compared(
            "energy, N = 60", "nJ", 3.60, estimate=NJ * float(estimate.energy(81.2e-9)), ideal=statistics.mean(energy),
            note="ideal column: metered at the sources", reason=why,
        ),
        compared(
            "power, N = 60", "mW", 44.3, estimate=MW * estimate.power(81.2e-9), ideal=_power(data),
            note="ideal column: metered energy over time", reason=why,
        ),
        compared(
            "worst-case energy, N = 60", "nJ", 5.23, estimate=NJ * float(estimate.energy(113e-9)), ideal=_worst(energy),
            note=f"estimate at 113 ns; it gives 5.23 nJ at {NS * estimate.time(5.23e-9):.1f} ns",
            reason=why,
        ),
        Row(
            "time to solution, mean, load until rest", "ns",
            ideal=statistics.mean(NS * load["time_to_solution"].values),
            note="the default of designs: the load phase ends when every wall rests, not after 16 ns",
        ),
    ]  # fmt: skip
    expected = estimate.branches(float(data["time_to_solution"].mean()))
    series = {"time": time, "energy": energy, "source": _by_branch(data, "source"), "sink": _by_branch(data, "sink")}
    return Result([*rows, *_branch_rows(data, expected)], series)


def _by_branch(data: xr.Dataset, kind: Literal["source", "sink"]) -> dict[str, float]:
    """Mean energy in nJ by source or sink."""
    means = data[f"energy_{kind}"].mean("trial").values
    return {str(name): NJ * float(mean) for name, mean in zip(data[kind].values, means, strict=True)}


def _branch_rows(data: xr.Dataset, expected: Mapping[str, float]) -> list[Row]:
    """A row per source; ``expected``: by the estimate, J."""
    return [
        Row(
            f"energy from the {name} sources", "nJ", estimate=NJ * expected[name],
            ideal=statistics.mean(NJ * data["energy_source"].sel(source=name).values),
            note="estimate at our mean time; ideal column: metered",
        )
        for name in data["source"].values.tolist()
    ]  # fmt: skip


def why_less(design: Design) -> str:
    """Where the metered energy of a recall is lower than the estimate, in numbers of its largest branch."""
    process = design.load_process()
    estimate = authors_estimate(design, process)
    random, rest = estimate.run_power - estimate.drive_power, recalled_weight_power(design, process)
    return (
        f"the estimate draws synapses at random in every dendrite, {MW * random:.1f} mW from the weights throughout; "
        f"in the recalled pattern they pull alike and deliver {MW * rest:.1f} mW"
    )


def _worst(values: np.ndarray) -> Interval:
    """The largest of 100 trials, with the range that 95 % of such hundreds cover."""
    draws = np.random.default_rng(0).choice(values, (2000, _BATCH)).max(axis=1)
    low, high = np.quantile(draws, (0.025, 0.975))
    return Interval(float(np.median(draws)), float(low), float(high))


def _power(data: xr.Dataset) -> Interval:
    return statistics.ratio(MW * data["energy_source"].sum("source").values, data["time_to_solution"].values)


TASK = PaperTask("efficiency", "Time and energy of recall (section IV.B)", run)
