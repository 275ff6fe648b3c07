"""Made chips: a network with other values in its devices and wires, drawn from a design's ``variation``.

Nothing is drawn or extracted again. Every quantity has random numbers of its own, of seed, chip and its name: a spread
that is added or taken away leaves the others as they were.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np
from scipy.special import ndtr, ndtri

from hwlib.argument_kinds import takes_kinds
from hwlib.dynamics_data import DEFAULT
from hwlib.errors import InputError
from hwlib.network import Network
from hwlib.process import Process
from hwlib.sections.variation_fields import Correlated, DeviceSpreads, FactorSpread, VariationFields

_STILL = 1e-9  # of the mobility: what a current moves a stuck wall
_AT_ONCE = 1e3  # m/s: with it a wall that is stuck ON comes there
_M_S = "saturation_magnetization"
_FACTORS = ("resistance_area", "tmr", "saturation_magnetization", "leak", "width", "thickness")
_WIRES = (("sheet_resistance", "conductor"), ("via_resistance", "via"))


@takes_kinds
def sampled_chip(network: Network, process: Process, variation: VariationFields) -> Network:
    """The network of one chip.

    Args:
        network: nominal, ideal or extracted.
        process: that tells wires from vias.
        variation: spreads, defects, seed and number of the chip.

    Raises:
        InputError: spreads or defects that this network cannot have.
    """
    _refuse(network, variation)
    chip = _with_spreads(network, variation)
    chip = _with_wires(chip, process, variation)
    return _with_defects(chip, variation)


@takes_kinds
def sampled_values(network: Network, process: Process, variation: VariationFields) -> dict[str, np.ndarray]:
    """What was drawn for one chip: of each given spread the values over nominal (of places the displacement, m).

    Args:
        network: nominal, as for ``sampled_chip``.
        process: likewise.
        variation: likewise.

    Returns:
        By name of the spread, shape (devices,) or (pieces of wire,); by name of the defect whether each has it.
    """
    spreads = variation.spreads
    found = {name: _factor(network, variation, name) for name in _FACTORS if getattr(spreads, name) is not None}
    if spreads.pillar_place is not None:
        found["pillar_place"] = _displacement(network, variation)
    ratio = _with_wires(network, process, variation).resistor_ohm / network.resistor_ohm
    for name, kind in _WIRES:
        pieces = np.isin(network.resistor_layer, _layers_of(network, process, kind))
        if getattr(spreads, name) is not None and pieces.any():
            found[name] = ratio[pieces]
    return found | {name: has for name, has in _broken(network, variation).items() if getattr(variation.defects, name)}


def _rng(variation: VariationFields, name: str) -> np.random.Generator:
    words = (variation.chip, crc32(name.encode()))
    return np.random.default_rng(np.random.SeedSequence(variation.seed, spawn_key=words))


def _refuse(network: Network, variation: VariationFields) -> None:
    spreads, defects = variation.spreads, variation.defects
    wires = [name for name in ("sheet_resistance", "via_resistance") if getattr(spreads, name) is not None]
    wires += ["broken_wires"] if defects.broken_wires else []
    if wires and not network.has_wires:
        raise InputError(f"variation: {wires[0]}: the network has ideal wires; take it as drawn")
    stuck = [name for name in ("stuck_off", "stuck_on") if getattr(defects, name)]
    if stuck and network.dynamics.model != DEFAULT:
        law = network.dynamics.model
        raise InputError(f"variation: {stuck[0]}: only walls of the law {DEFAULT} can be stuck, these are {law}")
    for name in DeviceSpreads.model_fields:
        spread = getattr(spreads, name)
        if spread is not None and spread.neighbourhood and not np.isfinite(network.device_x).all():
            raise InputError(f"variation: {name}: neighbourhood needs places on a layout; take the network as drawn")
    place = spreads.pillar_place
    if place is not None:
        low, half = network.pillar_centre, network.pillar_width / 2
        room = float(np.minimum(low - half, network.length - low - half).min())
        if place.sigma * place.reach > room * (1 + 1e-9):
            raise InputError(
                f"variation: pillar_place: moves pillars by up to {1e9 * place.sigma * place.reach:.4g} nm, "
                f"{1e9 * room:.4g} nm are left on the track; less sigma or truncate"
            )


def normal_scores(network: Network, spread: Correlated, rng: np.random.Generator) -> np.ndarray:
    """Standard normal numbers of the devices, correlated as the spread says, shape (devices,)."""
    common = spread.die + spread.row + spread.neighbourhood
    own, rows = rng.standard_normal(network.devices), rng.standard_normal(network.neurons)
    scores = np.sqrt(max(1 - common, 0.0)) * own + np.sqrt(spread.row) * rows[network.post]
    scores += np.sqrt(spread.die) * rng.standard_normal()
    if spread.neighbourhood:
        scores += np.sqrt(spread.neighbourhood) * _field(network, spread.length, rng)
    return scores


def _field(network: Network, length: float, rng: np.random.Generator) -> np.ndarray:
    """A field with correlation exp(−(|Δx| + |Δy|)/length) where the devices are; its two factors are drawn apart."""
    roots, places = [], []
    for place in (network.device_x, network.device_y):
        lines, index = np.unique(np.round(place / 1e-10), return_inverse=True)
        roots.append(np.linalg.cholesky(np.exp(-abs(lines[:, None] - lines) * 1e-10 / length)))
        places.append(index)
    grid = roots[0] @ rng.standard_normal((len(roots[0]), len(roots[1]))) @ roots[1].T
    return grid[places[0], places[1]]


def displaced(spread: Correlated, scores: np.ndarray) -> np.ndarray:
    """Displacement from the nominal value over the spread's sigma, of standard normal scores."""
    if spread.distribution == "uniform":
        return np.sqrt(3) * (2 * ndtr(scores) - 1)
    if spread.truncate is None:
        return scores
    low = ndtr(-spread.truncate)
    return ndtri(low + ndtr(scores) * (1 - 2 * low))


