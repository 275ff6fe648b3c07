"""``spinhop train``: weights learnt on the drawn network, so that its memories are rest states as drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwlib.design import Design
from hwlib.errors import InputError, cut
from hwlib.sections.weight_fields import GIVEN
from hwlib.storage.made_with import versions_line
from hwlib.training_rules import MIN_LEVEL, PERCEPTRON, trained
from hwlib.weight_styles import LINES
from hwlib.weights import stored_patterns
from spinhop.designs.derived_design import check_target, table_of, write_derived
from spinhop.designs.design_comparison import TIMES_W, DesignComparison, compare_designs, table_row
from spinhop.extracted_network import draw_and_extract
from spinhop.run_folder.inputs import read_design

FAINT = 0.1  # of Hebb's weights of one pattern
COLUMNS = ("ideal", "drawn", "trained")
_KEPT = ("patterns", "random_patterns")  # of the design's weights: what they store


@dataclass(frozen=True)
class Learnt:
    """What ``train_design`` did.

    Attributes:
        design: the trained design's file.
        weights: the file of its weights.
        rows: quantity, unit, and its value on ideal wires, drawn and trained (None where there is none).
        verdict: on the trained design.
        faint: neurons whose weights came out near 0: below ``FAINT`` times W, all of them.
    """

    design: Path
    weights: Path
    rows: list[dict[str, Any]]
    verdict: DesignComparison
    faint: tuple[int, ...]

    @property
    def notes(self) -> list[str]:
        """What people are to know of the weights."""
        if not self.faint:
            return []
        somas = cut(", ".join(map(str, self.faint)), 40)
        return [
            f"weights of soma {somas} came out near 0 (below {FAINT:g} times W): they hold little more than its leak "
            "does; compare with the design as drawn"
        ]


def train_design(
    path: Path, out: Path, *, limit: float | None = None, steps: int | None = None, simulate: bool = True,
    replace_file: bool = False, progress: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> Learnt:  # fmt: skip
    """Draw a design, learn weights on its wires by the perceptron rule, write the design that has them, and compare.

    Args:
        path: the design file, with weight lines and stored patterns.
        out: of the trained design; its weights go into a file beside it.
        limit: largest weight, multiples of W; default the design's ``network.weights.limit``.
        steps: equal steps from 0 to the limit; default the design's.
        simulate: whether the task's trials are run, before and after.
        replace_file: whether ``out`` may exist.
        progress: called with the step, done, in all.

    Raises:
        InputError: a bad design, or one that stores no patterns or has its weights on rails.
    """
    import sim
    from sim.drawn_training import drawn_lesson
    from sim.tasks.run_task import ideal_for_task

    design = read_design(path, drawn=True)
    check_target(design, path, out, replace=replace_file)
    patterns = _patterns(design, path)
    process, given = design.load_process(), design.network.weights
    progress("draw", 0, 1)
    network = draw_and_extract(design)
    lesson = drawn_lesson(
        network, sim.protocol_on(network, design, process), patterns, limit=given.limit if limit is None else limit,
        steps=given.steps if steps is None else steps, progress=lambda k, n: progress("solve", k, n),
    )  # fmt: skip
    progress("learn", 0, 1)
    levels = trained(PERCEPTRON, lesson)
    levels[np.abs(levels) < MIN_LEVEL] = 0.0
    table = table_of(out)
    weights: dict[str, Any] = {"rule": GIVEN, "matrix_file": table.name}
    if design.programme is None:
        weights |= {name: x for name in _KEPT if (x := getattr(given, name)) is not None} or {"random_patterns": 1}
    source = versions_line()
    text = "".join(",".join(map(repr, row)) + "\n" for row in levels.tolist())
    comment = f"{path.name} with weights learnt on its wires; {source}"
    made = write_derived(
        design, out, (table, text), {"network.weights": weights, "compensation": None}, comment, replace=replace_file
    )
    again = network if design.network.trunks.size == "wires" else draw_and_extract(made)  # sized by the weights
    plain = ideal_for_task(design, process)
    verdict = compare_designs(
        [(plain, design), (network, design), (again, made)], COLUMNS, simulate=simulate,
        step=lambda k, n: progress("simulate", k, n),
    )  # fmt: skip
    before, after = (np.abs(each.weight_levels()).max() for each in (design, made))
    rows = [table_row("largest weight", TIMES_W, [before, before, after], COLUMNS), *verdict.rows]
    faint = np.flatnonzero(np.abs(levels).max(axis=1) < FAINT)
    return Learnt(out, table, rows, verdict, tuple(faint.tolist()))


def _patterns(design: Design, path: Path) -> np.ndarray:
    if design.network.weight_style != LINES.name:
        style = design.network.weight_style
        raise InputError(f"{path}: network.weight_style: {style}; training on the drawn network needs {LINES.name}")
    if design.compensation is not None:
        raise InputError(
            f"{path}: compensation: its voltages are for other weights; leave it out, compensate afterwards"
        )
    patterns = stored_patterns(design)
    if patterns is None:
        raise InputError(f"{path}: network.weights: no stored patterns to train")
    return patterns
