"""Max-cut of graph files: the designs that ``spinhop maxcut`` makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.storage.file_labels import told_apart
from spinhop.designs.task_designs import Answer, task_design
from spinhop.run_folder.run_names import run_names
from spinhop.verdicts.task_outcome import TaskOutcome


def graph_designs(
    paths: Sequence[Path],
    *,
    mapping: str = "balanced",
    weight: str | None = None,
    prove_seconds: float = 0.0,
    restarts: int = 0,
) -> list[Design]:
    """The paper's network for each graph; all files are read before any is cut, and each has a name of its own.

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
    names = run_names("maxcut", paths)
    return [task_design({"graph": str(path), **how}, name=name) for path, name in zip(paths, names, strict=True)]


def with_labels(answers: Sequence[Answer], paths: Sequence[Path]) -> list[Answer]:
    """What graphs came to, with labels that tell files of one name apart; a result knows its own file's name alone.

    Args:
        answers: one per graph.
        paths: its file.
    """
    return [
        replace(each, ideal=_labelled(each.ideal, label), drawn=each.drawn and _labelled(each.drawn, label))
        for each, label in zip(answers, told_apart([str(path) for path in paths]), strict=True)
    ]


def _labelled(outcome: TaskOutcome, label: str) -> TaskOutcome:
    return replace(outcome, cases=[{**case, "graph": label} for case in outcome.cases])
