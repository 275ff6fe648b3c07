"""Weights on lines: each synapse's track leaves its row on the nearer side, outer columns' below inner ones'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hwlib.cells.strap_dimensions import Span
from hwlib.nets import LINE
from hwlib.weight_styles import LINES
from layouts.labels import Label
from layouts.styles.drawn_style import DrawnStyle, PlannedArray, Tie


class DrawnLines(DrawnStyle):
    """Tracks are lines; columns of the west half leave on the west side, the others on the east side."""

    name = LINES.name
    columns_differ = True

    def tracks(self, levels: np.ndarray, joined: np.ndarray) -> int:
        """As many as leave on the west side."""
        return self.columns_out(len(levels), west=True)

    def columns_out(self, n: int, *, west: bool) -> int:
        """How many columns' lines leave on a side."""
        return (n + 1) // 2 if west else n // 2

    def goes_west(self, n: int, column: int) -> bool:
        """Whether the line of a column leaves on the west side."""
        return 2 * column < n

    def track_of(self, n: int, column: int) -> int:
        """Track of a column's line: outer columns lie lower."""
        return column if self.goes_west(n, column) else n - 1 - column

    def ties(self, plan: PlannedArray) -> np.ndarray:
        """The column."""
        return np.broadcast_to(np.arange(plan.n), (plan.n, plan.n)).copy()

    def tie(self, plan: PlannedArray, number: int, column: int) -> Tie:
        """The column's own line begins here; those of columns farther in pass above it."""
        west, track = self.goes_west(plan.n, column), self.track_of(plan.n, column)
        through = track + 1, self.columns_out(plan.n, west=west)
        return Tie(through, track if number >= 0 else None, "west" if west else "east")

    def tag(self, plan: PlannedArray, number: int, column: int) -> str:
        """After the column."""
        return f"c{column}"

    def tracks_out(self, plan: PlannedArray, west: bool) -> Sequence[Span]:
        """All that leave on the side."""
        return plan.tile.tracks[: self.columns_out(plan.n, west=west)]

    def labels(self, plan: PlannedArray, row: int, y0: int) -> Iterator[Label]:
        """At the end of each line."""
        tail, right = plan.rules.width("m3") // 2, plan.outline.x1
        for column in range(plan.n):
            if plan.joined[row, column]:
                y = y0 + sum(plan.tile.tracks[self.track_of(plan.n, column)]) // 2
                x = tail if self.goes_west(plan.n, column) else right - tail
                yield Label("m3", LINE.net_name(plan.order[row], plan.order[column]), x, y)
