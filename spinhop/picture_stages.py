"""The stages that draw pictures of a layout, for whoever asks for the layout or a report: a check needs none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spinhop.run_folder.artefacts import drawn_network, open_drawing
from spinhop.run_folder.runs import Run, Stage

if TYPE_CHECKING:
    from hwlib.network import Network

LAYOUT_PICTURE, NEURON_PICTURE = "layout.png", "neuron.png"


def neuron_window(network: Network) -> tuple[float, float, float, float]:
    """Left, bottom, right, top in m of the middle neuron's soma with its neighbours, as extracted from the drawing."""
    soma = network.somas[network.neurons // 2]
    x, y = network.device_x[soma], network.device_y[soma]
    half = []
    for place, centre in ((network.device_x, x), (network.device_y, y)):
        distance = abs(place - centre)
        half.append(1.5 * distance[distance > 1e-9].min())
    return x - half[0], y - half[1], x + half[0], y + half[1]


def _draw_layout(run: Run) -> Sequence[str]:
    import layouts

    layouts.render(open_drawing(run), run.path(LAYOUT_PICTURE), run.process)
    return [LAYOUT_PICTURE]


def _draw_neuron(run: Run) -> Sequence[str]:
    import layouts

    window = neuron_window(drawn_network(run))
    layouts.render(open_drawing(run), run.path(NEURON_PICTURE), run.process, window=window)
    return [NEURON_PICTURE]


def _picture_inputs(run: Run) -> Any:
    return run.process.model_dump(mode="json")


WHOLE_PICTURE = Stage("picture of the layout", ("layout",), ("hwlib", "layouts"), _picture_inputs, _draw_layout)
PART_PICTURE = Stage("picture of a neuron", ("extraction",), ("hwlib", "layouts"), _picture_inputs, _draw_neuron)
