"""Pictures of layouts: the drawn polygons in the layer colours of the process, with a legend and a scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import klayout.db as kdb

from hwlib.argument_kinds import takes_kinds
from hwlib.drawing.layout_file import read_layout, with_one_top
from hwlib.drawing.net_labels import text_of
from hwlib.drawing.reader import Drawing, LayoutSource
from hwlib.errors import InputError, cut, harmless, shown
from hwlib.process import Layer, Process
from hwlib.quantities import array_in_si, plain_number
from hwlib.storage.writing import write_atomic

if TYPE_CHECKING:
    import klayout.lay as lay
    import numpy as np
    from matplotlib.axes import Axes

Window = tuple[float, float, float, float]
MOST_LABELS = 40  # shown unless more are asked for
MOST_POLYGONS = 20_000  # in a picture of outlines; KLayout paints the layers of one with more, where none could be seen
LONGEST_LABEL = 40  # letters
PIXELS = 1400  # longer edge of a painted picture
MARGINS = (0.7, 0.55, 1.5, 0.4)  # inches left, below, right (the legend), above (the title)
_FARTHEST = 1.0  # m from the origin: more is no chip
_NO_LEGEND = ("outline",)


@takes_kinds
def render(
    source: LayoutSource, png_path: str | Path, process: Process, *, window: Window | None = None,
    title: str = "", labels: bool | None = None, marks: Sequence[Window] = (),
    notes: Mapping[str, tuple[float, float]] | None = None, inches: float = 9.0,
) -> Path:  # fmt: skip
    """Draw a layout, or a window of it, as a PNG.

    Args:
        source: GDSII or OASIS file, or an open layout.
        png_path: picture to write.
        process: gives layers, colours and their order (bottom to top as in its file).
        window: left, bottom, right, top in m; None is the whole layout.
        title: written above.
        labels: net names at their places; None shows them when they are few.
        marks: left, bottom, right, top in m of places to frame in red.
        notes: words to write on it, each with the place (x, y) in m of its middle.
        inches: longer edge of the drawing; text keeps its size, so that a small drawing is easily read.

    Raises:
        InputError: no layout, an empty window, or marks or notes that are none.
        StorageError: the folder cannot be written.
    """
    layout, name = _layout_of(source)
    top = layout.top_cell()
    um = layout.dbu
    inches = plain_number(inches, "inches", least=0.1, most=100)
    marks = [_corners(mark, f"marks[{k}]") for k, mark in enumerate(marks)]
    places = _places(notes or {})
    box = top.bbox() if window is None else kdb.Box(*(round(v * 1e6 / um) for v in _corners(window, "window")))
    if box.width() <= 0 or box.height() <= 0:
        raise InputError(f"{name}: nothing to draw in the window {window}")
    figure, axes = _figure(box.width() * um, box.height() * um, inches)
    _draw(axes, layout, process, box)
    margin = 0.02 * max(box.width(), box.height()) * um  # keeps labels at the edges whole
    axes.set_xlim(box.left * um - margin, box.right * um + margin)
    axes.set_ylim(box.bottom * um - margin, box.top * um + margin)
    texts = _texts(source, layout, process, box)
    if labels or (labels is None and len(texts) <= MOST_LABELS):
        _labels(axes, texts, um)
    _marks(axes, marks, margin)
    _notes(axes, places)
    _finish(axes, title)
    return write_atomic(Path(png_path), lambda p: figure.savefig(p, format="png", metadata={"Software": None}))


def _draw(axes: Axes, layout: kdb.Layout, process: Process, box: kdb.Box) -> None:
    """What the layers have in the box: as polygons, or painted by KLayout where they are many."""
    um = layout.dbu
    drawn = {
        name: index for name, layer in process.layers.items() if (index := layout.find_layer(*layer.gds)) is not None
    }
    shapes = {name: layout.top_cell().begin_shapes_rec_touching(index, box) for name, index in drawn.items()}
    if sum(sum(1 for _ in islice(found.dup().each(), MOST_POLYGONS + 1)) for found in shapes.values()) > MOST_POLYGONS:
        _paint(axes, layout, process, list(drawn), kdb.DBox(box) * um)
        return
    for name, found in shapes.items():
        polygons = _polygons(found, box, um)
        if polygons:
            _fill(axes, name, process.layers[name], polygons)


def _corners(given: Window, name: str) -> Window:
    """Left, bottom, right and top in m.

    Raises:
        InputError: anything else, or beyond what a layout can hold.
    """
    found = array_in_si(given, "m", name)
    if found.shape != (4,) or not (abs(found) < _FARTHEST).all():  # also NaN
        raise InputError(f"{name}: {shown(given)}, allowed: left, bottom, right, top within {_FARTHEST:g} m")
    return tuple(found.tolist())


def _places(notes: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Words and the places, in m, of their middles.

    Raises:
        InputError: anything else, or beyond what a layout can hold.
    """
    places = {}
    for text, place in notes.items():
        if not isinstance(text, str):
            raise InputError(f"notes: {shown(text)}, allowed: texts")
        found = array_in_si(place, "m", f"notes: {shown(text)}")
        if found.shape != (2,) or not (abs(found) < _FARTHEST).all():  # also NaN
            raise InputError(f"notes: {shown(text)}: {shown(place)}, allowed: x, y within {_FARTHEST:g} m")
        places[text] = (float(found[0]), float(found[1]))
    return places


