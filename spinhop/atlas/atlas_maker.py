"""``spinhop atlas``: which points are still missing, and round after round of them until every edge is known."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hwlib.design import Design
from hwlib.errors import InputError, shown
from hwlib.process import preset_names
from hwlib.quantities import plain_number, whole_number
from hwlib.seeds import LARGEST_SEED
from hwlib.storage.files import real_path
from hwlib.storage.made_with import design_attributes, versions
from hwlib.weight_styles import MAX_NEURONS, WEIGHT_STYLES
from spinhop.atlas.atlas_points import RulesPoint, TaskPoint, computed
from spinhop.atlas.atlas_results import write_results
from spinhop.atlas.atlas_store import POINTS, AtlasStore
from spinhop.atlas.first_failures import RuleEdges, SimulatedEdge
from spinhop.atlas.sized_design import SMALLEST, Curve, refuse_fixed_size, style_misfit
from spinhop.run_folder.folder_lock import hold, refuse_others
from spinhop.run_folder.inputs import contents_of, read_design
from spinhop.run_folder.provenance import code_version, data_hash
from spinhop.runtime.executor import Advance, Executor, check_workers, executor

_OURS = re.compile(r"atlas\.(nc|md|svg|png)")
MOST_SLOW = 1e4
_TRIALS, _LIMIT = 3, 600e-9  # of the design that is taken when none is given


@dataclass(frozen=True)
class Atlas:
    """What an atlas left.

    Attributes:
        rows: one dictionary per curve, as the table has them.
        table: the table, Markdown.
        data: all of it, netCDF.
        figure: the picture, SVG; a PNG lies beside it.
    """

    rows: list[dict[str, object]]
    table: Path
    data: Path
    figure: Path


def make_atlas(
    design_path: Path | None = None, folder: Path = Path("atlas"), *, processes: Sequence[str] = (),
    styles: Sequence[str] = (), s: Sequence[float] = (1.0, 4.0, 16.0), largest: int = 48, seed: int | None = None,
    simulate: bool = True, workers: int | None = 1, scheduler: str | None = None, fresh: bool = False,
    progress: Advance = lambda done, total: None,
) -> Atlas:  # fmt: skip
    """Find up to which N a design works, per process, weight style and s.

    Points that the folder has of the same design, versions and code are not computed again. What is found does not
    depend on the number of workers.

    Args:
        design_path: the design to resize; None: Table I with one stored pattern, 3 trials, 600 ns at s = 1.
        folder: of results.
        processes: presets, or the design's own process file; none: all presets.
        styles: of the weights; none: all that the design can be drawn in.
        s: R_P, R_AP, R_M × s, leaks / s.
        largest: N to look up to.
        seed: of patterns and starts; default the design's.
        simulate: also simulate around the edge that the rules foretell.
        workers: as of ``spinhop.runtime.executor``.
        scheduler: likewise.
        fresh: forget stored points.
        progress: called with (points done, about how many in all).

    Raises:
        InputError: a bad design, one whose size is fixed, bad curves, or a folder that cannot be written, is in
            use or has points of another atlas.
    """
    base = _base(design_path, seed)
    largest = whole_number(largest, "largest", least=SMALLEST, most=MAX_NEURONS)
    curves = _curves(base, processes, styles, s, largest)
    about = {
        "design": base.name,
        "seed": str(base.seed),
        "code": code_version("hwlib", "layouts", "sim", __name__.rpartition(".")[0]),
    }
    key = data_hash([about, versions(), base.model_dump(mode="json"), contents_of(base)])
    made = design_attributes(base) | about
    if design_path is not None and real_path(design_path).parent == real_path(folder):
        raise InputError(f"{folder}: has the design itself; give another folder for results")
    check_workers(workers, scheduler)
    with hold(folder, (), refuse_others("atlas", POINTS, _OURS)):
        store = AtlasStore(folder, key)
        if not fresh:
            store.load()
        with executor(workers, scheduler) as processes_:
            _go_on(base, curves, largest, simulate, store, processes_, progress)
        return Atlas(*write_results(folder, store, curves, largest, made))


def _base(path: Path | None, seed: int | None) -> Design:
    if path is None:
        task = {"trials": _TRIALS, "time_limit": _LIMIT}
        design = Design.model_validate({"name": "table-1", "network": {"neurons": SMALLEST}, "task": task})
    else:
        design = read_design(path)
        refuse_fixed_size(design, str(path))
    if seed is None:
        return design
    return design.model_copy(update={"seed": whole_number(seed, "seed", least=0, most=LARGEST_SEED)})


def _curves(
    base: Design, processes: Sequence[str], styles: Sequence[str], s: Sequence[float], largest: int
) -> list[Curve]:
    for given, allowed, what in (
        (processes, [*preset_names(), base.process], "process"),
        (styles, list(WEIGHT_STYLES), "style"),
    ):
        for name in given:
            if name not in allowed:
                raise InputError(f"{what}: {shown(name)}, allowed: {', '.join(dict.fromkeys(allowed))}")
    misfits = {style: style_misfit(base, style, largest) for style in styles or WEIGHT_STYLES}
    for style, why in misfits.items():
        if why and (styles or all(misfits.values())):
            raise InputError(f"style {style}: {why}")
    slow = sorted({1.0, *(plain_number(value, "s", least=1 / MOST_SLOW, most=MOST_SLOW) for value in s)})
    return [
        Curve(process, style, each)
        for process in dict.fromkeys(processes or preset_names())
        for style, why in misfits.items()
        if not why
        for each in slow
    ]


def _go_on(
    base: Design, curves: list[Curve], largest: int, simulate: bool, store: AtlasStore, processes: Executor,
    progress: Advance,
) -> None:  # fmt: skip
    """Round after round of points, each kept when it is done."""
    while points := _missing(base, curves, largest, simulate, store):
        ahead = store.count + _ahead(curves, largest, simulate, store)
        for k, found in processes.finished(computed, points):
            store.keep(points[k], found)
            progress(store.count, max(ahead, store.count))
    progress(store.count, store.count)


def _missing(
    base: Design, curves: list[Curve], largest: int, simulate: bool, store: AtlasStore
) -> list[RulesPoint | TaskPoint]:
    """The points of the next round: curves that want the same drawing share it."""
    wanted: dict[tuple[str, str, int], list[Curve]] = defaultdict(list)
    trials: list[RulesPoint | TaskPoint] = []
    for curve in curves:
        edges = RuleEdges(store.rules(curve), largest)
        sizes = edges.wanted()
        for n in sizes:
            wanted[curve.process, curve.style, n].append(curve)
        if sizes:
            continue
        if curve.s != 1:  # with the wires × s too it fails first where it does at s = 1
            one = RuleEdges(store.rules(replace(curve, s=1.0)), largest)
            scaled = replace(curve, scaled=True)
            for n in one.around() - store.rules(scaled).keys():
                wanted[curve.process, curve.style, n].append(scaled)
        size = SimulatedEdge(store.verdicts(curve)).next(edges.works_below()[0], largest) if simulate else None
        if size is not None:
            trials.append(TaskPoint(base, size, curve))
    smallest_first = sorted(wanted, key=lambda place: place[2])  # something is kept soon
    return [*(RulesPoint(base, place[2], tuple(wanted[place])) for place in smallest_first), *trials]


def _ahead(curves: list[Curve], largest: int, simulate: bool, store: AtlasStore) -> int:
    """About how many points are still to come."""
    drawings: dict[tuple[str, str], int] = defaultdict(int)
    trials = 0
    for curve in curves:
        place = curve.process, curve.style
        drawings[place] = max(drawings[place], RuleEdges(store.rules(curve), largest).remaining())
        trials += max(4 - len(store.verdicts(curve)), 0) if simulate else 0
    return sum(drawings.values()) + trials
