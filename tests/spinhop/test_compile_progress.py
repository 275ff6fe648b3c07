"""A run says that it compiles, and for how long; when everything is compiled it says nothing."""

from itertools import count
from types import SimpleNamespace

from numba import njit

from spinhop import compile_progress
from spinhop.compile_progress import compiling


def test_what_is_compiled_is_counted_and_timed(monkeypatch):
    said, done, clock = [], [], count(5)
    monkeypatch.setattr(compile_progress, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    twice, thrice = njit(lambda x: 2 * x), njit(lambda x: 3 * x)
    with compiling(said.append, done.append):
        twice(1), thrice(1)
    assert len(said) == 2 and "once on this machine: 1 functions, 1 s" in said[0]
    assert done == [said[1].replace("compiling", "compiled")] and "2 functions, 2 s" in done[0]
    with compiling(said.append, done.append):
        twice(1)
    assert len(said) == 2 and len(done) == 1
