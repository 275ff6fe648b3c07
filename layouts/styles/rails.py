"""Weights on rails: every level's track runs through all tiles of a row and hangs on a trunk on both sides."""

from __future__ import annotations

import numpy as np

from hwlib.nets import RAIL
from hwlib.weight_styles import RAILS, rail_levels
from layouts.styles.drawn_style import DrawnStyle, PlannedArray, Tie


class DrawnRails(DrawnStyle):
    """Tracks are rails, ascending by level."""

    name = RAILS.name

    def tracks(self, levels: np.ndarray, joined: np.ndarray) -> int:
        """One a level."""
        return len(rail_levels(levels, joined))

    def ties(self, plan: PlannedArray) -> np.ndarray:
        """Index of the rail of each weight, among those of its row."""
        ties = np.zeros(plan.levels.shape, int)
        for block, rails in enumerate(plan.rails):
            rows = plan.block == block
            ties[rows] = np.searchsorted(np.array(rails) + 1e-9, np.round(plan.levels[rows], 6))
        return ties

    def tie(self, plan: PlannedArray, number: int, row: int, column: int) -> Tie:
        """All rails of the row pass; the programming via sits on one."""
        return Tie((0, len(plan.rails[plan.block[row]])), number if number >= 0 else None)

    def tag(self, plan: PlannedArray, number: int, row: int, column: int) -> str:
        """After the rail; blocks share the cells of rails at one place."""
        if number < 0 or len(plan.rails) > 1:
            return f"r{number}" if number >= 0 else ""
        return RAIL.net_name(level=plan.rails[0][number]).removeprefix("w_")

    def trunks(self, plan: PlannedArray) -> dict[str, int]:
        """One a rail."""
        blocks = enumerate(plan.rails) if len(plan.rails) > 1 else [(-1, plan.rails[0])]
        return {
            RAIL.net_name(level=level, block=block): k for block, rails in blocks for k, level in enumerate(rails)
        }  # fmt: skip

    def drawn_weights(self, plan: PlannedArray) -> bytes:
        """All of them."""
        return np.round(plan.levels, 6).tobytes()
