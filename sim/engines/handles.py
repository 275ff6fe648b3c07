"""Named tuples of arrays that compiled code takes as one pointer.

Numba hands a tuple over as all the numbers that its arrays consist of, a thousand for a circuit, at every call; most
of the time to compile went there. A handle is the address of a table of these numbers instead. Compiled code reads
fields from it by name, as from the tuple.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import NativeValue, infer_getattr, intrinsic, lower_getattr_generic, models, register_model, unbox
from numba.np.numpy_support import from_dtype

_LONG = ir.IntType(64)  # a word of a table; an array has its address there, then its shape


class HandleType(types.Type):
    """Type of a handle in compiled code.

    Args:
        name: of the named tuple's class.
        fields: name and Numba's type of each field; None is ``types.none``.
    """

    def __init__(self, name: str, fields: tuple[tuple[str, types.Type], ...]):
        self.fields = dict(fields)
        self.first, words = {}, 0  # word of the table where each field begins
        for field, kind in fields:
            self.first[field] = words
            words += _words(kind)
        self.words = words
        super().__init__(name=f"Handle({name}, {', '.join(f'{field}: {kind}' for field, kind in fields)})")


def _words(kind: types.Type) -> int:
    if isinstance(kind, HandleType):
        return kind.words
    if isinstance(kind, types.Array):
        return 1 + kind.ndim
    return 0 if kind is types.none else 1


class Handle:
    """A named tuple with its table: arrays (contiguous), numbers, None and named tuples of these.

    Arrays may change in place; numbers are what they were.

    Args:
        values: the tuple.
        parts: tuples inside of which handles were made before, by identity.
    """

    def __init__(self, values: Any, parts: Mapping[int, Handle] = MappingProxyType({})):
        words: list[int] = []
        kind = _put(words, values, parts)
        self._keep(values, kind, np.array(words, np.uint64))

    def _keep(self, values: Any, kind: HandleType, table: np.ndarray) -> None:
        self.values, self._numba_type_, self._table = values, kind, table  # the arrays live as long as their addresses
        self.address = _address(table)

    def another(self, values: Any) -> Handle:
        """A handle of a tuple that has other arrays of the same types and shapes, and the rest in common with this."""
        table, other = self._table.copy(), object.__new__(Handle)
        _put_others(table, 0, self._numba_type_, self.values, values)
        other._keep(values, self._numba_type_, table)
        return other


def _address(array: np.ndarray) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _put_others(table: np.ndarray, first: int, kind: HandleType, known: Any, values: Any) -> None:
    """Write the addresses of those arrays that are not the known ones into a table, from word ``first`` on."""
    for (field, inner), old, new in zip(kind.fields.items(), known, values, strict=True):
        if old is new:
            continue
        if isinstance(inner, HandleType):
            _put_others(table, first + kind.first[field], inner, old, new)
        elif isinstance(inner, types.Array) and new.shape == old.shape and new.dtype == old.dtype:
            _check_contiguous(new)
            table[first + kind.first[field]] = _address(new)
        else:
            raise ValueError(f"{field} is of another kind or shape")


_known: dict[tuple[Any, ...], HandleType] = {}
_arrays: dict[tuple[np.dtype, int], types.Array] = {}


def _put(words: list[int], values: Any, parts: Mapping[int, Handle]) -> HandleType:
    """Write a tuple into a table; its type."""
    kinds: list[types.Type] = []
    for value in values:
        if isinstance(value, np.ndarray):
            kinds.append(_put_array(words, value))
        elif isinstance(value, tuple):
            part = parts.get(id(value))
            words += part._table.tolist() if part else []
            kinds.append(part._numba_type_ if part else _put(words, value, parts))
        elif value is None:
            kinds.append(types.none)
        elif isinstance(value, bool | np.bool_):
            words.append(int(value))
            kinds.append(types.boolean)
        elif isinstance(value, int | np.integer):
            words.append(int(np.int64(value).view(np.uint64)))
            kinds.append(types.int64)
        else:
            words.append(int(np.float64(value).view(np.uint64)))
            kinds.append(types.float64)
    key = type(values), *map(id, kinds)  # each kind is there once, and stays
    if key not in _known:
        _known[key] = HandleType(type(values).__name__, tuple(zip(values._fields, kinds, strict=True)))
    return _known[key]


def _check_contiguous(array: np.ndarray) -> None:
    if not array.flags.c_contiguous:
        raise ValueError("an array of a handle is not contiguous")


def _put_array(words: list[int], array: np.ndarray) -> types.Array:
    _check_contiguous(array)
    words += [_address(array), *array.shape]
    key = array.dtype, array.ndim
    if key not in _arrays:
        _arrays[key] = types.Array(from_dtype(array.dtype), array.ndim, "C")
    return _arrays[key]


register_model(HandleType)(models.OpaqueModel)


@unbox(HandleType)
def _unbox(kind: HandleType, handle: Any, c: Any) -> NativeValue:
    number = c.pyapi.object_getattr_string(handle, "address")
    address = c.pyapi.long_as_voidptr(number)
    c.pyapi.decref(number)
    return NativeValue(address, is_error=cgutils.is_not_null(c.builder, c.pyapi.err_occurred()))


@infer_getattr
class _HandleAttributes(AttributeTemplate):
    key = HandleType

    def generic_resolve(self, kind: HandleType, field: str) -> types.Type | None:  # type: ignore[override]
        return kind.fields.get(field)


@lower_getattr_generic(HandleType)
def _get(context: Any, builder: Any, kind: HandleType, table: Any, field: str) -> Any:
    wanted = kind.fields[field]
    if wanted is types.none:
        return context.get_dummy_value()
    words, first = builder.bitcast(table, _LONG.as_pointer()), kind.first[field]
    if isinstance(wanted, HandleType):
        return builder.bitcast(builder.gep(words, [_LONG(first)]), table.type)
    if isinstance(wanted, types.Array):
        return _load_array(context, builder, wanted, words, first)
    value = _load(builder, words, first)
    if isinstance(wanted, types.Float):
        return builder.bitcast(value, context.get_value_type(wanted))
    return builder.icmp_unsigned("!=", value, _LONG(0)) if wanted is types.boolean else value


def _load(builder: Any, words: Any, number: int) -> Any:
    """A word that nothing writes while compiled code runs, so that it needs to be read only once."""
    value = builder.load(builder.gep(words, [_LONG(number)]))
    value.set_metadata("invariant.load", builder.module.add_metadata([]))
    return value


def _load_array(context: Any, builder: Any, kind: types.Array, words: Any, first: int) -> Any:
    pointer = context.get_data_type(kind.dtype).as_pointer()
    data = builder.inttoptr(_load(builder, words, first), pointer)
    shape = [_load(builder, words, first + 1 + axis) for axis in range(kind.ndim)]
    size = _LONG(context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    strides = [size]
    for extent in shape[:0:-1]:
        strides.insert(0, builder.mul(strides[0], extent))
    array = context.make_array(kind)(context, builder)
    context.populate_array(array, data=data, shape=shape, strides=strides, itemsize=size, meminfo=None)
    return array._getvalue()


@intrinsic
def handle_at(context: Any, address: Any, example: Any) -> Any:
    """In compiled code: the handle whose ``address`` is given, of the type of ``example``."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.inttoptr(values[0], context.get_value_type(signature.return_type))

    return example(types.int64, example), generate
