"""Stores and lists of trials that are damaged or made to do harm: one line, nothing run, reserved, followed or lost."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from hwlib.design import Design
from hwlib.errors import InputError
from spinhop.atlas.atlas_store import AtlasStore
from spinhop.optimize import optimize
from spinhop.optimize.search_history import SearchHistory
from spinhop.optimize.search_space import axes_of
from spinhop.optimize.stored_trials import read_judged, read_trials, with_hashes
from spinhop.plotting.plot_source import open_source
from spinhop.run_folder.stored_point import read_point
from spinhop.study import study_store
from spinhop.study.point_evaluation import PointResult
from spinhop.study.study_store import StudyStore, forget_study, load_study_results, rows_of, stored_hashes

IDENTITY = {"axes": "seed"}
COLUMNS = {"seed": [1, 2], "process": ["ebeam", "copper"]}


def opened(folder):
    return StudyStore(folder, IDENTITY, ["a", "b"], COLUMNS, {"study": "x", "seed": 1})


@pytest.fixture
def store(tmp_path) -> Path:
    made = opened(tmp_path / "out")
    for k in range(2):
        made.add(k, PointResult({"works": 1.0}, {"works": ("1", "whether it works")}))
    made.write()
    return tmp_path / "out" / "results.zarr"


def described(column, **changes):
    def change(path):
        meta = json.loads((path / column / "zarr.json").read_text())
        (path / column / "zarr.json").write_text(json.dumps(meta | changes))

    return change


def in_place_of(name, make):
    def change(path):
        (path / name).unlink()
        make(path / name)

    return change


def bomb(path):
    from numcodecs import Zstd

    (path / "works" / "c" / "0").write_bytes(Zstd(1).encode(bytes(2**30)))


class Harm:
    def __reduce__(self):
        return Path.touch, (Path("harmed"),)


def pickled(path):
    """A column of Zarr 2 beside the others, whose values are made by calling what the file names."""
    column = path / "x"
    column.mkdir()
    about = {"zarr_format": 2, "shape": [2], "chunks": [2], "dtype": "|O", "compressor": None, "fill_value": None,
             "order": "C", "filters": [{"id": "pickle", "protocol": 4}]}  # fmt: skip
    (column / ".zarray").write_text(json.dumps(about))
    (column / ".zattrs").write_text(json.dumps({"_ARRAY_DIMENSIONS": ["point"]}))
    (column / "0").write_bytes(pickle.dumps(np.array([Harm(), Harm()], dtype=object)))


def elsewhere(path):
    shutil.move(path / "works", path.parent / "works")
    (path / "works").symlink_to(path.parent / "works")


CASES = {
    "claims 10^6 points in columns": lambda path: [
        described(column.name, shape=[10**6])(path) for column in path.iterdir() if column.is_dir()
    ],
    "claims 10^12 points": described("works", shape=[10**12]),
    "one column is longer": described("works", shape=[3]),
    "of two dimensions": described("works", shape=[2, 2]),
    "large chunks": described("works", chunk_grid={"name": "regular", "configuration": {"chunk_shape": [10**11]}}),
    "strange values": described("works", data_type="complex128"),
    "done is text": described("done", data_type="string"),
    "strange codec": described("works", codecs=[{"name": "numcodecs.pickle", "configuration": {}}]),
    "no hashes": lambda path: shutil.rmtree(path / "design_hash"),
    "few bytes, much data": bomb,
    "a chunk is junk": lambda path: (path / "works" / "c" / "0").write_bytes(b"junk"),
    "a chunk never ends": in_place_of("works/c/0", lambda path: path.symlink_to("/dev/zero")),
    "a chunk waits for ever": in_place_of("works/c/0", os.mkfifo),
    "a description waits for ever": in_place_of("works/zarr.json", os.mkfifo),
    "a column elsewhere": elsewhere,
    "objects of Python": pickled,
    "another version": described("", attributes={"format": "spinhop-study-1"}),
    "a description of 10 000 levels": lambda path: (path / "zarr.json").write_text("[" * 10_000 + "]" * 10_000),
    "a description of 2 MB": lambda path: (path / "zarr.json").write_text(json.dumps({"x": "a" * 2**21})),
    "a name that a terminal obeys": lambda path: (path / "\x1b[2J\n").mkdir(),
}  # fmt: skip


@pytest.mark.parametrize("harm", CASES)
def test_a_harmful_store_is_refused_and_stays(store, harm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    CASES[harm](store)
    before = sorted(store.rglob("*"))
    for call in (lambda: load_study_results(store), lambda: open_source(store), lambda: opened(store.parent),
                 lambda: stored_hashes(store, IDENTITY)):  # fmt: skip
        with pytest.raises(InputError, match=r"damaged, or no store|store of a study file") as found:
            call()
        assert harm != "another version" or "spinhop-study-1 is of another version of spinhop" in str(found.value)
        assert len(found.value.lines) == 1 and len(str(found.value)) <= 191 and str(found.value).isprintable()
    assert rows_of(store.parent) <= 2
    assert sorted(store.rglob("*")) == before and not (tmp_path / "harmed").exists()


@pytest.mark.parametrize("kind", ["a link to nothing", "a link to a store", "a file"])
def test_what_stands_in_a_store_s_place_is_named_and_force_removes_it(store, kind):
    store.rename(store.parent / "elsewhere")
    if kind == "a file":
        store.write_text("x")
    else:
        store.symlink_to("nothing" if kind == "a link to nothing" else "elsewhere")
    for call in (lambda: opened(store.parent), lambda: stored_hashes(store, IDENTITY)):
        with pytest.raises(InputError, match=r"results\.zarr(/zarr\.json)?: .*store of a study"):
            call()
    assert os.path.lexists(store) and not os.path.lexists(store.parent / ".results-new.zarr")
    forget_study(store.parent)
    assert opened(store.parent).done.tolist() == [False, False]
    assert sorted(path.name for path in store.parent.iterdir()) == ["elsewhere", "results.zarr"]


def test_a_store_is_looked_at_once(store, monkeypatch):
    seen = []
    check = study_store.check_store
    monkeypatch.setattr(study_store, "check_store", lambda *arguments: seen.append(0) or check(*arguments))
    load_study_results(store)
    opened(store.parent)
    assert len(seen) == 2


def test_what_is_being_written_is_no_harm(store):
    """A column that has just been begun, and files that are renamed when they are whole."""
    (store / "new").mkdir()
    (store / "works" / "c" / "0.1f.partial").write_bytes(b"half")
    assert load_study_results(store).sizes["point"] == rows_of(store.parent) == 2


TRIAL = {"number": 0, "proposed": {"s": 4.0},
         "judged": {"violations": [0.0] * 5, "why": "", "values": {"time": 1.0}, "bounds": []}}  # fmt: skip

BOUND = {"name": "time", "formula": "f", "unit": "s", "value": 1.0, "limit": 2.0, "margin": 0.5}


def trials_text(rows, seed=1):
    return json.dumps({"key": "k", "seed": seed, "trials": with_hashes("k", rows)})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("judged", "violations"), [0.0] * 4), (("judged", "violations", 0), "0"), (("judged", "why"), 3),
        (("judged", "violations", 0), float("nan")), (("judged", "values", "time"), [1.0]), (("proposed",), {}),
        (("judged", "bounds"), [{"name": "x"}]), (("judged", "bounds"), [BOUND | {"value": None}]),
        (("judged",), "x"), (("proposed", "s"), {"a": 1}), (("proposed", "s"), 10**400),
        (("judged", "violations", 0), -1.0), (("judged", "violations", 0), float("inf")),
        *((("judged", "values", "time"), value) for value in (-1.0, 1e308, float("inf"), float("nan"), 10**400)),
        *((("judged", "values", name), 1.5) for name in ("yield", "rest_rate", "accuracy")),
    ],
)  # fmt: skip
def test_trials_of_other_kinds_are_refused(tmp_path, path, value):
    trial = json.loads(json.dumps(TRIAL))
    (tmp_path / "a.json").write_text(trials_text([trial]))
    assert read_trials(tmp_path / "a.json").trials[0].judged.judged().feasible
    *way, last = path
    holder = trial
    for part in way:
        holder = holder[part]
    holder[last] = value
    (tmp_path / "a.json").write_text(trials_text([trial]))
    with pytest.raises(InputError, match=r"a\.json: damaged, or no trials of a search \(trials\.0\."):
        read_trials(tmp_path / "a.json")
    if path[0] == "judged":
        (tmp_path / "b.json").write_text(json.dumps({"key": "k", "judged": trial["judged"]}))
        with pytest.raises(InputError, match=r"b\.json: damaged, or no result of a design"):
            read_judged(tmp_path / "b.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"why": "a rule"}, "why 'a rule' without a violation"),
        ({"values": {"time": 1.0, "rest_rate": 0.5}}, "rest_rate 0.5 without a violation"),
        ({"values": {"time": 2.0, "energy": 3.0, "edp": 5.0}}, "edp 5 is not time times energy, 6"),
    ],
)
def test_trials_that_contradict_themselves_are_refused(tmp_path, change, said):
    """They were on the front, with an accuracy of 10 % or a product of 1 J·s."""
    path = tmp_path / "a.json"
    for judged, bad in ((TRIAL["judged"], False), (TRIAL["judged"] | change, True)):
        path.write_text(trials_text([TRIAL | {"judged": judged}]))
        if not bad:
            read_trials(path)
            continue
        with pytest.raises(InputError, match=r"a\.json: damaged, or no trials of a search \(trials\.0\.") as error:
            read_trials(path)
        assert said in str(error.value)


@pytest.mark.parametrize(
    ("seed", "accuracy", "said"),
    [(1, 0.1, "trials.0: accuracy 0.1 without a violation, needs 0.95"), (2, 1.0, "of another search"), (1, 1.0, "")],
)
def test_trials_are_of_this_search(tmp_path, seed, accuracy, said):
    design = Design(name="a", network={"neurons": 4}, search={"axes": {"s": [1, 4]}, "objectives": ["time"]})
    judged = TRIAL["judged"] | {"values": {"time": 1.0, "accuracy": accuracy}}
    trials = [TRIAL | {"proposed": {"s": 2.0}, "judged": judged}]
    (tmp_path / "trials.json").write_text(trials_text(trials, seed))
    history = SearchHistory(design, axes_of(design, "a"), 1, "k")
    if not said:
        history.load(tmp_path)
        assert len(history.trials) == 1
        return
    with pytest.raises(InputError, match=r"trials\.json: ") as error:
        history.load(tmp_path)
    assert said in str(error.value)


@pytest.mark.parametrize("numbers", [(0, 0), (1, 0), (0, 2), (-1, 0), (10**400,)], ids=lambda each: str(each)[:9])
def test_trials_of_other_numbers_are_refused(tmp_path, numbers):
    trials = [TRIAL | {"number": number} for number in numbers]
    (tmp_path / "a.json").write_text(trials_text(trials))
    with pytest.raises(InputError, match=r"a\.json: damaged, or no trials of a search \(.*trial") as error:
        read_trials(tmp_path / "a.json")
    assert len(str(error.value)) - len(str(tmp_path)) < 150


def test_a_key_that_is_there_twice_is_refused(tmp_path):
    (tmp_path / "a.json").write_text('{"key": "k", "seed": 1, "trials": [], "seed": 2}')
    with pytest.raises(InputError, match=r"a\.json: damaged, or no trials of a search \(key 'seed' twice\)"):
        read_trials(tmp_path / "a.json")


def no_file(path, kind):
    {"fifo": os.mkfifo, "folder": Path.mkdir, "link": lambda path: path.symlink_to("nothing")}[kind](path)


@pytest.mark.parametrize("kind", ["fifo", "folder", "link"])
def test_trials_that_are_no_file_are_refused_before_anything_is_removed(tmp_path, kind):
    design = tmp_path / "a.yaml"
    design.write_text("name: a\nnetwork: {neurons: 4}\nsearch: {axes: {s: [1, 2]}}\n")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "best_0.yaml").write_text("x")
    no_file(tmp_path / "out" / "trials.json", kind)
    with pytest.raises(InputError, match=r"trials\.json: cannot read trials of a search file|not empty and no folder"):
        optimize(design, tmp_path / "out", trials=1)
    assert (tmp_path / "out" / "best_0.yaml").read_text() == "x"
    (tmp_path / "out" / "best_0.yaml").unlink()
    no_file(tmp_path / "points.json", kind)
    with pytest.raises(InputError, match=r"points\.json: (cannot read|no such) points of an atlas file"):
        AtlasStore(tmp_path, "k").load()


def test_points_of_another_atlas_stay(tmp_path):
    text = json.dumps({"key": "k", "rules": [], "trials": []})
    (tmp_path / "points.json").write_text(text)
    AtlasStore(tmp_path, "k").load()
    with pytest.raises(InputError, match=r"points\.json: of another atlas .*--force to begin anew"):
        AtlasStore(tmp_path, "other").load()
    assert (tmp_path / "points.json").read_text() == text


@pytest.mark.parametrize("found", [{}, {"margins": {"a": "b"}, "errors": [], "closes_at": None}, {"margins": 1}, 3])
def test_points_of_an_atlas_of_other_kinds_are_refused(tmp_path, found):
    curve = {"process": "ebeam", "style": "rails", "s": 1.0, "scaled": False}
    row = {"curve": curve, "neurons": 4, "found": found}
    (tmp_path / "points.json").write_text(json.dumps({"key": "k", "rules": [row], "trials": []}))
    with pytest.raises(InputError, match=r"damaged, or no points of an atlas \(rules\.0\.found"):
        AtlasStore(tmp_path, "k").load()


RULES = {"margins": {"a": -0.5, "b": 1.0}, "errors": ["a"], "closes_at": 31}
TASK = {"score": 0.9, "ideal": 1.0, "rest_rate": 1.0, "verdict": "works"}
FORGED = [
    ("rules", {"margins": {"a": float("nan")}}), ("rules", {"closes_at": -3}), ("rules", {"closes_at": 10**400}),
    ("rules", {"errors": ["c"]}), ("trials", {"score": 5.0}), ("trials", {"rest_rate": -1.0}),
    ("trials", {"rest_rate": 0.5}), ("trials", {"verdict": "does not work", "score": 1.0}),
    ("trials", {"verdict": "good"}), ("trials", {"ideal": float("nan")}), ("rules", None), ("trials", None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "change"), FORGED)
def test_points_of_an_atlas_that_contradict_themselves_are_refused(tmp_path, kind, change):
    """None: a point is there twice."""
    curve = {"process": "ebeam", "style": "rails", "s": 1.0, "scaled": False}
    data = {"key": "k"}
    for name, found in (("rules", RULES), ("trials", TASK)):
        data[name] = [{"curve": curve, "neurons": 4, "found": found}]
    path = tmp_path / "points.json"
    path.write_text(json.dumps(data))
    AtlasStore(tmp_path, "k").load()
    row = data[kind][0]
    data[kind] = [row, row] if change is None else [row | {"found": row["found"] | change}]
    path.write_text(json.dumps(data))
    with pytest.raises(InputError, match=r"points\.json: damaged, or no points of an atlas") as error:
        AtlasStore(tmp_path, "k").load()
    assert len(str(error.value)) <= 200


@pytest.mark.parametrize("values", [
    {}, {"low": []}, {"low": [0.1, 0.2]}, {"margin": [None]}, {"v_dw_origin": 3}, {"closes_at": 10**400},
])  # fmt: skip
def test_tables_of_rules_of_other_kinds_are_refused(tmp_path, values):
    row = dict.fromkeys(("rule", "unit", "where", "state", "formula", "source", "reason"), "x")
    row |= {"status": "pass", "severity": "error"}
    numbers = dict.fromkeys(("margin", "measured", "required", "x", "y"), None)
    one = {"low": [0.1], "high": [0.1], "centre": [0.1], "margin": [0.1], "low_axon": ["a"], "high_axon": ["a"]}
    whole = {**one, "eq4": 0.1, "recommended_v_dw": None, "closes_at": None, "v_dw": 0.1, "v_dw_origin": "stated"}
    path = tmp_path / "erc_drawn_table.json"
    path.write_text(json.dumps({"rules": [row | numbers], "values": whole}))
    assert read_point(path)["values"].items() >= whole.items()
    path.write_text(json.dumps({"rules": [row | numbers], "values": (whole | values) if values else {}}))
    with pytest.raises(InputError, match=r"damaged, or no table of rules \(values"):
        read_point(path)
