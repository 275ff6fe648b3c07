"""Weights on lines: each synapse's track leaves its row on the nearer side, outer columns' below inner ones'.

A row has the tracks of its own synapses alone: a track for a synapse that is not there would be bare metal.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwlib.cells.shapes import Box, Rect
from hwlib.nets import LINE
from hwlib.weight_styles import LINES
from layouts.labels import Label
from layouts.styles.drawn_style import DrawnStyle, PlannedArray, Tie


class DrawnLines(DrawnStyle):
    """Tracks are lines; columns of the west half leave on the west side, the others on the east side."""

    name = LINES.name

    def tracks(self, levels: np.ndarray, joined: np.ndarray) -> int:
        """As many as leave on the west side."""
        n = levels.shape[1]
        return sum(self.goes_west(n, column) for column in range(n))

    def goes_west(self, n: int, column: int) -> bool:
        """Whether the line of a column leaves on the west side."""
        return 2 * column < n

    def track_of(self, n: int, column: int) -> int:
        """Track of a column's line: outer columns lie lower."""
        return column if self.goes_west(n, column) else n - 1 - column

    def ties(self, plan: PlannedArray) -> np.ndarray:
        """The column."""
        return np.broadcast_to(np.arange(plan.n), (plan.n, plan.n)).copy()

    def tie(self, plan: PlannedArray, number: int, row: int, column: int) -> Tie:
        """The line of an axon begins in its tile; those of columns farther in pass above it (``row_wires``)."""
        if number < 0:
            return Tie((0, 0), None)
        return Tie((0, 0), self.track_of(plan.n, column), "west" if self.goes_west(plan.n, column) else "east")

    def tag(self, plan: PlannedArray, number: int, row: int, column: int) -> str:
        """After the column."""
        return f"c{column}" if number >= 0 else ""

    def row_wires(self, plan: PlannedArray, row: int) -> Iterator[Rect]:
        """The line of each of the row's axons, from the border of its tile to that of the macro."""
        (x0, _), right = plan.origin, plan.outline.x1
        for column in np.flatnonzero(plan.joined[row]).tolist():
            y0, y1 = plan.tile.tracks[self.track_of(plan.n, column)]
            west, at = self.goes_west(plan.n, column), x0 + column * plan.tile.px
            yield Rect("m3", Box(0, y0, at, y1) if west else Box(at + plan.tile.px, y0, right, y1))

    def labels(self, plan: PlannedArray, row: int, y0: int) -> Iterator[Label]:
        """At the end of each line."""
        tail, right = plan.rules.width("m3") // 2, plan.outline.x1
        for column in range(plan.n):
            if plan.joined[row, column]:
                y = y0 + sum(plan.tile.tracks[self.track_of(plan.n, column)]) // 2
                x = tail if self.goes_west(plan.n, column) else right - tail
                yield Label("m3", LINE.net_name(plan.order[row], plan.order[column]), x, y)
