"""A design's network as drawn, without a run folder: drawn into a scratch folder and extracted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hwlib.design import Design
from hwlib.findings import Finding
from hwlib.network import Network
from hwlib.process import Process
from hwlib.storage.scratch import scratch_folder

if TYPE_CHECKING:
    from hwlib.drawing.reader import Drawing


def draw_and_extract(design: Design) -> Network:
    """Draw a design and extract its network.

    Raises:
        InputError: a design that cannot be drawn in its process.
    """
    import layouts
    from hwlib.extraction import extract

    process = design.load_process()
    with scratch_folder() as folder:
        path = layouts.write_layout(layouts.hopfield(design, process), folder / "layout.oas")
        return extract(path, process, design)


class CheckedDrawing(NamedTuple):
    """A drawing that is open: its layout, its area in m², and what its checks found."""

    opened: Drawing
    area: float
    findings: list[Finding]

    @property
    def errors(self) -> list[Finding]:
        """What breaks a rule, or differs from the netlist."""
        return [finding for finding in self.findings if finding.severity == "error"]


def draw_and_check(design: Design, process: Process, folder: Path, *, check: bool = True) -> CheckedDrawing:
    """Draw a design into a folder, with design rules and layout against netlist unless they are not asked for.

    Raises:
        InputError: a design that cannot be drawn in its process.
    """
    import layouts
    from hwlib.checks import drc, lvs, open_labelled_layout

    component = layouts.hopfield(design, process)
    box, path = component.dbbox(), layouts.write_layout(component, folder / "layout.oas")
    opened = open_labelled_layout(path, process)
    found = [*drc(opened, process), *lvs(opened, process, design, topology=False)] if check else []
    return CheckedDrawing(opened, 1e-12 * box.width() * box.height(), found)
