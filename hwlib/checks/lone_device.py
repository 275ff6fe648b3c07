"""The check of a layout that is one device, without a network around it: design rules, recognition, sizes, values."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, islice

import klayout.db as kdb

from hwlib.checks.design_rules.run import drc
from hwlib.checks.device_extractor import PARAMETERS, tolerance
from hwlib.checks.layout_view import LayoutView, view_whole
from hwlib.device import Device
from hwlib.drawing.reader import Drawing, LayoutSource, open_layout
from hwlib.errors import InputError
from hwlib.extraction.device_shapes import DeviceShape, find_devices
from hwlib.extraction.sheet import Frame
from hwlib.findings import Finding
from hwlib.network import TERMINALS
from hwlib.process import Process
from hwlib.quantities import printed

_MOST_PILLARS = 1000  # shapes: one pillar may be drawn of several
_SIZES = {  # of PARAMETERS: what they are called, and their unit
    "A": ("cross-section of the track", "m^2"), "L": ("length of the track", "m"), "W": ("size of the pillar", "m"),
    "X": ("place of the pillar's centre", "m"), "H": ("size of the pillar across the track", "m"),
    "N": ("smallest width of the track", "m"), "M": ("largest width of the track", "m"),
}  # fmt: skip


@dataclass(frozen=True)
class LoneDevice:
    """What a layout of one device is.

    Attributes:
        findings: violations of design rules; shorts of its terminals, what is no device, other sizes than asked for.
        sizes: as drawn, SI, by name of ``device_extractor.PARAMETERS``; empty where no single device was found.
        values: ``r_p``, ``r_ap``, ``r_m`` in Ω and ``mobility`` in m/s per A of these sizes; empty likewise.
    """

    findings: list[Finding]
    sizes: dict[str, float]
    values: dict[str, float]

    def rows(self) -> list[tuple[str, str]]:
        """Sizes in words and values by name, with usual units."""
        units = {"mobility": "m/s/A"}
        sizes = [
            (words, printed(self.sizes[name], unit, 6)) for name, (words, unit) in _SIZES.items() if name in self.sizes
        ]
        return sizes + [(name, printed(value, units.get(name, "ohm"), 6)) for name, value in self.values.items()]


def check_lone_device(
    layout: LayoutSource, process: Process, *, top: str | None = None, device: Device | None = None
) -> LoneDevice:
    """Check the layout of one soma or axon, as the PDK draws it or by hand, and extract it.

    Both recognisers look at it: the one of layout against netlist, and the one of extraction.

    Args:
        layout: GDSII or OASIS file, or a layout in memory.
        process: its process.
        top: the cell, in a file with several top cells.
        device: what it is to be; sizes that differ by more than half the grid are errors. Default: sizes are free, and
            materials are those of ``Device()``.

    Raises:
        InputError: a file that cannot be read, or one with several devices.
    """
    drawing = open_layout(layout, process, top=top)
    pillars = drawing.top.begin_shapes_rec(drawing.layers["pillar"]) if "pillar" in drawing.layers else ()
    if len(list(islice(pillars, _MOST_PILLARS))) == _MOST_PILLARS:  # not read for minutes to be refused then
        raise InputError(f"{drawing.name}: many devices; more than one are checked with their design")
    view = view_whole(drawing)
    if len(view.table) > 1:
        raise InputError(f"{drawing.name}: {len(view.table)} devices; more than one are checked with their design")
    findings = drc(drawing, process)
    findings += [_finding("lvs.device", message, box) for message, box in view.errors]
    findings += [
        _finding("lvs.floating", f"a piece of {piece.layer} is connected to nothing", piece.box, severity="warning")
        for piece in view.floating
    ]
    if not len(view.table):
        if not view.errors:
            findings.append(Finding("lvs", "lvs.devices", "no device: no pillar on a track with two contacts"))
        return LoneDevice(findings, {}, {})
    findings += _shorts(view)
    sizes = {name: float(values[0]) for name, values in view.table.parameters.items()}
    if device is not None:
        findings += _other_sizes(sizes, device, process)
    try:
        frame = Frame.of(drawing.dbu, process.grid)
        (shape,) = find_devices(_shapes(drawing, process), drawing.where, frame)
    except InputError as error:
        return LoneDevice([*findings, Finding("lvs", "lvs.device", str(error))], sizes, {})
    return LoneDevice(findings, sizes, _values(shape, drawing.dbu, device or Device(), process))


def _finding(rule: str, message: str, box: kdb.DBox, *, severity: str = "error") -> Finding:
    at = box.center()
    return Finding(
        "lvs", rule, message, "warning" if severity == "warning" else "error", "", at.x * 1e-6, at.y * 1e-6,
        box.width() * 1e-6, box.height() * 1e-6,
    )  # fmt: skip


def _shorts(view: LayoutView) -> list[Finding]:
    """Terminals that lie on one net."""
    x, y = (view.table.place[0, 0] * 1e-6).tolist()
    nets = dict(zip(TERMINALS, view.table.nets[0].tolist(), strict=True))
    return [
        Finding("lvs", "lvs.short", f"{one} and {other} are connected", x=x, y=y)
        for one, other in combinations(TERMINALS, 2)
        if nets[one] == nets[other]
    ]


def _other_sizes(sizes: dict[str, float], device: Device, process: Process) -> list[Finding]:
    width, length = device.track_width, device.track_length
    wanted = {
        "A": width * process.layers["track"].thickness, "L": length, "W": device.pillar_width,
        "X": device.pillar_position * length, "H": width, "N": width, "M": width,
    }  # fmt: skip
    found = []
    for name, (words, unit) in _SIZES.items():
        assert name in PARAMETERS
        if abs(sizes[name] - wanted[name]) > tolerance(process, name):
            texts = (printed(value, unit, 6) for value in (sizes[name], wanted[name]))
            message = "{} is {}, the design's device has {}".format(words, *texts)
            found.append(Finding("lvs", "lvs.size", message, measured=sizes[name], required=wanted[name], unit=unit))
    return found


def _shapes(drawing: Drawing, process: Process) -> dict[str, kdb.Region]:
    """Merged shapes of each layer."""
    found = {name: kdb.Region() for name in process.layers}
    for name, index in drawing.layers.items():
        found[name] = kdb.Region(drawing.top.begin_shapes_rec(index)).merged()
    return found


def _values(shape: DeviceShape, dbu: float, device: Device, process: Process) -> dict[str, float]:
    """As extraction of a network takes them: k from A, R_M from the track's squares, R_P and R_AP by pillar area."""
    scale = device.pillar_area / (shape.pillar_area * dbu**2)
    area = shape.track_width * dbu * process.layers["track"].thickness
    sheet = device.track_sheet_resistance(process.track_sheet_resistance)
    return {
        "r_p": device.r_p * scale, "r_ap": device.r_ap * scale, "r_m": sheet * shape.track_squares,
        "mobility": device.mobility(area),
    }  # fmt: skip
