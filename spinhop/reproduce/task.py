"""What a task of the reproduction gets and gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spinhop.reproduce.rows import Row

NS, NJ, MW, PERCENT = 1e9, 1e9, 1e3, 100.0


@dataclass(frozen=True)
class Context:
    """What a task may use.

    Attributes:
        quick: the reduced run.
        seed: of the whole reproduction; ``spawn`` derives the others.
        work: folder for files a task needs on the way, its own.
        key: changes with whatever the results depend on; parts stored in ``work`` carry it.
        progress: called with (done, in all) as the task advances.
        workers: processes for independent parts, as of ``spinhop.runtime.executor``.
        scheduler: address of a Dask scheduler for them.
    """

    quick: bool
    seed: int
    work: Path
    key: str = ""
    progress: Callable[[float, int], None] = lambda done, total: None
    workers: int | None = None
    scheduler: str | None = None

    def spawn(self, *key: int) -> int:
        """A seed of its own for one point of one task."""
        return int(np.random.SeedSequence([self.seed, *key]).generate_state(1)[0])

    def pick(self, full: Any, quick: Any) -> Any:
        """``quick`` in a reduced run, else ``full``."""
        return quick if self.quick else full


@dataclass
class Result:
    """Rows and the series behind the figures; everything is plain JSON apart from the rows."""

    rows: list[Row]
    series: dict[str, Any] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PaperTask:
    """One task of the paper.

    Attributes:
        name: short name for files and the command line.
        title: heading of its part of the report.
        run: does it.
        drawn: whether it needs layouts.
    """

    name: str
    title: str
    run: Callable[[Context], Result]
    drawn: bool = False


class Steps:
    """Turns the progress of parts into that of the whole."""

    def __init__(self, context: Context, parts: int):
        self._report, self._parts, self._done = context.progress, parts, 0

    def __call__(self, done: float, total: int) -> None:
        """Progress inside the present part."""
        self._report(self._done * 1000 + int(1000 * done / max(total, 1)), self._parts * 1000)

    def next(self) -> None:
        """The present part is finished."""
        self._done += 1
        self._report(self._done * 1000, self._parts * 1000)
