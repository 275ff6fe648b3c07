"""Corners of the layouts: process, wire width, place of the somas; drawn, extracted, and asked by the rules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwlib.design import Design
from hwlib.network import Network
from hwlib.process import Process
from sim.tasks.setup import at_ideal_v_dw, paper_design
from spinhop.reproduce.task import PERCENT
from spinhop.reproduce.wire_resistance import TIME_LIMIT, ohm_per_cell
from spinhop.verdicts.point_tables import common_window

_WIRES = {"dendrite_width": "m3", "drive_width": "m2", "ground_width": "m2", "weight_width": "m3", "vdw_width": "m3"}


@dataclass(frozen=True)
class Corner:
    """How a network is drawn.

    Attributes:
        process: name of the preset.
        widening: width of all wires over their minimum.
        placement: of the somas, ``diagonal`` or ``centred``.
    """

    process: str
    widening: float
    placement: str = "diagonal"

    @property
    def label(self) -> str:
        """Name in tables and figures."""
        centred = ", centred" if self.placement == "centred" else ""
        return f"{self.process} {self.widening:g}×{centred}"

    def design(self, neurons: int, **operating: Any) -> Design:
        """The paper's operating point on this corner, at its V_DW, loading until rest.

        Args:
            neurons: N.
            operating: as of ``paper_design``.
        """
        design = paper_design(neurons, process=self.process, **{"time_limit": TIME_LIMIT, "load": "rest", **operating})
        process, data = design.load_process(), design.model_dump()
        for field, layer in _WIRES.items():
            data["network"][field] = self.widening * (process.layers[layer].min_width or 0.0)
        data["network"]["soma_placement"] = self.placement
        data["name"] = f"{self.process}-{neurons}-{self.widening:g}x-{self.placement}".replace(".", "p")
        return at_ideal_v_dw(Design.model_validate(data))


# Both processes at two widths; then thick metals, and what moving the somas to the middle of their wires adds.
CORNERS = (
    Corner("ebeam", 1.0),
    Corner("ebeam", 3.0),
    Corner("copper", 1.0),
    Corner("copper", 3.0),
    Corner("copper_thick", 1.0),
    Corner("copper_thick", 1.0, "centred"),
)


def with_patterns(design: Design, words: list[str], seed: int) -> Design:
    """The design storing patterns; ``seed`` gives its random starts, as in the paper's recall."""
    data = design.model_dump() | {"seed": seed}
    data["network"]["weights"] = {"patterns": tuple(words)}
    return Design.model_validate(data)


def with_v_dw(design: Design, volts: float) -> Design:
    """The design at another V_DW."""
    data = design.model_dump()
    data["operating_point"]["v_dw"] = volts
    return Design.model_validate(data)


class DrawnDesign:
    """A design drawn, written and extracted in a folder."""

    def __init__(self, design: Design, folder: Path):
        import layouts
        from hwlib.extraction import extract

        self.design: Design = design
        self.process: Process = design.load_process()
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{design.name}.oas"
        component = layouts.hopfield(design, self.process)
        layouts.write_layout(component, self.path)
        box = component.dbbox()
        self.area = float(box.width() * box.height())  # µm²
        self.network: Network = extract(self.path, self.process, design)

    def facts(self) -> dict[str, Any]:
        """Wires and rules of this layout in plain numbers.

        Returns:
            ``ohm`` (Ω per cell of a dendrite), ``area`` (µm²), ``v_dw``, ``low``, ``high`` (V; the window of V_DW with
            these wires), ``recommended`` (V or None), ``margin`` (% that ``vdw.window`` has to spare), ``weight_drop``
            (% of the weight voltage that the rails lose at worst, ``ir.weight``) and ``broken`` (errors' rule names).
        """
        import sim
        from sim.rules import operating_point_report

        protocol = sim.protocol_on(self.network, self.design, self.process)
        report = operating_point_report(self.network, protocol, self.design.device, self.process)
        outcomes = {outcome.rule: outcome for outcome in report.outcomes}
        broken = [finding.rule for finding in report.findings() if finding.severity == "error"]
        low, high = common_window(report.values)
        return {
            "ohm": ohm_per_cell(self.network),
            "area": self.area,
            "v_dw": protocol.v_dw,
            "low": low,
            "high": high,
            "recommended": report.values["recommended_v_dw"],
            "margin": PERCENT * outcomes["vdw.window"].margin,
            "weight_drop": PERCENT * float(outcomes["ir.weight"].measured or 0.0),
            "broken": list(dict.fromkeys(broken)),
        }
