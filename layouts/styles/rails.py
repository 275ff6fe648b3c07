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
        """Index of the rail of each weight."""
        return np.searchsorted(np.array(plan.rails) + 1e-9, np.round(plan.levels, 6))

    def tie(self, plan: PlannedArray, number: int, column: int) -> Tie:
        """All rails pass; the programming via sits on one."""
        return Tie((0, len(plan.rails)), number if number >= 0 else None)

    def tag(self, plan: PlannedArray, number: int, column: int) -> str:
        """After the rail."""
        return RAIL.net_name(level=plan.rails[number]).removeprefix("w_") if number >= 0 else ""

    def trunks(self, plan: PlannedArray) -> dict[str, int]:
        """One a rail."""
        return {RAIL.net_name(level=level): k for k, level in enumerate(plan.rails)}

    def drawn_weights(self, plan: PlannedArray) -> bytes:
        """All of them."""
        return np.round(plan.levels, 6).tobytes()
