"""Whether an engine agrees with the reference engine, and where a trial's outcome is not determined at all.

A wall that is just about to stop at an edge, or drives that cancel, can make the outcome hang on the last bits of the
resistances. Such a trial is *ambiguous*: the reference engine itself, with pillars changed by a relative 1e-8, ends
elsewhere. It is then compared as far as the reference still agrees with its changed selves to 1e-8 L; nothing is
compared with a wider tolerance.
"""

from dataclasses import replace

import numpy as np
import xarray as xr

import sim
from hwlib.network import Network
from sim.protocol import Protocol

WALL = 1e-6  # of L
ENERGY = 1e-6  # of all heat
TIME = 1e-6  # of the time itself
CHANGE = 1e-8  # of pillar resistances, to see whether an outcome is determined
SAME = 1e-8  # of L: how well the reference agrees with its changed selves where it is compared
PARTS = 16  # of a trial, tried from the last to the first for where it is still determined


def run(network: Network, protocol: Protocol, engine: str, tolerance: float) -> xr.Dataset:
    return sim.run(network, protocol, engine=engine, record=False, tolerance=tolerance)


def wall_difference(network: Network, one: xr.Dataset, other: xr.Dataset) -> float:
    """Largest difference of a wall's place, in L."""
    return float(np.abs((one.wall_final.values - other.wall_final.values) / network.length).max())


def differences(network: Network, one: xr.Dataset, other: xr.Dataset) -> list[str]:
    """What differs between two results by more than the tolerances above."""
    found = []
    if (walls := wall_difference(network, one, other)) >= WALL:
        found.append(f"walls by {walls:.2g} L")
    if not np.array_equal(one.state, other.state):
        found.append("states")
    if bool(one.at_rest) != bool(other.at_rest):
        found.append(f"at rest: {bool(one.at_rest)}, {bool(other.at_rest)}")
    for name in ("time_load", "time_convergence"):
        a, b = float(one[name]), float(other[name])
        if abs(a - b) > TIME * max(a, b) + 1e-15:
            found.append(f"{name}: {a:.9g}, {b:.9g} s")
    heat = float(other.energy_sink.sum())
    for name in ("energy_source", "energy_sink"):
        worst = float(np.abs(one[name] - other[name]).max())
        if worst > ENERGY * heat:  # both may be 0
            found.append(f"{name} by {worst / heat if heat else np.inf:.2g}")
    return found


def rounding_current(network: Network, protocol: Protocol) -> float:
    """Current in A that may be missing at a node because potentials are rounded: two roundings of the largest one."""
    siemens = np.zeros(network.nodes)
    np.add.at(siemens, network.resistor_nodes, 1 / network.resistor_ohm[:, None])
    volts = max(np.nanmax(np.abs(v)) for v in (protocol.net_voltages(network), protocol.load_voltages(network)))
    return np.finfo(float).eps * volts * siemens.max(initial=0.0)


def laws(result: xr.Dataset, network: Network, protocol: Protocol) -> list[str]:
    """Laws of circuits that a result breaks."""
    broken = []
    if float(result.kcl_residual) >= 1e-12 + rounding_current(network, protocol):
        broken.append(f"current law by {float(result.kcl_residual):.2g} A")
    if float(result.energy_balance) >= 1e-8:
        broken.append(f"energy balance by {float(result.energy_balance):.2g}")
    return broken


def compare(network: Network, protocol: Protocol, engine: str, tolerance: float = 1e-10) -> tuple[list[str], bool]:
    """What an engine does differently from the reference, and whether the trial was ambiguous."""
    fast, slow = (run(network, protocol, name, tolerance) for name in (engine, "reference"))
    broken = laws(fast, network, protocol)
    found = differences(network, fast, slow)
    if not found:
        return broken, False
    changed = _changed(network)
    if not any(differences(each, run(each, protocol, "reference", tolerance), slow) for each in changed):
        return broken + found, False
    if (before := _determined(network, changed, protocol, slow, tolerance)) is None:
        return [*broken, *found, "and nowhere determined"], True
    fast, slow = (run(network, before, name, tolerance) for name in (engine, "reference"))
    return broken + differences(network, fast, slow), True


def _changed(network: Network) -> list[Network]:
    """The network with pillars changed a little, one way and the other; axons of a neuron alike, as ideal ones are."""
    factor = 1 + CHANGE * np.random.default_rng(0).choice([-1.0, 1.0], 2 * network.neurons)
    each = np.where(network.is_soma, factor[network.post], factor[network.neurons + network.pre])
    return [network.with_devices(r_p=network.r_p * x, r_ap=network.r_ap * x) for x in (each, 1 / each)]


def _determined(
    network: Network, changed: list[Network], protocol: Protocol, slow: xr.Dataset, tolerance: float
) -> Protocol | None:
    """The trial cut off while the reference still agrees with its changed selves; None when it never does."""
    load, total = float(slow.time_load), float(slow.time_to_solution)
    for part in range(PARTS - 1, 0, -1):
        time = total * part / PARTS
        if protocol.start is None:
            cut = replace(protocol, time_limit=time)
        elif time > load:
            cut = replace(protocol, load=load, time_limit=time - load)
        else:
            cut = replace(protocol, load=time, time_limit=1e-15)
        whole = run(network, cut, "reference", tolerance)
        if all(wall_difference(each, run(each, cut, "reference", tolerance), whole) < SAME for each in changed):
            return cut
    return None
