"""The interfaces of several trials of one network, solved at once: a trial a SIMD lane.

Their matrices have one pattern, so that one look-up of an entry's place serves all lanes. Each lane does exactly what
``forward`` and ``backward`` do for a trial alone, so that results have the same bits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from sim.engines.function_pointers import call
from sim.engines.handles import handle_at
from sim.engines.jit_options import outer
from sim.engines.layout.elimination.schur import assemble_interface, eliminate_all_rows, finish_solution
from sim.engines.layout.partition.block_records import INTERFACE, Interface
from sim.engines.vector_code import LANES, WORD, Lanes, in_all_lanes, load_reals, row_of, store_reals

_FEW = 2  # trials that are solved sooner one after the other


class LaneRoom(NamedTuple):
    """Matrix, sources and potentials of the interface by lane, flat: of entry k in lane l at LANES · k + l.

    Between two solutions ``values`` holds the matrix without what rows add.
    """

    values: np.ndarray
    b: np.ndarray
    x: np.ndarray


def make_lane_room(interface: Interface) -> LaneRoom:
    """Room for the interfaces of ``LANES`` trials."""
    size = LANES * interface.program.n
    return LaneRoom(values=np.repeat(interface.values, LANES), b=np.zeros(size), x=np.zeros(size))


@outer()
def solve_together(table, first, last, room, example):
    """Solve the circuits of trials ``first`` … ``last`` − 1, at most ``LANES``, of which the table has the systems.

    Args:
        table: addresses of handles, those of the systems in column 0.
        first: first trial.
        last: end of the trials.
        room: work space.
        example: the system of any of them.
    """
    for trial in range(first, last):
        eliminate_all_rows(handle_at(table[trial, 0], example))
    if last - first <= _FEW:
        for trial in range(first, last):
            system = handle_at(table[trial, 0], example)
            call(system.calls[INTERFACE], system)
    else:
        _solve_lanes(table, first, last, room, example)
    for trial in range(first, last):
        finish_solution(handle_at(table[trial, 0], example))


@outer()
def _solve_lanes(table, first, last, room, example):
    program, fixed = example.interface.program, example.interface.values
    values, b, x, n = room.values, room.b, room.x, program.n
    for lane in range(last - first):
        system = handle_at(table[first + lane, 0], example)
        for k in range(n):
            b[k * LANES + lane] = system.face.source_b[k]
        assemble_interface(system, values[lane::LANES], b[lane::LANES])
    _forward_lanes(
        program.column, program.rows, program.diag, program.pair, program.target, values, b, program.still, n
    )  # fmt: skip
    _backward_lanes(program.column, program.rows, fixed, values, b, x, n)
    for lane in range(last - first):
        ref = handle_at(table[first + lane, 0], example).work.ref
        for k in range(n):
            ref[k] = x[k * LANES + lane]


def _index(builder: Any, data: Any, at: Any) -> Any:
    value = builder.load(builder.gep(data, [at]))
    return value if value.type == WORD else builder.zext(value, WORD)


def _data(context: Any, builder: Any, kinds: Any, values: Any) -> list[Any]:
    return [
        context.make_array(kind)(context, builder, value).data for kind, value in zip(kinds, values, strict=True)
    ]  # fmt: skip


def _range(builder: Any, first: Any, last: Any) -> Any:
    return cgutils.for_range_slice(builder, first, last, WORD(1))


@intrinsic
def _forward_lanes(context, column, rows, diag, pair, target, values, b, still, n):
    """In compiled code: ``forward`` for all lanes from position ``still`` on."""
    arrays = column, rows, diag, pair, target, values, b

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        column, rows, diag, pair, target, values, b = _data(context, builder, signature.args[:-2], given[:-2])
        still, n = given[-2:]

        def load(data: Any, at: Any) -> Any:
            return load_reals(builder, data, row_of(builder, (at, 1)))

        def put(data: Any, at: Any, value: Any) -> None:
            store_reals(builder, data, row_of(builder, (at, 1)), value)

        place = cgutils.alloca_once(builder, WORD)
        with _range(builder, still, n) as (k, _):
            first, last = _index(builder, column, k), _index(builder, column, builder.add(k, WORD(1)))
            inverse, source = load(values, k).reciprocal(), load(b, k)
            put(values, k, inverse)
            builder.store(_index(builder, pair, k), place)
            with _range(builder, first, last) as (p, _):
                entry, row = load(values, builder.add(n, p)), _index(builder, rows, p)
                factor, own = entry * inverse, _index(builder, diag, row)
                put(values, own, load(values, own) - factor * entry)
                put(b, row, load(b, row) - factor * source)
                after = builder.add(p, WORD(1))
                begin = builder.load(place)
                with _range(builder, after, last) as (q, done):
                    there = _index(builder, target, builder.add(begin, done))
                    put(values, there, load(values, there) - factor * load(values, builder.add(n, q)))
                builder.store(builder.add(begin, builder.sub(last, after)), place)
        return context.get_dummy_value()

    return types.void(*arrays, types.int64, types.int64), generate


@intrinsic
def _backward_lanes(context, column, rows, fixed, values, b, x, n):
    """In compiled code: ``backward`` for all lanes; values that were used become ``fixed`` again."""
    arrays = column, rows, fixed, values, b, x

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        column, rows, fixed, values, b, x = _data(context, builder, signature.args[:-1], given[:-1])
        n, reals = given[-1], ir.VectorType(ir.DoubleType(), LANES)

        def load(data: Any, at: Any) -> Any:
            return load_reals(builder, data, row_of(builder, (at, 1)))

        def restore(at: Any) -> None:
            value = Lanes(builder, in_all_lanes(builder, builder.load(builder.gep(fixed, [at]))))
            store_reals(builder, values, row_of(builder, (at, 1)), value)

        total = cgutils.alloca_once(builder, reals)
        with _range(builder, WORD(0), n) as (done, _):
            k = builder.sub(builder.sub(n, WORD(1)), done)
            builder.store(load(b, k).value, total)
            first, last = _index(builder, column, k), _index(builder, column, builder.add(k, WORD(1)))
            with _range(builder, first, last) as (p, _):
                at = builder.add(n, p)
                term = load(values, at) * load(x, _index(builder, rows, p))
                builder.store((Lanes(builder, builder.load(total)) - term).value, total)
                restore(at)
            store_reals(builder, x, row_of(builder, (k, 1)), Lanes(builder, builder.load(total)) * load(values, k))
            restore(k)
        return context.get_dummy_value()

    return types.void(*arrays, types.int64), generate
