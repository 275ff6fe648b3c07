"""Rules on the layout as a whole, and what is likely to be a slip."""

from __future__ import annotations

from collections.abc import Iterator

import klayout.db as kdb

from hwlib.checks.design_rules.checker import Checker
from hwlib.checks.design_rules.kind import RuleKind, register
from hwlib.checks.design_rules.ruby import output
from hwlib.checks.design_rules.rule import Rule
from hwlib.errors import shown
from hwlib.findings import Finding
from hwlib.process import Process


def _check_density(checker: Checker, rule: Rule) -> Iterator[Finding]:
    layer, outline = (checker.region(name) for name in rule.layers)
    top = checker.layout.top_cell()
    chip = outline if not outline.is_empty() else kdb.Region(top.bbox())
    density = (layer & chip).area() / chip.area()
    if density < rule.value:
        message = f"{rule.layers[0]} covers {density:.3g} of the outline, required {rule.value:.3g}"
        yield checker.finding(rule, top, chip.bbox(), message, density, "1")


def _write_density(rule: Rule, _: Process) -> str:
    layer, outline = (f"l_{name}" for name in rule.layers)
    return (
        f"chip = {outline}.is_empty? ? extent : {outline}\n"
        f"chip{output(rule)} if ({layer} & chip).area < {rule.value:.9g} * chip.area"
    )


register(RuleKind("density", "A layer covers a share of the outline.", _check_density, _write_density))


def _check_unknown(checker: Checker, rule: Rule) -> Iterator[Finding]:
    known = {number for layer in checker.process.layers.values() for number in (layer.gds, layer.label) if number}
    for index, info in zip(checker.layout.layer_indexes(), checker.layout.layer_infos(), strict=True):
        if (info.layer, info.datatype) in known:
            continue
        for cell in checker.layout.each_cell():
            every = cell.shapes(index).each(kdb.Shapes.SRegions | kdb.Shapes.STexts)
            shapes = [shape for shape in every if shape.is_text() or shape.area()]  # a line draws nothing
            if shapes:
                box = kdb.Box()
                for shape in shapes:
                    box += shape.bbox()
                drawn = {"texts" if shape.is_text() else "shapes" for shape in shapes}
                where = f"layer {info.layer}/{info.datatype}, which process {checker.process.name} lacks"
                message = f"{' and '.join(sorted(drawn))} on {where}"
                yield checker.finding(rule, cell, box, message, None, "")


def _write_unknown(rule: Rule, process: Process) -> str:
    known = sorted({n for layer in process.layers.values() for n in (layer.gds, layer.label) if n})
    numbers = ", ".join(f"[{a}, {b}]" for a, b in known)
    return (
        f"known = [{numbers}]\n"
        "source.layout.layer_infos.each do |info|\n"
        "  next if info.is_named? || known.include?([info.layer, info.datatype])\n"
        f"  input(info.layer, info.datatype){output(rule)}\n"
        "end"
    )


register(RuleKind("unknown", "Only layers of the process are used.", _check_unknown, _write_unknown))


def _check_simple(checker: Checker, rule: Rule) -> Iterator[Finding]:
    for cell, strange in checker.drawing.crossing.get(rule.layers[0], {}).items():
        for polygon in strange.each():
            message = f"a polygon on {rule.layers[0]} crosses or overlaps itself"
            yield checker.placed(rule, cell, polygon.bbox(), message)


def _write_simple(rule: Rule, process: Process) -> str:
    layer, datatype = process.layers[rule.layers[0]].gds
    return f'input("crossing_{layer}_{datatype}"){output(rule)}'


register(RuleKind("simple", "Polygons do not cross themselves.", _check_simple, _write_simple))


def _check_outline(checker: Checker, rule: Rule) -> Iterator[Finding]:
    if not checker.drawing.outlined:
        return
    frame = checker.drawing.region(rule.layers[1]).merged()
    index = checker.drawing.layers.get(rule.layers[0])
    if index is None or (frame.is_box() and checker.drawing.top.bbox(index).inside(frame.bbox())):
        return  # no need to look at every shape
    layer, outline = (checker.region(name) for name in rule.layers)
    for cell, shape in checker.each(layer - outline):
        yield checker.finding(rule, cell, shape.bbox(), f"{rule.layers[0]} lies outside the outline", None, "")


def _write_outline(rule: Rule, process: Process) -> str:
    layer, outline = (f"l_{name}" for name in rule.layers)
    number = "{}, {}".format(*process.layers[rule.layers[1]].gds)
    own = f"top.shapes(drawn.layer({number})).is_empty?"  # of a macro within the top cell: it does not bind the rest
    return f"({layer} - {outline}){output(rule)} unless {own}"


register(RuleKind("outline", "All lies within the outline.", _check_outline, _write_outline))


def _check_label(checker: Checker, rule: Rule) -> Iterator[Finding]:
    index = checker.drawing.label_layers.get(rule.layers[0])
    if index is None:
        return
    shapes = checker.drawing.top.begin_shapes_rec(index)
    shapes.shape_flags = kdb.Shapes.SBoxes | kdb.Shapes.SPolygons | kdb.Shapes.SPaths
    for cell, shape in checker.each(kdb.Region(shapes, checker._store)):
        message = f"a shape on the label layer of {rule.layers[0]}, which holds texts; it is no metal"
        yield checker.finding(rule, cell, shape.bbox(), message, None, "")


def _write_label(rule: Rule, process: Process) -> str:
    label = process.layers[rule.layers[0]].label
    assert label is not None  # only such layers have the rule
    return f"polygons({label[0]}, {label[1]}){output(rule)}"


register(RuleKind("label", "Label layers hold texts alone.", _check_label, _write_label))


def _check_doubled(checker: Checker, rule: Rule) -> Iterator[Finding]:
    for double in checker.drawing.doubled:
        first, *others = double.cells
        times = "twice" if double.more == 1 else f"{double.more + 1} times"
        message = f"cell {shown(first)} is placed {times} at the same place"
        if others:
            message = f"cell {shown(others[0])} lies on cell {shown(first)}, which draws the same at the same place"
        yield checker.placed(rule, double.parent, double.box, message)


def _write_doubled(rule: Rule, _: Process) -> str:
    return f'input("doubled"){output(rule)}'


register(RuleKind("doubled", "No cell lies on another that draws the same.", _check_doubled, _write_doubled))


def _check_absent(checker: Checker, rule: Rule) -> Iterator[Finding]:
    for absent in checker.drawing.absent:
        message = f"cell {shown(absent.cell)} is placed, but the file does not hold it: nothing of it is checked"
        yield checker.placed(rule, absent.parent, kdb.DBox(absent.place, absent.place).enlarged(1, 1), message)


def _write_absent(rule: Rule, _: Process) -> str:
    return f'input("absent"){output(rule)}'


register(RuleKind("absent", "Every cell that is placed is in the file.", _check_absent, _write_absent))
