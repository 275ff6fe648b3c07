"""What lies on a straight section: contacts that stand alone, and stretches to be cut out and solved as a sheet.

Along the section the current is uniform but near its joined ends, near ports that are no whole cross-section, and at
contacts. A contact that is away from all these by half of what it leaves uncovered of the width stands alone: it is a
node of the section, at its centre, with a leg to it. All others are solved together with what disturbs them.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

from hwlib.extraction.grid import Box, Contact, Line
from hwlib.extraction.sections import Section
from hwlib.extraction.sheet import Spread, spread, uncovered

MARGIN = 0.5  # widths from a joined end to uniform current: what is left decays as exp(−π/2), and counts squared
AROUND = 0.5  # of the uncovered width: margin around a contact
BEFORE_END = 0.25  # of the uncovered width: nearer to the end of a wire, a contact feels it
SHORTEST = 0.1  # widths: a shorter stretch between two pieces is not cut out


@dataclass
class Tap:
    """A contact on a conductor.

    Attributes:
        node: where it hangs; a node of its own.
        boxes: in dbu.
        reach: transfer length in dbu (see ``grid.Contact``); None for an even current.
        share: of this conductor's sheet resistance in the sum with that of the other one.
        other: what it leads to; contacts that lead to the same may be solved as one.
        squares: from the node to the contact, its share of the contact resistance included; may be negative for an
            even current. Set with the wires.
        ohm: the same in Ω.
    """

    node: int
    boxes: tuple[Box, ...]
    reach: float | None
    share: float
    other: Hashable
    squares: float = 0.0
    ohm: float = 0.0

    def __post_init__(self) -> None:
        self.squares = Contact(self.boxes, self.reach).squares

    @property
    def area(self) -> float:
        """Summed area of its boxes in dbu²."""
        return Contact(self.boxes, None).area

    def span(self, axis: int) -> tuple[float, float]:
        """Its extent along x (0) or y (1)."""
        return min(b[axis] for b in self.boxes), max(b[axis + 2] for b in self.boxes)


class Pin(NamedTuple):
    """A place of a label: its node and its coordinates in dbu; a whole cross-section of a straight wire."""

    node: int
    x: float
    y: float


class Port(NamedTuple):
    """A place where the conductor goes on beyond the window: its node and its segment."""

    node: int
    line: Line


class Stop(NamedTuple):
    """A node on a section: its place along it, and half the squares that its contact saves passing current."""

    at: float
    node: int
    saved: float = 0.0


@dataclass
class Group:
    """Contacts side by side that lead to the same: their extent along the section, and what they amount to."""

    taps: list[Tap]
    low: float
    high: float
    margin: float
    spread: Spread


class Layout(NamedTuple):
    """A section laid out: its uniform stretches, the groups that stand alone and where they count from."""

    free: list[tuple[int, int]]
    groups: list[Group]


def lay_out(section: Section, taps: list[Tap], ports: list[Port], grid: int) -> Layout:
    """Divide a section into uniform stretches and what is solved as a sheet (all between the stretches).

    Args:
        section: of the polygon.
        taps: all contacts of the polygon.
        ports: all ports of the polygon.
        grid: of the process in dbu; cuts lie whole steps away from what is drawn.
    """
    pieces, alone = _merged(*_disturbed(section, standing_on(section, taps, grid), ports, grid))
    return Layout(_between(section, pieces), alone)


class Standing(NamedTuple):
    """Contacts on a section: groups of those that lie within it, and the extents along it of those that do in part."""

    groups: list[Group]
    crossing: list[tuple[float, float]]


def standing_on(section: Section, taps: list[Tap], grid: int) -> Standing:
    """Of all contacts of the polygon those on a section, whatever its ports; arguments as of ``lay_out``."""
    axis = 0 if section.horizontal else 1
    inner, crossing = [], []
    for tap in taps:
        (low, high), (v0, v1) = tap.span(axis), tap.span(1 - axis)
        if section.start <= low and high <= section.end and section.low <= v0 and v1 <= section.high:
            inner.append(tap)
        elif low < section.end and high > section.start and v0 < section.high and v1 > section.low:
            crossing.append((low, high))
    return Standing(_groups(section, inner, axis, grid), crossing)


def _disturbed(section: Section, contacts: Standing, ports: list[Port],
               grid: int) -> tuple[list[tuple[float, float]], list[Group]]:  # fmt: skip
    """Where the current of a section is not uniform whatever stands there, and its groups."""
    margin = grid * round(MARGIN * section.width / grid)
    ends = {p.line.at for p in ports if whole_end(section, p.line)}
    blocks: list[tuple[float, float]] = [(section.start, section.start + margin)] if section.joins_start else []
    blocks += [(section.end - margin, section.end)] if section.joins_end else []
    for port in ports:
        if not whole_end(section, port.line) and _beside(section, port.line):
            p = port.line
            span = (p.at, p.at) if p.vertical == section.horizontal else (p.low, p.high)
            blocks.append((span[0] - margin, span[1] + margin))
    blocks += contacts.crossing
    for group in contacts.groups:
        near = BEFORE_END / AROUND * group.margin
        if (group.low - near < section.start and section.start not in ends) or (
                group.high + near > section.end and section.end not in ends):  # fmt: skip
            blocks.append((group.low - group.margin, group.high + group.margin))
    return blocks, contacts.groups


class Reach(NamedTuple):
    """How far what disturbs the current of a wire reaches past the end where it leaves a window.

    Attributes:
        far: in dbu, of anything; negative where it ends before.
        piece: whether a stretch that is solved as a sheet goes on past the end.
    """

    far: float
    piece: bool


def reach_past(section: Section, contacts: Standing, ports: list[Port], line: Line, grid: int) -> Reach:
    """What reaches past ``line``, one end of a section with its contacts; the other arguments as of ``lay_out``."""
    blocks, groups = _disturbed(section, contacts, ports, grid)
    pieces, _ = _merged(blocks, groups)

    def past(low: float, high: float) -> float:
        return high - line.at if line.at == section.end else line.at - low

    spans = [*blocks, *((g.low - g.margin, g.high + g.margin) for g in groups)]
    return Reach(max((past(*span) for span in spans), default=-math.inf), any(past(*piece) > 0 for piece in pieces))


def whole_end(section: Section, line: Line) -> bool:
    """Whether a line is the whole end of a section."""
    return (line.vertical == section.horizontal and line.at in (section.start, section.end)
            and (line.low, line.high) == (section.low, section.high))  # fmt: skip


def _beside(section: Section, line: Line) -> bool:
    """Whether a line touches a section elsewhere."""
    if line.vertical == section.horizontal:
        return section.start <= line.at <= section.end and line.low < section.high and line.high > section.low
    return section.low <= line.at <= section.high and line.low < section.end and line.high > section.start


def _groups(section: Section, taps: list[Tap], axis: int, grid: int) -> list[Group]:
    """Contacts grouped where they lie side by side and lead to the same."""
    found: list[list[Tap]] = []
    reached = -math.inf
    for tap in sorted(taps, key=lambda t: (str(t.other), t.reach or 0, *t.span(axis))):
        low, high = tap.span(axis)
        if found and (found[-1][0].other, found[-1][0].reach) == (tap.other, tap.reach) and low < reached:
            found[-1].append(tap)
            reached = max(reached, high)
        else:
            found.append([tap])
            reached = high
    return [_group(section, taps, axis, grid) for taps in found]


def _group(section: Section, taps: list[Tap], axis: int, grid: int) -> Group:
    low, high = min(t.span(axis)[0] for t in taps), max(t.span(axis)[1] for t in taps)
    boxes = tuple(sorted((b[axis] - low, b[1 - axis] - section.low, b[axis + 2] - low, b[3 - axis] - section.low)
                         for t in taps for b in t.boxes))  # fmt: skip
    bare = uncovered(section.width, [(b[1], b[3]) for b in boxes])
    found = spread(section.width, Contact(boxes, taps[0].reach), taps[0].share)
    return Group(taps, low, high, grid * math.floor(AROUND * bare / grid), found)


def _merged(blocks: list[tuple[float, float]],
            groups: list[Group]) -> tuple[list[tuple[float, float]], list[Group]]:  # fmt: skip
    """Stretches to be solved as a sheet, and the groups outside them."""
    spans: list[tuple[float, float, Group | None]] = [(low, high, None) for low, high in blocks]
    spans += [(g.low - g.margin, g.high + g.margin, g) for g in groups]
    spans.sort(key=lambda s: s[:2])
    pieces: list[tuple[float, float]] = []
    alone: list[Group] = []
    k = 0
    while k < len(spans):
        low, high, members = spans[k][0], spans[k][1], [spans[k][2]]
        while k + 1 < len(spans) and spans[k + 1][0] < high:
            k += 1
            high = max(high, spans[k][1])
            members.append(spans[k][2])
        if len(members) == 1 and (group := members[0]) is not None:
            alone.append(group)
        else:
            pieces.append((low, high))
        k += 1
    return pieces, alone


def _between(section: Section, pieces: list[tuple[float, float]]) -> list[tuple[int, int]]:
    """The uniform stretches of a section: what the pieces leave."""
    free, at, after_piece = [], section.start, False
    for low, high in pieces:
        least = SHORTEST * section.width if after_piece else 0
        if low - at > least:
            free.append((at, math.floor(low)))
        at, after_piece = max(at, math.ceil(high)), True
    if section.end > at:
        free.append((at, section.end))
    return free