def _layout_of(source: LayoutSource) -> tuple[kdb.Layout, str]:
    """A layout with one top cell, and its name for messages."""
    if isinstance(source, Drawing):
        return source.layout, source.name
    if isinstance(source, kdb.Layout):
        return with_one_top(source, "layout"), "layout"
    return with_one_top(read_layout(source), str(source)), str(source)


def _marks(axes: Axes, marks: Sequence[Window], least: float) -> None:
    from matplotlib.patches import Rectangle

    for left, bottom, right, top in ((1e6 * v for v in mark) for mark in marks):
        at, size = (left - least, bottom - least), (right - left + 2 * least, top - bottom + 2 * least)
        for color, width in (("white", 6.5), ("red", 3.0)):  # red on a halo shows on every layer's colour
            axes.add_patch(Rectangle(at, *size, fill=False, edgecolor=color, linewidth=width, zorder=10))


def _notes(axes: Axes, notes: Mapping[str, tuple[float, float]]) -> None:
    for text, (x, y) in notes.items():
        axes.annotate(
            _printable(text.strip()), (1e6 * x, 1e6 * y), fontsize=9, ha="center", va="center", zorder=11,
            parse_math=False,
            bbox={"boxstyle": "round,pad=0.2", "fc": "white", "ec": "black", "lw": 0.6},
        )  # fmt: skip


def _polygons(shapes: kdb.RecursiveShapeIterator, box: kdb.Box, um: float) -> list[list[tuple[float, float]]]:
    """Outlines in µm of the shapes inside ``box``."""
    region = kdb.Region(shapes).merged() & kdb.Region(box)
    hulls = []
    for polygon in region.each():
        hull = polygon.resolved_holes().each_point_hull()
        hulls.append([(p.x * um, p.y * um) for p in hull])
    return hulls


def _paint(axes: Axes, layout: kdb.Layout, process: Process, names: Sequence[str], box: kdb.DBox) -> None:
    """Lay KLayout's rendering of each layer over those below, in the colours of a picture of outlines."""
    import klayout.lay as lay
    import numpy as np

    view = lay.LayoutView(False)
    for key, value in (("background-color", "#ffffff"), ("grid-visible", "false"), ("text-visible", "false")):
        view.set_config(key, value)
    view.show_layout(layout.dup(), False)  # the view takes what it shows
    view.max_hier()
    scale = PIXELS / max(box.width(), box.height())
    width, height = (max(1, round(edge * scale)) for edge in (box.width(), box.height()))
    picture = np.ones((height, width, 3), np.float32)
    for name in names:
        layer = process.layers[name]
        cover = _coverage(view, layer.gds, box, (width, height))
        if cover.any():
            color = np.array([int(layer.color[k : k + 2], 16) / 255 for k in (1, 3, 5)], np.float32)
            picture += (cover * _opacity(name, layer))[:, :, None] * (color - picture)
            _legend(axes, name, layer)
    axes.imshow(picture, extent=(box.left, box.right, box.bottom, box.top), zorder=1)


