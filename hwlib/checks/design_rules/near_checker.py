"""Design rules on every kind of surroundings in a layout: those that hold there need no look at the layout itself."""

from __future__ import annotations

import math
from collections.abc import Iterator

import klayout.db as kdb

from hwlib.checks.design_rules.checker import Checker, Marks
from hwlib.checks.design_rules.kind import RULE_KINDS
from hwlib.checks.design_rules.neighbourhoods import Neighbourhoods, neighbourhoods
from hwlib.checks.design_rules.rule import Rule
from hwlib.drawing.reader import Drawing

APART = 10  # dbu beyond what rules see


class NearChecker(Checker):
    """A layout's samples under check: each small cell with what lies near it, every kind of surroundings once.

    Where a sample is cut off there are marks that the layout does not have, but beyond the reach of any rule from the
    cell itself. No mark within that reach in any sample: the layout keeps the rule. Otherwise it may or may not.
    """

    def __init__(self, drawing: Drawing, rules: list[Rule]):
        super().__init__(drawing)
        self._reach: dict[str, int] = {}
        near: dict[str, int] = {}
        for rule in rules:
            if local := RULE_KINDS[rule.kind].local:
                reach = self._reach[rule.name] = local.reach(self, rule)
                for name in rule.layers:
                    near[name] = max(near.get(name, 0), 2 * reach + APART)
        step = self.steps(self.process.grid)
        known = neighbourhoods(drawing, near, step)
        self._samples = None if known is None else _Samples(known, near, step)
        self._cores, self._marked = kdb.Region(), False

    def holds(self, rule: Rule) -> bool:
        """Whether the samples show that the layout keeps a rule; if not, the layout itself has to be looked at."""
        local, samples = RULE_KINDS[rule.kind].local, self._samples
        if local is None or samples is None or not samples.unseen.isdisjoint(rule.layers):
            return False
        self._cores, self._marked = samples.cores(self._reach[rule.name]), False
        for finding in RULE_KINDS[rule.kind].check(self, rule):
            raise AssertionError(f"{rule.name}: {finding.message}, of no mark")
        if local.whole is not None and not self._marked:
            name = rule.layers[local.whole]
            judged = self.region(name).interacting(self._cores)
            self._marked = not judged.interacting(samples.ends(name)).is_empty()
        return not self._marked

    def region(self, name: str) -> kdb.Region:
        """Merged region of a layer in all samples."""
        if name not in self._regions:
            assert self._samples is not None  # asked by ``holds`` alone
            self._regions[name] = self._samples.region(name).merged()
        return self._regions[name]

    def each(self, marks: Marks) -> Iterator[tuple[kdb.Cell, kdb.Shape]]:
        """None: whether a mark is within reach of its cell is remembered."""
        if not self._marked and not marks.is_empty():
            spots = marks if isinstance(marks, kdb.Region) else marks.extents(1)
            self._marked = not spots.interacting(self._cores).is_empty()
        return iter(())


class _Samples:
    """A layout of samples that lie apart, each with instances of its cell and of the pieces around it."""

    def __init__(self, known: Neighbourhoods, near: dict[str, int], step: int):
        self.unseen, self._near = known.unseen, near
        self._layout = kdb.Layout()
        self._layers = {name: self._layout.layer(kdb.LayerInfo(name)) for name in near}
        self._top = self._layout.create_cell("samples")
        cells = [self._cell(piece) for piece in known.pieces]
        apart = max(near.values(), default=0) + APART
        outer = [kind.box.enlarged(apart, apart) for kind in known.kinds]
        width = math.isqrt(sum(box.width() * box.height() for box in outer))
        self._boxes: list[kdb.Box] = []
        x = y = height = 0
        for kind, box in zip(known.kinds, outer, strict=True):
            if x > width:
                x, y, height = 0, y + height, 0
            # Places keep what is left over of a step: vertices are as far off the grid as in the layout.
            left, bottom = (-(-v // step) * step for v in (x - box.left, y - box.bottom))
            move = kdb.Trans(left + kind.place[0] % step, bottom + kind.place[1] % step)
            for number in (kind.own, *kind.around):
                self._top.insert(kdb.CellInstArray(cells[number], move))
            self._boxes.append(kind.box.transformed(move))
            x, height = x + box.width() + 2 * step, max(height, box.height() + 2 * step)

    def _cell(self, piece: dict[str, kdb.Region]) -> int:
        cell = self._layout.create_cell("piece")
        for name, region in piece.items():
            cell.shapes(self._layers[name]).insert(region)
        return cell.cell_index()

    def region(self, name: str) -> kdb.Region:
        """All shapes of a layer."""
        return kdb.Region(self._top.begin_shapes_rec(self._layers[name]))

    def cores(self, reach: int) -> kdb.Region:
        """The boxes of the cells, enlarged by what a rule sees."""
        return self._enlarged(reach)

    def ends(self, name: str) -> kdb.Edges:
        """Where samples of a layer are cut off."""
        return self._enlarged(self._near[name]).edges()

    def _enlarged(self, by: int) -> kdb.Region:
        return kdb.Region([kdb.Polygon(box.enlarged(by, by)) for box in self._boxes])
