"""The operating-point rules on a design's network, with what the design stores, loads, sets and waives."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from hwlib.argument_kinds import takes_kinds
from hwlib.design import Design
from hwlib.network import Network
from hwlib.process import Process
from hwlib.temperature import at_temperature
from sim.rules import Limits, OperatingPointReport, operating_point_report
from sim.rules.cases import Cases
from sim.rules.statics import StaticCircuits
from sim.rules.wires import drops_at_devices
from sim.set_point import protocol_on, v_dw_on
from sim.tasks.kinds import task_of


@takes_kinds
def judge(network: Network, design: Design, process: Process) -> OperatingPointReport:
    """Apply every operating-point rule to a network of a design.

    Args:
        network: ideal or extracted.
        design: its operating point, stored patterns, starts and waivers.
        process: its process.

    Returns:
        As ``operating_point_report``; ``values`` also says where V_DW comes from, ``v_dw_origin``, and whose it is:
        ``design`` and ``seed``.
    """
    design, process = at_temperature(design, process)
    circuits, task = StaticCircuits(network), task_of(design)
    voltage = v_dw_on(network, design, process, circuits=circuits)
    starts = task.start_bits(design)
    report = operating_point_report(
        network, protocol_on(network, design, process, v_dw=voltage.volts), design.device, process,
        waivers=design.waivers, patterns=task.stored(design), starts=starts, loads=starts is not None,
        circuits=circuits, as_good=partial(task.as_good, design),
    )  # fmt: skip
    circuits.forget()
    said = {"v_dw_origin": voltage.origin, "design": design.name, "seed": design.seed}
    return replace(report, values={**report.values, **said})


@takes_kinds
def wire_drops(network: Network, design: Design, process: Process) -> dict[str, np.ndarray]:
    """What the wires of each kind take at every device of a drawn network, as of ``drops_at_devices``.

    Args:
        network: extracted; ideal wires give an empty result.
        design: its operating point.
        process: its process.
    """
    design, process = at_temperature(design, process)
    circuits = StaticCircuits(network)
    voltage = v_dw_on(network, design, process, circuits=circuits)
    protocol = protocol_on(network, design, process, v_dw=voltage.volts)
    drops = drops_at_devices(Cases(network, protocol, design.device, process, Limits(), circuits=circuits))
    circuits.forget()
    return drops
