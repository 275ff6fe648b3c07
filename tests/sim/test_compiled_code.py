"""Tables and addresses that compiled code takes, and when compiled code on disk is used."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numba import njit, types
from numba.extending import overload

from sim.contained_code import contained
from sim.engines import jit_options
from sim.engines.array_views import row_view, view
from sim.engines.function_pointers import address_of, call
from sim.engines.handles import Handle
from sim.engines.layout.stepping.passes import share_pass
from sim.engines.layout.stepping.runge_kutta import advance, begin


class Inner(NamedTuple):
    values: np.ndarray
    count: int
    whether: bool
    real: float


class Outer(NamedTuple):
    nothing: Any
    inner: Inner
    matrix: np.ndarray
    flags: np.ndarray
    small: np.ndarray


class Behind(NamedTuple):
    first: np.ndarray
    inner: Inner


@njit
def _behind(held):
    return held.first[0], held.inner.values[1]


@njit
def _read(held, more):
    inner = held.inner
    inner.values[0] += 1.0
    held.matrix[1, 2] = inner.values.sum()
    shape, flag, small = held.matrix.shape, held.flags[1], held.small[2]
    return held.nothing is None, inner.count, inner.whether, inner.real, shape, flag, small, more


def _outer(whether):
    small = np.array([1, -2, -3], np.int32)
    return Outer(None, Inner(np.arange(4.0), -7, whether, 2.5), np.zeros((2, 3)), np.array([False, True]), small)


@pytest.mark.parametrize("whether", [True, False])
def test_compiled_code_reads_and_writes_the_fields_of_a_tuple_through_its_table(whether):
    values = _outer(whether)
    held = Handle(values)
    assert _read(held, 3) == (True, -7, whether, 2.5, (2, 3), True, -3, 3)
    assert values.inner.values[0] == 1.0 and values.matrix[1, 2] == 7.0
    assert _read(held, 3)[0] and values.matrix[1, 2] == 8.0
    other = Handle(_outer(whether))
    assert other._numba_type_ is held._numba_type_


def test_another_handle_has_the_new_arrays_and_the_rest_in_common():
    values = _outer(True)
    held = Handle(values)
    inner = values.inner._replace(values=np.full(4, 2.0))
    other = held.another(values._replace(inner=inner, matrix=np.ones((2, 3))))
    assert _read(other, 5) == (True, -7, True, 2.5, (2, 3), True, -3, 5)
    assert other.values.matrix[1, 2] == 9.0 and inner.values[0] == 3.0
    assert values.matrix.sum() == 0.0 and values.inner.values.tolist() == [0, 1, 2, 3]
    assert _read(held, 5)[0] and values.matrix[1, 2] == 7.0 and other.values.matrix[1, 2] == 9.0
    for wrong in (np.zeros((3, 2)), np.zeros((2, 3), np.float32), np.zeros((2, 3), order="F")):
        with pytest.raises(ValueError, match=r"matrix is of another|contiguous"):
            held.another(values._replace(matrix=wrong))
    with pytest.raises(ValueError, match="count is of another"):
        held.another(values._replace(inner=values.inner._replace(count=-8)))


def test_another_handle_has_new_arrays_of_a_tuple_behind_others():
    values = Behind(np.array([5.0]), Inner(np.arange(4.0), 1, True, 2.5))
    other = Handle(values).another(values._replace(inner=values.inner._replace(values=np.full(4, 8.0))))
    assert _behind(other) == (5.0, 8.0) and _behind(Handle(values)) == (5.0, 1.0)


def test_an_array_that_is_not_contiguous_has_no_table():
    with pytest.raises(ValueError, match="contiguous"):
        Handle(_outer(True)._replace(matrix=np.zeros((3, 2)).T))


@njit
def _parts(values, words, matrix, row, first, last):
    part, there = view(values, first, last), row_view(matrix, row, first, last)
    part[0], there[-1] = -1.0, -2.0
    return part, there, view(words, first, last), len(part), len(view(values, last, last))


def test_a_view_is_the_slice_and_has_its_memory():
    values, words, matrix = np.arange(7.0), np.arange(7, dtype=np.int32), np.arange(21.0).reshape(3, 7)
    part, there, some, length, none = _parts(values, words, matrix, 1, 2, 5)
    assert part.tolist() == [-1, 3, 4] and there.tolist() == [9, 10, -2] and some.tolist() == [2, 3, 4]
    assert (length, none) == (3, 0) and part.strides == (8,) and some.strides == (4,)
    assert values[2] == -1 and matrix[1, 4] == -2 and (values < 0).sum() + (matrix < 0).sum() == 2


def _inverse(value):
    return 1.0 / value


_made: list[Any] = []


@overload(_inverse)
def _inverse_in_compiled_code(value):
    _made.append(value)
    return _inverse


@contained(optimized=False)
def _alike(value):
    return _inverse(value)


@contained(optimized=False, nogil=True)
def _alike_too(value):
    return _inverse(value) + 1.0


@contained(optimized=False, error_model="numpy")
def _unlike(value):
    return _inverse(value)


@njit
def _both_alike(value):
    return _alike(value) + _alike_too(value)


@njit
def _one_unlike(value):
    return _unlike(value)


def test_what_callers_call_is_compiled_once_for_those_that_would_compile_it_alike_and_anew_for_others():
    assert _both_alike(2.0) == 2.0
    assert len(_made) == 1
    assert _one_unlike(0.0) == np.inf
    assert len(_made) == 2
    with pytest.raises(ZeroDivisionError):
        _both_alike(0.0)


@jit_options.kernel()
def _double(held, k):
    held.inner.values[k] *= 2.0


@njit
def _caller(address, held):
    for k in range(3):
        call(address, held, np.int64(k))


def test_a_function_is_called_by_its_address():
    values = _outer(True)
    held = Handle(values)
    _caller(address_of(_double, held, types.int64), held)
    assert values.inner.values.tolist() == [0.0, 2.0, 4.0, 3.0]


@pytest.mark.parametrize("optimized", [True, False])
def test_code_that_others_contain_is_made_once_for_all_numbers_and_has_no_machine_code(optimized):
    @contained(optimized=optimized)
    def times(x, k):
        return x * k

    @njit
    def caller(x):
        return times(x, 2) + times(x, 3)

    assert caller(1.5) == 7.5
    assert list(times.overloads) == [(types.float64, types.int64)]
    (made,) = times.overloads.values()
    assert not made.library.codegen._engine.is_symbol_defined(made.fndesc.llvm_func_name)
    (around,) = caller.overloads.values()
    assert around.library.codegen._engine.is_symbol_defined(around.fndesc.llvm_func_name)


def test_every_source_of_compiled_code_is_among_those_that_it_is_checked_against():
    engines = Path(jit_options.__file__).parent
    stamped = {path for pattern in jit_options._SOURCES for path in engines.glob(pattern)}
    users = {path for path in engines.rglob("*.py") if "jit_options import" in path.read_text(encoding="utf-8")}
    assert len(users) > 10 and users <= stamped


PROBE = """
import sys
sys.path.insert(0, sys.argv[1])
import probed
print(probed.twice(21), sum(probed.twice.stats.cache_hits.values()))
"""
PROBED = """
from sim.engines import jit_options
jit_options.sources_stamp = lambda: {stamp!r}
@jit_options.plain()
def twice(x):
    return 2 * x
