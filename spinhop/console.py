"""What commands print: tables for people, one JSON object for machines; progress goes to stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hwlib.errors import harmless, one_line
from spinhop.pages.docs_links import docs_address
from spinhop.runtime.compile_progress import compiling
from spinhop.verdicts.levers import anchor

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from spinhop.verdicts.next_step import NextStep
    from spinhop.verdicts.verdict import VerdictLine

_UNBOUNDED = 10_000  # columns
MOST_ROWS = 20  # of a long table


def print_json(data: Any) -> None:
    """Print one JSON document on stdout."""
    print(json.dumps(data, indent=1, default=str))


def print_files(*files: Path | str) -> None:
    """Print names of files and folders on stdout, one a line.

    A terminal, which would obey escape sequences in a name, gets it harmless; a pipe gets the name that a script needs.
    """
    for file in files:
        print(harmless(str(file)) if sys.stdout.isatty() else file)


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, whole: bool = True
) -> None:  # fmt: skip
    """Print a table on stdout, or its title alone where it has no rows; every column but the first is right-aligned.

    Where a terminal is too narrow for it and wide enough for the table turned, columns become rows: of one graph's many
    numbers nothing but the first letters would be left.

    Args:
        title: above it.
        columns: their titles.
        rows: cells.
        whole: every row; else the first ``MOST_ROWS`` and how many more ``--all`` prints.
    """
    from rich.console import Console

    # As a table's own title it would be broken into lines as narrow as the table.
    Console(highlight=False).print(harmless(title), style="table.title", markup=False, soft_wrap=True)
    if not rows:
        return
    console = Console(highlight=False)
    told = rows if whole else rows[:MOST_ROWS]
    table, wide = _laid_out(columns, told)
    if not console.is_terminal:  # the table keeps its own width: lines cut at 80 columns help nobody who pipes them
        console = Console(highlight=False, width=max(80, wide))
    elif wide > console.width:
        head, *cells = zip(columns, *told, strict=True)
        turned, wide = _laid_out(head, cells)
        table = turned if wide <= console.width else table
    console.print(table)
    if not whole and len(rows) > MOST_ROWS:
        print(f"… and {len(rows) - MOST_ROWS} more rows with --all")


def _laid_out(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[Table, int]:
    """A table, and its width where no line is broken."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(columns))
    for k, name in enumerate(columns):
        table.add_column(escape(harmless(name)), justify="left" if k == 0 else "right")
    for row in rows:
        table.add_row(*(escape(harmless(cell)) for cell in row))
    console = Console(highlight=False)
    return table, console.measure(table, options=console.options.update(width=_UNBOUNDED)).maximum


def print_verdict(lines: Sequence[VerdictLine], step: NextStep | None) -> None:
    """Print a verdict and what to do next, the last that a command prints."""
    for line in lines:
        print(line)
    if step is None:
        return
    print(f"next: {step}")
    address = docs_address("levers", anchor(step.lever)) if step.lever else None
    if address is not None:
        print(f"more: {address}")


class StageLines:
    """Progress of a run on stderr: a line with the time taken while a stage works, and one when it is done.

    Args:
        shy: only remarks are printed where stderr is no terminal.
    """

    def __init__(self, *, shy: bool = False) -> None:
        from rich.console import Console

        self._console = Console(file=sys.stderr, highlight=False)
        self._working: Progress | None = None
        self._stage, self._begun = "", 0.0
        self._silent = shy and not self._console.is_terminal
        self._said: set[str] = set()

    def __call__(self, stage: str, status: str, seconds: float) -> None:
        """Report that a stage starts, is done, or is kept from an earlier run."""
        self._stop()
        if self._silent:
            return
        self._stage = stage
        if status == "start":
            self._begun = time.monotonic()
            if self._console.is_terminal:
                self._working = _spinning(self._console, stage)
        elif status == "kept":
            self._console.print(f"{stage:<22} unchanged")
        else:
            self._console.print(f"{stage:<22} {seconds:8.2f} s")

    def advance(self, done: float, total: int) -> None:
        """Say how far the working stage is and, by what is done so far, how long it will take."""
        taken = time.monotonic() - self._begun
        left = f", about {taken * (total - done) / done:.0f} s left" if done > 0 else ""
        self._say(f"{self._stage} {done:.4g} of {total}{left}")

    def say(self, text: str) -> None:
        """Say what the working stage does now."""
        self._say(f"{self._stage}: {text}")

    def remark(self, text: str) -> None:
        """Say in one line what was left out, not used or guessed; once."""
        if text not in self._said:
            self._said.add(text)
            self._console.print(one_line(text), markup=False, soft_wrap=True)

    def _say(self, text: str) -> None:
        if self._working is not None:
            self._working.update(self._working.task_ids[0], description=text)

    def _stop(self) -> None:
        if self._working is not None:
            self._working.stop()
            self._working = None

    def __enter__(self) -> StageLines:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()


def _spinning(console: Console, text: str) -> Progress:
    """A line that shows what is done and for how long, started; it vanishes when it is stopped."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    words = TextColumn("{task.description}", markup=False)
    progress = Progress(
        SpinnerColumn(), words, TimeElapsedColumn(), console=console, transient=True, redirect_stdout=False
    )
    progress.add_task(text, total=None)
    progress.start()
    return progress


class TaskBar:
    """A progress bar with elapsed time and time left on stderr, for one task after the other.

    Silent when stderr is no terminal.
    """

    def __init__(self, title: str) -> None:
        from rich.console import Console
        from rich.progress import Progress, TextColumn, TimeElapsedColumn

        console = Console(file=sys.stderr)
        columns = [*Progress.get_default_columns(), TextColumn("left,"), TimeElapsedColumn(), TextColumn("elapsed")]
        self._progress = Progress(
            *columns, console=console, transient=True, redirect_stdout=False, disable=not console.is_terminal
        )
        self._title = title
        self._task = self._progress.add_task(title, total=None)
        self._compiling = compiling(self._say, self.remark)

    def __call__(self, done: float, total: int) -> None:
        """So many of so many are done."""
        self._progress.update(self._task, description=self._title, completed=done, total=total)

    def named(self, title: str, done: float, total: int) -> None:
        """The same, with the name of what is being done."""
        self._progress.update(self._task, description=title, completed=done, total=total)

    def remark(self, text: str) -> None:
        """Say in one line what was left out, not used or guessed."""
        self._progress.console.print(one_line(text), markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> TaskBar:
        self._progress.start()
        self._compiling.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._compiling.__exit__(None, None, None)
        self._progress.stop()

    def _say(self, text: str) -> None:
        self._progress.update(self._task, description=f"{self._title}: {text}")
