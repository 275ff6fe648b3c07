"""The graphs that a max-cut is of, as they were read, with their weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwlib.task_kinds import Problem, Programme
from hwlib.weight_styles import WEIGHT_STYLES
from sim.tasks.graphs import adjacency


@dataclass(frozen=True)
class GraphSet(Programme):
    """Graphs that were read, of one size.

    Attributes:
        names: of the files.
        graphs: networkx graphs.
        each: weights of each, as multiples of W, shape (graphs, N, N).
    """

    names: tuple[str, ...]
    graphs: tuple[Any, ...]
    each: np.ndarray

    @property
    def several(self) -> bool:
        """Graphs of other weights than the first."""
        return bool(abs(self.each - self.levels).max() > 1e-6)

    def problems(self, weight_style: str) -> Iterator[Problem]:
        """Graphs of other weights than the first, where the drawing fixes them."""
        for k, levels in enumerate(self.each):
            if WEIGHT_STYLES[weight_style].programmed and abs(levels - self.levels).max() > 1e-6:
                yield ("graphs", k), f"{self.names[k]}: other weights than the first graph's; give weight_style lines"

    def digest(self) -> str:
        """Hash of the weights of all graphs, and of the graphs themselves."""
        import hashlib

        parts = [self.each.tobytes(), *(adjacency(graph).toarray().tobytes() for graph in self.graphs)]
        return hashlib.sha256(b"".join(parts)).hexdigest()
