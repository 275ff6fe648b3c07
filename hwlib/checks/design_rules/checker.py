"""What checks of design rules work with: merged layers of one layout, and findings at marks of it."""

from __future__ import annotations

from collections.abc import Iterator

import klayout.db as kdb

from hwlib.checks.design_rules.rule import Rule
from hwlib.checks.places import first_place
from hwlib.drawing.reader import Drawing
from hwlib.findings import Finding

Marks = kdb.Region | kdb.EdgePairs
MANY, AT_ONCE = 10_000, 2000  # shapes of the top cell that may be a crowd; polygons of it that are looked at together


class Checker:
    """One layout under check, in KLayout's hierarchical mode; each layer is loaded once into a shared deep shape store.

    Attributes:
        drawing: the layout as read.
        layout: its cells.
        process: its process.
        dbu: its database unit in m.

    Args:
        drawing: the layout.
        most: findings of a rule that are wanted; None: all.
    """

    def __init__(self, drawing: Drawing, most: int | None = None):
        self.drawing, self.layout, self.process = drawing, drawing.layout, drawing.process
        self.dbu, self._most = drawing.dbu, most
        self._store = kdb.DeepShapeStore()
        self._store.text_enlargement = 0
        self._store.threads = 0  # here: to start one and wait for it takes 20 ms an operation
        self._regions: dict[str, kdb.Region] = {}

    def region(self, name: str) -> kdb.Region:
        """Merged deep region of a layer; empty when the layout has none."""
        if name not in self._regions:
            index, top = self.drawing.layers.get(name), self.drawing.top
            if index is None or top.bbox(index).empty():
                self._regions[name] = kdb.Region()
            else:
                self._regions[name] = kdb.Region(top.begin_shapes_rec(index), self._store)
        return self._regions[name]

    def spaces(self, name: str, steps: int) -> kdb.EdgePairs:
        """Where shapes of a layer are closer than they may be; of more places than are wanted, some."""
        crowd = None if self._most is None else self._crowd(name, steps, self._most)
        return self.region(name).space_check(steps) if crowd is None else crowd

    def _crowd(self, name: str, steps: int, most: int) -> kdb.EdgePairs | None:
        """More than ``most`` such places among what is drawn in the top cell, away from instances; None: not so many.

        All of 60 000 shapes that are too close take 9 s.
        """
        index, top = self.drawing.layers.get(name), self.drawing.top
        if index is None or top.shapes(index).size() < MANY:
            return None
        boxes = (inst.bbox(index) for inst in top.each_inst())
        cells = kdb.Region([kdb.Polygon(box.enlarged(steps, steps)) for box in boxes if not box.empty()])
        apart = kdb.Region(top.shapes(index)).merged().not_interacting(cells)
        polygons = sorted(apart.each(), key=lambda polygon: polygon.bbox().left)
        found = kdb.EdgePairs()
        for start in range(0, len(polygons), AT_ONCE):
            found += kdb.Region(polygons[start : start + AT_ONCE]).space_check(steps)
            if found.count() > most:
                return found
        return None

    def steps(self, value: float) -> int:
        """A length in database units."""
        return round(value / self.dbu)

    def pairs(self, rule: Rule, marks: kdb.EdgePairs, what: str) -> Iterator[Finding]:
        """Findings of distances that are too short."""
        for cell, shape in self.each(marks):
            pair = shape.edge_pair
            got = pair.distance() * self.dbu
            message = f"{rule.layers[0]} {what} {got * 1e9:.6g} nm, required {rule.value * 1e9:.6g} nm"
            yield self.finding(rule, cell, pair.bbox(), message, got, "m")

    def each(self, marks: Marks) -> Iterator[tuple[kdb.Cell, kdb.Shape]]:
        """Marks with the cell each lies in: results of hierarchical operations stay in their cells.

        Such operations cut polygons of many corners; here each is one mark again.
        """
        if marks.is_empty():
            return
        layout = self.layout.dup()  # receives the marks, and variants of cells where the operations made some
        layer = layout.layer(kdb.LayerInfo("marks"))
        layout.insert(layout.top_cell().cell_index(), layer, marks)
        for cell in layout.each_cell():
            if isinstance(marks, kdb.Region):
                whole = kdb.Region(cell.shapes(layer)).merged()
                cell.shapes(layer).clear()
                cell.shapes(layer).insert(whole)
            for shape in cell.shapes(layer).each():
                yield cell, shape

    def finding(
        self, rule: Rule, cell: kdb.Cell, box: kdb.Box, message: str, measured: float | None, unit: str
    ) -> Finding:
        """A finding at a mark in a cell."""
        if cell.name in self.drawing.made or self.layout.cell(cell.name) is None:  # of no cell that the file has
            cell, box = self.drawing.top, box.transformed(first_place(cell))
        return self.placed(rule, cell.name, box, message, measured, unit)

    def placed(
        self,
        rule: Rule,
        cell: str,
        box: kdb.Box | kdb.DBox,
        message: str,
        measured: float | None = None,
        unit: str = "",
    ) -> Finding:
        """A finding at a box of a cell that the file has."""
        centre_x, centre_y = (box.left + box.right) / 2, (box.bottom + box.top) / 2
        return Finding(
            check="drc", rule=rule.name, message=message, severity=rule.severity, cell=cell,
            x=centre_x * self.dbu, y=centre_y * self.dbu,
            width=box.width() * self.dbu, height=box.height() * self.dbu,
            measured=measured, required=rule.value if measured is not None else None, unit=unit,
        )  # fmt: skip
