"""Designs side by side: margins of the rules on states, voltages, and what their trials come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from hwlib.design import Design
    from hwlib.network import Network

COLUMNS = ("ideal", "drawn", "compensated")


def compared(
    trials: Sequence[tuple[Network, Design]], columns: Sequence[str], *, simulate: bool,
    step: Callable[[int, int], None],
) -> tuple[list[dict[str, Any]], bool]:  # fmt: skip
    """Rows of designs on networks, and whether the last does its task.

    Args:
        trials: networks and their designs.
        columns: what each is called.
        simulate: whether the task's trials are run; else the rules ``drive.pattern`` and ``drive.path`` decide.
        step: called with (simulated, in all).
    """
    import sim
    from sim.tasks.kinds import task_of

    process = trials[0][1].load_process()
    reports = [sim.judge(network, design, process) for network, design in trials]
    rows, works = [], True
    for rule in ("drive.pattern", "drive.path"):
        margins = [next((o.margin for o in report.outcomes if o.rule == rule), None) for report in reports]
        works = works and (margins[-1] is None or margins[-1] >= 0)
        rows.append(table_row(f"{rule}: margin", "", margins, columns))
    volts = [np.abs(sim.protocol_on(net, each, process).axon_weights(net)[~net.is_soma]) for net, each in trials]
    rows += [
        table_row("smallest weight voltage", "V", [float(each.min()) for each in volts], columns),
        table_row("largest weight voltage", "V", [float(each.max()) for each in volts], columns),
        table_row("V_DW", "V", [float(report.values["v_dw"]) for report in reports], columns),
    ]
    task = task_of(trials[-1][1])
    if not simulate or task.unscored(trials[-1][1]):
        return rows, works
    results = []
    for k, (network, design) in enumerate(trials):
        step(k, len(trials))
        results.append(sim.run_task(network, design, process))
    means = [float(result[task.measure].mean()) for result in results]
    told = {
        (task.measure_label, "share"): means,
        ("trials at rest", "share"): [float(result["rest_rate"]) for result in results],
        ("time to solution, mean", "s"): [float(result["time_mean"]) for result in results],
        ("energy, mean", "J"): [float(result["energy_mean"]) for result in results],
    }
    rows += [table_row(quantity, unit, values, columns) for (quantity, unit), values in told.items()]
    required = trials[-1][1].task.required
    return rows, means[-1] >= required and told["trials at rest", "share"][-1] == 1


def table_row(quantity: str, unit: str, values: Sequence[Any], columns: Sequence[str] = COLUMNS) -> dict[str, Any]:
    """A row of a comparison; what is not finite is None."""
    told = [None if value is None or not np.isfinite(value) else value for value in values]
    return {"quantity": quantity, "unit": unit, **dict(zip(columns, told, strict=True))}


def print_comparison(title: str, rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    """The table for people."""
    from spinhop.console import print_table

    cells = [
        [row["quantity"], row["unit"], *("–" if row[k] is None else f"{row[k]:.4g}" for k in columns)] for row in rows
    ]
    print_table(title, ["", "unit", *columns], cells)
