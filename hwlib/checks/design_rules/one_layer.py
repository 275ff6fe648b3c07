"""Rules on the shapes of one layer."""

from __future__ import annotations

from collections.abc import Iterator

from hwlib.checks.design_rules.checker import Checker
from hwlib.checks.design_rules.kind import Local, RuleKind, as_far_as, register
from hwlib.checks.design_rules.ruby import micrometres, on_layer, output
from hwlib.checks.design_rules.rule import Rule
from hwlib.findings import Finding
from hwlib.process import Process

HERE = as_far_as(0)  # a part of a polygon has no more area than the whole, and no edge that the whole does not have


def _check_width(checker: Checker, rule: Rule) -> Iterator[Finding]:
    marks = checker.region(rule.layers[0]).width_check(checker.steps(rule.value))
    yield from checker.pairs(rule, marks, "width")


register(RuleKind("width", "Wires are wide enough.", _check_width, on_layer("width({value})"), as_far_as(1)))


def _check_space(checker: Checker, rule: Rule) -> Iterator[Finding]:
    marks = checker.spaces(rule.layers[0], checker.steps(rule.value))
    yield from checker.pairs(rule, marks, "space")


register(RuleKind("space", "Shapes keep apart.", _check_space, on_layer("space({value})"), as_far_as(1)))


def _check_area(checker: Checker, rule: Rule) -> Iterator[Finding]:
    region = checker.region(rule.layers[0])
    for cell, shape in checker.each(region.with_area(None, round(rule.value / checker.dbu**2), False)):
        area = shape.polygon.area() * checker.dbu**2
        message = f"{rule.layers[0]} area {area * 1e18:.6g} nm², required {rule.value * 1e18:.6g} nm²"
        yield checker.finding(rule, cell, shape.bbox(), message, area, "m2")


def _write_area(rule: Rule, _: Process) -> str:
    return f"l_{rule.layers[0]}.with_area(nil, {rule.value * 1e12:.9g}.um2){output(rule)}"


register(RuleKind("area", "Islands are large enough.", _check_area, _write_area, HERE))


def _check_size(checker: Checker, rule: Rule) -> Iterator[Finding]:
    region, size = checker.region(rule.layers[0]), checker.steps(rule.value)
    boxes = region.rectangles()
    narrow, long = boxes.with_bbox_min(size, True), boxes.with_bbox_min(size, False).with_bbox_max(size, True)
    for cell, shape in checker.each(region.non_rectangles() + narrow + long):  # no two of them overlap
        box = shape.bbox()
        edge = max((box.width(), box.height()), key=lambda e: abs(e - size))
        message = (
            f"{rule.layers[0]} is {box.width() * checker.dbu * 1e9:.6g} × {box.height() * checker.dbu * 1e9:.6g} nm, "
            f"required a square of {rule.value * 1e9:.6g} nm"
        )
        yield checker.finding(rule, cell, box, message, edge * checker.dbu, "m")


def _write_size(rule: Rule, _: Process) -> str:
    name, size = f"l_{rule.layers[0]}", micrometres(rule.value)
    parts = f"{name}.non_rectangles + {name}.without_bbox_width({size}) + {name}.without_bbox_height({size})"
    return f"({parts}).merged{output(rule)}"


register(
    RuleKind("size", "Vias and pillars are squares of one size.", _check_size, _write_size, Local(HERE.reach, whole=0))
)


def _check_grid(checker: Checker, rule: Rule) -> Iterator[Finding]:
    step = checker.steps(rule.value)
    if step == 1:  # every vertex is on the database unit
        return
    for cell, shape in checker.each(checker.region(rule.layers[0]).grid_check(step, step)):
        box = shape.edge_pair.bbox()
        message = f"{rule.layers[0]} vertex is off the {rule.value * 1e9:.6g} nm grid"
        yield checker.finding(rule, cell, box, message, None, "")


register(RuleKind("grid", "Vertices lie on the manufacturing grid.", _check_grid, on_layer("ongrid({value})"), HERE))


def _check_acute(checker: Checker, rule: Rule) -> Iterator[Finding]:
    region = checker.region(rule.layers[0])
    sharp = region.corners(90, 180, 1, False, True) + region.corners(-180, -90, 1, True, False)
    for cell, shape in checker.each(sharp.merged()):
        message = f"{rule.layers[0]} has a corner sharper than 90°"
        yield checker.finding(rule, cell, shape.bbox(), message, None, "")


def _write_acute(rule: Rule, _: Process) -> str:
    name = f"l_{rule.layers[0]}"
    return f"({name}.corners(90.1 .. 180.0) + {name}.corners(-180.0 .. -90.1)).merged{output(rule)}"


register(RuleKind("acute", "No corner is sharper than 90°.", _check_acute, _write_acute, HERE))


def _check_orthogonal(checker: Checker, rule: Rule) -> Iterator[Finding]:
    for cell, shape in checker.each(checker.region(rule.layers[0]).non_rectilinear()):
        message = f"{rule.layers[0]} has an edge that is not parallel to an axis"
        yield checker.finding(rule, cell, shape.bbox(), message, None, "")


register(
    RuleKind("orthogonal", "Edges are parallel to the axes.", _check_orthogonal, on_layer("non_rectilinear"), HERE)
)
