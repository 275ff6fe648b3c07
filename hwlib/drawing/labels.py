"""Net names on a layout."""

from __future__ import annotations

from dataclasses import dataclass

import klayout.db as db

from hwlib.drawing.reader import Drawing
from hwlib.errors import InputError
from hwlib.naming import parse_net


@dataclass(frozen=True)
class Label:
    """A net name on the layout, in dbu."""

    name: str
    layer: str
    x: int
    y: int


def read_labels(drawing: Drawing) -> list[Label]:
    """All net names on label layers; other texts are remarks.

    Raises:
        InputError: no net name at all.
    """
    out = []
    for layer, index in drawing.label_layers.items():
        texts = db.Texts(drawing.top.begin_shapes_rec(index))
        out += [Label(t.string, layer, t.x, t.y) for t in texts.each() if parse_net(t.string)]
    if not out:
        raise InputError("no net labels (dend_0, drive_0, gnd … on the label layers)")
    return sorted(out, key=lambda label: (label.layer, label.x, label.y, label.name))
