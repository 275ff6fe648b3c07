"""Pictures of layouts: the drawn polygons in the layer colours of the process, with a legend and a scale."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import klayout.db as kdb

from hwlib.errors import InputError
from hwlib.files import write_atomic
from hwlib.process import Process

Window = tuple[float, float, float, float]
MOST_POLYGONS = 60_000  # of one layer; a picture with more shows nothing that a person could see
_NO_LEGEND = ("outline",)


def render(
    layout_path: str | Path, png_path: str | Path, process: Process, *, window: Window | None = None,
    title: str = "", labels: bool | None = None, marks: Sequence[Window] = (), inches: float = 9.0,
) -> Path:  # fmt: skip
    """Draw a layout file, or a window of it, as a PNG.

    Args:
        layout_path: GDSII or OASIS file.
        png_path: picture to write.
        process: gives layers, colours and their order (bottom to top as in its file).
        window: left, bottom, right, top in m; None is the whole layout.
        title: written above.
        labels: net names at their places; None shows them when they are few.
        marks: left, bottom, right, top in m of places to frame in red.
        inches: longer edge of the drawing; text keeps its size, so that a small drawing is easily read.

    Raises:
        InputError: no layout, an empty window or a folder that cannot be written.
    """
    layout = _read(Path(layout_path))
    top = layout.top_cell()
    um = layout.dbu
    box = top.bbox() if window is None else kdb.Box(*(round(v * 1e6 / um) for v in window))
    if box.width() <= 0 or box.height() <= 0:
        raise InputError(f"{layout_path}: nothing to draw in the window {window}")
    figure, axes = _figure(box.width() * um, box.height() * um, inches)
    for name, layer in process.layers.items():
        index = layout.find_layer(*layer.gds)
        if index is None:
            continue
        polygons = _polygons(top, index, box, um)
        if polygons:
            _fill(axes, name, layer.color, layer.kind, polygons)
    margin = 0.02 * max(box.width(), box.height()) * um  # keeps labels at the edges whole
    axes.set_xlim(box.left * um - margin, box.right * um + margin)
    axes.set_ylim(box.bottom * um - margin, box.top * um + margin)
    _labels(axes, layout, process, box, labels)
    _marks(axes, marks, margin)
    _finish(axes, title)
    path = write_atomic(Path(png_path), lambda p: figure.savefig(p, format="png", metadata={"Software": None}))
    return path


def _marks(axes, marks: Sequence[Window], least: float) -> None:
    from matplotlib.patches import Rectangle

    for left, bottom, right, top in ((1e6 * v for v in mark) for mark in marks):
        at, size = (left - least, bottom - least), (right - left + 2 * least, top - bottom + 2 * least)
        for color, width in (("white", 6.5), ("red", 3.0)):  # red on a halo shows on every layer's colour
            axes.add_patch(Rectangle(at, *size, fill=False, edgecolor=color, linewidth=width, zorder=10))


def _read(path: Path) -> kdb.Layout:
    layout = kdb.Layout()
    if not path.is_file():
        raise InputError(f"{path}: no such layout file")
    try:
        layout.read(str(path))
        layout.top_cell()
    except RuntimeError as error:
        raise InputError(f"{path}: not a layout with one top cell ({str(error)[:80]})") from None
    if layout.top_cell() is None or layout.top_cell().bbox().empty():
        raise InputError(f"{path}: the layout is empty")
    return layout


def _polygons(top: kdb.Cell, index: int, box: kdb.Box, um: float) -> list[list[tuple[float, float]]]:
    """Outlines in µm; where there are too many, the layer's extents by cell instead."""
    region = kdb.Region(top.begin_shapes_rec_touching(index, box))
    region.merged_semantics = False
    if region.count() > MOST_POLYGONS:
        step = max(1, max(box.width(), box.height()) // 1500)
        region = region.sized(step // 2 + 1).merged().sized(-(step // 2 + 1))
    region = region.merged() & kdb.Region(box)
    hulls = []
    for polygon in region.each():
        hull = polygon.resolved_holes().each_point_hull()
        hulls.append([(p.x * um, p.y * um) for p in hull])
    return hulls


def _figure(width: float, height: float, long: float):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    scale = long / max(width, height)
    size = (max(4.0, width * scale) + 2.4, max(3.2, height * scale) + 1.2)
    figure = Figure(figsize=size, dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_aspect("equal")
    return figure, axes


def _fill(axes, name: str, color: str, kind: str, polygons: list[list[tuple[float, float]]]) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Rectangle

    plain = name in _NO_LEGEND
    alpha = 0.0 if plain else {"conductor": 0.45, "marker": 0.25, "via": 0.95}.get(kind, 0.7)
    drawn = PolyCollection(
        polygons, facecolors=(color, alpha), edgecolors=color if kind != "via" else "black",
        linewidths=0.6 if len(polygons) < 4000 else 0.15,
    )  # fmt: skip
    axes.add_collection(drawn)
    if not plain:
        swatch = (color, max(alpha, 0.4))  # a zero-size patch that only the legend shows
        axes.add_patch(Rectangle((0, 0), 0, 0, facecolor=swatch, edgecolor="black", linewidth=0.4, label=name))


def _labels(axes, layout: kdb.Layout, process: Process, box: kdb.Box, wanted: bool | None) -> None:
    numbers = [layer.label for layer in process.layers.values() if layer.label]
    found = []
    for number in numbers:
        index = layout.find_layer(*number)
        if index is not None:
            shapes = layout.top_cell().begin_shapes_rec_touching(index, box)
            found += [(s.shape().text_string, s.trans() * s.shape().text_pos) for s in _each(shapes)]
    if wanted is False or (wanted is None and len(found) > 40):
        return
    for text, at in found:
        axes.annotate(
            text, (at.x * layout.dbu, at.y * layout.dbu), fontsize=6.5, ha="center", va="center", clip_on=True,
            bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "0.4", "lw": 0.4, "alpha": 0.85},
        )  # fmt: skip


def _each(iterator: kdb.RecursiveShapeIterator):
    while not iterator.at_end():
        if iterator.shape().is_text():
            yield iterator
        iterator.next()


def _finish(axes, title: str) -> None:
    axes.set_xlabel("µm")
    axes.set_ylabel("µm")
    if title:
        axes.set_title(title)
    if axes.get_legend_handles_labels()[0]:  # nothing drawn is on a layer of the process otherwise
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=8, frameon=False, borderaxespad=0)
