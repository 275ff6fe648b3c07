"""Networks at a temperature: what noise does to the paper's network, and on which devices recall works at 300 K.

``python tests/sim/warm_devices.py`` prints the tables of docs/thermal.md and writes docs/images/warm_recall.svg
(twenty minutes). Seeds and ranges are fixed here.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.optimize import brentq
from scipy.special import rel_entr

import sim
from hwlib.design import Design, load_design
from hwlib.operating_point import nominal_track
from hwlib.schematic import ideal_network
from hwlib.weights import stored_patterns
from sim.dynamics import resolved
from sim.dynamics.pinning import Pinning
from sim.rules import operating_point_report
from sim.thermal.escape import passage, places
from sim.thermal.thermal_noise import agitation

DOCS = Path(__file__).parents[2] / "docs"
ROOM, WALL, DAMPING, POLARIZATION = 300.0, 5e-9, 0.3, 0.7  # K, Δ in m, α at which each device is sized, P
LENGTHS, WIDTHS, OHMS = (1e-7, 3e-7, 6e-7, 1.2e-6, 2.4e-6), (50e-9, 100e-9), (500.0, 2000.0)
SPARE, SPARES = 1.2, (0.3, 0.6, 0.9, 1.2)  # times the Λ that the rules ask for
PAPER = {"damping 0.01, Δ 8 nm": (0.01, "8 nm", (0, 0.3, 3, 30)), "damping 0.1, Δ 5 nm": (0.1, "5 nm", (0, 3, 30, 300))}
WARM = (300, 450, 600, 900)
PAPER_TRIALS, TRIALS = 20, {29: 100, 60: 40}  # none wrong in n trials: at most 1 − 0.05^{1/n}


def sized(neurons: int, length: float, width: float, r_p: float, spare: float = SPARE) -> Design:
    """A design whose leaks, V_DW, W and V_C hold and move its walls at 300 K by ``spare`` times what the rules ask for.

    V_DW lies where a parallel and an antiparallel soma drive their axons alike; one pattern is stored, R_AP = 4 R_P.
    """
    device = {
        "track_length": length, "track_width": width, "pillar_width": 0.2 * length, "r_parallel": r_p,
        "r_antiparallel": 4 * r_p,
        "dynamics": {"parameters": {"damping": DAMPING, "wall_width": f"{WALL * 1e9:g} nm"}},
    }  # fmt: skip
    bare = Design.model_validate({"name": "bare", "device": device, "network": {"neurons": neurons}})
    mobility, r_m = nominal_track(bare, bare.load_process())
    diffusion = float(agitation(ROOM, np.array(mobility), POLARIZATION)) * WALL / DAMPING
    speed = spare * math.log(1000) / 0.4 * diffusion / length
    low, high = (neurons - 1) * r_p + r_m, (neurons - 1) * 4 * r_p + r_m
    v_dw = 2 / (1 / low + 1 / high)  # per current that balances the leak
    leak = speed / (1 - v_dw / high)
    weight = speed * r_m / (0.6 * mobility)
    point = {
        "v_dw": v_dw * leak / mobility, "v_charge": weight, "weight": weight, "axon_leak": -leak,
        "soma_leak": 0.02 * speed, "load": 3 * length / speed, "temperature": ROOM,
    }  # fmt: skip
    return Design.model_validate({
        "name": f"sized-{neurons}", "device": device, "network": {"neurons": neurons}, "operating_point": point,
        "task": {"time_limit": 8 * length / speed},
    })  # fmt: skip


def least_damping(neurons: int, length: float, width: float, r_p: float) -> tuple[float, bool]:
    """Smallest damping at which barriers and tracks take the voltages that noise asks for; whether all rules hold.

    All voltages go as 1/α, so one network in its bounding states tells.
    """
    design = sized(neurons, length, width, r_p)
    process = design.load_process()
    network = ideal_network(design, process)
    report = operating_point_report(
        network, sim.protocol_on(network, design, process), design.device, process, patterns=stored_patterns(design),
        starts=sim.starts(design),
    )  # fmt: skip
    limits = {o.rule: (o.measured, o.required) for o in report.outcomes}
    share = max(limits[rule][0] / limits[rule][1] for rule in ("barrier.voltage", "current.track"))  # type: ignore[operator]
    failing = {o.rule for o in report.outcomes if not o.passed and o.severity == "error"}
    return DAMPING * share, not failing - {"barrier.voltage", "current.track"}


def pinned_times(length: float, speed: float, depth: float, diffusion: float) -> tuple[float, float]:
    """Mean times in s that a drive holds a wall against half of its pillar, and takes to move it past the pillar.

    Args:
        length: L in m; the pillar covers 40 to 60 % of it.
        speed: of the drive, toward the end and away from it, m/s.
        depth: of a notch from the end to the pillar, in k_B T.
        diffusion: D in m²/s.
    """
    width = 0.4 * length
    notch = depth * 8 * diffusion / (3 * math.sqrt(3) * width)
    pinning = Pinning({"notch_velocity": np.array([notch]), "notch_width": np.array([width])}, np.array([length]))
    each = [
        passage(sign * speed + pinning.velocity(places(way)[:, None])[:, 0], way, diffusion)
        for sign, way in ((-1, 0.5 * length), (1, 0.6 * length))
    ]
    return each[0], each[1]


def recalled(design: Design, temperature: float, trials: int) -> xr.Dataset:
    """Recall on ideal wires at a temperature."""
    point = design.operating_point.model_copy(update={"temperature": temperature})
    design = resolved(design.model_copy(update={"operating_point": point}))
    process = design.load_process()
    return sim.recall(ideal_network(design, process), design, process, trials=trials)


def at_most(shares: np.ndarray, level: float = 0.95) -> float:
    """End of a one-sided interval of the mean of shares from 0 to 1, of which each is a trial's.

    Bits of a trial may all be wrong together, so trials alone are independent. The chance that n shares have a mean of
    x or less where theirs is m is at most exp(−n·KL(x, m)) however they are distributed: Hoeffding, J. Am. Stat. Assoc.
    58, 13 (1963), theorem 1. Where none is wrong that is 1 − 0.05^{1/n}.
    """
    mean, surprise = float(np.mean(shares)), -math.log(1 - level) / len(shares)
    if mean >= 1:
        return 1.0
    if mean <= 0:
        return -math.expm1(-surprise)
    return float(brentq(lambda true: rel_entr(mean, true) + rel_entr(1 - mean, 1 - true) - surprise, mean, 1 - 1e-15))


def error_rate(result: xr.Dataset) -> tuple[float, float]:
    """Share of bits that are wrong or undecided, and what it is at most."""
    shares = 1 - result["accuracy"].values
    return float(shares.mean()), at_most(shares)


def paper_design(damping: float, wall_width: str) -> Design:
    """Table I's network of 29 neurons."""
    return Design.model_validate({
        "name": "paper-29", "network": {"neurons": 29},
        "device": {"dynamics": {"parameters": {"damping": damping, "wall_width": wall_width}}},
        "operating_point": {"temperature": 0.0, "load": 16e-9}, "task": {"time_limit": 100e-9},
    })  # fmt: skip


