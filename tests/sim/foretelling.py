"""Designs around the edge between working and failing: what the static rules say, and what the simulator does.

``python tests/sim/foretelling.py`` runs what is missing in ``build/foretelling.jsonl`` and prints the table of
docs/checks.md. Sampling, split and seeds are fixed here: the first half of each task's designs gives the threshold, the
second is scored.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import sim
from hwlib.design import Design, load_design
from hwlib.errors import InputError
from hwlib.schematic import ideal_network, ladder_network
from sim.judgement import judge
from sim.tasks.kinds import task_of

TASKS = ("recall", "images", "maxcut")
DESIGNS, SEED, TRIALS = 110, 15, 3
OHM = {"recall": (25.0, 400.0), "images": (40.0, 600.0), "maxcut": (16.0, 320.0)}  # per cell, Table I, N = 10
MOST_ATTEMPTS = 50
KEPT = 1.0  # share of the ideal network's own cut that counts as working


def drawn_design(task: str, index: int, folder: Path, attempt: int = 0, seed: int = SEED) -> tuple[Design, float]:
    """Design ``index`` of a task, with its files in ``folder``, and Ω per cell."""
    rng = np.random.default_rng([seed, TASKS.index(task), index, attempt])
    n = int(rng.integers(6, 15))
    scale = float(np.exp(rng.uniform(0, np.log(4))))
    low, high = OHM[task]
    ohm = float(np.exp(rng.uniform(np.log(low), np.log(high)))) * scale * 10 / n
    data: dict[str, Any] = {
        "name": f"edge-{task}-{index}", "seed": index + 1000 * attempt,
        "device": {
            "r_parallel": f"{500.0 * scale} ohm", "r_antiparallel": f"{500.0 * scale * rng.uniform(3, 5)} ohm",
            "track_resistance": f"{2000.0 * scale} ohm",
        },
        "operating_point": {
            "weight": f"{rng.uniform(0.07, 0.15)} V", "v_charge": f"{rng.uniform(0.07, 0.15)} V",
            "axon_leak": f"{-5.0 / scale} m/s", "soma_leak": f"{0.2 / scale} m/s", "rails_while_loading": "grounded",
        },
    }  # fmt: skip
    limit = f"{4e-6 * scale} s"
    if task == "recall":
        data |= {
            "network": {"neurons": n, "weights": {"random_patterns": int(rng.integers(1, 3))}, "weight_style": "lines"},
            "task": {"trials": TRIALS, "distortion": [0.15], "time_limit": limit},
        }  # fmt: skip
    elif task == "images":
        rows, columns = [(2, 3), (2, 4), (3, 3), (2, 5), (3, 4), (2, 7)][int(rng.integers(6))]
        names = []
        for k in range(int(rng.integers(1, 3))):
            names.append(f"picture-{k}.txt")
            bits = rng.integers(0, 2, (rows, columns))
            bits.flat[:2] = k, 1 - k  # no two pictures are the same
            text = "\n".join("".join("#" if bit else "." for bit in row) for row in bits)
            (folder / names[-1]).write_text(text + "\n", encoding="utf-8")
        data |= {
            "network": {"weight_style": "lines"},
            "task": {"kind": "images", "pictures": names, "distortion": [0.15], "trials": TRIALS, "time_limit": limit},
        }  # fmt: skip
    else:
        edges = [(i + 1, j + 1) for i in range(n) for j in range(i + 1, n) if rng.random() < 0.5] or [(1, 2)]
        lines = [f"{n} {len(edges)}", *(f"{i} {j} 1" for i, j in edges)]
        (folder / "graph.mc").write_text("\n".join(lines) + "\n", encoding="utf-8")
        data |= {
            "network": {"weight_style": "lines"},
            "task": {"kind": "maxcut", "graph": "graph.mc", "mapping": "balanced", "time_limit": limit},
        }  # fmt: skip
    path = folder / "design.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return load_design(path), ohm


def tried(task: str, index: int, seed: int = SEED) -> dict[str, Any]:
    """One design that works on ideal wires: margins foretold on its ladder network, and whether it works simulated."""
    for attempt in range(MOST_ATTEMPTS):
        with tempfile.TemporaryDirectory() as name:
            try:
                design, ohm = drawn_design(task, index, Path(name), attempt, seed)
            except InputError:  # two pictures, or a picture and the inverse of another, are the same
                continue
            process = design.load_process()
            ideal = sim.run_task(ideal_network(design, process), design, process)
            scored = task_of(design).measure
            if bool(ideal["at_rest"].all()) and (
                task == "maxcut" or float(ideal[scored].mean()) >= design.task.required
            ):
                return _judged(task, index, design, ohm, ideal)
    raise RuntimeError(f"{task} {index}: no design that works on ideal wires in {MOST_ATTEMPTS}")


def _judged(task: str, index: int, design: Design, ohm: float, ideal: xr.Dataset) -> dict[str, Any]:
    process = design.load_process()
    network = ladder_network(design, process, ohm)
    begun = time.perf_counter()
    report = judge(network, design, process)
    row: dict[str, Any] = {"task": task, "index": index, "neurons": network.neurons, "ohm": ohm}
    row["margins"] = {o.rule: float(np.clip(o.margin, -1e3, 1e3)) for o in report.outcomes}
    row["rules_seconds"] = time.perf_counter() - begun
    begun = time.perf_counter()
    result = sim.run_task(network, design, process)
    row["score"] = float(result[task_of(design).measure].mean())
    required = design.task.required
    if task == "maxcut":
        row["score"], required = float((result["cut"] / np.maximum(ideal["cut"], 1)).mean()), KEPT
    row["at_rest"] = bool(result["at_rest"].all())
    row["works"] = row["at_rest"] and row["score"] >= required
    row["simulated_seconds"] = time.perf_counter() - begun
    return row


RULES = ("drive.path", "drive.pattern", "vdw.window")
RESAMPLES = 2000


def auc(margins: np.ndarray, works: np.ndarray) -> float:
    """Chance that a design that works has the larger margin of two (Mann and Whitney); ties count half."""
    good, bad = margins[works], margins[~works]
    if not len(good) or not len(bad):
        return float("nan")
    difference = good[:, None] - bad
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))


def interval(margins: np.ndarray, works: np.ndarray) -> tuple[float, float]:
    """95 % of the areas of designs drawn again (bootstrap, seeded)."""
    draws = np.random.default_rng(0).integers(0, len(works), (RESAMPLES, len(works)))
    low, high = np.nanquantile([auc(margins[draw], works[draw]) for draw in draws], (0.025, 0.975))
    return float(low), float(high)


def threshold(margins: np.ndarray, works: np.ndarray) -> float:
    """The margin from which on most designs are told right."""
    cuts = np.unique(margins)
    return float(cuts[np.argmax([np.mean((margins >= cut) == works) for cut in cuts])])


def _area(margins: np.ndarray, works: np.ndarray) -> str:
    low, high = interval(margins, works)
    return f"{auc(margins, works):.2f} ({low:.2f} to {high:.2f})"


def table(rows: list[dict[str, Any]]) -> str:
    """How well each rule foretells each task: area under the curve and right answers, both on the second half.

    The last two columns take all designs, as they need no threshold from half of them.
    """
    lines = [
        "| task | designs, working | rule | area, second half (95 %) | threshold | told right, second half "
        "| area, all (95 %) | right by the sign, all |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for task in TASKS:
        mine = sorted((row for row in rows if row["task"] == task), key=lambda row: row["index"])
        if len(mine) < 4:
            continue
        works, half = np.array([row["works"] for row in mine]), len(mine) // 2
        for rule in RULES:
            margins = np.array([row["margins"][rule] for row in mine])
            cut = threshold(margins[:half], works[:half])
            right = np.mean((margins[half:] >= cut) == works[half:])
            some, every = (_area(margins[k:], works[k:]) for k in (half, 0))
            lines.append(
                f"| {task} | {len(mine)}, {np.mean(works):.0%} | `{rule}` | {some} | {cut:.2f} | {right:.0%} "
                f"| {every} | {np.mean((margins >= 0) == works):.0%} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--designs", type=int, default=DESIGNS, help="of each task")
    parser.add_argument("--task", choices=TASKS, help="one of them, to share the work")
    parser.add_argument("--file", type=Path, default=Path("build/foretelling.jsonl"))
    options = parser.parse_args()
    options.file.parent.mkdir(parents=True, exist_ok=True)
    done, begun = {(row["task"], row["index"]) for row in rows_of(options.file)}, time.perf_counter()
    for index in range(options.designs):
        for task in TASKS if options.task is None else (options.task,):
            if (task, index) not in done:
                row = tried(task, index)
                with options.file.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
                print(f"{task} {index}: {time.perf_counter() - begun:.0f} s", flush=True)
    print(f"seed {SEED}, spinhop {version('spinhop')}", table(rows_of(options.file)), sep="\n\n")


def rows_of(path: Path) -> list[dict[str, Any]]:
    """What was run before; a line that a kill cut off is left out."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


if __name__ == "__main__":
    main()