def _factor(network: Network, variation: VariationFields, name: str) -> np.ndarray:
    spread = getattr(variation.spreads, name)
    if spread is None:
        return np.ones(network.devices)
    return _of_scores(spread, normal_scores(network, spread, _rng(variation, name)))


def _of_scores(spread: FactorSpread, scores: np.ndarray) -> np.ndarray:
    moved = spread.sigma * displaced(spread, scores)
    return np.exp(moved) if spread.distribution == "lognormal" else 1 + moved


def _with_spreads(network: Network, variation: VariationFields) -> Network:
    ra, tmr, m_s, leak, width, thickness = (_factor(network, variation, name) for name in _FACTORS)
    r_p, section = network.r_p * ra / width, width * thickness
    centre = network.pillar_centre
    if variation.spreads.pillar_place is not None:
        centre = centre + _displacement(network, variation)
    chip = _with_materials(network, m_s)
    return chip.with_devices(
        r_p=r_p, r_ap=r_p * (1 + tmr * (network.r_ap / network.r_p - 1)), r_m=network.r_m / section,
        area=network.area * section, mobility=network.mobility / (m_s * section), leak=network.leak * leak,
        pillar_centre=centre,
    )  # fmt: skip


def _with_materials(network: Network, m_s: np.ndarray) -> Network:
    """The network whose law of motion has another M_s too, where it knows one."""
    law, values = network.dynamics.model, dict(network.dynamics.values)
    if _M_S not in values:
        return network
    return network.with_dynamics(law, **values | {_M_S: values[_M_S] * m_s})


def _displacement(network: Network, variation: VariationFields) -> np.ndarray:
    place = variation.spreads.pillar_place
    assert place is not None
    return place.sigma * displaced(place, normal_scores(network, place, _rng(variation, "pillar_place")))


def _layers_of(network: Network, process: Process, kind: str) -> list[int]:
    """Indices of the network's layers that are of a kind."""
    return [k for k, name in enumerate(network.layers) if name in process.layers and process.layers[name].kind == kind]


def _with_wires(network: Network, process: Process, variation: VariationFields) -> Network:
    ohm = network.resistor_ohm
    for name, kind in _WIRES:
        spread = getattr(variation.spreads, name)
        if spread is None:
            continue
        for k in _layers_of(network, process, kind):
            rng = _rng(variation, f"{name} {network.layers[k]}")
            own = rng.standard_normal(len(ohm))
            scores = np.sqrt(1 - spread.die) * own + np.sqrt(spread.die) * rng.standard_normal()
            ohm = np.where(network.resistor_layer == k, ohm * _of_scores(spread, scores), ohm)
    return network if ohm is network.resistor_ohm else network.with_wires(ohm)


def _broken(network: Network, variation: VariationFields) -> dict[str, np.ndarray]:
    """Whether each device, or piece of wire, has each defect."""
    defects, count = variation.defects, network.devices
    stuck, pillars = (_rng(variation, name).random(count) for name in ("stuck", "pillars"))
    off = stuck < defects.stuck_off
    short = pillars < defects.shorted_pillars
    return {
        "stuck_off": off, "stuck_on": ~off & (stuck < defects.stuck_off + defects.stuck_on),
        "shorted_pillars": short,
        "open_pillars": ~short & (pillars < defects.shorted_pillars + defects.open_pillars),
        "broken_wires": _rng(variation, "wires").random(len(network.resistor_ohm)) < defects.broken_wires,
    }  # fmt: skip


def _with_defects(network: Network, variation: VariationFields) -> Network:
    defects, has = variation.defects, _broken(network, variation)
    off, on = has["stuck_off"], has["stuck_on"]
    changed = [has["shorted_pillars"], has["open_pillars"]], [defects.short_resistance, defects.open_resistance]
    network = network.with_devices(
        mobility=np.where(off | on, _STILL * network.mobility, network.mobility),
        leak=np.select([off, on], [-abs(network.leak), _AT_ONCE], network.leak),
        r_p=np.select(*changed, network.r_p), r_ap=np.select(*changed, network.r_ap),
    )  # fmt: skip
    if not defects.broken_wires:
        return network
    return network.with_wires(np.where(has["broken_wires"], defects.open_resistance, network.resistor_ohm))
