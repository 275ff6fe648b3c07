"""A plan under voltage, and the arrays that its solution works in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from hwlib.network import Network
from sim.engines.handles import Handle
from sim.engines.jit_options import helper, plain
from sim.engines.layout.elimination.numeric import Program, forward_sources
from sim.engines.layout.ladders.coupled_ladders import CoupledLadders, CoupledState, make_coupled_state
from sim.engines.layout.ladders.single_ladders import SingleLadders, Taps, make_taps
from sim.engines.layout.partition.block_records import ALL_SHARES, Bundles, Columns, Interface, Rows
from sim.engines.layout.partition.plan import Plan
from sim.engines.layout.stepping.column import ROUNDING
from sim.result import meters

WEIGHT, VDW, LOAD, PILLAR, TRACK, WIRE = range(6)  # columns of powers: delivered, then turned to heat
SILENT = -1
_FAR_FROM_REST = 1000.0  # times the speed at rest


class Walls(NamedTuple):
    """Constants of each wall, and its place in pillar units: s = 0 where the wall enters the pillar, 1 where it leaves.

    Attributes:
        low, high: s at the ends of the track.
        rate: ds/dt per track current, 1/(s·A).
        leak: ds/dt of the leak, 1/s.
        still: |ds/dt| below which the wall is at rest, 1/s.
        slow: |ds/dt| of a wall far from rest still, whichever it is, 1/s: while one is faster no step needs to look
            for rest.
        share: pillar width as a fraction of L.
        pressed: whether some wall stands at an edge of its pillar when it is at an end of its track.
        pillar: conductance at s = 0, and what it gains up to s = 1, in S; wire in series in Ω; shape (walls, 3).
    """

    low: np.ndarray
    high: np.ndarray
    rate: np.ndarray
    leak: np.ndarray
    still: np.ndarray
    slow: float
    share: np.ndarray
    pressed: bool
    pillar: np.ndarray


class Work(NamedTuple):
    """Arrays of a system that change, or that every pass needs (flat, as threads take no nested tuples).

    Attributes:
        pillar_group: of the plan.
        rate: ds/dt of the walls per reference potential, a matrix (references, walls) per bundle.
        bound: least and largest rate of a bundle's walls for each of its references; leak_bound: of their leaks.
        most_share: largest pillar width of a bundle's walls, fraction of L.
        here: room for three potentials of every bundle's references.
        row_b, row_c: what the sources put into the rows' fixed part.
        source_class: class of each reference's source, −1 for none that counts.
        pillar: the part of each pillar that is ON, its resistance in Ω, its conductance with its wire in S, (3, walls).
        dirty: batches of ladders, then groups of rows, whose pillars changed since they were solved.
        tap, tap_siemens: tap of each wall, and what its pillar is there (of ``Taps`` or ``CoupledState``).
        values, b, c, x: of the rows.
        ref: potentials of the references.
        group_power: powers inside each group, WEIGHT … WIRE.
        chunk_group, chunk_batch, chunk_bundle: first group, batch and bundle of each thread's share.
    """

    pillar_group: np.ndarray
    rate: np.ndarray
    bound: np.ndarray
    leak_bound: np.ndarray
    most_share: np.ndarray
    here: np.ndarray
    row_b: np.ndarray
    row_c: np.ndarray
    source_class: np.ndarray
    pillar: np.ndarray
    dirty: np.ndarray
    tap: np.ndarray
    tap_siemens: np.ndarray
    values: np.ndarray
    b: np.ndarray
    c: np.ndarray
    x: np.ndarray
    ref: np.ndarray
    group_power: np.ndarray
    chunk_group: np.ndarray
    chunk_batch: np.ndarray
    chunk_bundle: np.ndarray


# Of ``Work``: the same for all systems of a plan.
_OF_PLAN = (
    "pillar_group", "rate", "bound", "leak_bound", "most_share", "source_class", "tap",
    "chunk_group", "chunk_batch", "chunk_bundle",
)  # fmt: skip


class Face(NamedTuple):
    """What the interface works on: sources' part of b, matrix, b, c, potentials.

    ``power``: of the whole circuit, WEIGHT … WIRE.
    """

    source_b: np.ndarray
    values: np.ndarray
    b: np.ndarray
    c: np.ndarray
    x: np.ndarray
    power: np.ndarray


class System(NamedTuple):
    """A plan under voltage, and the work space of its solution; ``calls``: see ``stepping/kernels.py``."""

    program: Program
    rows: Rows
    single: SingleLadders
    coupled: CoupledLadders
    columns: Columns
    interface: Interface
    bundles: Bundles
    taps: Taps
    coupled_state: CoupledState
    work: Work
    face: Face
    calls: np.ndarray


def make_walls(network: Network, plan: Plan, rest_speed: np.ndarray) -> Walls:
    """Constants of the walls in the plan's order; ``rest_speed`` of each device in m/s."""
    d = plan.bundles.device
    width, length = network.pillar_width[d], network.length[d]
    pillar = np.stack([1 / network.r_ap[d], 1 / network.r_p[d] - 1 / network.r_ap[d], plan.series], axis=1)
    start = network.pillar_centre[d] - width / 2
    low, high = -start / width, (length - start) / width
    rest, still = rest_speed[d], rest_speed[d] / width
    slow = max(_FAR_FROM_REST * rest.max(initial=0.0) / width.max(), still.max(initial=0.0))
    return Walls(
        low=low,
        high=high,
        rate=network.mobility[d] / width,
        leak=network.leak[d] / width,
        still=still,
        slow=float(slow),
        share=width / length,
        pressed=bool(low.max() > -ROUNDING or high.min() < 1 + ROUNDING),
        pillar=pillar,
    )


