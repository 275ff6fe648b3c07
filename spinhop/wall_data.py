"""Interactive plots of the report: wall positions over time, offline (all scripts inside the page)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

if TYPE_CHECKING:
    import xarray as xr

    from hwlib.network import Network

NS, NM = 1e9, 1e9
MAX_LINES = 64  # neurons drawn; a page with more lines is neither readable nor quick
COLOURS = (
    "#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22",
)  # fmt: skip


def wall_plots(traces: dict[str, xr.Dataset], network: Network) -> tuple[Markup, Markup]:
    """Plots of wall positions: somas as lines, the axons each drives as the band they fill.

    Args:
        traces: datasets of ``sim.run`` with traces, by title; they share the time axis.
        network: tells which device belongs to which neuron.

    Returns:
        Scripts for the page's head (Bokeh itself, inlined), and the plots as HTML.
    """
    from bokeh.embed import components
    from bokeh.layouts import column
    from bokeh.resources import Resources

    figures: list[Any] = []
    for title, trace in traces.items():
        for what in ("soma", "axon"):
            figures.append(_figure(title, trace, network, what, figures[0] if figures else None))
    script, div = components(column(*figures, sizing_mode="stretch_width"))
    return Markup(Resources(mode="inline", components=["bokeh"]).render()), Markup(script + div)


def _figure(title: str, trace: xr.Dataset, network: Network, what: str, first: Any) -> Any:
    from bokeh.models import HoverTool
    from bokeh.plotting import figure

    from sim.traces import wall_band, wall_points

    ranges = {} if first is None else {"x_range": first.x_range, "y_range": first.y_range}
    plot = figure(
        title=f"{what} walls, {title}", height=230, sizing_mode="stretch_width", x_axis_label="time (ns)",
        y_axis_label="wall (nm)", tools="pan,xwheel_zoom,box_zoom,reset,save", active_drag="box_zoom",
        output_backend="svg" if what == "soma" else "canvas", **ranges,
    )  # fmt: skip
    plot.toolbar.logo = None
    for neuron in range(min(network.neurons, MAX_LINES)):
        colour = COLOURS[neuron % len(COLOURS)]
        drawn: list[Any]
        if what == "soma":
            soma = wall_points(trace, [network.somas[neuron]])[0]
            drawn = [plot.line(NS * soma.time, NM * soma.position, color=colour, line_width=1.8, name=str(neuron))]
        else:
            axons = np.flatnonzero((network.pre == neuron) & (network.post != neuron))
            if len(axons) == 0:
                continue
            time, *sides = wall_band(trace, axons)
            low, high = (NM * side for side in sides)
            plot.varea(NS * time, low, high, fill_color=colour, fill_alpha=0.25)
            drawn = [plot.line(NS * time, side, color=colour, line_width=1.0, name=str(neuron)) for side in (low, high)]
        tips = [("neuron", "$name"), ("time", "$x{0.0} ns"), ("wall", "$y{0.0} nm")]
        plot.add_tools(HoverTool(renderers=drawn, tooltips=tips, visible=False))
    plot.vspan(x=[NS * float(trace["time_load"])], line_dash="dashed", line_color="#888888")
    _quiet(plot)
    return plot


def _quiet(plot: Any) -> None:
    """Light grid, no frame: the page's own look."""
    plot.outline_line_color = None
    plot.grid.grid_line_color = "#e8e8e8"
    plot.axis.axis_line_color = plot.axis.major_tick_line_color = "#999999"
    plot.axis.minor_tick_line_color = None
    plot.title.text_font_size = "13px"
    plot.title.text_font_style = "normal"
