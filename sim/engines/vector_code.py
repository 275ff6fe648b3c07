"""Arithmetic on lanes while code is being generated: one processor instruction serves several rows.

Numba's compiler finds such code only in simple loops. Here a program written with ``Lanes`` is run once, when code is
generated, and leaves its instructions behind: loops over the ends of a row are then unrolled, and every intermediate
value is kept in a register as far as there are any.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils

LANES = 8  # rows that one instruction or two serve
WORD = ir.IntType(64)
_REALS, _WORDS = ir.VectorType(ir.DoubleType(), LANES), ir.VectorType(WORD, LANES)
_BYTES = ir.VectorType(ir.IntType(8), LANES)
_FUSED = ("contract",)  # products may be fused with sums


def _constant(kind: Any, value: float | int) -> Any:
    return ir.Constant(kind, [value] * LANES)


class Lanes:
    """A real number for each lane, as an expression in the code that ``builder`` writes."""

    def __init__(self, builder: Any, value: Any):
        self.builder, self.value = builder, value

    def _other(self, other: Lanes | float) -> Any:
        return other.value if isinstance(other, Lanes) else _constant(_REALS, float(other))

    def __add__(self, other: Lanes | float) -> Lanes:
        return Lanes(self.builder, self.builder.fadd(self.value, self._other(other), flags=_FUSED))

    def __sub__(self, other: Lanes | float) -> Lanes:
        return Lanes(self.builder, self.builder.fsub(self.value, self._other(other), flags=_FUSED))

    def __mul__(self, other: Lanes | float) -> Lanes:
        return Lanes(self.builder, self.builder.fmul(self.value, self._other(other), flags=_FUSED))

    def __neg__(self) -> Lanes:
        return self * -1.0

    def reciprocal(self) -> Lanes:
        """One over it."""
        return Lanes(self.builder, self.builder.fdiv(_constant(_REALS, 1.0), self.value, flags=_FUSED))

    def where(self, mask: Any, other: Lanes | float) -> Lanes:
        """It where ``mask`` holds, ``other`` elsewhere."""
        return Lanes(self.builder, self.builder.select(mask, self.value, self._other(other)))


class SymmetricLanes:
    """A symmetric matrix for each lane, all zero at first; entries by row and column in any order."""

    def __init__(self, builder: Any, size: int):
        self.builder, self.size = builder, size
        self._place = {(i, j): cgutils.alloca_once(builder, _REALS) for i in range(size) for j in range(i + 1)}
        for place in self._place.values():
            builder.store(_constant(_REALS, 0.0), place)

    def __getitem__(self, at: tuple[int, int]) -> Lanes:
        return Lanes(self.builder, self.builder.load(self._place[max(at), min(at)]))

    def __setitem__(self, at: tuple[int, int], value: Lanes | float) -> None:
        number = value.value if isinstance(value, Lanes) else _constant(_REALS, value)
        self.builder.store(number, self._place[max(at), min(at)])

    def column(self, at: int) -> list[Lanes]:
        """All entries of a column."""
        return [self[i, at] for i in range(self.size)]


def row_of(builder: Any, *place: tuple[Any, int]) -> Any:
    """Index of the first lane at a place (index, size) by (index, size) … of an array whose last axis is the lanes."""
    at = WORD(0)
    for index, size in place:
        at = builder.add(builder.mul(at, WORD(size)), WORD(index) if isinstance(index, int) else index)
    return builder.mul(at, WORD(LANES))


def load_reals(builder: Any, data: Any, at: Any) -> Lanes:
    """The reals of all lanes from index ``at`` on."""
    place = builder.bitcast(builder.gep(data, [at]), _REALS.as_pointer())
    return Lanes(builder, builder.load(place, align=8))


def store_reals(builder: Any, data: Any, at: Any, value: Lanes) -> None:
    """Write them there."""
    builder.store(value.value, builder.bitcast(builder.gep(data, [at]), _REALS.as_pointer()), align=8)


def load_words(builder: Any, data: Any, at: Any) -> Any:
    """The integers of 64 bits of all lanes."""
    return builder.load(builder.bitcast(builder.gep(data, [at]), _WORDS.as_pointer()), align=8)


def load_bytes(builder: Any, data: Any, at: Any) -> Any:
    """The integers of 8 bits of all lanes."""
    return builder.load(builder.bitcast(builder.gep(data, [at]), _BYTES.as_pointer()), align=1)


def in_all_lanes(builder: Any, number: Any) -> Any:
    """A number in every lane."""
    kind = ir.VectorType(number.type, LANES)
    undefined = ir.Constant(kind, ir.Undefined)
    one = builder.insert_element(undefined, number, ir.IntType(32)(0))
    return builder.shuffle_vector(one, undefined, _constant(ir.VectorType(ir.IntType(32), LANES), 0))


def equals(builder: Any, words: Any, number: Any) -> Any:
    """In which lanes integers are a number, one of Python's or of the code."""
    if isinstance(number, int):
        return builder.icmp_signed("==", words, _constant(words.type, number))
    return builder.icmp_signed("==", words, in_all_lanes(builder, number))
