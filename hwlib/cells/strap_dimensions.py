"""Dimensions of straps in a tile: where upper wires, their vias and the pads between lie, in grid steps.

A row's strap lies right above the row; its vias stand in one lane for all rows. A column's vias start from a pad on
m3, in a slot above the rows, and its strap has a lane of its own. Lanes are the middles of what runs or stands along
x; they keep their distance on every metal on which a column's strap runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from hwlib.cells.rules import DimensionError, Rules
from hwlib.cells.shapes import Box, Rect
from hwlib.sections.wire_fields import ACROSS

Span = tuple[int, int]
LOWEST = 3  # rows run on m3


@dataclass(frozen=True)
class StrapSpec:
    """A strap of one wire of every tile.

    Attributes:
        wire: ``drive``, ``ground``, ``dendrite``, ``vdw`` or ``weight``.
        metal: that it runs on.
        width: m; None is the least that rules allow.
        vias: side by side along the wire at every landing.
    """

    wire: str
    metal: str
    width: float | None = None
    vias: int = 1


class StrapStack:
    """What one strap is made of above m3: cuts, pads on the metals between, the strap itself."""

    def __init__(self, rules: Rules, spec: StrapSpec):
        """Sizes of everything.

        Raises:
            DimensionError: a metal that the process lacks, or a strap that is too narrow.
        """
        self.rules, self.spec = rules, spec
        self.level = int(spec.metal[1:])
        self.cuts = [f"v{k}" for k in range(LOWEST, self.level)]
        self.pads = [f"m{k}" for k in range(LOWEST + 1, self.level)]
        missing = [x for x in (*self.cuts, *self.pads, spec.metal) if x not in rules.process.layers]
        if missing:
            raise DimensionError(
                f"network.straps.{spec.wire}: process {rules.process.name} has no {', '.join(missing)}, "
                f"which a strap on {spec.metal} needs",
                f"straps.{spec.wire}",
            )
        self.width = rules.wire(spec.metal, spec.width, (self.cuts[-1],), f"straps.{spec.wire}.width")

    def with_vias(self, vias: int) -> StrapStack:
        """The same with another number of vias at every landing."""
        return StrapStack(self.rules, replace(self.spec, vias=vias))

    def period(self) -> int:
        """Length along the wire that a landing takes, half a space to either side included."""
        return max(size + self.rules.space(layer) for layer, size in self.along.items())

    def run(self, cut: str) -> int:
        """Length of a landing's cuts along the wire."""
        size = self.rules.width(cut)
        return size + (self.spec.vias - 1) * (size + self.rules.space(cut))

    def around(self, metal: str) -> list[str]:
        """The cuts that land on a metal."""
        return [cut for cut in ("v2", *self.cuts) if metal in (f"m{cut[1:]}", f"m{int(cut[1:]) + 1}")]

    def pad(self, metal: str) -> tuple[int, int]:
        """Size of a pad along the wire and across it."""
        r = self.rules
        own = [cut for cut in self.cuts if cut in self.around(metal)]
        boxes = [r.pad(metal, cut, Box(0, 0, self.run(cut), r.width(cut))) for cut in own]
        return max(box.x1 - box.x0 for box in boxes), max(box.y1 - box.y0 for box in boxes)

    @cached_property
    def across(self) -> dict[str, int]:
        """Extent across the wire on every layer above m3."""
        sizes = {cut: self.rules.width(cut) for cut in self.cuts}
        return sizes | {metal: self.pad(metal)[1] for metal in self.pads} | {self.spec.metal: self.width}

    @cached_property
    def along(self) -> dict[str, int]:
        """Extent along the wire of a landing on every layer above m3 but the strap's own."""
        return {cut: self.run(cut) for cut in self.cuts} | {metal: self.pad(metal)[0] for metal in self.pads}


def middle_of(centre: int, size: int) -> Span:
    """A span of a size about a centre."""
    return centre - size // 2, centre - size // 2 + size


