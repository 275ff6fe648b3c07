"""The V_DW windows of all neurons as a picture (SVG, a few lines of it: a plot library takes longer than a check)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from hwlib.quantities import printed_unit
from hwlib.storage.writing import write_bytes
from spinhop.verdicts.point_tables import SHORT, Point

_COLOURS = {"erc_ideal": "#b9c4d6", "erc_drawn": "#3056a0"}
_INK, _CLOSED, _HINT = "#1d2430", "#c4552d", "#2ca02c"
_WIDTH, _HEIGHT = 960, 360  # px
_LEFT, _TOP, _RIGHT, _BOTTOM = 70, 16, 730, 310  # of the frame; the legend is right of it
_MOST_TICKS = 10


def write_window_plot(path: Path, points: dict[str, Point]) -> Path:
    """Draw each neuron's window as a bar, with the set V_DW, eq. (4) and the recommended value as lines.

    Args:
        path: picture to write.
        points: ``OperatingPointReport.as_dict`` by name of the check.
    """
    size = {"width": str(_WIDTH), "height": str(_HEIGHT), "viewBox": f"0 0 {_WIDTH} {_HEIGHT}"}
    root = ElementTree.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size})
    values = (points.get("erc_drawn") or points["erc_ideal"])["values"]
    levels = [
        (values["v_dw"], "V_DW as set", _INK, ""), (values["eq4"], "the paper's eq. (4)", _CLOSED, "2 3"),
        (values["recommended_v_dw"], "recommended", _HINT, "7 4"),
    ]  # fmt: skip
    levels = [level for level in levels if level[0] is not None]
    ends = [volts for point in points.values() for volts in point["values"]["high"] if volts is not None]
    highest = max(*(level[0] for level in levels), *ends)
    plot = _Plot(root, len(values["low"]), 1.05 * max(highest, 1e-12))
    plot.axes()
    for name, point in points.items():
        plot.bars(point["values"]["low"], point["values"]["high"], 0.8 if name == "erc_ideal" else 0.45, name)
    for value, meaning, colour, dashes in levels:
        plot.level(value, meaning, colour, dashes)
    return write_bytes(path, ElementTree.tostring(root, encoding="utf-8"))


class _Plot:
    """A frame with neurons across and volts up; legends are added as things are drawn."""

    def __init__(self, root: ElementTree.Element, neurons: int, highest: float):
        self._root, self._neurons, self._highest, self._legends = root, neurons, highest, 0
        self._add("rect", width=_WIDTH, height=_HEIGHT, fill="#ffffff")

    def _add(self, tag: str, **attributes: Any) -> ElementTree.Element:
        named = {key.replace("_", "-"): _short(value) for key, value in attributes.items()}
        return ElementTree.SubElement(self._root, tag, named)

    def _text(self, text: str, x: float, y: float, anchor: str = "middle", **more: Any) -> None:
        style = {"font_family": "sans-serif", "font_size": 12, "fill": _INK, "text_anchor": anchor}
        self._add("text", x=x, y=y, **style, **more).text = text

    def _x(self, neuron: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (neuron + 0.6) / (self._neurons + 0.2)

    def _y(self, volts: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * min(volts, self._highest) / self._highest

    def axes(self) -> None:
        """Lines, numbers and names of both axes."""
        self._add("path", d=f"M{_LEFT} {_TOP}V{_BOTTOM}H{_RIGHT}", fill="none", stroke=_INK)
        unit, factor = printed_unit(self._highest, "V")
        for told in _ticks(factor * self._highest):
            y = self._y(told / factor)
            self._add("path", d=f"M{_LEFT - 5} {_short(y)}h5", stroke=_INK)
            self._text(f"{told:.6g}", _LEFT - 9, y + 4, "end")
        for neuron in _ticks(self._neurons - 1, whole=True):
            self._add("path", d=f"M{_short(self._x(neuron))} {_BOTTOM}v5", stroke=_INK)
            self._text(f"{neuron:.0f}", self._x(neuron), _BOTTOM + 20)
        self._text("neuron", (_LEFT + _RIGHT) / 2, _BOTTOM + 40)
        middle = (_TOP + _BOTTOM) / 2
        self._text(f"V_DW ({unit})", 18, middle, transform=f"rotate(-90 18 {_short(middle)})")

    def bars(self, low: list[float | None], high: list[float | None], width: float, name: str) -> None:
        """A bar for every window that is open, a cross for those that are not; nothing for a neuron without one."""
        across, shut = width * (self._x(1) - self._x(0)), False
        for neuron, (bottom, top) in enumerate(zip(low, high, strict=True)):
            if bottom is None or top is None:
                continue
            x, y = self._x(neuron), self._y(max(bottom, 0.0))
            if bottom < top:
                tall = y - self._y(top)
                self._add("rect", x=x - across / 2, y=y - tall, width=across, height=tall, fill=_COLOURS[name])
            else:
                shut = True
                self._add("path", d=f"M{_short(x - 4)} {_short(y - 4)}l8 8m0 -8l-8 8", stroke=_CLOSED)
        legend = self._legend(f"window, {SHORT[name]}")
        self._add("rect", x=_RIGHT + 20, y=legend - 9, width=24, height=10, fill=_COLOURS[name])
        if shut:
            legend = self._legend(f"closed, {SHORT[name]}")
            self._add("path", d=f"M{_RIGHT + 28} {legend - 8}l8 8m0 -8l-8 8", stroke=_CLOSED)

    def level(self, volts: float, meaning: str, colour: str, dashes: str) -> None:
        """A line at a voltage."""
        line: dict[str, Any] = {"stroke": colour, "stroke_width": 1.6, "stroke_dasharray": dashes or "none"}
        self._add("path", d=f"M{_LEFT} {_short(self._y(volts))}H{_RIGHT}", **line)
        legend = self._legend(meaning)
        self._add("path", d=f"M{_RIGHT + 20} {legend - 4}h24", **line)

    def _legend(self, meaning: str) -> float:
        self._legends += 1
        y = _TOP + 70 + 24 * self._legends
        self._text(meaning, _RIGHT + 52, y, "start")
        return y


def _short(value: Any) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _ticks(highest: float, *, whole: bool = False) -> Iterator[float]:
    """Round numbers from 0 to the highest, at most ``_MOST_TICKS``."""
    rough = max(highest / (_MOST_TICKS - 1), 1.0 if whole else 0.0)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
    return (k * step for k in range(int(highest / step + 1e-9) + 1))