"""


def test_code_is_loaded_while_no_source_changed_and_overwritten_when_one_did(tmp_path):
    """The file of the function itself stays what it was: the stamp alone says that something that it calls changed."""

    def run(stamp):
        code = PROBED.format(stamp="SAME").replace("'SAME'", "__import__('os').environ['STAMP']")
        (tmp_path / "probed.py").write_text(code, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", PROBE, str(tmp_path)], env={**os.environ, "STAMP": stamp}, capture_output=True,
            text=True, check=True, timeout=120,
        )  # fmt: skip
        return done.stdout.split()

    assert importlib.util.find_spec("probed") is None
    assert run("one") == ["42", "0"]
    files = set((tmp_path / "__pycache__").glob("*.nb?"))
    assert run("one") == ["42", "1"]
    assert run("two") == ["42", "0"]
    assert run("two") == ["42", "1"]
    assert set((tmp_path / "__pycache__").glob("*.nb?")) == files


def test_steps_call_passes_and_solutions_by_address():
    """Code that contains what it calls is compiled again at every level: six functions of 3 to 6 MB each."""
    for function in (advance, begin, share_pass):
        source = function.py_func.__code__
        folder, name = Path(source.co_filename).parent / "__pycache__", function.py_func.__name__
        for path in folder.glob(f"*.{name}-{source.co_firstlineno}.*.nbc"):
            assert path.stat().st_size < 2e6, path.name
