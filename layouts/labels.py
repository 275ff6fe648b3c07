"""Labels of a layout: names of nets where their sources attach."""

from __future__ import annotations

from typing import NamedTuple


class Label(NamedTuple):
    """A net's name where its source attaches, in grid steps of the top cell."""

    layer: str
    net: str
    x: int
    y: int