def curves() -> dict[str, list[tuple[float, float, float]]]:
    """Temperature, error rate and its bound, of every network."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for name, (damping, width, temperatures) in PAPER.items():
        design = paper_design(damping, width)
        found[f"Table I, N = 29, {name}"] = [(t, *error_rate(recalled(design, t, PAPER_TRIALS))) for t in temperatures]
    for neurons, trials in TRIALS.items():
        design = load_design(DOCS / "designs" / f"warm_{neurons}.yaml")
        found[f"warm_{neurons}"] = [(t, *error_rate(recalled(design, t, trials))) for t in WARM]
    return found


def draw(found: dict[str, list[tuple[float, float, float]]], path: Path) -> None:
    """Error rates against temperature."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "warm"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for name, rows in found.items():
        t, rate, most = np.array([row for row in rows if row[0] > 0]).T
        (line,) = axes.plot(t, np.maximum(rate, 3e-4), "o-", label=name)
        axes.fill_between(t, np.maximum(rate, 3e-4), most, alpha=0.15, color=line.get_color())
    axes.set(xscale="log", yscale="log", xlabel="temperature in K", ylabel="bits wrong or undecided", ylim=(3e-4, 1.5))
    axes.axvline(300, color="0.7", linewidth=0.8)
    axes.legend(fontsize=7)
    figure.savefig(path, metadata={"Date": None, "Creator": None})


def main() -> None:
    """Print the tables, draw the figure."""
    columns = list(itertools.product((29, 60), WIDTHS, OHMS))
    heads = (f"N = {n}, {width * 1e9:g} nm, {r_p:g} Ω" for n, width, r_p in columns)
    print("| L |", " | ".join(heads), "|\n|---|" + "---|" * len(columns))
    for length in LENGTHS:
        found = [least_damping(n, length, width, r_p) for n, width, r_p in columns]
        cells = (f"{damping:.2g}{'' if holds else ' (other rules broken)'}" for damping, holds in found)
        print(f"| {length * 1e6:g} µm |", " | ".join(cells), "|", flush=True)
    print("\n| drive Λ | notch | held for | moved in | ratio |\n|---|---|---|---|---|")
    diffusion = float(agitation(ROOM, np.array(1.0636e6), POLARIZATION)) * WALL / 0.1
    for drive, depth in itertools.product((1.0, 10.0, 20.0), (0.0, 5.0, 10.0, 17.0)):
        held, moved = pinned_times(1e-7, drive * diffusion / 1e-7, depth, diffusion)
        cells = f"{drive:g}", f"{depth:g} k_B T", f"{held * 1e9:.3g} ns", f"{moved * 1e9:.3g} ns", f"{held / moved:.3g}"
        print("|", " | ".join(cells), "|")
    print("\n| Λ over what the rules ask | bits wrong or undecided | at most (95 %) |\n|---|---|---|")
    for spare in SPARES:
        rate, most = error_rate(recalled(sized(29, 3e-7, 50e-9, 500.0, spare), ROOM, TRIALS[29]))
        print(f"| {spare:g} | {rate:.2%} | {most:.2%} |", flush=True)
    rates = curves()
    print("\n| network | T | bits wrong or undecided | at most (95 %) |\n|---|---|---|---|")
    for name, rows in rates.items():
        for t, rate, most in rows:
            print(f"| {name} | {t:g} K | {rate:.2%} | {most:.2%} |", flush=True)
    draw(rates, DOCS / "images" / "warm_recall.svg")


if __name__ == "__main__":
    main()
