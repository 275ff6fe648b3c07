"""What a weight style says of its drawing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from hwlib.cells.tile_dimensions import Span

if TYPE_CHECKING:
    from layouts.floorplan import Floorplan, Label


class Tie(NamedTuple):
    """The weight tracks of one tile (see ``hwlib.cells.tile_shapes.Wiring``).

    Attributes:
        through: first and one past the last track that crosses the whole tile.
        track: the one that the pillar's strap is tied to; None in a soma.
        side: its track crosses the tile, or leaves it on one side only.
    """

    through: Span
    track: int | None
    side: Literal["both", "west", "east"] = "both"


class DrawnStyle(ABC):
    """The drawing of one weight style.

    Attributes:
        name: of the style.
        somas_differ: a soma's tile depends on its column.
    """

    name: str
    somas_differ: bool = False

    @abstractmethod
    def tracks(self, levels: np.ndarray) -> int:
        """How many weight tracks run through a row of tiles."""

    @abstractmethod
    def ties(self, plan: Floorplan) -> np.ndarray:
        """Per tile a number ≥ 0 that tells its tie from others, shape (N, N); the diagonal does not count."""

    @abstractmethod
    def tie(self, plan: Floorplan, number: int, column: int) -> Tie:
        """Tracks of the tile with a number (−1: a soma) in a column."""

    @abstractmethod
    def tag(self, plan: Floorplan, number: int, column: int) -> str:
        """What the tile's cell is called after."""

    def trunks(self, plan: Floorplan) -> dict[str, int]:
        """Weight nets that have trunks beside the array, from near to far, and the track that each is joined to."""
        return {}

    def tracks_out(self, plan: Floorplan, west: bool) -> Sequence[Span]:
        """Tracks that go on to the edge of the macro."""
        return ()

    def labels(self, plan: Floorplan, row: int, y0: int) -> Iterator[Label]:
        """Labels of a row's own weight nets at the edge of the macro; trunks are labelled already."""
        return iter(())

    def drawn_weights(self, plan: Floorplan) -> bytes:
        """What of the weights shows in the layout: layouts of equal bytes are the same."""
        return b""


DRAWN_STYLES: dict[str, DrawnStyle] = {}


def register(style: DrawnStyle) -> DrawnStyle:
    """Add the drawing of a style.

    Raises:
        ValueError: there is one of this name.
    """
    if style.name in DRAWN_STYLES:
        raise ValueError(f"there is a drawing of weight style {style.name} already")
    DRAWN_STYLES[style.name] = style
    return style
