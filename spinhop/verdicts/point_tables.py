"""The operating-point rules of a check as rows of text: for the terminal, and with formula and source for the page.

A point is ``OperatingPointReport.as_dict`` of one network, as the check's ``erc_*_table.json`` holds it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hwlib.quantities import digits_apart, printed, printed_span

Point = dict[str, Any]
RULE_COLUMNS = ["rule", "ideal", "as drawn", "measured", "limit", "worst", "x, y (µm)"]
WINDOW_COLUMNS = ["neuron", "window", "centre", "margin", "last to switch on", "last to switch off"]
SHORT = {"erc_ideal": "ideal wires", "erc_drawn": "as drawn"}


def rule_rows(points: dict[str, Point]) -> list[list[str]]:
    """One row per rule: its margin with ideal and with drawn wires, and the worst case of the latter.

    Args:
        points: by name of the check, ``erc_ideal`` and (where it was made) ``erc_drawn``.
    """
    by_rule: dict[str, dict[str, dict[str, Any]]] = {}
    for name, point in points.items():
        for row in point["rules"]:
            by_rule.setdefault(row["rule"], {})[name] = row
    rows = []
    for rule, found in by_rule.items():
        last = found.get("erc_drawn") or found["erc_ideal"]
        margins = [verdict(found[name]) if name in found else "" for name in ("erc_ideal", "erc_drawn")]
        pair = last["measured"], last["required"]
        digits = 4 if None in pair else digits_apart(*pair)
        rows.append([
            rule, *margins, *(amount(value, last["unit"], digits) for value in pair), last["where"],
            place(last["x"], last["y"]),
        ])  # fmt: skip
    return rows


def nearest_rows(points: dict[str, Point], most: int) -> list[list[str]]:
    """Of ``rule_rows`` those of rules that do not hold, and of the others the ``most`` with the least margin."""
    margins: dict[str, float] = {}
    missed = set()
    for point in points.values():
        for row in point["rules"]:
            if row["status"] != "pass":
                missed.add(row["rule"])
            elif row["margin"] is not None:
                margins[row["rule"]] = min(row["margin"], margins.get(row["rule"], row["margin"]))
    held = sorted((rule for rule in margins if rule not in missed), key=lambda rule: margins[rule])
    chosen = missed.union(held[:most])
    return [row for row in rule_rows(points) if row[0] in chosen]


def verdict(row: dict[str, Any]) -> str:
    """A rule's margin, and what a missing one is: ``+12.3 %``, ``−4.0 % error``."""
    failed = "" if row["status"] == "pass" else row["status"]
    text = "" if row["margin"] is None else percent(row["margin"])
    return f"{text} {failed}".strip() or "holds"


def percent(margin: float) -> str:
    """A signed relative distance; beyond tenfold only that, and below a tenth of a percent one digit of it."""
    if abs(margin) < 1e-9:  # a limit met exactly
        margin = 0.0
    if abs(margin) > 10:
        return "> 1000 %" if margin > 0 else "< −1000 %"
    digits = -math.floor(math.log10(abs(100 * margin))) if 0 < abs(margin) < 5e-4 else 1
    return f"{100 * margin:+.{digits}f} %".replace("-", "−")


def amount(value: float | None, unit: str, digits: int = 4) -> str:
    """A value with so many digits in a unit a person uses; nothing for None."""
    return "" if value is None else printed(value, unit, digits)


def place(x: float | None, y: float | None) -> str:
    """A place on the layout in µm; nothing when there is none."""
    return "" if x is None or y is None else f"{x * 1e6:.5g}, {y * 1e6:.5g}"


def common_window(values: Mapping[str, Any]) -> tuple[float, float]:
    """Both ends of all neurons' window in V, from the values of a point."""
    low, high = ([volts for volts in values[end] if volts is not None] for end in ("low", "high"))
    return max(low), min(high)


def window_rows(point: Point, most: int) -> list[list[str]]:
    """The V_DW window of each neuron, those with the least margin when there are more than ``most``."""
    values = point["values"]
    neurons, margins = list(range(len(values["low"]))), values["margin"]
    if len(neurons) > most:
        neurons = sorted(sorted(neurons, key=lambda k: math.inf if margins[k] is None else margins[k])[:most])
    return [
        [str(k), "drives no axon", "", "", "", ""] if margins[k] is None else
        [
            str(k), span(values["low"][k], values["high"][k]), amount(values["centre"][k], "V"),
            percent(margins[k]), values["low_axon"][k], values["high_axon"][k],
        ]
        for k in neurons
    ]  # fmt: skip


def span(low: float, high: float) -> str:
    """A window in V or mV, or that it is closed."""
    ends = printed_span(low, high, "V")
    return ends if low < high else f"closed ({ends.replace('…', '>')})"


def window_summary(points: dict[str, Point]) -> list[str]:
    """Sentences on V_DW: the set value, each network's window, what is recommended and how far N may grow."""
    lines = []
    for name, point in points.items():
        values = point["values"]
        (low, high), advised = common_window(values), values["recommended_v_dw"]
        centre = "" if advised is None else printed(advised, "V")
        advice = f"its centre, recommended, is {centre}" if centre else "no V_DW serves every neuron"
        lines.append(f"{SHORT[name]}: all neurons' window is {span(low, high)}; {advice}")
    last = points.get("erc_drawn") or points["erc_ideal"]
    values = last["values"]
    low, high = common_window(values)
    where = "inside" if low <= values["eq4"] <= high else "outside"
    lines += [v_dw_line(name, point) for name, point in points.items()]
    lines.append(f"the paper's eq. (4) gives {printed(values['eq4'], 'V')}, {where} the window")
    if "erc_drawn" in points and values["ohm_per_cell"] is not None:
        closes = values["closes_at"]
        lines.append(
            f"with cells like these the window closes at about N = {closes}" if closes
            else "with cells like these the window stays open beyond N = 4096"
        )  # fmt: skip
    return lines


def v_dw_line(name: str, point: Point) -> str:
    """V_DW as a network gets it, and where it comes from."""
    return f"{SHORT[name]}: V_DW {printed(point['values']['v_dw'], 'V')}, {point['values']['v_dw_origin']}"


def lines_of(columns: list[str], rows: list[list[str]]) -> list[str]:
    """A table as lines of text as wide as its cells are."""
    widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    lines = [columns, ["─" * width for width in widths], *rows]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def source_rows(point: Point) -> list[list[str]]:
    """What each rule compares, where it comes from, what a violation is, and why one is waived."""
    return [
        [row["rule"], row["severity"], row["formula"], row["source"], row["state"], row["reason"]]
        for row in point["rules"]
    ]


SOURCE_COLUMNS = ["rule", "a violation is", "formula", "source", "worst state", "waived because"]
