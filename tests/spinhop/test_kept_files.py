"""Files of a run folder that are damaged, swapped, missing or invented: one line that names the file."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

import hwlib
from hwlib.errors import InputError
from hwlib.network_file import read_network
from hwlib.storage.netcdf import write_netcdf
from spinhop.run_folder.artefacts import save_dataset
from spinhop.run_folder.manifest import read_manifest
from spinhop.run_folder.provenance import file_hash
from spinhop.run_folder.result_files import read_task, read_trial
from tests.conftest import synthetic_recall

READ = ("network.nc", "ideal.nc", "drawn.nc", "recall_ideal.nc", "recall_drawn.nc", "layout.png")
DEEP = "[" * 100_000 + "]" * 100_000


def refused(result: tuple[int, str, str]) -> str:
    code, out, err = result
    assert code == 2 and out == "" and err.count("\n") == 1 and len(err) <= 201, err
    return err


def known(run: Path, name: str) -> None:
    """Put a file's present hash into the manifest, as somebody would who wants it to be believed."""
    manifest = json.loads((run / "manifest.json").read_text())
    for record in manifest["stages"].values():
        if name in record["files"]:
            record["files"][name] = file_hash(run / name)
    (run / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        ("layout", "layout.gds"), ("extraction", "network.spef"), ("checks of the drawing", "devices.nc"),
        ("checks of the drawing", "lvs.lvsdb"), ("checks, ideal wires", "erc_ideal.lyrdb"),
        ("page of the checks", "checks.html"),
    ],
)  # fmt: skip
def test_a_file_that_the_report_does_not_read_is_one_of_the_run_or_gone(spinhop, synthetic_run, stage, name):
    run = synthetic_run()
    manifest = json.loads((run / "manifest.json").read_text())
    (run / name).write_bytes(b"as it was")
    made = {"seconds": 1.0, "finished": "now", "inputs": "0", "files": {}}
    record = manifest["stages"].setdefault(stage, made | {"design": "another"})  # whose checks are not read at all
    record["files"][name] = file_hash(run / name)
    (run / "manifest.json").write_text(json.dumps(manifest))
    (run / name).write_bytes(b"as it w")
    line = refused(spinhop("report", run))
    assert f"{run / name}: damaged, or of another kind or run: not the file this run wrote" in line
    assert not (run / "report.html").exists()
    (run / name).unlink()
    if stage != "layout":  # the report shows one as soon as there is any
        assert spinhop("report", run)[0] == 0


@pytest.mark.parametrize("name", READ)
def test_a_file_that_the_run_did_not_write_is_refused_unopened(spinhop, synthetic_run, name):
    run = synthetic_run()
    whole = (run / name).read_bytes()
    middle = len(whole) // 2
    for content in (b"", whole[:-1], whole + b"\0", whole[:middle] + b"\xff" + whole[middle + 1 :], b"junk"):
        if content != whole:
            (run / name).write_bytes(content)
            line = refused(spinhop("report", run))
            assert f"{run / name}: damaged, or of another kind or run: not the file this run wrote" in line
    assert not (run / "report.html").exists()
    (run / name).unlink()
    if name != "layout.png":
        assert f"{name}: missing; there, spinhop run design.yaml --out . makes it" in refused(spinhop("report", run))
        os.mkfifo(run / name)
        assert f"{name}: cannot read result file (it is a FIFO" in refused(spinhop("report", run))
        (run / name).unlink()
        (run / name).mkdir()
        assert f"{name}: cannot read result file (it is a folder" in refused(spinhop("report", run))


READERS = {
    "network": read_network, "recall": lambda path: read_task(path, "recall"),
    "trial": lambda path: read_trial(path, traces=True),
}  # fmt: skip


def test_swapped_results_are_refused_without_a_manifest_too(synthetic_run):
    """The same kind with other wires only its hash can tell."""
    run = synthetic_run()
    kinds = {"network.nc": "network", "recall_ideal.nc": "recall", "recall_drawn.nc": "recall", "drawn.nc": "trial"}
    for name, kind in kinds.items():
        for reader, read in READERS.items():
            if reader == kind:
                read(run / name)
                continue
            with pytest.raises(InputError, match="damaged, or no ") as error:
                read(run / name)
            assert str(error.value).startswith(f"{run / name}: ")


@pytest.mark.parametrize("name", READ[:-1])
def test_results_of_a_network_of_another_size_are_refused(spinhop, synthetic_run, tmp_path, name):
    run = synthetic_run(4)
    run.rename(tmp_path / "small")
    large = synthetic_run(5)
    shutil.copy(tmp_path / "small" / name, large / name)
    known(large, name)
    line = refused(spinhop("report", large))
    size = "4 neurons and 16 devices, the run's design has 5" if name == "network.nc" else "needs "
    assert f"{large / name}: " in line and size in line


