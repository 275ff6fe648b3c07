"""Design-rule check: the rules of the process on the polygons of a layout, in KLayout's hierarchical mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import klayout.db as kdb

from hwlib.checks.design_rules.rule import Rule, design_rules
from hwlib.checks.places import first_place
from hwlib.drawing.reader import Drawing, LayoutSource, open_layout
from hwlib.errors import shown
from hwlib.findings import Finding
from hwlib.process import Process

MAX_PER_RULE = 10_000
Marks = kdb.Region | kdb.EdgePairs


def drc(layout: LayoutSource, process: Process, *, limit: int = MAX_PER_RULE) -> list[Finding]:
    """Check a layout against every rule of its process.

    Args:
        layout: GDSII or OASIS file (or a layout in memory, which is left unchanged).
        process: the process.
        limit: findings reported per rule; beyond them one more finding says how many were left out.

    Returns:
        One finding per violation, in the cell where it occurs and in that cell's coordinates (m), with the measured
        and the required value. A violation inside a repeated cell is one finding.

    Raises:
        InputError: a file that cannot be checked (see ``open_layout``).
    """
    return Checker(open_layout(layout, process), limit).run(design_rules(process))


class Checker:
    """Runs rules on one layout, each layer loaded once into a shared deep shape store."""

    def __init__(self, drawing: Drawing, limit: int):
        self.drawing, self.layout, self.process, self.limit = drawing, drawing.layout, drawing.process, limit
        self.dbu = drawing.dbu
        self._store = kdb.DeepShapeStore()
        self._store.text_enlargement = 0
        self._store.threads = 0  # here: to start one and wait for it takes 20 ms an operation
        self._regions: dict[str, kdb.Region] = {}
        self._run: dict[str, Callable[[Rule], Iterator[Finding]]] = {
            "width": self._width, "space": self._space, "area": self._area, "size": self._size,
            "enclosure": self._enclosure, "separation": self._separation, "extension": self._extension,
            "overlap": self._overlap, "grid": self._grid, "acute": self._acute, "orthogonal": self._orthogonal,
            "density": self._density, "unknown": self._unknown, "simple": self._simple, "outline": self._outline,
            "label": self._label, "doubled": self._doubled,
        }  # fmt: skip

    def run(self, rules: list[Rule]) -> list[Finding]:
        """Findings of all rules, in their order."""
        findings: list[Finding] = []
        for rule in rules:
            found: list[Finding] = []
            for count, finding in enumerate(self._run[rule.kind](rule)):
                if count == self.limit:
                    message = f"more than {self.limit} findings; the rest is left out"
                    found.append(Finding("drc", rule.name, message, rule.severity))
                    break
                found.append(finding)
            findings += sorted(found, key=lambda f: (f.cell, f.x or 0.0, f.y or 0.0))
        return findings

    def region(self, name: str) -> kdb.Region:
        """Merged deep region of a layer; empty when the layout has none."""
        if name not in self._regions:
            index, top = self.drawing.layers.get(name), self.drawing.top
            if index is None or top.bbox(index).empty():
                self._regions[name] = kdb.Region()
            else:
                self._regions[name] = kdb.Region(top.begin_shapes_rec(index), self._store)
        return self._regions[name]

    def _steps(self, value: float) -> int:
        return round(value / self.dbu)

    def _width(self, rule: Rule) -> Iterator[Finding]:
        marks = self.region(rule.layers[0]).width_check(self._steps(rule.value))
        yield from self._pairs(rule, marks, "width")

    def _space(self, rule: Rule) -> Iterator[Finding]:
        marks = self.region(rule.layers[0]).space_check(self._steps(rule.value))
        yield from self._pairs(rule, marks, "space")

    def _area(self, rule: Rule) -> Iterator[Finding]:
        region = self.region(rule.layers[0])
        for cell, shape in self._each(region.with_area(None, round(rule.value / self.dbu**2), False)):
            area = shape.polygon.area() * self.dbu**2
            message = f"{rule.layers[0]} area {area * 1e18:.6g} nm², required {rule.value * 1e18:.6g} nm²"
            yield self._finding(rule, cell, shape.bbox(), message, area, "m2")

    def _size(self, rule: Rule) -> Iterator[Finding]:
        region, size = self.region(rule.layers[0]), self._steps(rule.value)
        wrong = region.non_rectangles() + region.with_bbox_width(size, True) + region.with_bbox_height(size, True)
        for cell, shape in self._each(wrong.merged()):
            box = shape.bbox()
            edge = max((box.width(), box.height()), key=lambda e: abs(e - size))
            message = (
                f"{rule.layers[0]} is {box.width() * self.dbu * 1e9:.6g} × {box.height() * self.dbu * 1e9:.6g} nm, "
                f"required a square of {rule.value * 1e9:.6g} nm"
            )
            yield self._finding(rule, cell, box, message, edge * self.dbu, "m")

    def _enclosure(self, rule: Rule) -> Iterator[Finding]:
        outer, inner = (self.region(name) for name in rule.layers)
        if rule.touching_only:
            inner = inner.interacting(outer)
        margin = self._steps(rule.value)
        bare = (inner.sized(margin) if margin else inner) - outer
        for cell, shape in self._each(bare):
            box = shape.bbox()
            got = self._margin(cell, box, rule, margin) * self.dbu
            outer_name, inner_name = rule.layers
            bare_edge = "touches the edge or sticks out" if margin else "sticks out"
            found = f"is enclosed by {got * 1e9:.6g} nm" if got else bare_edge
            message = f"{inner_name} in {outer_name}: {found}, required {rule.value * 1e9:.6g} nm"
            yield self._finding(rule, cell, box, message, got, "m")

    def _margin(self, cell: kdb.Cell, mark: kdb.Box, rule: Rule, limit: int) -> int:
        """Largest margin in dbu that the inner shapes at a mark do have; 0 when they stick out or lie flush.

        On all sides, or for an extension on two opposite ones.
        """
        place = first_place(cell)
        window = mark.transformed(place).enlarged(2 * limit + 2)
        outer, inner = (self._local(name, window) for name in rule.layers)
        if rule.kind == "extension":
            inner = inner & outer
        inner = inner.interacting(kdb.Region(mark.transformed(place).enlarged(limit)))
        ways = [(1, 0), (0, 1)] if rule.kind == "extension" else [(1, 1)]
        for margin in range(limit - 1, 0, -1):
            grown = (inner.sized(margin * x, margin * y, 2) & kdb.Region(window) for x, y in ways)
            if any((shape - outer).is_empty() for shape in grown):
                return margin
        return 0

    def _local(self, name: str, window: kdb.Box) -> kdb.Region:
        index = self.drawing.layers.get(name)
        if index is None:
            return kdb.Region()
        return kdb.Region(self.drawing.top.begin_shapes_rec_touching(index, window)).merged()

    def _separation(self, rule: Rule) -> Iterator[Finding]:
        first, second = (self.region(name) for name in rule.layers)
        for cell, shape in self._each(first & second):
            message = f"{rule.layers[0]} overlaps {rule.layers[1]}, required {rule.value * 1e9:.6g} nm between them"
            yield self._finding(rule, cell, shape.bbox(), message, 0.0, "m")
        marks = first.separation_check(second, self._steps(rule.value))
        yield from self._pairs(rule, marks, f"distance to {rule.layers[1]}")

    def _extension(self, rule: Rule) -> Iterator[Finding]:
        layer, past = (self.region(name) for name in rule.layers)
        past = past & layer  # what lies outside is for the enclosure and the overlap
        reach = self._steps(rule.value)
        short = past.interacting(past.sized(reach, 0, 2).not_inside(layer))
        short = short.interacting(past.sized(0, reach, 2).not_inside(layer))
        for cell, shape in self._each(short):
            got = self._margin(cell, shape.bbox(), rule, reach) * self.dbu
            message = f"{rule.layers[0]} reaches {got * 1e9:.6g} nm beyond {rule.layers[1]} on two opposite sides, "
            message += f"required {rule.value * 1e9:.6g} nm"
            yield self._finding(rule, cell, shape.bbox(), message, got, "m")

    def _overlap(self, rule: Rule) -> Iterator[Finding]:
        first, second = (self.region(name) for name in rule.layers)
        common = first & second
        for cell, shape in self._each(first.not_interacting(common)):
            message = f"{rule.layers[0]} is on no {rule.layers[1]}"
            yield self._finding(rule, cell, shape.bbox(), message, 0.0, "m")
        yield from self._pairs(rule, common.width_check(self._steps(rule.value)), f"overlap with {rule.layers[1]}")

    def _grid(self, rule: Rule) -> Iterator[Finding]:
        step = self._steps(rule.value)
        if step == 1:  # every vertex is on the database unit
            return
        for cell, shape in self._each(self.region(rule.layers[0]).grid_check(step, step)):
            box = shape.edge_pair.bbox()
            message = f"{rule.layers[0]} vertex is off the {rule.value * 1e9:.6g} nm grid"
            yield self._finding(rule, cell, box, message, None, "")

    def _acute(self, rule: Rule) -> Iterator[Finding]:
        region = self.region(rule.layers[0])
        sharp = region.corners(90, 180, 1, False, True) + region.corners(-180, -90, 1, True, False)
        for cell, shape in self._each(sharp.merged()):
            message = f"{rule.layers[0]} has a corner sharper than 90°"
            yield self._finding(rule, cell, shape.bbox(), message, None, "")

    def _orthogonal(self, rule: Rule) -> Iterator[Finding]:
        for cell, shape in self._each(self.region(rule.layers[0]).non_rectilinear()):
            message = f"{rule.layers[0]} has an edge that is not parallel to an axis"
            yield self._finding(rule, cell, shape.bbox(), message, None, "")

    def _density(self, rule: Rule) -> Iterator[Finding]:
        layer, outline = (self.region(name) for name in rule.layers)
        top = self.layout.top_cell()
        chip = outline if not outline.is_empty() else kdb.Region(top.bbox())
        density = (layer & chip).area() / chip.area()
        if density < rule.value:
            message = f"{rule.layers[0]} covers {density:.3g} of the outline, required {rule.value:.3g}"
            yield self._finding(rule, top, chip.bbox(), message, density, "1")

    def _unknown(self, rule: Rule) -> Iterator[Finding]:
        known = {number for layer in self.process.layers.values() for number in (layer.gds, layer.label) if number}
        for index, info in zip(self.layout.layer_indexes(), self.layout.layer_infos(), strict=True):
            if (info.layer, info.datatype) in known:
                continue
            for cell in self.layout.each_cell():
                if not cell.shapes(index).is_empty():
                    box = kdb.Box()
                    for shape in cell.shapes(index).each():
                        box += shape.bbox()
                    message = f"shapes on layer {info.layer}/{info.datatype}, which process {self.process.name} lacks"
                    yield self._finding(rule, cell, box, message, None, "")

    def _simple(self, rule: Rule) -> Iterator[Finding]:
        for cell, strange in self.drawing.crossing.get(rule.layers[0], {}).items():
            for polygon in strange.each():
                message = f"a polygon on {rule.layers[0]} crosses or overlaps itself"
                yield self._placed(rule, cell, polygon.bbox(), message)

    def _outline(self, rule: Rule) -> Iterator[Finding]:
        layer, outline = (self.region(name) for name in rule.layers)
        if not self.drawing.outlined:
            return
        frame = self.drawing.region(rule.layers[1]).merged()
        index = self.drawing.layers.get(rule.layers[0])
        if index is None or (frame.is_box() and self.drawing.top.bbox(index).inside(frame.bbox())):
            return  # no need to look at every shape
        for cell, shape in self._each(layer - outline):
            yield self._finding(rule, cell, shape.bbox(), f"{rule.layers[0]} lies outside the outline", None, "")

    def _label(self, rule: Rule) -> Iterator[Finding]:
        index = self.drawing.label_layers.get(rule.layers[0])
        if index is None:
            return
        shapes = self.drawing.top.begin_shapes_rec(index)
        shapes.shape_flags = kdb.Shapes.SBoxes | kdb.Shapes.SPolygons | kdb.Shapes.SPaths
        for cell, shape in self._each(kdb.Region(shapes, self._store)):
            message = f"a shape on the label layer of {rule.layers[0]}, which holds texts; it is no metal"
            yield self._finding(rule, cell, shape.bbox(), message, None, "")

    def _doubled(self, rule: Rule) -> Iterator[Finding]:
        for double in self.drawing.doubled:
            times = "twice" if double.more == 1 else f"{double.more + 1} times"
            message = f"cell {shown(double.cell)} is placed {times} at the same place"
            yield self._placed(rule, double.parent, double.box, message)

    def _pairs(self, rule: Rule, marks: kdb.EdgePairs, what: str) -> Iterator[Finding]:
        for cell, shape in self._each(marks):
            pair = shape.edge_pair
            got = pair.distance() * self.dbu
            message = f"{rule.layers[0]} {what} {got * 1e9:.6g} nm, required {rule.value * 1e9:.6g} nm"
            yield self._finding(rule, cell, pair.bbox(), message, got, "m")

    def _each(self, marks: Marks) -> Iterator[tuple[kdb.Cell, kdb.Shape]]:
        """Marks with the cell each lies in: results of hierarchical operations stay in their cells."""
        if marks.is_empty():
            return
        layout = self.layout.dup()  # receives the marks, and variants of cells where the operations made some
        layer = layout.layer(kdb.LayerInfo("marks"))
        layout.insert(layout.top_cell().cell_index(), layer, marks)
        for cell in layout.each_cell():
            for shape in cell.shapes(layer).each():
                yield cell, shape

    def _finding(
        self, rule: Rule, cell: kdb.Cell, box: kdb.Box, message: str, measured: float | None, unit: str
    ) -> Finding:
        if cell.name in self.drawing.made or self.layout.cell(cell.name) is None:  # of no cell that the file has
            cell, box = self.drawing.top, box.transformed(first_place(cell))
        return self._placed(rule, cell.name, box, message, measured, unit)

    def _placed(
        self, rule: Rule, cell: str, box: kdb.Box, message: str, measured: float | None = None, unit: str = ""
    ) -> Finding:
        centre_x, centre_y = (box.left + box.right) / 2, (box.bottom + box.top) / 2
        return Finding(
            check="drc", rule=rule.name, message=message, severity=rule.severity, cell=cell,
            x=centre_x * self.dbu, y=centre_y * self.dbu,
            width=box.width() * self.dbu, height=box.height() * self.dbu,
            measured=measured, required=rule.value if measured is not None else None, unit=unit,
        )  # fmt: skip
