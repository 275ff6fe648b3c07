"""A design's network as drawn, without a run folder: drawn into a scratch folder and extracted."""

from __future__ import annotations

from hwlib.design import Design
from hwlib.network import Network
from hwlib.scratch import scratch_folder


def draw_and_extract(design: Design) -> Network:
    """Draw a design and extract its network.

    Raises:
        InputError: a design that cannot be drawn in its process.
    """
    import layouts
    from hwlib.extraction import extract

    process = design.load_process()
    with scratch_folder() as folder:
        path = layouts.write_layout(layouts.hopfield(design, process), folder / "layout.oas")
        return extract(path, process, design)