def _fits(there: h5py.Dataset, value: object) -> bool:
    """Whether a value can take another's place: its kind of numbers, and no yes or no, which are stored as integers."""
    kind = there.dtype.kind
    return not isinstance(value, tuple) and kind == np.asarray(value).dtype.kind and "dtype" not in there.attrs


def _changed(path: Path, **values: object) -> None:
    with h5py.File(path, "a") as file:
        if all(variable in file and _fits(file[variable], value) for variable, value in values.items()):
            for variable, value in values.items():
                file[variable][...] = value
            return
    dataset = xr.load_dataset(path, engine="netcdf4")
    for variable, value in values.items():
        dataset[variable] = value if isinstance(value, tuple) else (dataset[variable].dims, value)
    write_netcdf(dataset, path)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("drawn.nc", {"state": np.array([0, 1, 7, 0])}, "state has other values than 0, 1 and -1"),
        ("drawn.nc", {"other_state": np.array([0, 1, 7, 0])}, "other_state has other values than 0, 1 and -1"),
        ("drawn.nc", {"time_load": np.nan}, "time_load has values that are not finite"),
        ("drawn.nc", {"source": ("source", ["vdw", "weight", "load"])}, "source are not weight, vdw, load"),
        ("drawn.nc", {"event_wall": ("device", np.zeros(16))}, "event_wall over (device), needs (event)"),
        ("drawn.nc", {"event_time": np.zeros(48)}, "its events are not those of its walls in order"),
        ("drawn.nc", {"event_device": np.arange(48, dtype=np.int32)}, "its events are not those of its walls"),
        ("drawn.nc", {"event_device": np.zeros(48, np.int32)}, "its events are not those of its walls"),
        ("recall_drawn.nc", {"accuracy_mean": np.inf}, "accuracy_mean has values that are not finite"),
        ("recall_drawn.nc", {"at_rest": np.arange(20)}, "at_rest is 'int64', needs yes or no"),
        ("recall_drawn.nc", {"energy_source": ("trial", np.zeros(20))}, "energy_source over (trial), needs"),
        ("recall_drawn.nc", {"accuracy_mean": 1.0}, "accuracy_mean is not the mean over the trials"),
        ("recall_drawn.nc", {"accuracy": np.full(20, 1.5)}, "accuracy is not within 0 and 1"),
        ("recall_drawn.nc", {"energy_mean": 1e-15}, "energy_mean is not the mean over the trials"),
        ("recall_drawn.nc", {"time_max": 1e-9}, "times are not those of the trials at rest"),
        ("recall_drawn.nc", {"time_mean": np.nan}, "times are not those of the trials at rest"),
        ("recall_drawn.nc", {"at_rest": np.zeros(20, bool)}, "times are not those of the trials at rest"),
        ("drawn.nc", {"time_to_solution": 1e-9}, "time_to_solution is not load and convergence"),
        ("drawn.nc", {"time_load": -1e-9}, "time_load is negative"),
        ("drawn.nc", {"energy_sink": -np.ones(3)}, "energy_sink is negative"),
        ("drawn.nc", {"energy_source": np.array([3e-12, 1.01e-12, 5e-13])}, "is not the energy of its sources"),
        ("recall_drawn.nc", {"energy_sink": np.zeros((20, 3))}, "is not the energy of its sources"),
        ("recall_drawn.nc", {"time_convergence": ("trial", np.full(20, -1e-9))}, "time_convergence is negative"),
    ],
)
def test_impossible_values_are_refused(synthetic_run, name, values, words):
    path = synthetic_run() / name
    _changed(path, **values)
    with pytest.raises(InputError) as error:
        READERS["recall" if name.startswith("recall") else "trial"](path)
    assert f"{path}: damaged, or no result of " in str(error.value) and words in str(error.value)


def test_half_an_answer_is_refused(synthetic_run):
    """What else a trial may come to is told whole, or (by ngspice) not at all."""
    path = synthetic_run() / "drawn.nc"
    with xr.open_dataset(path, engine="netcdf4") as opened:
        whole = opened.load()
    for gone in ("undetermined", "other_time", "other_state"):
        write_netcdf(whole.drop_vars(gone), path)
        with pytest.raises(InputError, match="without the rest of it"):
            read_trial(path)
    write_netcdf(whole.drop_vars(["undetermined", "other_time", "other_state"]), path)
    assert "undetermined" not in read_trial(path)


