"""The layout's section of a page: polygons to move through, devices coloured, findings at their places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from hwlib.nets import device_name
from spinhop.pages import page
from spinhop.pages.wall_data import packed

if TYPE_CHECKING:
    import klayout.db as kdb

    from hwlib.drawing.reader import LayoutSource
    from hwlib.findings import Finding
    from hwlib.network import Network
    from hwlib.process import Process

DATA = "layout-data"
SCRIPTS = (
    "page_data.js", "wall_course.js", "colour_scale.js", "layout_shapes.js", "layout_view.js", "device_marks.js",
    "layout_viewer.js", "wall_plots.js", "neuron_picker.js", "report_start.js",
)  # fmt: skip
MOST_DEVICES = 10_000  # marked on a page


def opened(source: LayoutSource) -> kdb.Layout:
    """A layout with one top cell, from a file or as it is open."""
    import klayout.db as kdb

    from hwlib.drawing.layout_file import read_layout, with_one_top
    from hwlib.drawing.reader import Drawing

    if isinstance(source, Drawing):
        return source.layout
    return with_one_top(source if isinstance(source, kdb.Layout) else read_layout(source), str(source))


def layout_data(
    layout: kdb.Layout, process: Process, findings: Sequence[Finding], *, network: Network | None = None,
    drops: Mapping[str, np.ndarray] | None = None,
) -> dict[str, Any] | None:  # fmt: skip
    """What the layout's section needs; None where the layout is too large for a page.

    Args:
        layout: with one top cell.
        process: its process.
        findings: with places to go to, in the order of their numbers on the page.
        network: where its devices are; None: none are marked.
        drops: what wires take at every device, by kind (``sim.wire_drops``).
    """
    from hwlib.checks.places import marked_boxes
    from spinhop.pages.layout_shapes import shape_data

    shapes = shape_data(layout, process)
    if shapes is None:
        return None
    metre = layout.dbu * 1e-6
    boxes = [
        None if box is None else [round(value / metre) for value in box] for box in marked_boxes(layout, list(findings))
    ]
    devices = None if network is None else _devices(network)
    told = (
        []
        if devices is None or network is None
        else [_drop(kind, values, network) for kind, values in (drops or {}).items()]
    )
    return {"layout": shapes, "devices": devices, "drops": told, "findings": boxes}


def layout_section(data: Mapping[str, Any], courses: Sequence[str]) -> Markup:
    """The section's controls.

    Args:
        data: of ``layout_data``.
        courses: titles of the walls over time that the page holds.
    """
    layers = [(each["name"], each["colour"], round(100 * each["opacity"])) for each in data["layout"]["layers"]]
    colourings: list[tuple[str, str]] = []
    if data["devices"] is not None:
        colourings = [(f"wall:{title}", f"wall position, {title}") for title in courses]
        colourings += [(f"drop:{k}", f"IR drop of {drop['title']}") for k, drop in enumerate(data["drops"])]
    first = f"wall:{courses[-1]}" if courses else colourings[0][0] if colourings else ""
    return page.viewer(layers, colourings, first, timed=bool(courses) and data["devices"] is not None)


def _devices(network: Network) -> dict[str, Any] | None:
    x, y = 1e6 * network.device_x, 1e6 * network.device_y
    if network.devices > MOST_DEVICES or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    return {
        "x": packed(x, "f4"), "y": packed(y, "f4"),
        "pre": packed(network.pre, "u2"), "post": packed(network.post, "u2"),
        "size": [_pitch(x), _pitch(y)], "ends": _track_ends(network),
    }  # fmt: skip


def _pitch(places: np.ndarray) -> float:
    """Usual distance of neighbouring columns or rows in µm."""
    apart = np.diff(np.unique(np.round(places, 4)))
    return float(np.median(apart[apart > 0.01])) if (apart > 0.01).any() else 0.2


def _track_ends(network: Network) -> str | None:
    """Where each track begins and ends in µm: x, y of DW_IN, then of DW_OUT; None where the network does not say."""
    from hwlib.network import DW_IN, DW_OUT

    ends = network.terminals[:, [DW_IN, DW_OUT]]
    places = 1e6 * np.stack([network.node_x[ends], network.node_y[ends]], axis=-1).reshape(len(ends), 4)
    return packed(places, "f4") if np.isfinite(places).all() else None


def _drop(kind: str, values: np.ndarray, network: Network) -> dict[str, Any]:
    worst = int(np.nanargmax(values))
    where = device_name(int(network.post[worst]), int(network.pre[worst]))
    return {
        "title": {"vdw": "V_DW"}.get(kind, kind), "values": packed(values, "f4"), "where": where,
        "most": float(values[worst]),
        "least": min(float(np.nanmin(values)), float(values[worst]) - 1e-12),
    }  # fmt: skip


def layout_path(folder: Path, manifest: Mapping[str, Any]) -> Path | None:
    """The layout of a run folder, OASIS where there is one; None where no stage wrote any."""
    files = manifest["stages"].get("layout", {}).get("files", {})
    return next((folder / name for name in ("layout.oas", "layout.gds") if name in files), None)