def make_system(
    network: Network, plan: Plan, walls: Walls, voltages: np.ndarray, threads: int, parts: Mapping[int, Handle]
) -> System:
    """Put a plan under the source voltages of each net (NaN: none); ``parts``: handles inside the plan."""
    taps, coupled_state = make_taps(plan.single), make_coupled_state(plan.coupled)
    tap_siemens = coupled_state.siemens if plan.coupled.rails else taps.siemens
    system = System(
        program=plan.row_program,
        rows=plan.rows,
        single=plan.single,
        coupled=plan.coupled,
        columns=plan.columns,
        interface=plan.interface,
        bundles=plan.bundles,
        taps=taps,
        coupled_state=coupled_state,
        work=_work(network, plan, walls, tap_siemens, threads),
        face=_face(plan.interface),
        calls=np.zeros(ALL_SHARES + 1, np.int64),
    )
    put_under(system, network, plan, voltages, parts)
    return system


def _work(network: Network, plan: Plan, walls: Walls, tap_siemens: np.ndarray, threads: int) -> Work:
    rows, program, bundles, n = plan.rows, plan.row_program, plan.bundles, plan.interface.program.n
    slots, blocks = len(program.diag), len(program.port_first) - 1
    classes = meters(network)[network.node_net[plan.source_node]]
    count, groups = len(walls.low), len(program.group) - 1
    rate, bound, leak_bound = _rates(bundles, walls)
    eliminated = program.group[rows.first_group :]
    swept = plan.coupled if plan.coupled.rails else plan.single
    return Work(
        pillar_group=plan.pillar_group,
        rate=rate,
        bound=bound,
        leak_bound=leak_bound,
        most_share=_most(bundles, walls.share),
        here=np.zeros((3, len(bundles.ref))),
        row_b=np.empty(slots),
        row_c=np.empty(blocks),
        source_class=np.concatenate([np.full(n, SILENT), classes]).astype(np.int64),
        pillar=np.empty((3, count)),
        dirty=np.empty(max(rows.first_dirty + groups, len(swept.work) - 1), np.bool_),
        tap=swept.tap,
        tap_siemens=tap_siemens,
        values=rows.values.copy(),
        b=np.zeros(slots),
        c=np.zeros(blocks),
        x=np.zeros(slots),
        ref=np.empty(n + len(classes)),
        group_power=np.zeros((groups, 6)),
        chunk_group=rows.first_group + _shares(eliminated - eliminated[0], threads),
        chunk_batch=_shares(swept.work, threads),
        chunk_bundle=_shares(bundles.first, threads),
    )


def _face(interface: Interface) -> Face:
    n = interface.program.n
    return Face(
        source_b=np.empty(n),
        values=interface.values.copy(),
        b=np.zeros(n),
        c=np.zeros(1),
        x=np.zeros(n),
        power=np.zeros(6),
    )