def test_a_file_that_no_stage_wrote_is_refused(spinhop, synthetic_run):
    run = synthetic_run()
    manifest = json.loads((run / "manifest.json").read_text())
    del manifest["stages"]["simulation, drawn"]
    (run / "manifest.json").write_text(json.dumps(manifest))
    assert f"{run / 'drawn.nc'}: not made by this run yet; there, spinhop run" in refused(spinhop("report", run))


def test_results_of_another_run_are_refused(spinhop, synthetic_run, tmp_path):
    run = synthetic_run()
    run.rename(tmp_path / "one")
    other = synthetic_run(resting=3)
    shutil.copy(tmp_path / "one" / "recall_drawn.nc", other / "recall_drawn.nc")
    assert "recall_drawn.nc: damaged, or of another kind or run" in refused(spinhop("report", other))


def _noted(run: Path) -> None:
    """As a run notes which design its results are of."""
    from spinhop.run_folder.inputs import inputs_hash

    manifest = json.loads((run / "manifest.json").read_text())
    for record in manifest["stages"].values():
        record["design"] = inputs_hash(run, None)
    (run / "manifest.json").write_text(json.dumps(manifest))


def test_results_of_the_design_before_it_changed_are_refused(spinhop, synthetic_run):
    run = synthetic_run()
    _noted(run)
    design = (run / "design.yaml").read_text()
    assert spinhop("report", run)[0] == 0
    (run / "design.yaml").write_text("# of another name\n" + design)
    assert spinhop("report", run)[0] == 0
    (run / "design.yaml").write_text(design + "seed: 5\n")
    assert f"{run / 'network.nc'}: of another design than the folder says now" in refused(spinhop("report", run))
    (run / "design.yaml").write_text(design)
    (run / "process.yaml").write_text((Path(hwlib.__file__).parent / "processes" / "copper.yaml").read_text())
    assert "of another design" in refused(spinhop("report", run))


NONE = "(content: must be a mapping)"
HOSTILE = [
    ("", "no JSON"), ("{", "no JSON"), ("\0", "no JSON"), (DEEP, "no JSON"), ('{"a":' * 100_000, "no JSON"),
    ("9" * 5000, "no JSON"), ("[]", NONE), ("null", NONE), ("{}", "(format: missing)"),
    ('{"format": "spinhop-run-2"}', "(format: spinhop-run-2 is of another version"),
]  # fmt: skip


def test_a_manifest_that_is_none(spinhop, synthetic_run, design_file):
    run = synthetic_run()
    before = sorted(path.name for path in run.iterdir())
    for text, words in HOSTILE:
        (run / "manifest.json").write_text(text)
        for command in (
            ("report", run),
            ("layout", design_file(), "--out", run),
            ("check", design_file(), "--out", run),
        ):
            line = refused(spinhop(*command))
            assert f"{run.name}/manifest.json: damaged, or no run manifest" in line and words in line
    assert sorted(path.name for path in run.iterdir() if path.name != ".lock") == before


WRONG = [
    (("seed",), "one"), (("seed",), None), (("seed",), 1.5), (("design",), 7), (("design",), ["a"]),
    (("design",), "a\nb"), (("design",), "\x1b[2J"), (("versions",), []), (("versions",), {"python": 3}),
    (("versions",), {"\ud800": "3"}), (("stages",), []), (("stages",), {"layout": []}), (("stages", "layout"), {}),
    (("stages", "layout", "seconds"), "1"), (("stages", "layout", "seconds"), float("nan")),
    (("stages", "layout", "seconds"), -1.0), (("stages", "layout", "seconds"), float("inf")),
    (("stages", "layout", "finished"), 3), (("stages", "layout", "inputs"), {"a": 1}),
    *((("stages", "layout", "after"), value) for value in (None, [1, 2], {"layout": 5})),
    (("stages", "layout", "design"), 5), (("stages", "layout", "parasitics"), ["a"]), (("stages", "layout", "task"), 1),
    (("stages", "layout", "layout"), 5), (("stages", "layout", "engine"), []), (("stages", "layout", "files"), ["a"]),
    *((("stages", "layout", "files"), {name: "0" * 64}) for name in (
        "../../x", "/etc/passwd", "..", ".", "", "a/b", "a\\b", "a\0b", "a\nb", "manifest.json", "x" * 2000,
        "design.yaml", "process.yaml", ".lock")),
    *((("stages", "layout", "files"), {"a": value}) for value in (None, 0, "", "0", "g" * 64, "0" * 65, [], {})),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_field_of_the_manifest_is_named(tmp_path, place, value):
    record = {"inputs": "0", "seconds": 1.5, "finished": "now", "files": {"a": "0" * 64}, "engine": "auto"}
    manifest = {"format": "spinhop-run-1", "design": "d", "seed": 1, "versions": {"python": "3"}}
    other = {**record, "files": {"b": "0" * 64}, "more": [1, {}]}
    manifest["stages"] = {"layout": record, "recall, drawn": other}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert read_manifest(tmp_path) == manifest
    inner = manifest
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError) as error:
        read_manifest(tmp_path)
    line = str(error.value)
    assert f"/manifest.json: damaged, or no run manifest ({'.'.join(place)[:30]}" in line and len(line) < 200


