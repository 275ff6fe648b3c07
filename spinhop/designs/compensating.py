"""``spinhop compensate``: source voltages that make up for a drawn design's wires, and what they bring and cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.quantities import human, printed
from hwlib.sections.compensation_fields import net_levels_text
from hwlib.sections.variation_fields import VariationFields
from hwlib.storage.made_with import versions_line
from hwlib.weights import stored_patterns, weight_levels
from spinhop.designs.derived_design import check_target, table_of, write_derived
from spinhop.designs.design_comparison import COLUMNS, OF_IDEAL, DesignComparison, compare_designs, table_row
from spinhop.extracted_network import draw_and_extract
from spinhop.run_folder.inputs import read_design

if TYPE_CHECKING:
    from hwlib.network import Network
    from sim.compensation import CompensatedWeights
    from sim.held_states import HeldStates
    from sim.rules.ideal_path import IdealPath

Named = Callable[[str, int, int], None]
PATHS, STATES = 4, 6  # trials followed on ideal wires, and states of each to be right in
_MOST_SIGMAS = 3.0
STEPS = ("draw", "solve", "spread", "simulate")


@dataclass(frozen=True)
class MadeUp:
    """What ``compensate_design`` did.

    Attributes:
        design: the compensated design's file.
        weights: the file of its weight voltages.
        rows: quantity, unit, and its value on ideal wires, drawn and compensated (None where there is none).
        at_limit: weight nets at the largest allowed voltage.
        nets: weight nets.
        states: states that the voltages were sought for.
        verdict: on the compensated design; None: nothing was compared.
    """

    design: Path
    weights: Path
    rows: list[dict[str, Any]]
    at_limit: int
    nets: int
    states: int
    verdict: DesignComparison | None


def compensate_design(
    path: Path, out: Path, *, limit: float | None = None, spread: float = 0.05, draws: int = 20,
    seed: int | None = None, simulate: bool = True, compare: bool = True, replace_file: bool = False,
    progress: Named = lambda step, done, total: None,
) -> MadeUp:  # fmt: skip
    """Draw a design, find the voltages that make up for its wires, write the design that has them, and compare.

    Args:
        path: the design file.
        out: of the compensated design; its weight voltages go into a file beside it.
        limit: largest voltage of a weight net in V; default twice that of the weights.
        spread: standard deviation of R_P and leaks over their nominal values, for the sensitivity; at most 0.3.
        draws: networks with spread devices.
        seed: of the draws; default the design's.
        simulate: whether the task's trials are run, drawn and compensated.
        compare: whether rules, trials and spread are compared; else the voltages are found and written, which takes
            half the time, and ``rows`` says what they do to the soma currents.
        replace_file: whether ``out`` may exist.
        progress: called with the step, done, in all.

    Raises:
        InputError: a bad design, or trials that differ in weights.
        StorageError: a file cannot be written.
    """
    from sim.tasks.run_task import ideal_for_task

    design = read_design(path, drawn=True)
    check_target(design, path, out, replace=replace_file)
    if design.programme is not None and design.programme.several:
        raise InputError(f"{path}: task: its trials differ in weights, and one set of voltages cannot serve them all")
    limit = _limit(path, design, limit)
    design = design.model_copy(update={"compensation": None})
    progress(STEPS[0], 0, 1)
    network = draw_and_extract(design)
    work = _Work(network, design)
    weights = work.compensated(limit, lambda done, total: progress(STEPS[1], done, total))
    table, v_dw = table_of(out), work.stated_v_dw(weights.net_levels)
    fields = {
        "compensation.weights_file": table.name,
        "compensation.v_dw": None if v_dw is None else human(v_dw, "V"),
    }
    source = versions_line()
    comment = f"{path.name} with voltages that make up for its wires, at most {human(limit, 'V')}; {source}"
    made = write_derived(
        design, out, (table, net_levels_text(weights.net_levels)), fields, comment, replace=replace_file
    )
    found = MadeUp(
        out, table, _current_rows(weights), weights.at_limit, len(weights.net_levels), len(work.states), verdict=None
    )  # fmt: skip
    if not compare:
        return found
    plain = ideal_for_task(design, design.load_process())
    verdict = compare_designs(
        [(plain, design), (network, design), (network, made)], COLUMNS, simulate=simulate,
        step=lambda k, n: progress(STEPS[3], k, n),
    )  # fmt: skip
    progress(STEPS[2], 0, 1)
    spread_rows = work.spread(made, spread, draws, design.seed if seed is None else seed)
    return replace(found, rows=[*found.rows, *verdict.rows, *spread_rows], verdict=verdict)


def _current_rows(weights: CompensatedWeights) -> list[dict[str, Any]]:
    """What the voltages do to the soma currents, and what that costs."""
    before, after = weights.before, weights.after
    return [
        table_row("soma currents: error, rms", OF_IDEAL, [None, before.rms, after.rms]),
        table_row("soma currents: error, largest", OF_IDEAL, [None, before.largest, after.largest]),
        table_row("soma currents of the wrong sign", "share", [None, before.turned, after.turned]),
        table_row("power of all sources, mean of the states", "W", [None, before.power, after.power]),
    ]


def _limit(path: Path, design: Design, given: float | None) -> float:
    """Largest voltage of a weight net in V; default twice that of the weights."""
    largest = float(np.abs(weight_levels(design)).max()) * design.operating_point.weight
    if not largest:
        raise InputError(f"{path}: network.weights: all are 0, so no wire takes anything of them; give others")
    if given is None:
        return 2 * largest
    if given < largest:
        raise InputError(f"--limit: {human(given, 'V')}, the weights themselves go up to {human(largest, 'V')}")
    if not 0 < given < np.inf:
        raise InputError(f"--limit: {human(given, 'V')}, must be a positive voltage")
    return given


def alike_but(share: float, chip: int, seed: int) -> VariationFields:
    """A chip whose pillars (R_P and R_AP together) and leaks differ one by one: normal, cut at three deviations."""
    spread = {"sigma": share, "distribution": "normal", "truncate": _MOST_SIGMAS}
    spreads = {"resistance_area": spread, "leak": spread}
    return VariationFields.model_validate({"seed": seed, "chip": chip, "spreads": spreads})


class _Work:
    """The drawn network at its operating point, and the states to be right in."""

    def __init__(self, network: Network, design: Design):
        import sim
        from sim.rules.cases import Cases, Limits
        from sim.rules.drive_path import ideal_paths
        from sim.rules.window import v_dw_windows

        process = design.load_process()
        self.network, self.design, self.process = network, design, process
        self.point = sim.protocol_on(network, design, process)
        self.patterns = stored_patterns(design)
        starts = sim.starts(design)
        cases = Cases(
            network, self.point, design.device, process, Limits(), self.patterns, starts, loads=starts is not None
        )
        windows = v_dw_windows(cases)
        self.v_dw = None
        inside = windows.lowest < self.point.v_dw < windows.highest
        if not inside and np.isfinite(windows.most_serving):
            self.v_dw = windows.most_serving
            self.point = replace(self.point, v_dw=self.v_dw)
        self.paths = [found for _, found in ideal_paths(cases, PATHS, STATES)]
        self.states = self._states(self.paths)

    def stated_v_dw(self, net_levels: dict[str, float]) -> float | None:
        """V_DW in V that the compensated design has to state; None where it comes to it by itself.

        Larger weight voltages lift dendrites, and so the grounds of axons: where that closes the window, ``auto`` has
        no centre of it any more, and the voltages are good at the V_DW that they were sought for.
        """
        from sim.rules.cases import Cases, Limits
        from sim.rules.window import v_dw_windows

        if self.v_dw is not None or self.design.operating_point.v_dw != "auto":
            return self.v_dw
        point = replace(self.point, net_levels=net_levels)
        windows = v_dw_windows(Cases(self.network, point, self.design.device, self.process, Limits()))
        return None if windows.open else self.point.v_dw

    def _states(self, paths: list[IdealPath]) -> np.ndarray:
        patterns = np.zeros((0, self.network.neurons)) if self.patterns is None else self.patterns
        ends = np.concatenate([patterns, 1 - patterns])[:, self.network.pre]
        return np.unique(np.concatenate([ends, *(path.share for path in paths)]), axis=0)

    def compensated(self, limit: float, progress: Callable[[int, int], None]) -> CompensatedWeights:
        """The voltages."""
        from sim.compensation import compensate

        return compensate(self.network, self.point, self.states, limit, progress=progress)

    def spread(self, made: Design, share: float, draws: int, seed: int) -> list[dict[str, Any]]:
        """How often the memories, or the ends of ideal trials, are rest states of networks with spread devices."""
        import sim
        from sim.held_states import held_on_chips

        forms: list[tuple[np.ndarray, ...]]
        if self.patterns is not None:
            forms = [(pattern, 1 - pattern) for pattern in self.patterns]
        else:
            forms = [(path.bits,) for path in self.paths]
        process = made.load_process()
        points = [sim.protocol_on(self.network, design, process) for design in (self.design, made)]
        chips = (
            sim.sampled_chip(self.network, process, alike_but(share, chip, seed)) for chip in range(draws)
        )  # fmt: skip
        found: list[HeldStates] = held_on_chips(chips, points, forms)
        what = f"{printed(share, '1', 3)} spread"
        of = "memories" if self.patterns is not None else "ends of ideal trials"
        return [
            table_row(f"{what}: all {of} at rest", "share", [None, *(each.held.value for each in found)]),
            table_row(f"{what}: the same, 95 % from", "share", [None, *(each.held.low for each in found)]),
            table_row(f"{what}: the same, 95 % to", "share", [None, *(each.held.high for each in found)]),
            table_row(f"{what}: least margin, median", "", [None, *(float(np.median(x.margin)) for x in found)]),
        ]
