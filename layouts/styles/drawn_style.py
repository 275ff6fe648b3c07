"""What a weight style says of its drawing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol

import numpy as np

from hwlib.cells.rules import Rules
from hwlib.cells.shapes import Box, Rect
from hwlib.cells.tile_dimensions import Span, Tile
from hwlib.registry import Registry
from layouts.labels import Label


class PlannedArray(Protocol):
    """What a style sees of the floorplan (``layouts.floorplan.Floorplan``)."""

    @property
    def n(self) -> int:
        """Number of neurons."""

    @property
    def order(self) -> np.ndarray:
        """The neuron in each row and column, shape (N,)."""

    @property
    def levels(self) -> np.ndarray:
        """Weights as multiples of W by row and column, shape (N, N)."""

    @property
    def joined(self) -> np.ndarray:
        """Where there is an axon, by row and column, shape (N, N)."""

    @property
    def rails(self) -> list[list[float]]:
        """The distinct weights of each block of rows, ascending."""

    @property
    def block(self) -> np.ndarray:
        """The block that each row is in, shape (N,)."""

    @property
    def tile(self) -> Tile:
        """Dimensions of every tile."""

    @property
    def rules(self) -> Rules:
        """Rules of the process in grid steps."""

    @property
    def origin(self) -> tuple[int, int]:
        """Lower left corner of the array."""

    @property
    def outline(self) -> Box:
        """The whole macro."""


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
    """

    name: str

    @abstractmethod
    def tracks(self, levels: np.ndarray, joined: np.ndarray) -> int:
        """How many weight tracks run through rows of tiles; arguments are theirs, shape (rows, N)."""

    @abstractmethod
    def ties(self, plan: PlannedArray) -> np.ndarray:
        """Per tile a number ≥ 0 that tells its tie from others, shape (N, N); the diagonal does not count."""

    @abstractmethod
    def tie(self, plan: PlannedArray, number: int, row: int, column: int) -> Tie:
        """Tracks of the tile with a number (−1: one without an axon) in a row and a column."""

    @abstractmethod
    def tag(self, plan: PlannedArray, number: int, row: int, column: int) -> str:
        """What the tile's cell is called after."""

    def trunks(self, plan: PlannedArray) -> dict[str, int]:
        """Weight nets that have trunks beside the array, from near to far, and the track that each is joined to.

        Those of one block of rows are joined to its rows alone.
        """
        return {}

    def row_wires(self, plan: PlannedArray, row: int) -> Iterator[Rect]:
        """What a row has beside its tiles and edges, in its own coordinates (x from the macro's west border)."""
        return iter(())

    def labels(self, plan: PlannedArray, row: int, y0: int) -> Iterator[Label]:
        """Labels of a row's own weight nets at the edge of the macro; trunks are labelled already."""
        return iter(())

    def drawn_weights(self, plan: PlannedArray) -> bytes:
        """What of the weights shows in the layout: layouts of equal bytes are the same."""
        return b""


DRAWN_STYLES: Registry[DrawnStyle] = Registry("drawing of weight style")


def register(style: DrawnStyle) -> DrawnStyle:
    """Add the drawing of a style.

    Raises:
        ValueError: there is one of this name.
    """
    return DRAWN_STYLES.add(style.name, style)
