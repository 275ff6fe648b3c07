"""Net names on a layout: texts on the label layers, in whatever cell they are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import klayout.db as kdb

from hwlib.nets import parse_net


@dataclass(frozen=True)
class NetLabel:
    """A text on a label layer: the conductor it belongs to, and its place in the top cell in dbu."""

    name: str
    layer: str
    x: int
    y: int


def lift_labels(layout: kdb.Layout, label_layers: dict[str, int]) -> tuple[list[NetLabel], list[NetLabel]]:
    """Read all texts of the label layers, and leave net names only, drawn in the top cell.

    A name then is the name of the whole net it lies on, not only of the part within its cell.

    Args:
        layout: changed in place; it has one top cell.
        label_layers: index of the label layer of each conductor that has one here.

    Returns:
        Net names, and remarks (all other texts), each sorted by place.
    """
    names: list[NetLabel] = []
    remarks: list[NetLabel] = []
    for conductor, index in label_layers.items():
        found = list(dict.fromkeys(_texts(layout, conductor, index)))
        real = [label for label in found if parse_net(label.name)]
        names += real
        below = any(not cell.shapes(index).is_empty() for cell in layout.each_cell() if not cell.is_top())
        if below or len(real) < len(found):
            remarks += [label for label in found if not parse_net(label.name)]
            _draw_again(layout, index, real)
    return sorted(names, key=_order), sorted(remarks, key=_order)


def _order(label: NetLabel) -> tuple[str, int, int, str]:
    return label.layer, label.x, label.y, label.name


def _texts(layout: kdb.Layout, conductor: str, index: int) -> Iterator[NetLabel]:
    texts = kdb.RecursiveShapeIterator(layout, layout.top_cell(), index)
    texts.shape_flags = kdb.Shapes.STexts
    while not texts.at_end():
        shape = texts.shape()
        at = texts.trans() * kdb.Point(shape.text_pos)
        yield NetLabel(text_of(shape), conductor, at.x, at.y)
        texts.next()


def text_of(text: kdb.Shape) -> str:
    """The string of a text from a file, which may be no text."""
    try:
        return str(text.text_string)
    except (UnicodeDecodeError, RuntimeError):  # KLayout raises either
        return "\ufffd"  # what stands for bytes that are no text


def _draw_again(layout: kdb.Layout, index: int, names: list[NetLabel]) -> None:
    for cell in layout.each_cell():
        shapes = cell.shapes(index)
        for shape in list(shapes.each(kdb.Shapes.STexts)):
            shape.delete()
    shapes = layout.top_cell().shapes(index)
    for label in names:
        shapes.insert(kdb.Text(label.name, kdb.Trans(label.x, label.y)))
