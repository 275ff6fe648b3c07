"""Parts of arrays in compiled code, without the checks of a slice.

Numba's slices count from the end where an index is negative, and end where the array does; that is some sixty
instructions each, which every caller contains and optimizes again.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


def _cut(context: Any, builder: Any, kind: Any, whole: Any, at: Any, items: Any) -> Any:
    """Contiguous items of an array from number ``at`` on."""
    part = context.make_array(kind)(context, builder)
    size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    context.populate_array(
        part, data=builder.gep(whole.data, [at]), shape=[items], strides=[size], itemsize=size, meminfo=None
    )
    return part._getvalue()


def _view_of(context, array, first, last):
    """In compiled code: ``array[first:last]`` of one axis, for 0 ≤ ``first`` ≤ ``last`` ≤ its length."""
    kind = types.Array(array.dtype, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        whole = context.make_array(array)(context, builder, values[0])
        return _cut(context, builder, kind, whole, values[1], builder.sub(values[2], values[1]))

    return kind(array, types.int64, types.int64), generate


def _row_view_of(context, array, row, first, last):
    """In compiled code: ``array[row, first:last]`` of two axes, likewise."""
    kind = types.Array(array.dtype, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        whole = context.make_array(array)(context, builder, values[0])
        width = cgutils.unpack_tuple(builder, whole.shape, 2)[1]
        at = builder.add(builder.mul(values[1], width), values[2])
        return _cut(context, builder, kind, whole, at, builder.sub(values[3], values[2]))

    return kind(array, types.int64, types.int64, types.int64), generate


view: Any = intrinsic(_view_of)
row_view: Any = intrinsic(_row_view_of)
