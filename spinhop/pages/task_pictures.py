"""Pictures that a task's trials lead to, as drawings in the report: cells ON, OFF and undecided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from markupsafe import Markup

from spinhop.pages import page

if TYPE_CHECKING:
    import xarray as xr

    from hwlib.design import Design
    from sim.tasks.kinds import Shown

_COLOURS = {1: "#2b3a55", 0: "#eef0f4", -1: "#e8a33d"}


def task_pictures(design: Design, results: Mapping[str, xr.Dataset]) -> list[Markup]:
    """A section of the page per kind of wires; none for tasks that show nothing.

    Args:
        design: as simulated.
        results: the task's datasets by title.
    """
    from sim.tasks.kinds import task_of

    task, parts = task_of(design), []
    for title, result in results.items():
        rows = task.shown(result, design)
        if rows:
            drawn = [page.pair(*map(_figure, row)) for row in rows]
            note = page.paragraph("The first trial of each. Dark: ON; light: OFF; amber: undecided.", "soft")
            parts.append(page.section(f"Pictures, {title}", *drawn, note))
    return parts


def _figure(shown: Shown) -> Markup:
    cells = [[_COLOURS.get(int(bit), _COLOURS[-1]) for bit in row] for row in shown.cells]
    return page.bitmap(cells, shown.title)
