"""``spinhop order``: an order of the neurons in the drawing that leaves a rule more room, found on redrawn layouts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hwlib.arrangement import neuron_at
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.storage.made_with import versions_line
from spinhop.designs.derived_design import check_target, write_derived
from spinhop.designs.design_comparison import DesignComparison, compare_designs
from spinhop.extracted_network import draw_and_extract
from spinhop.run_folder.inputs import read_design

if TYPE_CHECKING:
    from hwlib.network import Network

Rule = Literal["drive.pattern", "drive.path", "vdw.window"]
COLUMNS = ("given", "found")


@dataclass(frozen=True)
class Ordered:
    """What ``order_design`` did.

    Attributes:
        design: the file of the design in the order found.
        order: the neurons as they stand in the drawing.
        rule: whose margin was made large.
        margin: of it, in the given order and in the one found.
        tried: orders that were drawn, the given one included.
        refused: orders that cannot be drawn (a block of rows with too many rails).
        rows: quantity, unit, and its value in either order.
        verdict: on the design in the order found.
    """

    design: Path
    order: list[int]
    rule: Rule
    margin: tuple[float, float]
    tried: int
    refused: int
    rows: list[dict[str, Any]]
    verdict: DesignComparison


@dataclass(frozen=True)
class _Drawn:
    """A network drawn in some order: the rule's margin, and that of each neuron's stored states."""

    order: np.ndarray
    network: Network
    margin: float
    by_neuron: np.ndarray


def order_design(
    path: Path, out: Path, *, rule: Rule = "drive.pattern", tries: int = 24, seed: int | None = None,
    simulate: bool = True, replace_file: bool = False,
    progress: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> Ordered:  # fmt: skip
    """Draw a design in several orders of its neurons, write that of the largest margin of a rule, and compare.

    Tried are the given order, four by the neurons' margins (the weakest at either end, outside, inside), and then the
    best one so far with its weakest neuron and another one exchanged.

    Args:
        path: the design file.
        out: of the ordered design.
        rule: whose margin decides.
        tries: exchanges.
        seed: of the exchanges; default the design's.
        simulate: whether the task's trials are run, before and after.
        replace_file: whether ``out`` may exist.
        progress: called with the step, done, in all.

    Raises:
        InputError: a bad design, one with voltages for the wires of its order, or a rule that it is not asked.
    """
    design = read_design(path, drawn=True)
    check_target(design, path, out, replace=replace_file, table=False)
    if design.compensation is not None:
        raise InputError(
            f"{path}: compensation: its voltages are for its own order; leave it out, compensate afterwards"
        )
    if design.programme is not None and design.programme.several:
        raise InputError(f"{path}: task: its trials differ in weights, and one order cannot be judged for them all")
    given = best = _drawn(design, neuron_at(design.network), rule)
    random = np.random.default_rng(design.seed if seed is None else seed)
    proposals, refused, total = _by_margin(given.by_neuron), 0, 4 + tries
    for k in range(total):
        progress("draw", k, total)
        order = next(proposals) if k < 4 else _exchanged(best, random)
        try:
            found = _drawn(design, order, rule)
        except InputError:  # its rows do not fit into their blocks
            refused += 1
            continue
        best = found if found.margin > best.margin else best
    comment = f"{path.name} with its neurons ordered for {rule}; {versions_line()}"
    made = write_derived(design, out, (out, ""), {"network.order": best.order.tolist()}, comment, replace=replace_file)
    verdict = compare_designs(
        [(given.network, design), (best.network, made)], COLUMNS, simulate=simulate,
        step=lambda k, n: progress("simulate", k, n),
    )  # fmt: skip
    margin = (given.margin, best.margin)
    return Ordered(out, best.order.tolist(), rule, margin, total + 1 - refused, refused, verdict.rows, verdict)


def _drawn(design: Design, order: np.ndarray, rule: Rule) -> _Drawn:
    import sim

    network = design.network.model_copy(update={"order": tuple(order.tolist())})
    design = design.model_copy(update={"network": network})
    drawn = draw_and_extract(design)
    report = sim.judge(drawn, design, design.load_process())
    margins, by_neuron = {o.rule: o.margin for o in report.outcomes}, report.values["pattern_margin"]
    if rule not in margins or by_neuron is None:
        raise InputError(f"--rule: {rule} is not asked of this design; it has {', '.join(sorted(margins))}")
    return _Drawn(order, drawn, float(margins[rule]), np.array(by_neuron))


def _by_margin(margin: np.ndarray) -> Iterator[np.ndarray]:
    """The weakest neurons in the first rows and columns, in the last, outside, and inside."""
    weakest = np.argsort(margin, kind="stable")
    yield weakest
    yield weakest[::-1]
    outside = np.concatenate([weakest[::2], weakest[1::2][::-1]])
    yield outside
    yield np.roll(outside, len(outside) // 2)


def _exchanged(best: _Drawn, random: np.random.Generator) -> np.ndarray:
    """The order with its weakest neuron and another one exchanged."""
    order = best.order.copy()
    first = int(np.flatnonzero(order == best.by_neuron.argmin())[0])
    second = (first + int(random.integers(1, len(order)))) % len(order)
    order[[first, second]] = order[[second, first]]
    return order
