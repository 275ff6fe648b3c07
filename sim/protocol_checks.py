"""What ``sim.run`` and ``run_batch`` refuse of the protocols that they are given, before anything is simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hwlib.errors import InputError, shown
from hwlib.network import Network
from hwlib.quantities import array_in_si
from hwlib.sections.weight_fields import MAX_LEVEL, MAX_V_DW, MAX_VOLTAGE
from sim.protocol import Protocol

_LONGEST = 1.0  # s, a thousand times what designs may have: a network that never rests would not end
_RAIL_DECIMALS = 1e-6  # of the largest level: how exactly rails hold what they are programmed to


def check_protocols(network: Network, protocols: Sequence[Protocol]) -> None:
    """Refuse protocols that do not fit a network, or that cannot be, and networks made of arrays that cannot.

    Raises:
        InputError: naming the first one's first field that is wrong, with what was found.
    """
    if not isinstance(network, Network):
        raise InputError(f"network: {shown(network)} is no Network")
    network.validate()
    seen: set[int] = set()  # trials share their weights as a rule
    for k, protocol in enumerate(protocols):
        where = f"protocol of trial {k}" if len(protocols) > 1 else "protocol"
        if not isinstance(protocol, Protocol):
            raise InputError(f"{where}: {shown(protocol)} is no Protocol")
        _check_walls(network, protocol, where)
        _check_point(network, protocol, where)
        if id(protocol.levels) not in seen:
            seen.add(id(protocol.levels))
            _check_levels(network, protocol, where)
        if protocol.noise is not None:
            from sim.thermal.noisy_trials import check_noise  # which loads what rules do without

            check_noise(protocol, where)
    if len({protocol.noise is None for protocol in protocols}) > 1:
        raise InputError("protocols: some trials have noise and others none; run them apart")


def _check_walls(network: Network, protocol: Protocol, where: str) -> None:
    """Start bits and initial places of the walls."""
    if protocol.start is not None:
        start = _numbers(protocol.start)
        if start is None or start.shape != (network.neurons,):
            raise InputError(f"{where}: start must be {network.neurons} bits, found {_found(protocol.start, start)}")
        if not (right := np.isin(start, (0, 1))).all():
            k = int(np.argmin(right))
            raise InputError(f"{where}: start must be {network.neurons} bits, found {start[k]:g} for neuron {k}")
    if protocol.initial is not None:
        initial, what = _numbers(protocol.initial), f"initial must be {network.devices} fractions of L"
        if initial is None or initial.shape != (network.devices,):
            raise InputError(f"{where}: {what}, found {_found(protocol.initial, initial)}")
        if not (right := (initial >= 0) & (initial <= 1)).all():
            k = int(np.argmin(right))
            raise InputError(f"{where}: {what}, found {initial[k]:g} for device {k}")


def _check_point(network: Network, protocol: Protocol, where: str) -> None:
    """Voltages and times."""
    for name, largest in (("v_dw", MAX_V_DW), ("v_charge", MAX_VOLTAGE), ("weight", MAX_VOLTAGE)):
        value = _number(getattr(protocol, name), "V", f"{where}: {name}")
        if not np.isfinite(value):
            raise InputError(f"{where}: {name} is {value}, must be finite")
        if abs(value) > largest:  # as in designs: beyond, sums of products are no numbers any more
            raise InputError(f"{where}: {name} is {value:g} V, allowed at most {largest:g} V in size")
    rails: object = protocol.rails_while_loading
    if not (isinstance(rails, str) and rails in ("floating", "grounded")):  # an array compares element by element
        raise InputError(f"{where}: rails_while_loading is {shown(rails)}, allowed 'floating' or 'grounded'")
    limit = _number(protocol.time_limit, "s", f"{where}: time_limit")
    rest = isinstance(protocol.load, str) and protocol.load == "rest"
    load = limit if rest else _number(protocol.load, "s", f"{where}: load")
    for name, seconds, word in (("time_limit", limit, ""), ("load", load, "'rest', or ")):
        if not 0 < seconds <= _LONGEST:
            raise InputError(f"{where}: {name} is {seconds:g} s, allowed {word}above 0 to {_LONGEST:g} s")
    if protocol.net_levels is not None:
        _check_net_levels(network, protocol.net_levels, where)


def _check_net_levels(network: Network, net_levels: Any, where: str) -> None:
    if not network.has_wires:
        raise InputError(f"{where}: net_levels make up for wires, and this network has none")
    if not isinstance(net_levels, Mapping):
        raise InputError(f"{where}: net_levels is {shown(net_levels)}, must be levels by the names of nets")
    for name, level in net_levels.items():
        value = _numbers(level)
        if value is None or value.ndim or not np.isfinite(value):  # NaN would be no source at all
            raise InputError(f"{where}: net_levels: {shown(name)} has {shown(level)}, must be a finite number")
        if abs(value) > MAX_LEVEL:
            raise InputError(f"{where}: net_levels: {shown(name)} has {value:g}, allowed at most {MAX_LEVEL:g} in size")


def _check_levels(network: Network, protocol: Protocol, where: str) -> None:
    """Refuse weights that the network does not take: rails are programmed when they are drawn."""
    if protocol.levels is None:
        return
    levels = _numbers(protocol.levels)
    if levels is None:
        raise InputError(f"{where}: levels must be numbers, found {shown(protocol.levels)}")
    if levels.shape != (network.neurons,) * 2:
        raise InputError(f"{where}: levels has shape {levels.shape}, needs {(network.neurons,) * 2}")
    if not np.isfinite(levels).all():
        raise InputError(f"{where}: levels must be finite")
    if (too_large := abs(levels) > MAX_LEVEL).any():
        i, j = np.argwhere(too_large)[0]
        raise InputError(
            f"{where}: levels: {levels[i, j]:g} from neuron {j} to {i}, allowed at most {MAX_LEVEL:g} in size"
        )
    programmed = network.weight_levels()
    if programmed is None:
        return
    axons = np.flatnonzero(~network.is_soma)
    post, pre = network.post[axons], network.pre[axons]
    differs = np.flatnonzero(abs(levels - programmed)[post, pre] > _RAIL_DECIMALS * abs(programmed).max())
    if len(differs):
        i, j = int(post[differs[0]]), int(pre[differs[0]])
        raise InputError(
            f"{where}: levels: {levels[i, j]:g} from neuron {j} to {i}, whose rail is programmed to "
            f"{programmed[i, j]:g}; other weights need lines"
        )


def checked_bits(values: Any, neurons: int, name: str) -> np.ndarray:
    """Rows of bits of all neurons, shape (rows, N).

    Raises:
        InputError: they are none.
    """
    rows = _numbers(values)
    if rows is None or rows.ndim != 2 or rows.shape[1] != neurons or not len(rows):
        raise InputError(f"{name}: {_found(values, rows)}, needs rows of {neurons} bits")
    if not np.isin(rows, (0, 1)).all():
        raise InputError(f"{name}: {rows[~np.isin(rows, (0, 1))][0]:g} in it, needs rows of {neurons} bits")
    return np.asarray(values)


def _numbers(values: Any) -> np.ndarray | None:
    """As an array of real numbers; None where they are none (texts, complex or masked ones, rows of other lengths)."""
    if np.ma.is_masked(values):
        return None
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        return None
    return array.astype(float) if array.dtype.kind in "biuf" else None


def _found(given: Any, array: np.ndarray | None) -> str:
    return shown(given) if array is None else f"shape {array.shape}"


def _number(value: Any, unit: str, name: str) -> float:
    """One number, also one of an array without dimensions, NaN and infinite among them."""
    if value is None:
        raise InputError(f"{name} is None, must be a number in {unit} or a text with its unit")
    array = array_in_si(value, unit, name)
    if array.ndim:
        raise InputError(f"{name}: an array of shape {array.shape}, must be one number")
    return float(array)
