"""``spinhop optimize``: propose, judge, keep; and the folder of results."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hwlib.design import Design
from hwlib.errors import FieldsError, InputError
from hwlib.quantities import whole_number
from hwlib.seeds import LARGEST_SEED
from hwlib.storage.files import real_path
from hwlib.storage.made_with import design_attributes, versions
from hwlib.storage.model_files import refused_fields
from hwlib.storage.writing import write_text
from hwlib.storage.yaml_text import yaml_text
from spinhop.designs.design_fields import Value
from spinhop.optimize.search_history import HISTORY, SearchHistory, SearchTrial
from spinhop.optimize.search_page import PAGE, PICTURE, design_file, write_front
from spinhop.optimize.search_results import RESULTS
from spinhop.optimize.search_space import Axis, axes_of, candidate
from spinhop.optimize.trial_evaluation import Judged, judged
from spinhop.pages.docs_links import see
from spinhop.run_folder.folder_lock import hold, refuse_others
from spinhop.run_folder.inputs import COPIES, PROCESS, RESOLVED, contents_of, read_design, write_inputs
from spinhop.run_folder.provenance import code_version, data_hash
from spinhop.runtime.executor import Advance, Executor, check_workers, executor

_MOST_DESIGNS = 1_000_000  # to try
_DESIGNS = re.compile(r"(best|trial)_[0-9]+\.yaml")
_OURS = re.compile("|".join([_DESIGNS.pattern, *map(re.escape, (COPIES, RESOLVED, PROCESS, RESULTS, PICTURE, PAGE))]))


@dataclass(frozen=True)
class Search:
    """What a search left.

    Attributes:
        trials: all that was tried.
        front: the feasible ones that none beats in every objective.
        page: the page on them.
        designs: the design files of the front, in its order; ``spinhop run`` takes them.
    """

    trials: list[SearchTrial]
    front: list[SearchTrial]
    page: Path
    designs: list[Path]


def optimize(
    design_path: Path, folder: Path | None = None, *, trials: int | None = None, seed: int | None = None,
    workers: int | None = 1, scheduler: str | None = None, fresh: bool = False,
    progress: Advance = lambda done, total: None,
) -> Search:  # fmt: skip
    """Search the space that a design file's ``search`` spans.

    Trials that the folder has of the same search, seed, versions and code are not repeated: a stopped search goes on,
    and more ``trials`` go on from where fewer ended. Those of another search are refused, and stay. What is proposed
    does not depend on the number of workers.

    Args:
        design_path: the design file.
        folder: of results; default ``searches/<design name>``.
        trials: designs to try in all; default as the design says.
        seed: of the proposals; default the design's.
        workers: as of ``spinhop.runtime.executor``.
        scheduler: likewise; its workers must see the folder.
        fresh: forget stored trials.
        progress: called with (designs tried, in all).

    Raises:
        InputError: a bad design or search, no such workers, or a folder that cannot be written, is in use or is not
            this search's.
    """
    if trials is not None:
        trials = whole_number(trials, "trials", most=_MOST_DESIGNS)
    if seed is not None:
        seed = whole_number(seed, "seed", least=0, most=LARGEST_SEED)
    design, axes = _read_search(design_path)
    assert design.search is not None
    seed = design.seed if seed is None else seed
    wanted = design.search.trials if trials is None else trials
    folder = Path("searches") / design.name if folder is None else folder
    if real_path(design.folder) == real_path(folder):
        raise InputError(f"{folder}: has the design itself; give another folder for results")
    about = {
        "design": design.name, "seed": str(seed), "objectives": ", ".join(design.search.objectives),
        "code": code_version("hwlib", "layouts", "sim", __name__.rpartition(".")[0]),
    }  # fmt: skip
    plain = design.model_dump(mode="json", exclude={"search"})
    key = data_hash([about, versions(), plain, contents_of(design), _space(design)])
    made = design_attributes(design) | about
    check_workers(workers, scheduler)
    with hold(folder, (COPIES,), refuse_others("search", HISTORY, _OURS)):
        history = SearchHistory(design, axes, seed, key)
        if not fresh:
            history.load(folder)
        write_inputs(folder, design_path, design, design.load_process())
        _forget_designs(folder)
        base = read_design(folder / RESOLVED)
        with executor(workers if wanted - len(history.trials) > 1 else 1, scheduler) as processes:
            write = partial(_write, folder, base, axes)
            chips = design.search.yield_chips if "yield" in design.search.objectives else 0
            judge = partial(judged, chips=chips)
            _go_on(history, folder, wanted, design.search.batch, write, judge, processes, progress)
            progress(len(history.trials), max(wanted, len(history.trials)))
        front = history.front()
        designs = [_write(folder, base, axes, trial.proposed, design_file(trial)) for trial in front]
        write_front(folder, history.trials, front, axes, design.search.objectives, made)
    return Search(history.trials, front, folder / PAGE, designs)


def _read_search(path: Path) -> tuple[Design, list[Axis]]:
    """A design with a section ``search``, and the axes of that."""
    design = read_design(path)
    axes = axes_of(design, str(path))
    assert design.search is not None
    if "yield" in design.search.objectives and design.variation is None:
        needs = f"yield needs a section 'variation'; {see('studies', 'made-chips')}"
        raise refused_fields(Path(path), FieldsError([(("search", "objectives"), needs)]), "design")
    return design, axes


def _forget_designs(folder: Path) -> None:
    """Remove those of the front before, and of a search that was killed."""
    for path in list(folder.iterdir()):
        if _DESIGNS.fullmatch(path.name) and (path.is_file() or path.is_symlink()):
            path.unlink()


def _space(design: Design) -> dict[str, object]:
    """What of the search its trials depend on; more of them are the same search."""
    assert design.search is not None
    return design.search.model_dump(mode="json", exclude={"trials"})


def _go_on(
    history: SearchHistory, folder: Path, wanted: int, batch: int, write: Callable[[dict[str, Value], str], Path],
    judge: Callable[[Path], Judged], processes: Executor, progress: Advance,
) -> None:  # fmt: skip
    """Batch after batch, each kept when it is done."""
    while (begun := len(history.trials)) < wanted:
        proposed = history.propose(min(batch, wanted - begun))
        paths = [_tried(write, values, f"trial_{begun + k}.yaml") for k, values in enumerate(proposed)]
        files = [path for path in paths if isinstance(path, Path)]
        results = processes.in_order(judge, [path.absolute() for path in files])  # workers may be in other folders
        found = []
        try:
            for path in paths:
                found.append(next(results) if isinstance(path, Path) else path)
                progress(begun + len(found), wanted)
        finally:
            for path in files:
                path.unlink(missing_ok=True)
        history.tell(found)
        history.save(folder)


def _tried(write: Callable[[dict[str, Value], str], Path], proposed: dict[str, Value], name: str) -> Path | Judged:
    """The file of a proposal, or why its values do not go together."""
    try:
        return write(proposed, name)
    except ValueError as error:
        result = Judged()
        lines = [line.strip() for line in str(error).splitlines()]
        result.passes("fields", 1.0, lines[min(2, len(lines) - 1)])
        return result


def _write(folder: Path, base: Design, axes: list[Axis], proposed: dict[str, Value], name: str) -> Path:
    design = candidate(base, axes, proposed)
    data = design.model_dump(mode="json", exclude_none=True, exclude={"search": True, **base.from_task})
    return write_text(folder / name, yaml_text(data))
