"""Views of a design's macro for a chip's tools: of a design file, or of a run folder."""

from __future__ import annotations

from pathlib import Path

from hwlib.argument_kinds import takes_kinds
from hwlib.design import Design
from hwlib.errors import InputError
from spinhop.run_folder.folder_lock import refuse_results
from spinhop.run_folder.inputs import RESOLVED, read_design
from spinhop.run_folder.manifest import read_manifest
from spinhop.runtime.extras import DRAWING_PACKAGES, need


@takes_kinds
def view_design(source: str | Path, out: str | Path | None = None) -> list[Path]:
    """Draw a design's macro and write its views (``layouts.macro_views.write_views``).

    Args:
        source: the design file, or the folder of a run.
        out: where to write; ``<design's name>_views`` when None.

    Returns:
        The files.

    Raises:
        InputError: bad design, a folder without a run, or whose layout is from outside; one that cannot be written, or
            where a command keeps its results.
    """
    need(*DRAWING_PACKAGES)
    design = _design_of(Path(source))
    folder = Path(f"{design.name}_views") if out is None else Path(out)
    refuse_results(folder)
    from layouts.macro_views import write_views  # which takes seconds to load

    return write_views(design, folder)


def _design_of(source: Path) -> Design:
    if not source.is_dir():
        return read_design(source, drawn=True)
    manifest = read_manifest(source)
    if manifest is None:
        raise InputError(f"{source}: no run folder; give one, or a design file")
    layout = manifest["stages"].get("layout", {}).get("layout", "drawn")
    if layout != "drawn":
        raise InputError(f"{source}: its layout is from {layout}; views are of what is drawn from a design")
    return read_design(source / RESOLVED)
