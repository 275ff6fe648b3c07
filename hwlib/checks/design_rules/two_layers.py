"""Rules between two layers."""

from __future__ import annotations

import bisect
from collections.abc import Iterator

import klayout.db as kdb

from hwlib.checks.design_rules.checker import Checker
from hwlib.checks.design_rules.kind import Local, RuleKind, as_far_as, register
from hwlib.checks.design_rules.ruby import micrometres, output
from hwlib.checks.design_rules.rule import Rule
from hwlib.checks.places import first_place
from hwlib.findings import Finding
from hwlib.process import Process


def _check_enclosure(checker: Checker, rule: Rule) -> Iterator[Finding]:
    outer, inner = (checker.region(name) for name in rule.layers)
    if rule.touching_only:
        inner = inner.interacting(outer)
    margin = checker.steps(rule.value)
    bare = (inner.sized(margin) if margin else inner) - outer
    for cell, shape in checker.each(bare):
        box = shape.bbox()
        got = _margin(checker, cell, box, rule, margin) * checker.dbu
        outer_name, inner_name = rule.layers
        bare_edge = "touches the edge or sticks out" if margin else "sticks out"
        found = f"is enclosed by {got * 1e9:.6g} nm" if got else bare_edge
        message = f"{inner_name} in {outer_name}: {found}, required {rule.value * 1e9:.6g} nm"
        yield checker.finding(rule, cell, box, message, got, "m")


def _write_enclosure(rule: Rule, _: Process) -> str:
    outer, inner = (f"l_{name}" for name in rule.layers)
    if rule.touching_only:
        inner = f"{inner}.interacting({outer})"
    grown = f"{inner}.sized({micrometres(rule.value)})" if rule.value else inner
    return f"({grown} - {outer}){output(rule)}"


register(
    RuleKind(
        "enclosure",
        "The outer layer surrounds the inner one by a margin.",
        _check_enclosure,
        _write_enclosure,
        as_far_as(2),  # what is sized goes farther at corners
    )
)


def _check_separation(checker: Checker, rule: Rule) -> Iterator[Finding]:
    first, second = (checker.region(name) for name in rule.layers)
    for cell, shape in checker.each(first & second):
        message = f"{rule.layers[0]} overlaps {rule.layers[1]}, required {rule.value * 1e9:.6g} nm between them"
        yield checker.finding(rule, cell, shape.bbox(), message, 0.0, "m")
    marks = first.separation_check(second, checker.steps(rule.value))
    yield from checker.pairs(rule, marks, f"distance to {rule.layers[1]}")


def _write_separation(rule: Rule, _: Process) -> str:
    first, second = (f"l_{name}" for name in rule.layers)
    return (
        f"({first} & {second}){output(rule)}\n{first}.separation({second}, {micrometres(rule.value)})"
        f"{output(rule, '.distance')}"
    )


register(
    RuleKind(
        "separation", "Two layers keep apart and do not overlap.", _check_separation, _write_separation, as_far_as(1)
    )
)


def _check_extension(checker: Checker, rule: Rule) -> Iterator[Finding]:
    layer, past = (checker.region(name) for name in rule.layers)
    past = past & layer  # what lies outside is for the enclosure and the overlap
    reach = checker.steps(rule.value)
    short = past.interacting(past.sized(reach, 0, 2).not_inside(layer))
    short = short.interacting(past.sized(0, reach, 2).not_inside(layer))
    for cell, shape in checker.each(short):
        got = _margin(checker, cell, shape.bbox(), rule, reach) * checker.dbu
        message = f"{rule.layers[0]} reaches {got * 1e9:.6g} nm beyond {rule.layers[1]} on two opposite sides, "
        message += f"required {rule.value * 1e9:.6g} nm"
        yield checker.finding(rule, cell, shape.bbox(), message, got, "m")


def _write_extension(rule: Rule, _: Process) -> str:
    layer, past = f"l_{rule.layers[0]}", "part"
    reach = micrometres(rule.value)
    sideways, upright = (f"{past}.sized({grown})" for grown in (f"{reach}, 0.0", f"0.0, {reach}"))
    short = f"{past}.interacting({sideways}.not_inside({layer})).interacting({upright}.not_inside({layer}))"
    return f"part = l_{rule.layers[1]} & {layer}\n{short}{output(rule)}"


register(
    RuleKind(
        "extension",
        "A layer reaches beyond another on two opposite sides.",
        _check_extension,
        _write_extension,
        Local(as_far_as(2).reach, whole=1),
    )
)


def _check_overlap(checker: Checker, rule: Rule) -> Iterator[Finding]:
    first, second = (checker.region(name) for name in rule.layers)
    common = first & second
    for cell, shape in checker.each(first.not_interacting(common)):
        message = f"{rule.layers[0]} is on no {rule.layers[1]}"
        yield checker.finding(rule, cell, shape.bbox(), message, 0.0, "m")
    yield from checker.pairs(rule, common.width_check(checker.steps(rule.value)), f"overlap with {rule.layers[1]}")


def _write_overlap(rule: Rule, _: Process) -> str:
    first, second = (f"l_{name}" for name in rule.layers)
    return (
        f"common = {first} & {second}\n{first}.not_interacting(common){output(rule)}\n"
        f"common.width({micrometres(rule.value)}){output(rule, '.narrow')}"
    )


register(
    RuleKind(
        "overlap",
        "A layer lies on another over a width.",
        _check_overlap,
        _write_overlap,
        Local(as_far_as(1).reach, whole=0),
    )
)


def _margin(checker: Checker, cell: kdb.Cell, mark: kdb.Box, rule: Rule, limit: int) -> int:
    """Largest margin in dbu that the inner shapes at a mark do have; 0 when they stick out or lie flush.

    On all sides, or for an extension on two opposite ones.
    """
    place = first_place(cell)
    window = mark.transformed(place).enlarged(2 * limit + 2)
    outer, inner = (_local(checker, name, window) for name in rule.layers)
    if rule.kind == "extension":
        inner = inner & outer
    inner = inner.interacting(kdb.Region(mark.transformed(place).enlarged(limit)))
    ways = [(1, 0), (0, 1)] if rule.kind == "extension" else [(1, 1)]

    def is_held(margin: int) -> bool:
        grown = (inner.sized(margin * x, margin * y, 2) & kdb.Region(window) for x, y in ways)
        return any((shape - outer).is_empty() for shape in grown)

    return bisect.bisect_left(range(1, limit), True, key=lambda margin: not is_held(margin))


def _local(checker: Checker, name: str, window: kdb.Box) -> kdb.Region:
    index = checker.drawing.layers.get(name)
    if index is None:
        return kdb.Region()
    return kdb.Region(checker.drawing.top.begin_shapes_rec_touching(index, window)).merged()
