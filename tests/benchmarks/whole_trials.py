"""Whole trials of drawn networks, as a user counts them; also of an older version, of which the least is asked here.

Only calls that older versions have as well are used, so that one module measures both.
"""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

COPPER = 0  # instead of a number of neurons: 60 that never rest
CASES = (16, 32, 60, 100, COPPER)
TRIALS, TOLERANCE = 20, 1e-7
_RUNS, _LONG = 5, 3.0  # most runs, and CPU seconds after which none is begun
SCALE = 10.0  # resistances times, leaks by
_RESISTANCE_AREA, _TRACK = 0.5e-12, 2000.0  # Ω·m², Ω; of the paper's device
_LEAKS = {"axon_leak": -5.0, "soma_leak": 0.2}  # m/s


def design_of(neurons: int, seed: int = 3) -> Any:
    """Weight rails, somas centred, one random pattern; in thick copper with the device scaled, or ``COPPER``."""
    from hwlib.design import Design

    scale = SCALE if neurons else 1.0
    return Design.model_validate({
        "name": "whole", "seed": seed, "process": "copper_thick" if neurons else "copper",
        "device": {"resistance_area": _RESISTANCE_AREA * scale, "track_resistance": _TRACK * scale} if neurons else {},
        "network": {"neurons": neurons or 60, "weight_style": "rails", "soma_placement": "centred",
                    "weights": {"random_patterns": 1}},
        "operating_point": {"load": "rest", **{name: leak / scale for name, leak in _LEAKS.items()}},
        "task": {"trials": TRIALS, "time_limit": 20e-6 if neurons else 2e-6},
    })  # fmt: skip


def trials(neurons: int, count: int = TRIALS) -> tuple[Any, list[Any]]:
    """The network, drawn and extracted, and protocols from random starts."""
    import layouts
    from hwlib.extraction import extract
    from sim.protocol import protocol_for

    design = design_of(neurons)
    process = design.load_process()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "whole.oas"
        layouts.write_layout(layouts.hopfield(design, process), file)
        network = extract(file, process, design)
    protocol, rng = protocol_for(design, process), np.random.default_rng(7)
    starts = [rng.integers(0, 2, network.neurons) for _ in range(count)]
    return network, [replace(protocol, start=start) for start in starts]


def measure(neurons: int, count: int = TRIALS) -> dict[str, Any]:
    """CPU seconds and seconds of a batch of trials, compiled before, and what they end in.

    A short batch runs several times, of which the least counts: what else the machine does is a part of each.
    """
    import sim

    network, protocols = trials(neurons, count)
    cut_off = [replace(each, load=1e-9, time_limit=1e-9) for each in protocols[:2]]
    sim.run_batch(network, cut_off, engine="layout", tolerance=TOLERANCE)
    took: list[tuple[float, float]] = []
    while len(took) < _RUNS and sum(cpu for cpu, _ in took) < _LONG:
        cpu, begun = time.process_time(), time.perf_counter()
        # A network of its own each time, of which nothing is known yet.
        found = sim.run_batch(replace(network), protocols, engine="layout", tolerance=TOLERANCE)
        took.append((time.process_time() - cpu, time.perf_counter() - begun))
    cpu, clock = min(took)
    return {
        "neurons": neurons, "count": count, "cpu_seconds": cpu, "seconds": clock, "steps": int(found.steps.sum()),
        "at_rest": float(found.at_rest.mean()), "mean_time": float(found.time_to_solution.mean()),
        "state": "".join(str(int(bit)) for bit in np.ravel(found.state)),
    }  # fmt: skip


def unpacked(revision: str, root: Path) -> Path:
    """The sources of an older version under ``root``/build, where what they compile is kept."""
    folder = root / "build" / f"base-{revision}"
    if not folder.exists():
        archive = folder.with_suffix(".tar")
        archive.parent.mkdir(exist_ok=True)
        subprocess.run(["git", "archive", "--output", str(archive), revision], cwd=root, check=True)
        with tarfile.open(archive) as file:
            file.extractall(folder, filter="data")
        archive.unlink()
    return folder
