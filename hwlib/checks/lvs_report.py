"""Findings of the layout-versus-schematic comparison, worded for the designer."""

from __future__ import annotations

import math

import klayout.db as kdb
import numpy as np

from hwlib.checks.device_table import DeviceTable
from hwlib.checks.fed_wires import BrokenWire
from hwlib.checks.loose_metal import Loose
from hwlib.checks.source_labels import MisplacedLabel, OddLabels
from hwlib.checks.strap_check import CLASSES, BareLanding
from hwlib.checks.via_clusters import ThinCluster
from hwlib.drawing.net_labels import NetLabel
from hwlib.extraction.bridging_vias import BridgingVia
from hwlib.findings import Finding, Severity
from hwlib.nets import LINE, RAIL, device_name, in_words, parse_net
from hwlib.network import DW_IN, DW_OUT, MTJ_IN, Network

MAX_LISTED = 1000  # findings of one kind
_SIZES = {
    "A": ("track cross-section", "m2"),
    "L": ("track length", "m"),
    "W": ("pillar width along the track", "m"),
    "X": ("pillar centre from the DW_IN contact", "m"),
    "H": ("pillar width across the track", "m"),
}


class LvsReport:
    """Collects findings of one comparison.

    Attributes:
        findings: what was reported, in that order.
        pitch: typical distance between devices in database units.
    """

    def __init__(self, layout: kdb.Layout, reference: Network, table: DeviceTable):
        self.findings: list[Finding] = []
        self._reference, self._table = reference, table
        self._unit = layout.dbu
        self._top = layout.top_cell().name
        self._count: dict[tuple[str, Severity], int] = {}
        area = layout.top_cell().bbox().area()
        self.pitch = max(round((area / max(len(table), 1)) ** 0.5), 100)

    def label(self, message: str, label: NetLabel, severity: Severity = "error") -> None:
        """A text on a label layer that is wrong."""
        place = (label.x * self._unit, label.y * self._unit, 0.0, 0.0)
        self._add("lvs.label", message, place, severity=severity)

    def unlabelled(self, net: str, ends: list[tuple[int, int]]) -> None:
        """A net of the design that no label on metal names."""
        at = self._terminal_place(*ends[0]) if ends else None
        self._add("lvs.label", f"{in_words(net)} has no label {net!r} that lies on its wire", at)

    def odd_labels(self, odd: OddLabels) -> None:
        """A net with more or fewer labels than it has pins in the design."""
        labels = "1 label" if odd.found == 1 else f"{odd.found} labels apart"
        feeds = " (network.feeds)" if odd.wanted > 1 or odd.net in ("gnd", "vdw") else ""
        message = f"{in_words(odd.net)} has {labels}, the design {odd.wanted}{feeds}: sources attach there"
        self.label(message, odd.label, "warning")

    def misplaced_label(self, found: MisplacedLabel) -> None:
        """A net that sources attach to within the array, or on one side of it in place of two."""
        what = "within the array" if not found.one_side else "on one side of the array alone"
        where = "at its edge" if not found.one_side else "on two sides (network.feeds)"
        message = f"{in_words(found.net)} has a label {what}, the design {where}: sources attach there"
        self.label(message, found.label, "warning")

    def recognition(self, message: str, box: kdb.DBox) -> None:
        """A shape that looks like a device but is none."""
        self._add("lvs.device", message, _box_place(box))

    def devices(self, missing: np.ndarray, extra: np.ndarray, places: np.ndarray) -> None:
        """Devices that the design has and the layout lacks, and the other way round."""
        found, wanted = len(self._table), self._reference.devices
        if found != wanted:
            self._add("lvs.devices", f"the layout has {found} devices, the design {wanted}", None)
        for index, (x, y) in zip(missing, places.tolist(), strict=True):
            place = (x, y, 0.0, 0.0) if math.isfinite(x + y) else None
            self._add("lvs.missing", f"{self._name(index)} is missing or is no complete device", place)
        for device in extra:
            self._add("lvs.extra", "a device that the design does not have", self._pillar(device))

    def short(self, nets: list[str], box: kdb.Box | None) -> None:
        """Nets that are one on the layout."""
        self._add("lvs.short", f"{' and '.join(in_words(net) for net in nets)} are connected", self._place_of(box))

    def swapped(self, device: int, index: int) -> None:
        """The two ends of a track exchanged."""
        message = f"{self._name(index)}: the two ends of its track are swapped (the pin marker is on the wrong end)"
        self._add("lvs.swapped", message, self._terminal_place(device, DW_IN))

    def terminal(self, device: int, terminal: int, index: int, found: int) -> None:
        """A terminal on another net than the design's."""
        names = self._reference.net_names
        expected = names[self._reference.node_net[self._reference.terminals[index, terminal]]]
        parsed = parse_net(expected)
        rule = "lvs.weight" if parsed and parsed.net_class in (RAIL, LINE) else "lvs.terminal"
        message = f"{self._end(index, terminal)} is on {in_words(names[found])} instead of {in_words(expected)}"
        self._add(rule, message, self._terminal_place(device, terminal))

    def open(
        self, net: str, ends: list[tuple[int, int]], identity: np.ndarray, box: kdb.Box | None, why: str = ""
    ) -> None:
        """A net in two parts, with the device ends on the nameless one."""
        if not ends:
            message = f"{in_words(net)} is broken: two parts carry its label"
        else:
            device, terminal = ends[0]
            end = self._end(identity[device], terminal)
            message = f"{end} is not connected to {in_words(net)}"
            if len(ends) > 1:
                message = f"{in_words(net)} is broken: {len(ends)} device ends are cut off, the first: {end}"
        place = self._place_of(box) or (self._terminal_place(*ends[0]) if ends else None)
        self._add("lvs.open", message + why, place)

    def bridging(self, via: BridgingVia) -> None:
        """A via or pillar that joins wires beside one another."""
        self._add("lvs.bridge", f"a shape on {via.layer} {via}", self._place_of(via.box))

    def size(self, device: int, index: int, name: str, measured: float, required: float) -> None:
        """A drawn size that is not the design's."""
        what, unit = _SIZES[name]
        scale = 1e18 if unit == "m2" else 1e9
        message = f"{self._name(index)}: {what} is {measured * scale:.6g} n{unit[0]}{'²' if unit == 'm2' else ''} "
        message += f"instead of {required * scale:.6g}"
        self._add("lvs.size", message, self._pillar(device), float(measured), float(required), unit)

    def uneven(self, device: int, index: int, narrowest: float, widest: float, required: float) -> None:
        """A track whose width changes along it; measured is the width that is farther from the design's."""
        least = round(narrowest * 1e9, 6)  # where it meets itself in a point it is not quite 0
        message = f"{self._name(index)}: the track is {least:.6g} to {widest * 1e9:.6g} nm wide "
        message += f"instead of {required * 1e9:.6g}"
        measured = narrowest if required - narrowest >= widest - required else widest
        self._add("lvs.size", message, self._pillar(device), float(measured), float(required), "m")

    def bare_landing(self, bare: BareLanding) -> None:
        """Vias of a strap that are missing in one tile."""
        message = f"strap of {CLASSES[bare.wire].title}: {bare.found} of {bare.wanted} {bare.cut} vias in this tile"
        self._add("lvs.strap", message, (bare.x, bare.y, 0.0, 0.0), float(bare.found), float(bare.wanted))

    def broken_strap(self, wire: str, gap: kdb.DBox) -> None:
        """A strap with a gap."""
        self._add("lvs.strap", f"a strap of {CLASSES[wire].title} is cut", _box_place(gap))

    def broken_wire(self, broken: BrokenWire) -> None:
        """A row, column or trunk with a gap, or without vias between the two."""
        self._add("lvs.wire", broken.message, _box_place(broken.box))

    def thin_cluster(self, thin: ThinCluster) -> None:
        """Vias that are missing beside others that join the same two wires."""
        message = f"{thin.found} {thin.via} here, where most crossings of this size have {thin.wanted}"
        place = _box_place(thin.box)
        self._add("lvs.vias", message, place, float(thin.found), float(thin.wanted), severity="warning")

    def floating(self, piece: Loose) -> None:
        """Metal without device and label."""
        message = f"a piece of {piece.layer} is connected to nothing"
        self._add("lvs.floating", message, _box_place(piece.box), severity="warning")

    def dangling(self, end: Loose) -> None:
        """A wire that goes on past its last use."""
        message = f"a wire on {end.layer} goes on for {end.length * 1e9:.6g} nm past its last via, pillar or label"
        self._add("lvs.dangling", message, _box_place(end.box), float(end.length), unit="m", severity="warning")

    def _name(self, index: int) -> str:
        return device_name(int(self._reference.post[index]), int(self._reference.pre[index]))

    def _end(self, index: int, terminal: int) -> str:
        soma = self._reference.post[index] == self._reference.pre[index]
        words = {
            DW_IN: "dendrite end" if soma else "drive end",
            DW_OUT: "ground end",
            MTJ_IN: "V_DW contact" if soma else "weight contact",
        }
        return f"{self._name(index)}: {words.get(terminal, 'read electrode')}"

    def _pillar(self, device: int) -> tuple[float, float, float, float]:
        x, y = self._table.place[device, 0]
        return (float(x), float(y), 0.0, 0.0)

    def _terminal_place(self, device: int, terminal: int) -> tuple[float, float, float, float]:
        place = self._table.place[device, terminal + 1 if terminal in (DW_IN, DW_OUT) else 0]
        return (float(place[0]), float(place[1]), 0.0, 0.0)

    def _place_of(self, box: kdb.Box | None) -> tuple[float, float, float, float] | None:
        return _box_place(box.to_dtype(self._unit)) if box is not None and not box.empty() else None

    def _add(
        self, rule: str, message: str, place: tuple[float, float, float, float] | None,
        measured: float | None = None, required: float | None = None, unit: str = "",
        severity: Severity = "error",
    ) -> None:  # fmt: skip
        count = self._count[rule, severity] = self._count.get((rule, severity), 0) + 1
        if count > MAX_LISTED + 1:
            return
        if count > MAX_LISTED:
            message, place = f"more than {MAX_LISTED} findings of this kind; the rest is left out", None
        x, y, width, height = (v * 1e-6 for v in place) if place else (None, None, 0.0, 0.0)
        self.findings.append(
            Finding("lvs", rule, message, severity, self._top, x, y, width or 0.0, height or 0.0,
                    measured, required, unit)
        )  # fmt: skip


def _box_place(box: kdb.DBox) -> tuple[float, float, float, float]:
    centre = box.center()
    return (centre.x, centre.y, box.width(), box.height())
