"""Max-cut of graph files: the designs that ``spinhop maxcut`` makes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hwlib.design import Design
from hwlib.errors import InputError
from spinhop.task_designs import task_design


def graph_designs(
    paths: Sequence[Path],
    *,
    mapping: str = "balanced",
    weight: str | None = None,
    prove_seconds: float = 0.0,
    restarts: int = 0,
) -> list[Design]:
    """The paper's network for each graph; all files are read before any is cut.

    Args:
        paths: graph files, see ``sim.tasks.graphs``.
        mapping: how edges become weights, see ``sim.tasks.maxcut.weight_levels``.
        weight: GML, GraphML: edge attribute that is the weight; None: every edge counts 1.
        restarts: trials from random loads per graph; 0: one from all walls OFF.
        prove_seconds: time limit per graph of a proof by HiGHS that the best cut is one; sparse graphs profit.

    Raises:
        InputError: a bad graph file, or one that does not fit a network.
    """
    if not prove_seconds >= 0:
        raise InputError(f"maxcut: prove: {prove_seconds:g}, allowed are seconds from 0 on")
    how = {"kind": "maxcut", "mapping": mapping, "weight": weight, "prove": prove_seconds, "restarts": restarts}
    return [task_design({"graph": str(path), **how}) for path in paths]
