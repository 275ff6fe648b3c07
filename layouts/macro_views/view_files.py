"""The files of a macro's views."""

from __future__ import annotations

from pathlib import Path

from hwlib.argument_kinds import takes_kinds
from hwlib.design import Design
from hwlib.process import Process
from hwlib.storage.writing import write_bytes
from layouts.macro_leads import macro_with_leads
from layouts.macro_views.abstract import macro_abstract
from layouts.macro_views.black_box import black_box
from layouts.macro_views.cdl_writer import macro_cdl
from layouts.macro_views.lef_writer import macro_lef, technology_lef
from layouts.writer import write_layout


@takes_kinds
def write_views(design: Design, folder: str | Path, process: Process | None = None) -> list[Path]:
    """Write what a chip's tools need of a drawn macro, all under the macro's name.

    ``.gds``: the layout with leads to its border; ``.lef`` and ``.tech.lef``: pins, outline and blocked areas, and the
    process's metals and vias; ``.v``: a black box; ``.cdl``: the schematic.

    Args:
        design: the design.
        folder: where to write; made if need be.
        process: instead of the one the design names.

    Returns:
        The files.

    Raises:
        InputError: a design that cannot be drawn in its process, or a name that a format cannot hold.
        StorageError: the folder cannot be written.
    """
    process = process or design.load_process()
    macro = macro_abstract(design, process)
    texts = {
        ".lef": macro_lef(macro), ".tech.lef": technology_lef(process, macro.dbu),
        ".v": black_box(macro.name, macro.nets, design.network.neurons), ".cdl": macro_cdl(macro),
    }  # fmt: skip
    folder = Path(folder)
    files = [write_layout(macro_with_leads(design, process), folder / f"{macro.name}.gds")]
    return [
        *files,
        *(write_bytes(folder / f"{macro.name}{end}", text.encode("ascii")) for end, text in texts.items()),
    ]
