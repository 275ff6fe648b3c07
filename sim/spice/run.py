"""Running a bench with ngspice and reading it back."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr

from hwlib.errors import InputError
from hwlib.network import Network
from sim.protocol import Protocol
from sim.result import read_out
from sim.spice.deck import MAX_STEP, Timing, wall_name, write_deck

_SETTLE = 5e-9  # s: a transient goes on after the network should be at rest
_RAW = "walls.raw"


def find_ngspice() -> str:
    """Path of ngspice.

    Raises:
        InputError: it is not installed.
    """
    found = shutil.which("ngspice")
    if found is None:
        raise InputError(
            "ngspice: not found on PATH; install ngspice 39 or newer (Debian, Ubuntu: apt install ngspice)"
        )
    return found


def run_ngspice(
    network: Network, protocol: Protocol, *, timing: Timing | None = None, folder: str | Path | None = None
) -> xr.Dataset:
    """Simulate one trial with ngspice.

    Args:
        network: ideal or extracted.
        protocol: the trial.
        timing: release and end of the transient; by default what the project's own engine finds, and 5 ns more.
        folder: where the deck and ngspice's output stay; by default they are removed.

    Returns:
        Of the variables of ``sim.run``: ``time``, ``wall``, ``phase``, ``wall_final``, ``state``, ``time_load``,
        ``time_convergence``, ``time_to_solution``, ``at_rest``.

    Raises:
        InputError: ngspice is missing or fails, or the protocol does not fit the network.
    """
    program = find_ngspice()
    timing = timing or default_timing(network, protocol)
    if folder is not None:
        return _run(program, network, protocol, timing, Path(folder))
    with tempfile.TemporaryDirectory(prefix="spinhop-spice-") as scratch:
        return _run(program, network, protocol, timing, Path(scratch))


def default_timing(network: Network, protocol: Protocol, max_step: float = MAX_STEP) -> Timing:
    """Load time of the protocol (or until rest, as the project's engine finds it), and when all should be over."""
    from sim.simulate import run

    known = run(network, protocol, record=False)
    load = float(known.time_load)
    return Timing(load, load + float(known.time_convergence) + _SETTLE, max_step)


def _run(program: str, network: Network, protocol: Protocol, timing: Timing, folder: Path) -> xr.Dataset:
    bench = write_deck(network, protocol, timing, folder)
    names = [f"v(xnet.{wall_name(network, d)})" for d in range(network.devices)]
    script = ["* runs the bench and keeps every wall", f".include {bench.name}"]
    script += [f".save {name}" for name in [*names, "v(busy)"]]
    script += [".control", "run", f"write {_RAW}", ".endc", ".end"]
    (folder / "run.cir").write_text("\n".join(script) + "\n")
    done = subprocess.run(
        [program, "-b", "run.cir"], cwd=folder, capture_output=True, text=True, errors="replace", check=False
    )
    (folder / "ngspice.log").write_text(done.stdout + done.stderr)
    raw = folder / _RAW
    if not raw.exists():
        lines = [line for line in (done.stderr + done.stdout).splitlines() if "rror" in line or "abort" in line]
        raise InputError(f"ngspice failed: {(lines or ['no output'])[0].strip()}")
    data = read_raw(raw)
    if data["time"][-1] < timing.stop * (1 - 1e-9):
        raise InputError(f"ngspice stopped at {data['time'][-1]:.4g} s of {timing.stop:.4g} s")
    return _dataset(network, timing, data, names)


def read_raw(path: Path) -> dict[str, np.ndarray]:
    """Variables of a binary raw file of real numbers, by lower-case name."""
    content = path.read_bytes()
    head, found, body = content.partition(b"Binary:\n")
    if not found:
        raise InputError(f"{path}: not a binary raw file of ngspice")
    lines = head.decode("latin-1").splitlines()
    count = next(int(line.split(":")[1]) for line in lines if line.startswith("No. Variables"))
    first = next(k for k, line in enumerate(lines) if line.startswith("Variables:")) + 1
    names = [line.split()[1].lower() for line in lines[first : first + count]]
    values = np.frombuffer(body, dtype="<f8")
    values = values[: len(values) // count * count].reshape(-1, count)
    return {name: values[:, k].copy() for k, name in enumerate(names)}


def _dataset(network: Network, timing: Timing, data: dict[str, np.ndarray], names: list[str]) -> xr.Dataset:
    time = data["time"]
    keep = np.concatenate([[True], np.diff(time) > 0])
    wall = np.stack([data[name] for name in names], axis=1)[keep] * network.length
    wall = np.clip(wall, 0, network.length)
    busy, time = data["v(busy)"][keep] > 0.5, time[keep]
    last = np.flatnonzero(busy)
    rest = float(time[min(last[-1] + 1, len(time) - 1)]) if len(last) else 0.0
    convergence = max(rest - timing.load, 0.0)
    meta = {
        "wall": (("time", "device"), wall, "m", "wall position, from the DW_IN end"),
        "phase": (("time",), (time > timing.load).astype(np.int8), "1", "0 load, 1 convergence"),
        "wall_final": (("device",), wall[-1], "m", "wall position at the end, from the DW_IN end"),
        "state": (("neuron",), read_out(network, wall[-1]), "1", "read-out of the somas: 0 OFF, 1 ON, -1 undecided"),
        "time_load": ((), timing.load, "s", "length of the load phase"),
        "time_convergence": ((), convergence, "s", "from release until every wall is at rest, or the end"),
        "time_to_solution": ((), timing.load + convergence, "s", "load and convergence; an answer only when at_rest"),
        "at_rest": ((), not bool(busy[-1]), "1", "every wall came to rest; false: the transient ended first"),
    }
    variables = {k: (dims, value, {"units": unit, "long_name": text}) for k, (dims, value, unit, text) in meta.items()}
    coords = {"time": ("time", time, {"units": "s", "long_name": "time from the start of the load"})}
    return xr.Dataset(variables, coords=coords, attrs={**network.attrs, "engine": "ngspice"})
