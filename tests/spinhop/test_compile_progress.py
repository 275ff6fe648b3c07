"""A run says that it compiles, and for how long; when everything is compiled it says nothing."""

from itertools import count
from types import SimpleNamespace

from numba import njit

from sim import compile_helper
from sim.engines.layout.stepping.passes import share_pass
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


def test_the_helper_begins_before_a_network_is_drawn_that_will_be_simulated(spinhop, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(compile_helper, "start_early", lambda: asked.append(list(tmp_path.rglob("*.oas"))))
    path = tmp_path / "d.yaml"
    path.write_text("name: d\nnetwork: {neurons: 2}\ntask: {trials: 1}\n")
    for command in (["simulate", path, "--ideal"], ["layout", path], ["simulate", path, "--engine", "reference"]):
        assert spinhop(*command, "-o", tmp_path / str(len(command)))[0] == 0 and not asked
    for _ in range(2):  # the second time all is kept
        assert spinhop("simulate", path, "-o", tmp_path / "out")[0] == 0 and len(asked) == 1
    assert not [drawn for drawn in asked[0] if drawn.is_relative_to(tmp_path / "out")]


def test_the_helper_begins_early_only_where_nothing_of_the_engine_is_stored(monkeypatch):
    begun = []
    monkeypatch.setattr(compile_helper, "start_helper", lambda: begun.append(True))
    for stored in ({"a signature": "a file"}, {}):
        monkeypatch.setattr(share_pass._cache._cache_file, "_load_index", lambda stored=stored: stored)
        compile_helper.start_early()
        assert len(begun) == (not stored)