class Heights:
    """How far up each layer is taken, while rows are stacked from the lower edge of the tile."""

    def __init__(self, rules: Rules):
        self.rules = rules
        self.top: dict[str, int] = {}

    def _least(self, layer: str) -> int:
        """Lowest edge that a shape may have: half a space inside the tile where it is the first."""
        space = self.rules.space(layer)
        return self.top[layer] + space if layer in self.top else -(-space // 2)

    def centre(self, sizes: dict[str, int], least: int) -> int:
        """Lowest centre, at least ``least``, at which shapes of these sizes keep their distance to those below."""
        return max([least, *(self._least(layer) + size // 2 for layer, size in sizes.items())])

    def take(self, sizes: dict[str, int], centre: int) -> None:
        """Let shapes of these sizes stand about a centre."""
        for layer, size in sizes.items():
            self.top[layer] = max(self.top.get(layer, centre), middle_of(centre, size)[1])

    def period(self) -> int:
        """Least height of the tile: half a space above everything."""
        return max((top + self.rules.space(layer) // 2 for layer, top in self.top.items()), default=0)


@dataclass
class _Lane:
    name: str
    wish: int
    sizes: dict[str, int]  # extent along x by layer
    runs: str  # the metal that a strap runs on along y; empty for the vias of rows


class StrapLanes:
    """Centres along x of the straps of columns and of the vias of rows."""

    def __init__(self, rules: Rules, stacks: dict[str, StrapStack], wishes: dict[str, int]):
        """Order the lanes from left to right.

        Args:
            rules: of the process.
            stacks: straps by wire.
            wishes: where the drive column, the vias of rows and the ground column would lie.
        """
        self.rules = rules
        rows = [stack for wire, stack in stacks.items() if wire not in ACROSS]
        self.lanes = []
        for name in ("drive", "rows", "ground"):
            if name in stacks:
                foot = {"m3": rules.island("m3", "v3")}
                self.lanes.append(_Lane(name, wishes[name], foot | stacks[name].across, stacks[name].spec.metal))
            elif name == "rows" and rows:
                layers = {layer for stack in rows for layer in stack.along}
                sizes = {layer: max(stack.along.get(layer, 0) for stack in rows) for layer in layers}
                self.lanes.append(_Lane(name, wishes[name], sizes, ""))

    def _apart(self, first: _Lane, second: _Lane) -> int:
        """Least distance of two centres."""
        shared = [layer for layer in first.sizes if layer in second.sizes]
        if not (first.runs and second.runs):  # beside the vias of rows: only where a strap runs past them
            shared = [layer for layer in shared if layer in (first.runs, second.runs)]
        spans = [(layer, first.sizes[layer], second.sizes[layer]) for layer in shared]
        return max((a - a // 2 + self.rules.space(layer) + b // 2 for layer, a, b in spans), default=0)

    def _margins(self, lane: _Lane) -> Span:
        """Least distance of a centre from the left and from the right edge of the tile."""
        halves = [(size, self.rules.space(layer)) for layer, size in lane.sizes.items()]
        return max(-(-s // 2) + w // 2 for w, s in halves), max(s // 2 + w - w // 2 for w, s in halves)

    def period(self) -> int:
        """Least width of the tile: all lanes as far left as they go."""
        at: list[int] = []
        for lane in self.lanes:
            before = [x + self._apart(other, lane) for x, other in zip(at, self.lanes, strict=False)]
            at.append(max([self._margins(lane)[0], *before]))
        return max((x + self._margins(lane)[1] for x, lane in zip(at, self.lanes, strict=True)), default=0)

    def centres(self, period: int) -> dict[str, int]:
        """Centre of each lane in a tile of a width, as near to the wishes as they fit."""
        at: list[int] = []
        for lane in self.lanes:
            before = [x + self._apart(other, lane) for x, other in zip(at, self.lanes, strict=False)]
            at.append(max([lane.wish, self._margins(lane)[0], *before]))
        for k in reversed(range(len(at))):
            lane = self.lanes[k]
            after = [at[j] - self._apart(lane, self.lanes[j]) for j in range(k + 1, len(at))]
            at[k] = min([at[k], period - self._margins(lane)[1], *after])
        return dict(zip((lane.name for lane in self.lanes), at, strict=True))


class Feet:
    """Pads on m3 that join the columns to the vias of their straps, in one slot above the rows, or in one each.

    Attributes:
        slots: wires by slot, from below.
        height: of the slots on each layer, by slot.
    """

    def __init__(self, rules: Rules, stacks: dict[str, StrapStack], columns: dict[str, int], lanes: dict[str, int],
                 period: int):  # fmt: skip
        """Place them along x.

        Args:
            rules: of the process.
            stacks: straps by wire.
            columns: centre of each column, in the tile.
            lanes: centre of its strap.
            period: width of the tile.
        """
        self.rules, self.stacks, self.columns, self.lanes = rules, stacks, columns, lanes
        wires: list[str] = [wire for wire in ACROSS if wire in stacks]
        spans = [(box.x0, box.x1) for box in (self.pad(wire, 0) for wire in wires)]
        space = rules.space("m3")
        together = (
            len(wires) == 2 and spans[0][1] + space <= spans[1][0] and spans[1][1] + space <= spans[0][0] + period
        )
        self.slots = [wires] if together else [[wire] for wire in wires]
        self.height = [self._sizes(slot) for slot in self.slots]

    def _sizes(self, slot: list[str]) -> dict[str, int]:
        sizes: dict[str, int] = {}
        for wire in slot:
            stack, box = self.stacks[wire], self.pad(wire, 0)
            own = stack.along | {"m3": 2 * max(box.y1, -box.y0), "v2": stack.run("v2")}
            sizes |= {layer: max(size, sizes.get(layer, 0)) for layer, size in own.items()}
        return sizes

    def pad(self, wire: str, y: int) -> Box:
        """The pad of a wire at a height."""
        stack = self.stacks[wire]
        ends = [(cut, cuts(stack, cut, x[wire], y)) for cut, x in (("v2", self.columns), ("v3", self.lanes))]
        first, last = (self.rules.pad("m3", cut, boxes[0].joined(boxes[-1])) for cut, boxes in ends)
        return first.joined(last)

    def rects(self, wire: str, y: int) -> list[Rect]:
        """Everything from a column up to its strap."""
        stack = self.stacks[wire]
        below = [Rect("v2", box) for box in cuts(stack, "v2", self.columns[wire], y)]
        return [*below, Rect("m3", self.pad(wire, y)), *landing(stack, self.lanes[wire], y)]


def landing(stack: StrapStack, x: int, y: int) -> list[Rect]:
    """Cuts and pads from m3 up to a strap, about a point."""
    upright = stack.spec.wire in ACROSS
    rects = [Rect(cut, box) for cut in stack.cuts for box in cuts(stack, cut, x, y)]
    for metal in stack.pads:
        along, across = stack.pad(metal)
        rects.append(Rect(metal, _about(x, y, (across, along) if upright else (along, across))))
    return rects


def cuts(stack: StrapStack, cut: str, x: int, y: int) -> list[Box]:
    """The cuts of a landing on one layer, side by side along the wire, about a point."""
    upright, size = stack.spec.wire in ACROSS, stack.rules.width(cut)
    step = size + stack.rules.space(cut)
    first = _about(x, y, (size, stack.run(cut)) if upright else (stack.run(cut), size))
    boxes = [Box(first.x0, first.y0, first.x0 + size, first.y0 + size)]
    return [boxes[0].moved(0 if upright else k * step, k * step if upright else 0) for k in range(stack.spec.vias)]


def _about(x: int, y: int, size: tuple[int, int]) -> Box:
    (x0, x1), (y0, y1) = middle_of(x, size[0]), middle_of(y, size[1])
    return Box(x0, y0, x1, y1)
