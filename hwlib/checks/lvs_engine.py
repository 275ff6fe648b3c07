"""Layout versus schematic: what the polygons connect against what the design asks for, in the designer's words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import klayout.db as kdb
import numpy as np

from hwlib.argument_kinds import takes_kinds
from hwlib.arrangement import neuron_at, unused_tiles
from hwlib.checks.bridged_wires import bridged_wires
from hwlib.checks.device_extractor import tolerance
from hwlib.checks.drawn_devices import write_drawn_devices
from hwlib.checks.fed_wires import broken_wires
from hwlib.checks.graph_comparison import topology_beside
from hwlib.checks.identify import Lattice, identify, not_among
from hwlib.checks.layout_view import LayoutView, view_in_bands, view_whole
from hwlib.checks.locate import Locator
from hwlib.checks.loose_metal import dangling_ends
from hwlib.checks.lvs_reference import drawn_parameters
from hwlib.checks.lvs_report import LvsReport
from hwlib.checks.parted_points import parted_at_points
from hwlib.checks.source_labels import OddLabels, odd_labels
from hwlib.checks.strap_check import bare_landings, broken_straps, macro_box
from hwlib.checks.via_clusters import thin_clusters
from hwlib.design import Design
from hwlib.drawing.net_labels import NetLabel
from hwlib.drawing.reader import Drawing, LayoutSource, open_layout
from hwlib.errors import InputError, shown
from hwlib.findings import Finding
from hwlib.nets import DENDRITE, DRIVE
from hwlib.network import DW_IN, DW_OUT, Network
from hwlib.process import Process
from hwlib.schematic import ideal_network
from hwlib.storage.writing import refuse_unwritable

COMPARED_DEVICES = 10_000  # up to here netlists are also compared as graphs, and loose ends, straps and ends looked at
WHOLE_DEVICES = 100_000  # larger layouts are read in bands; findings then lie at the first device concerned
BAND_DEVICES = 50_000
LISTED = 4  # layers in a message
LOOKED_AT = 20_000  # pieces of broken nets among which places of gaps are looked for; further gaps lie at a terminal


@takes_kinds
def lvs(
    layout: LayoutSource,
    process: Process,
    design: Design,
    *,
    database: str | Path | None = None,
    devices: str | Path | None = None,
    topology: bool | None = None,
) -> list[Finding]:
    """Compare a layout with the netlist that its design asks for.

    Every device is found from its polygons; its four nets, sizes and programmed weight are compared with the
    design's, name by name. The netlists are then compared as graphs by KLayout as well.

    Args:
        layout: GDSII or OASIS file (or a layout in memory).
        process: the process.
        design: the design; nothing but it makes the reference.
        database: where to write KLayout's LVS database (.lvsdb), or None.
        devices: where to write the recognised devices with their drawn sizes and places (netCDF), or None.
        topology: run KLayout's graph comparison; None: for up to 10 000 devices, and whenever a database is asked
            for.

    Returns:
        One finding per mismatch, placed on the top cell; empty when the layout is the design.

    Raises:
        InputError: a file that cannot be checked, or one without net labels.
    """
    with lvs_beside(layout, process, design, database=database, devices=devices, topology=topology) as findings:
        return findings()


@contextmanager
def lvs_beside(
    layout: LayoutSource,
    process: Process,
    design: Design,
    *,
    database: str | Path | None = None,
    devices: str | Path | None = None,
    topology: bool | None = None,
) -> Iterator[Callable[[], list[Finding]]]:
    """As ``lvs``, but the graphs are compared in a process of their own while the block goes on.

    Yields:
        What waits for them, and gives the findings.

    Raises:
        InputError: as of ``lvs``, before the block begins.
    """
    for path in (database, devices):
        if path is not None:
            refuse_unwritable(Path(path))
    opened = open_labelled_layout(layout, process, devices=design.topology.devices)
    opened.refuse_for(design.topology.devices)
    reference = ideal_network(design, process)
    graphs = topology or database is not None or (topology is None and reference.devices <= COMPARED_DEVICES)
    large = reference.devices > WHOLE_DEVICES and not graphs
    view = view_in_bands(opened, -(-reference.devices // BAND_DEVICES)) if large else view_whole(opened)
    comparison = Comparison(view, reference, drawn_parameters(reference, design), design)
    findings = comparison.run()
    if devices is not None:
        write_drawn_devices(devices, reference, view.table, comparison.identity)
    if not graphs or view.extracted is None:
        yield lambda: findings
        return
    with topology_beside(view.extracted, design, process, database, quiet=bool(findings)) as differences:
        yield lambda: findings + differences()


def open_labelled_layout(
    layout: LayoutSource, process: Process, *, top: str | None = None, devices: int | None = None
) -> Drawing:  # fmt: skip
    """Open a layout for a comparison with a netlist (arguments as ``open_layout``).

    Raises:
        InputError: a file that cannot be checked (see ``open_layout``), or one without net labels.
    """
    opened = open_layout(layout, process, top=top, devices=devices)
    if not opened.labels and not opened.remarks:
        labels = [f"{n} {x.label[0]}/{x.label[1]}" for n, x in process.of_kind("conductor").items() if x.label]
        layers = ", ".join(labels[:LISTED]) + (" …" if len(labels) > LISTED else "")
        raise InputError(
            f"{opened.name}: no net labels; LVS needs gnd, vdw, dend_0, drive_0 … on a label layer ({layers})"
        )
    return opened


class Comparison:
    """Device-by-device comparison of one layout with the reference network."""

    def __init__(self, view: LayoutView, reference: Network, parameters: dict[str, np.ndarray], design: Design):
        self.view, self.reference, self.parameters, self.design = view, reference, parameters, design
        self.table = view.table
        self.report = LvsReport(view.drawing.layout, reference, self.table)
        self.locator = Locator(view.extracted, max(self.report.pitch // 4, 1)) if view.extracted else None
        self.index = {name: k for k, name in enumerate(reference.net_names)}
        self.expected = reference.node_net[reference.terminals]
        self.unit = view.drawing.dbu * 1e6  # µm
        self._looked_at = 0
        self.opened: set[int] = set()  # reference nets that are told to be in several parts
        self._told, self._parted = set[int](), list[kdb.Point]()
        self.attached: dict[str, list[NetLabel]] = defaultdict(list)
        self.labels: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for label in view.drawing.labels:
            self.labels[label.name].append((label.x * self.unit, label.y * self.unit))

    def run(self) -> list[Finding]:
        """All findings: labels, recognition, devices, nets, terminals, sizes."""
        self._labels()
        self._name_nets()
        self.identity, self.lattice = self._identify()
        self._recognition()
        self._devices()
        self._shorts()
        self._terminals()
        self._sizes()
        self._sources()
        self._straps()
        self._wires()
        self._loose()
        self._bridging()
        return self.report.findings + self._held_by_points()

    def opens(self, known: set[int], points: list[kdb.Point]) -> list[Finding]:
        """Nets in several parts alone, of a layout parted where wires touch in points.

        Args:
            known: reference nets that are told already.
            points: where it was parted.
        """
        self._told, self._parted = known, points
        self._name_nets()
        self.identity, self.lattice = self._identify()
        self._terminals()
        return [finding for finding in self.report.findings if finding.rule == "lvs.open"]

    def _name_nets(self) -> None:
        """The reference nets that each net of the layout is labelled as."""
        self.names: dict[int, list[int]] = {}
        self.numbers: dict[int, list[int]] = defaultdict(list)
        for number, texts in self.view.names.items():
            known = sorted({self.index[text] for text in texts if text in self.index})
            if known:
                self.names[number] = known
            for name in known:
                self.numbers[name].append(number)
        size = max(int(self.table.nets.max(initial=-1)), max(self.names, default=-1)) + 2
        self.single = np.full(size, -1)  # the last entry is for terminals without a net
        for number, known in self.names.items():
            if len(known) == 1:
                self.single[number] = known[0]

    def _identify(self) -> tuple[np.ndarray, Lattice]:
        kinds = np.full((len(self.index), 2), -1)
        for k, net in enumerate(self.reference.parsed_nets()):
            if net.net_class in (DENDRITE, DRIVE):
                kinds[k, 0 if net.net_class is DENDRITE else 1] = net.neuron
        named, n = self.single[self.table.nets], self.reference.neurons
        code = self.reference.post.astype(np.int64) * n + self.reference.pre
        order = neuron_at(self.design.network)
        claim, lattice = identify(named, self.table.place[:, 0], kinds, self.labels, order)
        at = np.minimum(np.searchsorted(code, claim), len(code) - 1)
        return np.where(code[at] == claim, at, -1), lattice

    def _labels(self) -> None:
        """Labels that name nothing: of other nets, on no metal; and texts that are no net names at all."""
        drawing = self.view.drawing
        for label in drawing.labels:
            if label.name not in self.index:
                self.report.label(f"label {shown(label.name)} is no net of this design", label)
            elif not drawing.on_metal(label):
                self.report.label(f"label {shown(label.name)} lies on no {label.layer}", label)
            else:
                self.attached[label.name].append(label)
        for label in drawing.remarks:
            self.report.label(
                f"text {shown(label.name)} on the labels of {label.layer} is no net name", label, "warning"
            )

    def _recognition(self) -> None:
        for message, box in self.view.errors:
            self.report.recognition(message, box)

    def _devices(self) -> None:
        missing = not_among(self.reference.devices, self.identity)
        place = self.lattice.places(self.reference.post[missing], self.reference.pre[missing])
        self.report.devices(missing, np.flatnonzero(self.identity < 0), place)

    def _shorts(self) -> None:
        for number, known in self.names.items():
            if len(known) > 1:
                box = None
                if self.locator is not None:
                    points = [self._belonging(number, name) for name in known[:2]]
                    box = self.locator.short(self.table.pieces[number], points[0], points[1])
                self.report.short([self.reference.net_names[name] for name in known], box)

    def _belonging(self, number: int, name: int) -> list[tuple[str, float, float]]:
        """Points (dbu) on a net that the design gives to one of its names: device terminals, else labels."""
        devices, terminals = np.nonzero((self.table.nets == number) & (self._expected_nets() == name))
        points = []
        for device, terminal in zip(devices.tolist(), terminals.tolist(), strict=True):
            place = self.table.place[device, terminal + 1 if terminal in (DW_IN, DW_OUT) else 0] / self.unit
            layer = ("vt", "vt", "pillar", "read")[terminal]
            points.append((layer, float(place[0]), float(place[1])))
        named = self.reference.net_names[name]
        points += [(x.layer, float(x.x), float(x.y)) for x in self.view.drawing.labels if x.name == named]
        return points

    def _expected_nets(self) -> np.ndarray:
        """Reference net at each terminal of each device of the layout; −2 for devices that are none of the design."""
        known = self.identity >= 0
        return np.where(known[:, None], self.expected[self.identity], -2)

    def _terminals(self) -> None:
        expected = self._expected_nets()
        nets = self.table.nets
        found = self.single[nets]
        wrong = (found != expected) & (expected >= 0)
        if not self.lattice.known:  # dendrites and drives without labels: nobody can say which device should be where
            wrong &= found < 0
        for number, known in self.names.items():  # a shorted net is right for each of its names
            if len(known) > 1:
                wrong &= ~((nets == number) & np.isin(expected, known))
        swapped = wrong[:, DW_IN] & wrong[:, DW_OUT]
        swapped &= (found[:, DW_IN] == expected[:, DW_OUT]) & (found[:, DW_OUT] == expected[:, DW_IN])
        for device in np.flatnonzero(swapped).tolist():
            self.report.swapped(device, self.identity[device])
        wrong[swapped, :2] = False
        for device, terminal in np.argwhere(wrong & (found >= 0)).tolist():
            self.report.terminal(device, terminal, self.identity[device], found[device, terminal])
        for device, terminal in np.argwhere(wrong & (found < 0)).tolist():
            number = nets[device, terminal]
            if number in self.names:  # several names, none of them the right one
                self.report.terminal(device, terminal, self.identity[device], self.names[number][0])
        self._opens(wrong & (found < 0), expected)

    def _opens(self, wrong: np.ndarray, expected: np.ndarray) -> None:
        """Nets in several parts: those without a name, and several with the same."""
        parts: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for device, terminal in np.argwhere(wrong):
            number = int(self.table.nets[device, terminal])
            if number not in self.names:
                parts[number].append((int(device), int(terminal)))
        belongs = {
            number: int(np.bincount([expected[d, t] for d, t in ends]).argmax()) for number, ends in parts.items()
        }
        pieces = defaultdict(list, {name: list(numbers) for name, numbers in self.numbers.items()})
        for number, name in belongs.items():
            if number >= 0:
                pieces[name].append(number)
        for name, net_name in enumerate(self.reference.net_names):
            if not self.numbers.get(name):
                whole = [number for number in parts if belongs[number] == name]
                self.report.unlabelled(net_name, [end for number in whole for end in parts.pop(number)])
        for number, ends in parts.items():
            self._open(belongs[number], number, ends, pieces)
        for name, numbers in self.numbers.items():
            for number in numbers[1:]:
                self._open(name, number, [], pieces)

    def _open(self, name: int, number: int, ends: list[tuple[int, int]], pieces: dict[int, list[int]]) -> None:
        if name in self._told:
            return
        self.opened.add(name)
        box = None
        if self.locator is not None and number >= 0:
            self._looked_at += len(pieces[name])
            others = [k for k in pieces[name] if k != number] if self._looked_at <= LOOKED_AT else []
            if others:
                rest = [self.table.pieces[k] for k in others]
                box = self.locator.gap(self.table.pieces[number], rest, self.report.pitch)
        why = ": its parts touch in a point alone, where no current passes" if self._parted else ""
        if box is not None:
            box = next((kdb.Box(p, p) for p in self._parted if box.enlarged(2, 2).contains(p)), box)
        self.report.open(self.reference.net_names[name], ends, self.identity, box, why)

    def _sources(self) -> None:
        """Nets with more or fewer labels than the design has pins, or with some elsewhere."""
        macro = macro_box(self.view, self.lattice)
        for odd in odd_labels(self.attached, self.design.network, self.lattice, macro, self.unit):
            if isinstance(odd, OddLabels):
                self.report.odd_labels(odd)
            else:
                self.report.misplaced_label(odd)

    def _straps(self) -> None:
        """Landings without their vias, and gaps in straps."""
        if len(self.table) <= COMPARED_DEVICES:
            for wire, gap in broken_straps(self.view, self.design, self.reference, self.numbers, self.lattice):
                self.report.broken_strap(wire, gap)
            for bare in bare_landings(self.view, self.design, self.reference, self.numbers, self.lattice):
                self.report.bare_landing(bare)

    def _wires(self) -> None:
        """Rows, columns and trunks that are cut, and vias that are missing, and leave their nets whole."""
        if len(self.table) <= COMPARED_DEVICES:
            whole = {
                k: numbers[0] for k, numbers in self.numbers.items()
                if len(numbers) == 1 and len(self.names[numbers[0]]) == 1
            }  # fmt: skip
            for broken in broken_wires(self.view, self.design, self.reference, whole, self.lattice):
                self.report.broken_wire(broken)
            for thin in thin_clusters(self.view.drawing, macro_box(self.view, self.lattice), len(self.lattice.rows)):
                self.report.thin_cluster(thin)

    def _loose(self) -> None:
        """Metal that carries nothing."""
        for piece in self.view.floating:
            self.report.floating(piece)
        if len(self.table) <= COMPARED_DEVICES:
            order = neuron_at(self.design.network)
            unused = unused_tiles(self.design.topology.joined[np.ix_(order, order)])
            for end in dangling_ends(self.view.drawing, self.table.place[:, 0], unused):
                self.report.dangling(end)

    def _bridging(self) -> None:
        """Vias that join wires beside one another."""
        if len(self.table) <= COMPARED_DEVICES:
            for via in bridged_wires(self.view.drawing):
                self.report.bridging(via)

    def _held_by_points(self) -> list[Finding]:
        """Nets that points alone hold together: for KLayout what touches there is one, but no current passes."""
        apart = parted_at_points(self.view.drawing) if len(self.table) <= COMPARED_DEVICES else None
        if apart is None:
            return []
        layout, points = apart
        parted = Comparison(view_whole(layout), self.reference, self.parameters, self.design)
        return parted.opens(self.opened, points)

    def _sizes(self) -> None:
        known = np.flatnonzero(self.identity >= 0)
        sizes = self.table.parameters
        narrowest, widest = sizes.pop("N"), sizes.pop("M")
        uneven = widest - narrowest > tolerance(self.view.drawing.process, "N")
        for device in known[uneven[known]].tolist():
            index = self.identity[device]
            self.report.uneven(device, index, narrowest[device], widest[device], self.parameters["N"][index])
        for name, values in sizes.items():
            want = self.parameters[name][self.identity[known]]
            off = np.abs(values[known] - want) > tolerance(self.view.drawing.process, name)
            if name == "A":
                off &= ~uneven[known]  # said already, and in better words
            for device, value in zip(known[off], want[off], strict=True):
                self.report.size(device, self.identity[device], name, values[device], value)
