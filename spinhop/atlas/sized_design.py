"""A design at another size, process, weight style and slowness: what an atlas is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pydantic import ValidationError

from hwlib.cells.shortest_track import shortest_track
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.field_words import in_words
from hwlib.network import Network
from hwlib.process import load_process
from spinhop.optimize.search_space import scaled

SMALLEST = 4  # neurons: below, windows and starts are their own kind


@dataclass(frozen=True, order=True)
class Curve:
    """One curve of an atlas.

    Attributes:
        process: preset, or the design's process file.
        style: of the weights.
        s: R_P, R_AP, R_M × s, leaks / s, limits of time × s.
        scaled: whether wires, vias and contacts are × s too, so that the similarity is exact.
    """

    process: str
    style: str
    s: float
    scaled: bool = False


def refuse_fixed_size(design: Design, where: str) -> None:
    """Check that a design can have any number of neurons.

    Raises:
        InputError: its files, patterns, matrix, starts or topology fix it.
    """
    network, task, made_up = design.network, design.task, design.compensation
    weights, topology = network.weights, network.topology
    fixed = {
        "task": task.programs, "network.weights": weights.random_patterns is None,
        "task.starts": getattr(task, "starts", None) is not None,
        "network.topology": topology.graph is not None or topology.axons is not None,
        "network.order": network.order is not None, "network.soma_places": network.soma_places is not None,
        "operating_point.v_dw": isinstance(design.operating_point.v_dw, float),
        "compensation": made_up is not None and (made_up.v_dw is not None or made_up.weights_file is not None),
    }  # fmt: skip
    needs = "an atlas needs random_patterns and v_dw auto or eq4, and neither places of neurons nor compensation"
    for field, is_fixed in fixed.items():
        if is_fixed:
            raise InputError(f"{where}: {field} fixes the size; {needs}")


def style_misfit(base: Design, style: str, largest: int) -> str:
    """Why a design cannot be drawn in a weight style at every size of an atlas; empty when it can."""
    for neurons in (SMALLEST, largest):
        try:
            sized(base, base.process, style, neurons)
        except ValidationError as error:
            return in_words(error.errors()[0])
    return ""


def sized(base: Design, process: str, style: str, neurons: int) -> Design:
    """The design with so many neurons, drawn on a process.

    Where the process's metals are too coarse for the track, it is as long as the shortest that fits, and limits of time
    grow with it. Rows are divided into no more blocks of rails than there are.

    Args:
        base: the design of the atlas.
        process: preset, or the base's own file.
        style: of the weights.
        neurons: N.
    """
    data = base.model_dump(exclude={"search": True}, exclude_none=True)
    data |= {"process": process, "waivers": {}}
    data["network"] |= {
        "neurons": neurons, "weight_style": style, "rail_blocks": min(base.network.rail_blocks, neurons),
    }  # fmt: skip
    device = base.device
    layers = base.load_process() if process == base.process else load_process(process)
    least = shortest_track(layers, track_width=device.track_width, pillar_width=device.pillar_width)
    if least is not None and least > device.track_length:
        longer = least / device.track_length
        data["device"]["track_length"] = least
        if device.track_resistance is not None:
            data["device"]["track_resistance"] = device.track_resistance * longer
        data["task"]["time_limit"] *= longer
        if not isinstance(data["operating_point"]["load"], str):
            data["operating_point"]["load"] *= longer
    return Design.model_validate(data).placed(base.folder)


def slowed(design: Design, network: Network, curve: Curve) -> tuple[Design, Network]:
    """A design and its extracted network, both at the curve's s: nothing is drawn or extracted again."""
    s = curve.s
    if s == 1:
        return design, network
    network = network.with_devices(
        r_p=network.r_p * s, r_ap=network.r_ap * s, r_m=network.r_m * s, leak=network.leak / s
    )
    if curve.scaled:
        network = replace(network, resistor_ohm=network.resistor_ohm * s)
    return scaled(design, s, math.inf), network
