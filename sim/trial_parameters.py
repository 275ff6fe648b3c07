"""What trials were given, for their result: parameters as coordinates, and the operating point as an attribute."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from hwlib.network import Network
from hwlib.quantities import human
from sim.protocol import Protocol


class _Parameter(NamedTuple):
    unit: str
    meaning: str
    value: Callable[[Protocol], float]


_PARAMETERS = {
    "v_dw": _Parameter("V", "V_DW", lambda p: p.v_dw),
    "v_charge": _Parameter("V", "V_C, at the dendrites while loading", lambda p: p.v_charge),
    "weight": _Parameter("V", "W, of a weight of 1", lambda p: p.weight),
    "load_duration": _Parameter(
        "s", "how long a pattern is loaded; NaN: until every wall rests",
        lambda p: math.nan if p.load == "rest" else float(p.load),
    ),
    "time_limit": _Parameter("s", "longest convergence phase", lambda p: p.time_limit),
    "temperature": _Parameter(
        "K", "of walls that move at random; NaN: they do not", lambda p: p.noise.temperature if p.noise else math.nan
    ),
}  # fmt: skip
_POINT = {  # field of a design: parameter
    "v_dw": "v_dw", "v_charge": "v_charge", "weight": "weight", "load": "load_duration", "temperature": "temperature",
}  # fmt: skip


def trial_coordinates(network: Network, protocols: Sequence[Protocol], *, batch: bool) -> dict[str, xr.Variable]:
    """Parameters of trials as coordinates: one number where all have the same, else over ``trial``.

    Args:
        network: what is simulated.
        protocols: of the trials.
        batch: whether the result has the dimension ``trial``; then it gets its numbers.
    """
    found = {}
    for name, parameter in _PARAMETERS.items():
        values = np.array([parameter.value(each) for each in protocols])
        one = np.isnan(values).all() or bool((values == values[0]).all())
        found[name] = _coordinate((), values[0], parameter) if one else _coordinate(("trial",), values, parameter)
    if batch:
        about = {"units": "1", "long_name": "number of the trial, from 0"}
        found["trial"] = xr.Variable(("trial",), np.arange(len(protocols)), about)
    return found | _arrays(network, protocols, batch)


def _coordinate(dims: tuple[str, ...], value: Any, parameter: _Parameter) -> xr.Variable:
    return xr.Variable(dims, value, {"units": parameter.unit, "long_name": parameter.meaning})


def _arrays(network: Network, protocols: Sequence[Protocol], batch: bool) -> dict[str, xr.Variable]:
    """Bits loaded, places of walls, and weights that differ from trial to trial, where all trials are given some."""
    found: dict[str, xr.Variable] = {}
    dims = ("trial",) if batch else ()

    def add(name: str, dim: str, values: list[np.ndarray], meaning: str) -> None:
        array = np.stack(values) if batch else values[0]
        found[name] = xr.Variable((*dims, dim), array, {"units": "1", "long_name": meaning})

    starts = [each.start for each in protocols if each.start is not None]
    if len(starts) == len(protocols):
        add("start", "neuron", [np.asarray(each, np.int8) for each in starts], "bits loaded")
    initial = [each.initial for each in protocols if each.initial is not None]
    if len(initial) == len(protocols):
        add("initial", "device", [np.asarray(each, float) for each in initial], "wall at the beginning, in its L")
    levels = [each.levels for each in protocols if each.levels is not None]
    if len(levels) == len(protocols) and not all(
        each is levels[0] or np.array_equal(each, levels[0]) for each in levels
    ):
        chosen = [np.asarray(each, float)[network.post, network.pre] for each in levels]
        add("weight_level", "device", chosen, "weight as a multiple of W; none of somas")
    return found


def operating_point_text(network: Network, protocols: Sequence[Protocol]) -> str:
    """The operating point as JSON, in the words of a design file; what differs between trials or devices is left out.

    Args:
        network: what is simulated; its leaks are part of the point.
        protocols: of the trials.
    """
    values = {field: {_PARAMETERS[name].value(each) for each in protocols} for field, name in _POINT.items()}
    values |= {
        "axon_leak": set(network.leak[~network.is_soma].tolist()),
        "soma_leak": set(network.leak[network.is_soma].tolist()),
    }  # fmt: skip
    units = {field: _PARAMETERS[name].unit for field, name in _POINT.items()}
    known = {field: found.pop() for field, found in values.items() if len(found) == 1}
    point = {
        field: human(value, units.get(field, "m/s")) for field, value in known.items() if not math.isnan(value)
    }  # fmt: skip
    if all(each.load == "rest" for each in protocols):
        point["load"] = "rest"
    rails = {each.rails_while_loading for each in protocols}
    if len(rails) == 1:
        point["rails_while_loading"] = rails.pop()
    return json.dumps(point)
