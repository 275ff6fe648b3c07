"""Tracks as fixed linear combinations of a few references: the transfer of each column, computed once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.engines.handles import Handle
from sim.engines.jit_options import plain
from sim.engines.layout.elimination.numeric import backward
from sim.engines.layout.partition.block_records import Bundles, Columns
from sim.engines.layout.partition.blocks import ROW, Structure
from sim.engines.layout.partition.drafts import Draft
from sim.engines.layout.partition.made_before import MadeBefore
from sim.engines.layout.partition.reduction import TRACK


def make_bundles(
    structure: Structure, draft: Draft, columns: Columns, node_ref: np.ndarray, before: MadeBefore
) -> Bundles:
    """Tracks of a column block together, then tracks between references one by one, then tracks without current."""
    edges, place = structure.edges, structure.place
    lone = np.flatnonzero((edges.kind == TRACK) & ~draft.mine)
    ends = np.stack([edges.a[lone], edges.b[lone]])
    if np.any(place[ends] == ROW):
        raise ValueError("a track ends inside a row block")
    kind, ohm, device = (each[draft.mine] for each in (edges.kind, edges.ohm, edges.device))
    tracks = _Tracks(
        kind=kind,
        ohm=ohm,
        device=device,
        lone_ohm=edges.ohm[lone],
        lone_device=edges.device[lone],
        lone_ref=node_ref[ends].astype(np.int64),
    )
    made_of = columns, draft.u, draft.v, draft.port_block, tracks
    return before.get(lambda: _bundles(draft, columns, tracks, structure.network.r_m), "bundles", made_of)


class _Tracks(NamedTuple):
    """Kind, resistance and device of the columns' edges; the same of tracks between references, and these."""

    kind: np.ndarray
    ohm: np.ndarray
    device: np.ndarray
    lone_ohm: np.ndarray
    lone_device: np.ndarray
    lone_ref: np.ndarray


def _bundles(draft: Draft, columns: Columns, tracks: _Tracks, r_m: np.ndarray) -> Bundles:
    program = draft.program
    inner = np.flatnonzero(tracks.kind == TRACK)
    u, v, ohm, of = draft.u[inner], draft.v[inner], tracks.ohm[inner], tracks.device[inner]
    block_of = np.concatenate([program.block, draft.port_block]).astype(np.int64)
    owner = block_of[np.where(u < 0, v, u)]
    order = np.lexsort((of, owner))
    u, v, ohm, owner = u[order], v[order], ohm[order], owner[order]
    device = [of[order], tracks.lone_device]
    ports = np.diff(program.port_first)
    blocks = len(ports)
    per_block = np.bincount(owner, minlength=blocks)
    matrix_first = np.concatenate([[0], np.cumsum(per_block * ports)])
    siemens = np.zeros(matrix_first[-1])
    _transfer(columns, program.port_first, u, v, ohm, owner, per_block, matrix_first, siemens)
    alive = np.zeros(len(r_m), bool)
    alive[np.concatenate(device)] = True
    dead = np.flatnonzero(~alive)
    device.append(dead)
    lone = len(tracks.lone_ohm)
    pair = tracks.lone_ref.T.ravel()
    pair_siemens = np.stack([1 / tracks.lone_ohm, -1 / tracks.lone_ohm], axis=1).ravel()
    one, two = np.ones(lone, np.int64), np.full(lone, 2)
    tracked = per_block > 0  # segments of trunks have no tracks
    walls = np.concatenate([per_block[tracked], one, [len(dead)]])
    refs = np.concatenate([ports[tracked], two, [0]])
    first, ref_first, siemens_first, heat_first = (
        np.concatenate([[0], np.cumsum(x)]).astype(np.int64) for x in (walls, refs, walls * refs, refs * refs)
    )
    none = np.zeros(0, np.int64)
    devices = np.concatenate(device).astype(np.int64)
    bundles = Bundles(
        device=devices,
        first=first,
        ref=np.concatenate([columns.port_ref[np.repeat(tracked, ports)], pair]).astype(np.int64),
        ref_first=ref_first,
        siemens=np.concatenate([siemens, pair_siemens]),
        siemens_first=siemens_first,
        heat=np.zeros(heat_first[-1]),
        heat_a=none,
        heat_b=none,
    )
    _heat(Handle(bundles), heat_first, r_m[devices])
    return bundles._replace(**_terms(bundles, heat_first))


def _terms(bundles: Bundles, heat_first: np.ndarray) -> dict[str, np.ndarray]:
    """The heat's matrices as terms, each pair of references once."""
    sizes, refs = np.diff(heat_first), np.diff(bundles.ref_first)
    place, many = np.arange(heat_first[-1]) - np.repeat(heat_first[:-1], sizes), np.repeat(refs, sizes)
    i, j = np.divmod(place, np.maximum(many, 1))
    once, begin = i >= j, np.repeat(bundles.ref_first[:-1], sizes)
    heat = np.where(i > j, 2.0, 1.0) * bundles.heat
    return {"heat": heat[once], "heat_a": bundles.ref[(begin + i)[once]], "heat_b": bundles.ref[(begin + j)[once]]}


def _transfer(columns, port_first, u, v, ohm, owner, per_block, matrix_first, siemens) -> None:
    """Track currents per port potential: one back-substitution over all columns for each port's place in its block."""
    program = columns.program
    held, ports = Handle(program), np.diff(port_first)
    x, zero = np.zeros(len(program.diag) + 1), np.zeros(len(program.diag))
    start = np.concatenate([[0], np.cumsum(per_block)])
    row = np.arange(len(u)) - start[owner]
    for place in range(ports.max(initial=0)):
        x[:] = 0
        has = ports > place
        x[program.n + port_first[:-1][has] + place] = 1
        backward(held, columns.values, zero, x, 0, program.n)
        mine = has[owner]
        at = matrix_first[owner] + row * ports[owner] + place
        siemens[at[mine]] = ((x[u] - x[v]) / ohm)[mine]  # index −1, a ground source, is the extra zero at the end


@plain()
def _heat(bundles, heat_first, r_m):
    for bundle in range(len(bundles.first) - 1):
        refs = bundles.ref_first[bundle + 1] - bundles.ref_first[bundle]
        base = heat_first[bundle]
        for wall in range(bundles.first[bundle], bundles.first[bundle + 1]):
            at = bundles.siemens_first[bundle] + (wall - bundles.first[bundle]) * refs
            for i in range(refs):
                for j in range(refs):
                    bundles.heat[base + i * refs + j] += r_m[wall] * bundles.siemens[at + i] * bundles.siemens[at + j]