def test_a_file_with_two_contents_is_refused(tmp_path):
    record = {"inputs": "0", "seconds": 1.5, "finished": "now"}
    manifest = {"format": "spinhop-run-1", "design": "d", "seed": 1, "versions": {}}
    for second, refused in (("0", False), ("1", True)):
        manifest["stages"] = {
            "layout": {**record, "files": {"a": "0" * 64}},
            "extraction": {**record, "files": {"a": second * 64}},
        }
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
        if refused:
            with pytest.raises(InputError, match="'a' is a file of several stages"):
                read_manifest(tmp_path)
        else:  # decks of two dialects, with one device model beside them
            assert len(read_manifest(tmp_path)["stages"]) == 2


def test_the_report_tells_the_seed_of_the_design(spinhop, synthetic_run):
    """Not what the manifest says beside it."""
    run = synthetic_run()
    text = (run / "manifest.json").read_text().replace('"seed": 1', '"seed": 99')
    (run / "manifest.json").write_text(text)
    assert spinhop("report", run)[0] == 0
    page = (run / "report.html").read_text()
    assert "Seed 1; engine" in page and "Seed 99" not in page


def test_names_of_files_outside_are_not_touched(spinhop, synthetic_run, design_file):
    """A design without stored patterns forgets the recalls, and removes their files."""
    run = synthetic_run()
    outside = run.parent / "precious"
    outside.write_text("precious")
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["stages"]["recall, drawn"]["files"] = {"../precious": file_hash(outside)}
    (run / "manifest.json").write_text(json.dumps(manifest))
    design = design_file("name: m\nnetwork: {neurons: 2, weights: {matrix: [[0, 1], [1, 0]]}}\n")
    assert "is no name of a file in the run folder" in refused(spinhop("run", design, "--out", run))
    assert outside.read_text() == "precious"


def test_manifest_of_no_regular_file(spinhop, synthetic_run):
    run = synthetic_run()
    (run / "manifest.json").unlink()
    os.mkfifo(run / "manifest.json")
    assert "manifest.json" in refused(spinhop("report", run))
    (run / "manifest.json").unlink()
    (run / "manifest.json").write_bytes(b" " * (17 * 2**20))
    assert "run manifest file is larger than 16 MiB" in refused(spinhop("report", run))


def test_what_a_result_says_of_itself_must_be_of_this_run(spinhop, synthetic_run):
    """Swapped files, whose hashes were made to fit, are known by what they say: design, seed, wires."""
    run = synthetic_run()
    own = {"design": "synthetic", "seed": 1}

    def says(name, **attributes):
        with h5py.File(run / name, "a") as file:
            file.attrs.update(attributes)
        known(run, name)

    for name in ("recall_ideal.nc", "recall_drawn.nc", "ideal.nc"):
        says(name, **own, wires="ideal" if "ideal" in name else "extracted")
    assert spinhop("report", run)[0] == 0
    for name, other in (
        ("recall_drawn.nc", {"design": "another"}), ("recall_ideal.nc", {"seed": 2}), ("drawn.nc", {"wires": "ideal"}),
        ("ideal.nc", {"wires": "extracted"}), ("recall_ideal.nc", {"seed": [1, 2]}), ("ideal.nc", {"wires": [1, 2]}),
        ("ideal.nc", {"temperature": 300.0}), ("recall_drawn.nc", {"temperature": [1.0, 2.0]}),
    ):  # fmt: skip
        says(name, **other)
        assert f"{name}: damaged, or of another run ({next(iter(other))} " in refused(spinhop("report", run))
        says(name, **own, wires="ideal" if "ideal" in name else "extracted")
        with h5py.File(run / name, "a") as file:
            file.attrs.pop("temperature", None)
        known(run, name)


def test_times_over_all_trials_are_those_of_each(tmp_path):
    result = synthetic_recall(4, 20, seed=1, resting=7)
    read_task(save_dataset(result, tmp_path / "right.nc"), "recall")
    result["time_to_solution"] = 2 * result["time_to_solution"]
    with pytest.raises(InputError, match="times are not those of the trials at rest"):
        read_task(save_dataset(result, tmp_path / "wrong.nc"), "recall")
