"""Where the neurons of a design stand in its drawing, and where their wires are joined."""

from __future__ import annotations

import numpy as np

from hwlib.sections.network_fields import NetworkFields
from hwlib.sections.wire_fields import ACROSS


def neuron_at(network: NetworkFields) -> np.ndarray:
    """The neuron in each row and column of the drawing, from below and from the left, shape (N,)."""
    return np.arange(network.neurons) if network.order is None else np.array(network.order)


def block_of_row(network: NetworkFields) -> np.ndarray:
    """The block of rows that each row of the drawing is in, from below, shape (N,)."""
    return np.arange(network.neurons) * network.rail_blocks // network.neurons


def block_of_neuron(network: NetworkFields) -> np.ndarray:
    """The block of rows that each neuron's dendrite is in, shape (N,)."""
    block = np.empty(network.neurons, int)
    block[neuron_at(network)] = block_of_row(network)
    return block


def joins(network: NetworkFields) -> np.ndarray:
    """By row of the drawing, where along it its soma joins the dendrite; columns and drives likewise, shape (N,)."""
    n = network.neurons
    if network.soma_places is not None:
        return np.array(network.soma_places)[neuron_at(network)]
    return np.full(n, n // 2) if network.soma_placement == "centred" else np.arange(n)


def unused_tiles(joined: np.ndarray) -> int:
    """How many more tiles without an axon rows and columns end with, at most, than where all drive all others.

    Args:
        joined: where there is an axon, by row and column of the drawing, shape (N, N).
    """
    most = 1  # the corners, where every neuron would drive itself
    for along in (joined, joined.T, joined[:, ::-1], joined.T[:, ::-1]):
        most = max(most, int(np.where(along.any(axis=1), along.argmax(axis=1), len(along)).max()))
    return most - 1


def strap_landings(network: NetworkFields, wire: str) -> np.ndarray:
    """Tiles where a wire's strap has vias, by row and column of the drawing, boolean, shape (N, N).

    The first and the last tile of each wire, every ``pitch``-th between, and where a soma joins a dendrite or a drive.
    """
    pitch, n = network.straps.given()[wire].pitch, network.neurons
    tile = np.arange(n)
    along = np.broadcast_to((tile % pitch == 0) | (tile == n - 1), (n, n)).copy()
    if wire in ("dendrite", "drive"):
        along[tile, joins(network)] = True
    return along.T if wire in ACROSS else along


def taper_levels(network: NetworkFields, wire: str) -> np.ndarray:
    """How far a tapered wire has narrowed, by row and column of the drawing, shape (N, N).

    0 is the widest, ``steps`` − 1 the narrowest: by the share of the taps from here on in those of the longest arm.
    """
    steps, n = network.tapers.given()[wire].steps, network.neurons
    tile = np.arange(n)
    if wire in ("dendrite", "drive"):
        join = joins(network)[:, None]
        away, arm = abs(tile - join), np.where(tile < join, join, n - 1 - join)
        beyond, longest = arm - away + 1, np.maximum(join, n - 1 - join)
        beyond = np.where(away == 0, longest, beyond)
    else:
        fed = getattr(network.feeds, wire)
        far = {"both": np.minimum(tile, n - 1 - tile), "west": tile, "south": tile}.get(fed, n - 1 - tile)
        longest = far.max() + 1
        beyond = np.broadcast_to(longest - far, (n, n))
    levels = np.minimum(steps * (longest - beyond) // longest, steps - 1)
    return levels.T if wire in ACROSS else levels


def with_borders(levels: np.ndarray, network: NetworkFields, wire: str) -> np.ndarray:
    """The levels of a tapered wire in each tile, at its lower or left border and at the other one, shape (N, N, 3).

    Neighbours meet at the narrower one's width, but a tile in which a soma joins is as wide as it can be all through.
    """
    along, tile = levels.T if wire in ACROSS else levels, np.arange(network.neurons)
    first, second = along[:, :-1], along[:, 1:]
    borders = np.maximum(first, second)
    if wire in ("dendrite", "drive"):
        join = joins(network)[:, None]
        borders = np.where((tile[:-1] == join) | (tile[1:] == join), np.minimum(first, second), borders)
    three = np.stack([along, np.hstack([along[:, :1], borders]), np.hstack([borders, along[:, -1:]])], axis=-1)
    return three.swapaxes(0, 1) if wire in ACROSS else three


def by_neuron(network: NetworkFields, drawn: np.ndarray) -> np.ndarray:
    """What is said of rows and columns of the drawing, by postsynaptic and presynaptic neuron, shape (N, N)."""
    found, order = np.empty_like(drawn), neuron_at(network)
    found[np.ix_(order, order)] = drawn
    return found