def _coverage(view: lay.LayoutView, gds: tuple[int, int], box: kdb.DBox, size: tuple[int, int]) -> np.ndarray:
    """Share of each pixel that a layer covers, shape (height, width)."""
    import klayout.lay as lay
    import numpy as np

    black = lay.LayerPropertiesNode()
    black.source = f"{gds[0]}/{gds[1]}"
    black.fill_color = black.frame_color = 0
    black.dither_pattern = 0  # solid
    view.clear_layers()
    view.insert_layer(view.end_layers(), black)
    pixels = view.get_pixels_with_options(*size, 1, 2, 1.0, box)
    # an 8-byte header, then four bytes a pixel
    gray = np.frombuffer(pixels.to_bytes(), np.uint8, offset=8).reshape(size[1], size[0], 4)[:, :, 1]
    return 1 - gray / np.float32(255)


def _figure(width: float, height: float, long: float):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    scale = long / max(width, height)
    across, up = max(4.0, width * scale), max(3.2, height * scale)
    left, below, right, above = MARGINS  # given: a layout that finds them by itself draws everything twice
    size = (left + across + right, below + up + above)
    figure = Figure(figsize=size, dpi=130)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((left / size[0], below / size[1], across / size[0], up / size[1]))
    axes.set_aspect("equal")
    return figure, axes


def _opacity(name: str, layer: Layer) -> float:
    return 0.0 if name in _NO_LEGEND else {"conductor": 0.45, "marker": 0.25, "via": 0.95}.get(layer.kind, 0.7)


def _fill(axes: Axes, name: str, layer: Layer, polygons: list[list[tuple[float, float]]]) -> None:
    from matplotlib.collections import PolyCollection

    drawn = PolyCollection(
        polygons, facecolors=(layer.color, _opacity(name, layer)),
        edgecolors=layer.color if layer.kind != "via" else "black", linewidths=0.6 if len(polygons) < 4000 else 0.15,
    )  # fmt: skip
    axes.add_collection(drawn)
    _legend(axes, name, layer)


def _legend(axes: Axes, name: str, layer: Layer) -> None:
    from matplotlib.patches import Rectangle

    if name not in _NO_LEGEND:
        swatch = (layer.color, max(_opacity(name, layer), 0.4))  # a zero-size patch that only the legend shows
        axes.add_patch(Rectangle((0, 0), 0, 0, facecolor=swatch, edgecolor="black", linewidth=0.4, label=name))


def _texts(source: LayoutSource, layout: kdb.Layout, process: Process, box: kdb.Box) -> list[tuple[str, kdb.Point]]:
    """Texts on the label layers within a box, and their places."""
    if isinstance(source, Drawing):
        texts = [(label.name, kdb.Point(label.x, label.y)) for label in (*source.labels, *source.remarks)]
        return [(text, at) for text, at in texts if box.contains(at)]
    found = []
    for number in (layer.label for layer in process.layers.values() if layer.label):
        index = layout.find_layer(*number)
        if index is not None:
            shapes = layout.top_cell().begin_shapes_rec_touching(index, box)
            found += [(text_of(s.shape()), s.trans() * s.shape().text_pos) for s in _each(shapes)]
    return found


def _labels(axes: Axes, texts: Sequence[tuple[str, kdb.Point]], um: float) -> None:
    for text, at in texts:
        axes.annotate(
            _plain(text), (at.x * um, at.y * um), fontsize=6.5, ha="center", va="center", clip_on=True,
            parse_math=False,
            bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "0.4", "lw": 0.4, "alpha": 0.85},
        )  # fmt: skip


def _plain(text: str) -> str:
    """A text from outside, short and of letters that the font has; none of it is a formula."""
    return "".join(letter if letter < "\u0100" or letter == "…" else "?" for letter in cut(text, LONGEST_LABEL))


def _printable(text: str) -> str:
    """A text in lines; none of it is a formula, and no letter of it half a character."""
    return "\n".join(harmless(line) for line in text.splitlines())


def _each(iterator: kdb.RecursiveShapeIterator):
    while not iterator.at_end():
        if iterator.shape().is_text():
            yield iterator
        iterator.next()


def _finish(axes: Axes, title: str) -> None:
    axes.set_xlabel("µm")
    axes.set_ylabel("µm")
    if title:
        axes.set_title(_printable(title), parse_math=False)
    if axes.get_legend_handles_labels()[0]:  # nothing drawn is on a layer of the process otherwise
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=8, frameon=False, borderaxespad=0)
