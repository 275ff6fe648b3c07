"""A run says that it compiles, and for how long; when everything is compiled it says nothing."""

from itertools import count
from types import SimpleNamespace

from numba import njit

from sim import compile_helper
from sim.engines.layout.stepping.passes import share_pass
from spinhop.run_folder.runs import Run
from spinhop.running import run_design
from spinhop.runtime import compile_progress
from spinhop.runtime.compile_progress import compiling


def test_what_is_compiled_is_counted_and_timed(monkeypatch):
    said, done, clock = [], [], count(5)
    monkeypatch.setattr(compile_progress, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    twice, thrice = njit(lambda x: 2 * x), njit(lambda x: 3 * x)
    with compiling(said.append, done.append) as compiled:
        twice(1), thrice(1)
    assert len(said) == 2 == compiled.seconds and "once on this machine: 1 functions, 1 s" in said[0]
    assert done == [said[1].replace("compiling", "compiled")] and "2 functions, 2 s" in done[0]
    with compiling(said.append, done.append):
        twice(1)
    assert len(said) == 2 and len(done) == 1


def test_the_helper_begins_before_a_network_is_drawn_that_will_be_simulated(tmp_path, monkeypatch):
    done, path = [], tmp_path / "d.yaml"

    def execute(run, stages, progress, *, force):
        done.extend(stage.name for stage in stages)
        record = {"inputs": "", "design": "", "after": {}, "seconds": 0.0, "finished": "", "files": {}}
        run.manifest["stages"].update({stage.name: record for stage in stages})
        run.save()

    monkeypatch.setattr(compile_helper, "start_early", lambda: done.append("helper"))
    monkeypatch.setattr(Run, "execute", execute)
    path.write_text("name: d\nnetwork: {neurons: 2}\n")
    for goal, engine in (("simulate ideal", "auto"), ("layout", "auto"), ("simulate", "reference")):
        run_design(path, goal, engine=engine, out=tmp_path / engine / goal)
    assert "simulation, drawn" in done and "helper" not in done
    for first in ("helper", "layout"):  # the second time it has been simulated
        done.clear()
        run_design(path, "simulate", out=tmp_path / "out")
        assert done[0] == first and done.count("helper") == (first == "helper")


def test_the_helper_begins_early_only_where_nothing_of_the_engine_is_stored(monkeypatch):
    begun = []
    monkeypatch.setattr(compile_helper, "start_helper", lambda: begun.append(True))
    for stored in ({"a signature": "a file"}, {}):
        monkeypatch.setattr(share_pass._cache._cache_file, "_load_index", lambda stored=stored: stored)
        compile_helper.start_early()
        assert len(begun) == (not stored)
