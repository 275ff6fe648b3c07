"""How good cuts get in 5 µs and 300 nJ: random loads and kicks, every mapping, on the ten g05_60 graphs.

``python tests/sim/kicked_cuts.py`` prints the table of docs/reproduction.md. Graphs come from their published
generator, optima from the Biq Mac library.
"""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

import layouts
from hwlib.design import Design
from hwlib.extraction import extract
from hwlib.network import Network
from hwlib.network_file import read_network, write_network
from sim.protocol import Protocol
from sim.set_point import protocol_on
from sim.tasks import rudy
from sim.tasks.kicked_search import kicked_search
from sim.tasks.maxcut import Mapped, weight_levels
from sim.tasks.restarts import restarts
from sim.tasks.setup import free_network
from tests.support.perfect_wires import perfect

OPTIMA = (536, 532, 529, 538, 527, 533, 531, 535, 530, 533)
TIME, ENERGY, LOAD = 5e-6, 300e-9, 60e-9
PROCESS = "copper_thick"
WIDTHS = {"drive_width": 300e-9, "ground_width": 300e-9, "vdw_width": 300e-9, "dendrite_width": 200e-9}
SHARED = ("ground", "vdw")  # nets whose wires couple every column, which makes trials a thousand times as long
MAPPINGS: tuple[Mapped, ...] = ("balanced", "degree", "zero_sum")
WAYS = ((None, 450e-9), (None, 250e-9), (12, 150e-9))  # nodes turned, s before the cut is read


def slow_design(nodes: int = 60) -> Design:
    """RA 3 Ω·µm² (six times Table I's), R_M 4 kΩ, leaks so that 0.9 V is the centre of the V_DW window; W = 0.3 V."""
    r_p, r_m, v_dw = 3000.0, 4000.0, 0.9
    leak = v_dw / ((nodes - 1) * 2.5 * r_p + r_m)
    device = {"resistance_area": "3e-12 ohm*m^2", "track_resistance": f"{r_m} ohm"}
    base = Design.model_validate({"name": "slow", "device": device, "network": {"neurons": nodes}})
    mobility = base.device.mobility(base.device.track_width * base.load_process().layers["track"].thickness)
    data = base.model_dump()
    data["process"] = PROCESS
    data["network"] |= {"weight_style": "lines", "soma_placement": "centred"} | WIDTHS
    data["operating_point"] |= {
        "weight": 0.3, "v_charge": 0.3, "axon_leak": -leak * mobility, "soma_leak": 0.02, "load": LOAD,
    }  # fmt: skip
    return Design.model_validate(data)


class Bench(NamedTuple):
    """A network and its operating point."""

    network: Network
    point: Protocol


def bench(wires: str = "ideal", file: Path = Path("build/kicked_cuts.nc")) -> Bench:
    """A network of 60 neurons on ``ideal`` wires, as ``drawn``, or so with perfect ground and V_DW wires, ``lines``.

    Args:
        wires: one of the three.
        file: keeps the extracted network.
    """
    design = slow_design()
    process = design.load_process()
    if wires == "ideal":
        network = free_network(design, process)
    elif file.exists():
        network = read_network(file)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        path = layouts.write_layout(layouts.hopfield(design, process), file.with_suffix(".oas"))
        network = extract(path, process, design)
        write_network(network, file)
    point = protocol_on(network, design, process, levels=np.zeros((60, 60)))
    return Bench(perfect(network, SHARED) if wires == "lines" else network, point)


def searched(
    on: Bench, mapping: Mapped, flips: int | None, read_after: float, graphs: tuple[int, ...], chains: int,
    seed: int = 1, **how: Any,
) -> xr.Dataset:  # fmt: skip
    """Chains on some of the graphs, with the ``gap`` of their best cuts to the optimum (chain, round)."""
    which = np.repeat(graphs, chains)
    drawn = {index: rudy.g05(60, index) for index in graphs}
    levels = {index: weight_levels(graph, mapping) for index, graph in drawn.items()}
    result = kicked_search(
        on.network, on.point, [drawn[k] for k in which], [levels[k] for k in which], flips=flips, read_after=read_after,
        time=TIME, seed=seed, **how,
    )  # fmt: skip
    optimum = np.array([OPTIMA[k] for k in which], float)
    return result.assign(gap=(("chain", "round"), 1 - result["best"].values / optimum[:, None]))


def row(result: xr.Dataset) -> str:
    """What chains come to within time and energy, and what a certain success takes: cells of the table."""
    affordable = result["energy"].mean("chain").values <= ENERGY
    last = result.isel(round=int(np.flatnonzero(affordable)[-1]))
    gap = last["gap"].values
    single = 1 - (result["cut"] / (result["best"] / (1 - result["gap"]))).mean()
    cells = [
        f"{int(affordable.sum())}", f"{1e6 * float(last['time'].mean()):.2f} µs",
        f"{1e9 * float(last['energy'].mean()):.0f} nJ", f"{float(single):.1%}", f"{gap.mean():.2%}",
        f"{np.mean(gap <= 0.01):.0%}", certain(result, 0.01), f"{np.mean(gap < 1e-9):.0%}", certain(result, 0.0),
    ]  # fmt: skip
    return " | ".join(cells)


def certain(result: xr.Dataset, gap: float) -> str:
    """Time and energy until a chain has come so near with 99 % certainty, chains begun again after the best length."""
    rates = (result["gap"] <= gap + 1e-9).mean("chain").values
    runs = np.array([restarts(float(rate)) for rate in rates])
    times = runs * result["time"].mean("chain").values
    k = int(times.argmin())
    if not np.isfinite(times[k]):
        return "–"
    return f"{1e6 * times[k]:.1f} µs, {1e9 * runs[k] * float(result['energy'].mean('chain')[k]):.0f} nJ"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=int, default=5, help="of each graph")
    parser.add_argument("--wires", choices=("ideal", "lines", "drawn"), nargs="*", default=("ideal", "lines"))
    parser.add_argument("--mappings", choices=MAPPINGS, nargs="*", default=MAPPINGS)
    options = parser.parse_args()
    print(f"seed 1, {options.chains} chains a graph, spinhop {version('spinhop')}\n")
    print("| wires | mapping | next load | read after | rounds | time | energy | gap of a round", end="")
    print(" | of the best | within 1 % | so with 99 % | optimum | so with 99 % |")
    print(f"|{'---|' * 13}")
    for wires in options.wires:
        on = bench(wires)
        for mapping in options.mappings:
            for flips, read_after in WAYS:
                found = searched(on, mapping, flips, read_after, tuple(range(10)), options.chains)
                load = "random" if flips is None else f"{flips} of 60 turned"
                print(f"| {wires} | `{mapping}` | {load} | {1e9 * read_after:.0f} ns | {row(found)} |", flush=True)


if __name__ == "__main__":
    main()
