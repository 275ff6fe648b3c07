"""Designs side by side: margins of the rules on states, voltages, what their trials come to, and the verdict on one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hwlib.quantities import printed
from hwlib.storage.scratch import scratch_folder
from spinhop.extracted_network import draw_and_check
from spinhop.stages import CAPACITANCE_DEVICES
from spinhop.verdicts.next_step import NextStep, next_step
from spinhop.verdicts.task_advice import advice_on
from spinhop.verdicts.verdict import DRAWING, TrialCounts, VerdictLine, function_line, limits_line

if TYPE_CHECKING:
    import xarray as xr

    from hwlib.design import Design
    from hwlib.findings import Finding
    from hwlib.network import Network
    from hwlib.process import Process
    from sim.rules import OperatingPointReport
    from sim.tasks.kinds import RunTask

COLUMNS = ("ideal", "drawn", "compensated")
OF_IDEAL, TIMES_W = "of ideal", "times W"  # units of an error relative to ideal wires, and of a weight


@dataclass(frozen=True)
class DesignComparison:
    """Designs side by side, and the verdict on the last.

    Attributes:
        rows: quantity, unit, and its value in each column (None where there is none).
        function: whether it does its task, as simulated.
        limits: whether it keeps all limits: its drawing, and its operating point with ideal and with drawn wires.
        step: what to do next.
    """

    rows: list[dict[str, Any]]
    function: VerdictLine
    limits: VerdictLine
    step: NextStep

    @property
    def lines(self) -> tuple[VerdictLine, VerdictLine]:
        """The verdict as it is printed."""
        return self.function, self.limits


def compare_designs(
    trials: Sequence[tuple[Network, Design]], columns: Sequence[str], *, simulate: bool,
    step: Callable[[int, int], None],
) -> DesignComparison:  # fmt: skip
    """Designs on networks side by side, and the verdict on the last.

    Args:
        trials: networks and their designs; the last network is extracted.
        columns: what each is called; one with ideal wires ``ideal``.
        simulate: whether the task's trials are run.
        step: called with (simulated, in all).
    """
    import sim
    from sim.tasks.kinds import task_of

    made = trials[-1][1]
    process, task = made.load_process(), task_of(made)
    reports = [sim.judge(network, design, process) for network, design in trials]
    rows = []
    for rule in ("drive.pattern", "drive.path"):
        margins = [next((o.margin for o in report.outcomes if o.rule == rule), None) for report in reports]
        rows.append(table_row(f"{rule}: margin", "", margins, columns))
    volts = [np.abs(sim.protocol_on(net, each, process).axon_weights(net)[~net.is_soma]) for net, each in trials]
    rows += [
        table_row("smallest weight voltage", "V", [float(each.min()) for each in volts], columns),
        table_row("largest weight voltage", "V", [float(each.max()) for each in volts], columns),
        table_row("V_DW", "V", [float(report.values["v_dw"]) for report in reports], columns),
    ]
    results: list[xr.Dataset] = []
    if simulate and not task.unscored(made):
        for k, (network, design) in enumerate(trials):
            step(k, len(trials))
            results.append(sim.run_task(network, design, process))
        rows += _trial_rows(results, task, columns)
    function = _function(results, task, columns, task.unscored(made) if simulate else "not simulated")
    findings, limits = _limits(made, process, trials[-1][0], reports[-1])
    return DesignComparison(rows, function, limits, next_step(function, limits, findings, advice_on(made)))


def _trial_rows(results: Sequence[xr.Dataset], task: RunTask, columns: Sequence[str]) -> list[dict[str, Any]]:
    told = {
        (task.measure_label, "share"): [float(result[task.measure].mean()) for result in results],
        ("trials at rest", "share"): [float(result["rest_rate"]) for result in results],
        ("trials undetermined", "share"): [float(result["undetermined"].values.mean()) for result in results],
        ("time to solution, mean", "s"): [float(result["time_mean"]) for result in results],
        ("energy, mean", "J"): [float(result["energy_mean"]) for result in results],
    }
    return [table_row(quantity, unit, values, columns) for (quantity, unit), values in told.items()]


def _function(results: Sequence[xr.Dataset], task: RunTask, columns: Sequence[str], missing: str) -> VerdictLine:
    counts = dict(zip(columns, (TrialCounts.of(result, task) for result in results), strict=False))
    drawn = counts.get(columns[-1])
    return function_line(task.required, drawn, counts.get("ideal"), missing, field=task.required_field)


def _limits(
    design: Design, process: Process, network: Network, drawn: OperatingPointReport
) -> tuple[dict[str, list[Finding]], VerdictLine]:
    """What ``spinhop check`` finds, and its verdict; as drawn all rules but ``rc.time`` are judged already."""
    import sim
    from hwlib.extraction.conductors import with_capacitance
    from sim.rules.cases import Cases, Limits
    from sim.rules.wires import rc_time
    from sim.tasks.run_task import ideal_for_task

    with scratch_folder() as folder:
        checked = draw_and_check(design, process, folder)
        drawing = checked.findings
        if not checked.errors and network.devices <= CAPACITANCE_DEVICES:
            charged = with_capacitance(network, checked.opened, process)
            point = sim.protocol_on(charged, design, process)
            settling = rc_time(Cases(charged, point, design.device, process, Limits()))
            drawn = replace(drawn, outcomes=(*drawn.outcomes, *([settling] if settling else [])))
    points = {"erc_ideal": sim.judge(ideal_for_task(design, process), design, process), "erc_drawn": drawn}
    findings = {name: [finding for finding in drawing if finding.check == name] for name in DRAWING}
    findings |= {name: point.findings() for name, point in points.items()}
    return findings, limits_line(findings, {name: point.as_dict() for name, point in points.items()}, {})


def table_row(quantity: str, unit: str, values: Sequence[Any], columns: Sequence[str] = COLUMNS) -> dict[str, Any]:
    """A row of a comparison; what is not finite is None."""
    told = [None if value is None or not np.isfinite(value) else value for value in values]
    return {"quantity": quantity, "unit": unit, **dict(zip(columns, told, strict=True))}


def print_comparison(title: str, rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    """The table for people."""
    from spinhop.console import print_table

    print_table(title, ["", *columns], [_cells(row, columns) for row in rows])


def _cells(row: dict[str, Any], columns: Sequence[str]) -> list[str]:
    """A row with usual units, and shares in percent; the label says what a number is a multiple of."""
    quantity, unit = row["quantity"], row["unit"]
    if unit in (OF_IDEAL, TIMES_W):
        quantity = f"{quantity}, {unit}"
    unit = {"share": "1", OF_IDEAL: "1", TIMES_W: ""}.get(unit, unit)
    return [quantity, *("–" if row[k] is None else printed(row[k], unit) for k in columns)]
