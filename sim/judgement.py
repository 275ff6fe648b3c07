"""The operating-point rules on a design's network, with what the design stores, loads, sets and waives."""

from __future__ import annotations

from dataclasses import replace

from hwlib.design import Design
from hwlib.network import Network
from hwlib.process import Process
from sim.rules import OperatingPointReport, operating_point_report
from sim.rules.statics import StaticCircuits
from sim.set_point import protocol_on, v_dw_on
from sim.tasks.kinds import task_of


def judge(network: Network, design: Design, process: Process) -> OperatingPointReport:
    """Apply every operating-point rule to a network of a design.

    Args:
        network: ideal or extracted.
        design: its operating point, stored patterns, starts and waivers.
        process: its process.

    Returns:
        As ``operating_point_report``; ``values`` also says where V_DW comes from, ``v_dw_origin``.
    """
    circuits, task = StaticCircuits(network), task_of(design)
    voltage = v_dw_on(network, design, process, circuits=circuits)
    starts = task.start_bits(design)
    report = operating_point_report(
        network, protocol_on(network, design, process, v_dw=voltage.volts), design.device, process,
        waivers=design.waivers, patterns=task.stored(design), starts=starts, loads=starts is not None,
        circuits=circuits,
    )  # fmt: skip
    return replace(report, values={**report.values, "v_dw_origin": voltage.origin})
