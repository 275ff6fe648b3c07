"""The paper's network as a design, and ideal networks for any weights."""

from __future__ import annotations

import numpy as np

from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.network import Network
from hwlib.operating_point import resolve_v_dw
from hwlib.process import Process
from hwlib.schematic import ideal_network
from hwlib.weight_styles import LINES, MAX_RAILS, RAILS, rail_levels

PAPER_LOAD = 16e-9  # s: load phase of the authors' programs at V_C = 0.1 V
MAX_FREE_NEURONS = LINES.most_neurons  # networks whose every weight is a net of its own


def paper_design(
    neurons: int, *, pillar_width: float = 20e-9, load: float | str = PAPER_LOAD, v_charge: float = 0.1,
    weight: float = 0.1, time_limit: float = 5e-6, process: str = "ebeam",
) -> Design:  # fmt: skip
    """A design with Table I's device and operating point; V_DW is the window's centre, as the authors used.

    Args:
        neurons: N.
        pillar_width: MTJ width along the track in m; the read-out of Table I's 20 nm covers 40 to 60 % of the track.
        load: ``"rest"`` or seconds.
        v_charge: V_C in V.
        weight: W in V.
        time_limit: longest convergence phase in s.
        process: preset name.
    """
    return Design.model_validate({
        "name": f"paper-{neurons}",
        "process": process,
        # Table I gives ohms: a narrower pillar must not change them through the resistance-area product.
        "device": {"pillar_width": pillar_width, "r_parallel": 500.0, "r_antiparallel": 2000.0},
        "network": {"neurons": neurons},
        "operating_point": {"v_charge": v_charge, "weight": weight, "load": load},
        "task": {"time_limit": time_limit},
    })  # fmt: skip


def at_ideal_v_dw(design: Design) -> Design:
    """The design with V_DW stated: the centre of the window of ideal wires, which drawn ones then do not move."""
    data = design.model_dump()
    data["operating_point"]["v_dw"] = resolve_v_dw(design, design.load_process())
    return Design.model_validate(data)


def free_network(design: Design, process: Process, levels: np.ndarray | None = None) -> Network:
    """An ideal network of the design's size that takes any weights, or ``levels`` when it is large.

    Args:
        design: size, device, operating point.
        process: its process.
        levels: multiples of W, shape (N, N); above 256 neurons they must have at most 16 distinct values (rails).

    Raises:
        InputError: a large network without levels, or with too many distinct ones.
    """
    n = design.network.neurons
    if n <= MAX_FREE_NEURONS:
        return ideal_network(design, process, style=LINES.name)
    if levels is None:
        raise InputError(f"network: {n} neurons need their weights; above {MAX_FREE_NEURONS} weights are on rails")
    require_fit(levels)
    return ideal_network(with_levels(design, levels), process, style=RAILS.name)


def require_fit(levels: np.ndarray) -> None:
    """Check that some network takes these weights (multiples of W, shape (N, N)).

    Raises:
        InputError: more than 256 neurons and more than 16 distinct weights.
    """
    if len(levels) > MAX_FREE_NEURONS and (count := len(rail_levels(levels))) > MAX_RAILS:
        raise InputError(
            f"network: {len(levels)} neurons with {count} distinct weights; above {MAX_FREE_NEURONS} neurons weights "
            f"are on rails, at most {MAX_RAILS} of them"
        )


def with_levels(design: Design, levels: np.ndarray) -> Design:
    """The design with its weights replaced by ``levels`` (multiples of W, shape (N, N))."""
    data = design.model_dump()
    data["network"]["weights"] = {"matrix": levels.tolist()}
    return Design.model_validate(data)