def another_system(system: System) -> System:
    """One of the same plan with its own memory; put it under voltages before anything else."""
    taps, face = Taps._make(map(np.copy, system.taps)), Face._make(map(np.copy, system.face))
    state = CoupledState._make(map(np.copy, system.coupled_state))
    own = {name: values.copy() for name, values in system.work._asdict().items() if name not in _OF_PLAN}
    own["tap_siemens"] = state.siemens if system.coupled.rails else taps.siemens
    work = system.work._replace(**own)
    return system._replace(taps=taps, coupled_state=state, work=work, face=face, calls=system.calls.copy())


def put_under(system: System, network: Network, plan: Plan, voltages: np.ndarray, parts: Mapping[int, Handle]) -> None:
    """Put a system, new or used, under source voltages of the nets that it was made for; all pillars are to be set."""
    work, n = system.work, plan.interface.program.n
    work.ref[:n], work.ref[n:] = 0.0, np.nan_to_num(voltages[network.node_net[plan.source_node]])
    work.row_b[:], work.row_c[:] = _row_sources(plan, work.ref)
    work.pillar[:], work.dirty[:] = -1.0, True
    system.face.source_b[:] = _interface_sources(plan.interface, work.ref, parts)
    system.taps.volt[:] = work.ref[plan.single.source]


def _row_sources(plan: Plan, ref: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the sources put into the rows' fixed part, as ``Work`` has it."""
    rows, program = plan.rows, plan.row_program
    slots, blocks = len(program.diag), len(program.port_first) - 1
    if not len(rows.source_slot):
        return np.zeros(slots), np.zeros(blocks)
    volt = ref[rows.source_ref]
    current = rows.source_siemens * volt
    owner = np.concatenate([program.block, np.repeat(np.arange(blocks), np.diff(program.port_first))])
    of = owner[rows.source_slot].astype(np.int64)
    return np.bincount(rows.source_slot, current, slots), np.bincount(of, current * volt, blocks)


def _interface_sources(interface: Interface, ref: np.ndarray, parts: Mapping[int, Handle]) -> np.ndarray:
    """The sources' part of the interface's b, with the positions eliminated that no pillar changes."""
    n = interface.program.n
    b = np.zeros(n)
    for here, there in ((interface.a, interface.b), (interface.b, interface.a)):
        to_source = (here < n) & (there >= n)
        np.add.at(b, here[to_source], interface.siemens[to_source] * ref[there[to_source]])
    forward_sources(parts[id(interface.program)], interface.values, b, interface.program.still)
    return b


def _rates(bundles: Bundles, walls: Walls) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rates, their bounds and the leaks' bounds of every bundle, as ``Work`` has them."""
    rate, bound = np.empty(len(bundles.siemens)), np.zeros((len(bundles.ref), 2))
    leak_bound = np.zeros((len(bundles.first) - 1, 2))
    _fill_rates(Handle(bundles), walls.rate, walls.leak, rate, bound, leak_bound)
    return rate, bound, leak_bound


def _most(bundles: Bundles, share: np.ndarray) -> np.ndarray:
    """Largest share of each bundle, 0 for an empty one."""
    filled = np.flatnonzero(np.diff(bundles.first))
    most = np.zeros(len(bundles.first) - 1)
    most[filled] = np.maximum.reduceat(share, bundles.first[filled])
    return most


@helper()
def _range(values):
    least = most = values[0]
    for value in values:
        least, most = min(least, value), max(most, value)
    return least, most


@plain()
def _fill_rates(bundles, per_ampere, leak, rate, bound, leak_bound):
    for bundle in range(len(bundles.first) - 1):
        first, last = bundles.first[bundle], bundles.first[bundle + 1]
        begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
        at = bundles.siemens_first[bundle]
        if first == last:
            continue
        leak_bound[bundle, 0], leak_bound[bundle, 1] = _range(leak[first:last])
        for k in range(end - begin):
            here = rate[at + k * (last - first) : at + (k + 1) * (last - first)]
            for i in range(last - first):
                here[i] = bundles.siemens[at + i * (end - begin) + k] * per_ampere[first + i]
            bound[begin + k, 0], bound[begin + k, 1] = _range(here)


def _shares(first: np.ndarray, threads: int) -> np.ndarray:
    """Cut items with ``first[k]`` work before item k into ``threads`` runs of about equal work."""
    targets = first[-1] * np.arange(1, threads) / threads
    inner = np.searchsorted(first, targets)
    return np.concatenate([[0], inner, [len(first) - 1]]).astype(np.int64)
