"""Run folders with stages that only write a line: what is repeated, what is kept, what is refused."""

from __future__ import annotations

import fcntl
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import xarray as xr

from hwlib.design import load_design
from hwlib.errors import InputError, StorageError
from hwlib.schematic import ladder_network
from hwlib.storage.yaml_text import read_yaml
from spinhop import stages
from spinhop.run_folder.folder_lock import hold
from spinhop.run_folder.runs import Run, Stage, open_run


class Recorder:
    """Two stages, the second reading the first, and a list of what happened."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []
        self.value = "one"
        self.broken = self.torn = False
        self.first = Stage("first", (), ("hwlib",), lambda run: self.value, self._first)
        self.second = Stage("second", ("first",), ("hwlib",), lambda run: None, self._second)

    def _first(self, run: Run) -> list[str]:
        run.path("a.txt").write_text(self.value)
        if self.torn:
            raise KeyboardInterrupt
        return ["a.txt"]

    def _second(self, run: Run) -> list[str]:
        if self.broken:
            raise KeyboardInterrupt
        run.path("b.txt").write_text(run.path("a.txt").read_text().upper())
        return ["b.txt"]

    def run(self, design: Path, out: Path, *, force: bool = False) -> list[tuple[str, str]]:
        self.events = []
        with open_run(design, out) as run:
            run.execute((self.first, self.second), self._note, force=force)
        return self.events

    def _note(self, stage: str, status: str, seconds: float) -> None:
        if status != "start":
            self.events.append((stage, status))


KEPT = [("first", "kept"), ("second", "kept")]
DONE = [("first", "done"), ("second", "done")]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def test_unchanged_stages_are_kept(recorder, design_file, tmp_path):
    design, out = design_file(), tmp_path / "run"
    assert recorder.run(design, out) == DONE
    assert recorder.run(design, out) == KEPT
    assert recorder.run(design, out, force=True) == DONE


def test_changed_inputs_repeat_the_stage_and_what_reads_it(recorder, design_file, tmp_path):
    design, out = design_file(), tmp_path / "run"
    recorder.run(design, out)
    recorder.value = "two"
    assert recorder.run(design, out) == DONE
    assert (out / "b.txt").read_text() == "TWO"


def test_equal_files_upstream_do_not_repeat_what_reads_them(recorder, design_file, tmp_path):
    design, out = design_file(), tmp_path / "run"
    recorder.run(design, out)
    (out / "a.txt").unlink()
    assert recorder.run(design, out) == [("first", "done"), ("second", "kept")]


def test_interrupted_run_goes_on_at_its_stage(recorder, design_file, tmp_path):
    design, out = design_file(), tmp_path / "run"
    recorder.run(design, out)
    recorder.value, recorder.broken = "two", True
    with pytest.raises(KeyboardInterrupt):
        recorder.run(design, out)
    recorder.broken = False
    assert recorder.run(design, out) == [("first", "kept"), ("second", "done")]
    assert (out / "b.txt").read_text() == "TWO"


def test_files_of_an_interrupted_stage_are_not_taken_for_edited_ones(recorder, design_file, tmp_path):
    design, out = design_file(), tmp_path / "run"
    recorder.run(design, out)
    recorder.value, recorder.torn = "two", True
    with pytest.raises(KeyboardInterrupt):
        recorder.run(design, out)
    recorder.value, recorder.torn = "one", False
    assert recorder.run(design, out) == [("first", "done"), ("second", "kept")]


def test_code_that_changed_repeats(recorder, design_file, tmp_path, monkeypatch):
    design, out = design_file(), tmp_path / "run"
    recorder.run(design, out)
    monkeypatch.setattr("spinhop.run_folder.runs.code_version", lambda *modules: "another")
    assert recorder.run(design, out) == DONE


def test_a_file_changed_by_hand_is_not_overwritten(recorder, design_file, tmp_path):
    design, out = design_file(), tmp_path / "run"
    recorder.run(design, out)
    (out / "a.txt").write_text("mine")
    with pytest.raises(InputError, match=r"a\.txt: changed since the run wrote it"):
        recorder.run(design, out)
    assert (out / "a.txt").read_text() == "mine"
    assert recorder.run(design, out, force=True) == DONE


def test_manifest_holds_versions_seed_and_hashes(recorder, design_file, tmp_path):
    out = tmp_path / "run"
    recorder.run(design_file("name: tiny\nseed: 7\nnetwork: {neurons: 3}\n"), out)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["seed"] == 7 and manifest["versions"]["numpy"]
    first = manifest["stages"]["first"]
    assert len(first["inputs"]) == 64 and len(first["files"]["a.txt"]) == 64 and first["seconds"] >= 0
    assert str(tmp_path) not in json.dumps(manifest)  # nothing of where it ran


def test_each_result_is_noted_to_be_of_the_present_design_when_it_is_made_or_kept(recorder, design_file, tmp_path):
    def designs() -> list[str]:
        stages = json.loads((tmp_path / "run" / "manifest.json").read_text())["stages"]
        return [stages[name]["design"] for name in ("first", "second")]

    out = tmp_path / "run"
    recorder.run(design_file(), out)
    before = designs()
    assert before[0] == before[1]
    recorder.run(design_file(name="renamed.yaml"), out)
    assert designs() == before
    other = design_file("name: tiny\nseed: 7\nnetwork: {neurons: 3}\n")
    with open_run(other, out) as run:
        run.execute((recorder.first,), lambda *_: None)
    now = designs()
    assert now[0] != now[1] == before[0]
    assert recorder.run(other, out) == KEPT and designs() == [now[0]] * 2


def test_default_folder_is_named_after_the_design(design_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open_run(design_file()) as run:
        assert run.folder == Path("runs/tiny")
    assert (tmp_path / "runs/tiny/manifest.json").is_file()


def _custom(design_file: Callable[..., Path], tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "w.csv").write_text("0,1,-1\n1,0,1\n-1,1,0\n")
    return design_file(
        "name: tiny # a comment\nnetwork: {neurons: 3, weights: {matrix_file: sub/w.csv}}\n"
        "operating_point: {v_dw: 40 mV}\n"
    )


def test_inputs_are_copied_and_the_resolved_design_runs_by_itself(design_file, tmp_path):
    design, out = _custom(design_file, tmp_path), tmp_path / "run"
    with open_run(design, out):
        pass
    assert (out / "input" / "tiny.yaml").read_text() == design.read_text()
    assert (out / "input" / "sub" / "w.csv").is_file()
    moved = tmp_path / "elsewhere"
    out.rename(moved)
    resolved, original = load_design(moved / "design.yaml"), load_design(design)
    skip = {"process": True, "network": {"weights"}}
    assert resolved.model_dump(mode="json", exclude=skip) == original.model_dump(mode="json", exclude=skip)
    assert resolved.load_process().model_dump(mode="json") == original.load_process().model_dump(mode="json")
    data = read_yaml((moved / "design.yaml").read_text()).data
    assert data["operating_point"]["v_dw"] == "40 mV" and data["device"]["track_length"] == "100 nm"


def test_the_resolved_design_can_be_run_in_its_own_folder(recorder, design_file, tmp_path):
    out = tmp_path / "run"
    recorder.run(_custom(design_file, tmp_path), out)
    before = (out / "design.yaml").read_text()
    assert recorder.run(out / "design.yaml", out) == KEPT
    assert (out / "design.yaml").read_text().splitlines()[1:] == before.splitlines()[1:]


def test_a_folder_with_other_things_is_left_alone(recorder, design_file, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match="not empty and no folder of a run"):
        recorder.run(design_file(), other)
    assert [p.name for p in other.iterdir()] == ["thesis.tex"]


OTHER_VERSION = r"run manifest \(format: spinhop-run-2 is of another version of spinhop, this one has spinhop-run-1\)"


@pytest.mark.parametrize(
    ("content", "said"),
    [*((text, "damaged, or no run manifest") for text in ("", "[]", "{}", '{"format": "other"}', "\x00")),
     ('{"format": "spinhop-run-2"}', OTHER_VERSION)],
)  # fmt: skip
def test_a_foreign_manifest_is_refused(recorder, design_file, tmp_path, content, said):
    out = tmp_path / "run"
    out.mkdir()
    (out / "manifest.json").write_text(content)
    with pytest.raises(InputError, match=said):
        recorder.run(design_file(), out)


def test_one_process_at_a_time(recorder, design_file, tmp_path):
    design, out = design_file(), tmp_path / "run"
    recorder.run(design, out)
    with (out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="a run is under way in this folder"):
            recorder.run(design, out)
    assert recorder.run(design, out) == KEPT


@pytest.mark.parametrize("turn", range(20))
def test_of_several_starts_at_once_one_runs_and_the_others_say_so(design_file, tmp_path, turn):
    """In a new folder, each start with a design of its own: what the others would write is not there."""
    together, out = threading.Barrier(6), tmp_path / "runs" / "run"
    ended = threading.Barrier(6)

    def start(design: Path) -> str:
        together.wait()
        try:
            with open_run(design, out):
                ended.wait()
                return "runs"
        except InputError as error:
            ended.wait()
            return str(error)

    designs = [design_file(f"name: d{k}\nnetwork: {{neurons: {k + 2}}}\n", f"d{k}.yaml") for k in range(6)]
    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(start, designs))
    assert said.count("runs") == 1
    assert sum("a run is under way" in line for line in said) == 5
    winner = f"d{said.index('runs')}"
    assert load_design(out / "design.yaml").name == json.loads((out / "manifest.json").read_text())["design"] == winner
    assert [path.name for path in (out / "input").iterdir()] == [f"{winner}.yaml"]


def _foreign(folder: Path) -> None:
    raise InputError("not empty")


def test_a_folder_that_another_start_takes_meanwhile_is_asked_for_once_more(tmp_path):
    """As when the other's files appear between looking for its lock and looking at them."""

    def refuse(folder: Path) -> None:
        if not (folder / ".lock").exists():
            (folder / ".lock").touch()
            raise InputError("not empty")

    with hold(tmp_path, (), refuse):
        pass
    (tmp_path / ".lock").unlink()
    with pytest.raises(InputError, match="not empty"), hold(tmp_path, (), _foreign):
        pass


def test_a_start_that_ended_before_its_manifest_is_taken_up(recorder, design_file, tmp_path):
    design, out = design_file(), tmp_path / "run"
    recorder.run(design, out)
    for name in ("manifest.json", "a.txt", "b.txt"):
        (out / name).unlink()
    (out / ".spinhop-0123456789abcdef.json").write_text("half a manifest")
    assert recorder.run(design, out) == DONE
    assert not list(out.glob(".spinhop-*"))


def test_results_without_a_manifest_are_left_alone(recorder, design_file, tmp_path):
    design, out = design_file(), tmp_path / "run"
    recorder.run(design, out)
    (out / "manifest.json").unlink()
    with pytest.raises(InputError, match="not empty and no folder of a run"):
        recorder.run(design, out)


@pytest.mark.parametrize("cut_off", range(4))
def test_a_start_that_fails_anywhere_can_be_repeated(recorder, design_file, tmp_path, monkeypatch, cut_off):
    """The first so many files are written, then there is no room."""
    from hwlib.storage import writing

    design, out, written = design_file(), tmp_path / "run", []

    def replace(self: Path, target: Path) -> Path:
        if len(written) == cut_off:
            raise OSError(28, "No space left on device")
        written.append(target)
        return original(self, target)

    original = writing.Path.replace
    with monkeypatch.context() as patch:
        patch.setattr(writing.Path, "replace", replace)
        with pytest.raises(StorageError, match="No space left on device"):
            recorder.run(design, out)
    assert recorder.run(design, out) == DONE


def test_a_stage_that_fails_before_it_writes_is_still_done(recorder, design_file, tmp_path):
    design, out = design_file(), tmp_path / "run"
    recorder.run(design, out)
    before = (out / "manifest.json").read_text()
    recorder.broken = True
    with pytest.raises(KeyboardInterrupt):
        recorder.run(design, out, force=True)  # the first is done again, the second is not
    stages = json.loads((out / "manifest.json").read_text())["stages"]
    assert stages["second"] == json.loads(before)["stages"]["second"]
    recorder.broken = False
    assert recorder.run(design, out) == KEPT


def test_an_unknown_engine_changes_nothing(recorder, design_file, tmp_path):
    design, out = design_file(), tmp_path / "run"
    recorder.run(design, out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with (
        pytest.raises(InputError, match="engine: 'foo', allowed: auto, ideal, layout, reference"),
        open_run(design, out, engine="foo"),
    ):
        pass
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_the_manifest_says_how_a_stage_was_made(design_file, tmp_path):
    stage = Stage("noted", (), ("hwlib",), lambda run: None, lambda run: [], lambda run: {"engine": run.engine})
    with open_run(design_file(), tmp_path / "run", engine="reference") as run:
        run.execute([stage], lambda *_: None)
    with open_run(design_file(), tmp_path / "run") as run:
        assert run.manifest["stages"]["noted"]["engine"] == "reference"


def test_temporary_files_are_swept_while_nobody_else_works(recorder, design_file, tmp_path):
    design, out = design_file(), tmp_path / "run"
    recorder.run(design, out)
    left = [folder / ".spinhop-0123456789abcdef.gds" for folder in (out, out / "input")]
    for path in left:
        path.write_text("half")
    with (out / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="under way"):
            recorder.run(design, out)
        assert all(path.exists() for path in left)
    recorder.run(design, out)
    assert not any(path.exists() for path in left)


def test_a_trial_of_which_no_trace_is_kept_is_as_exact_as_those_of_the_task(design_file, tmp_path, monkeypatch):
    """Nothing is drawn from it: a large network takes a third of the steps."""
    monkeypatch.setattr(stages, "drawn_network", lambda run: ladder_network(run.design, run.process, 1.0))
    steps = []
    with open_run(design_file(), tmp_path / "run") as run:
        for most in (stages.TRACE_DEVICES, 0):
            monkeypatch.setattr(stages, "TRACE_DEVICES", most)
            stages.SIMULATION_DRAWN.work(run)
            with xr.open_dataset(run.path(stages.DRAWN_TRACE), engine="netcdf4") as found:
                steps.append((int(found.steps), "event_time" in found))
    (fine, traced), (rough, traced_too) = steps
    assert traced and not traced_too and rough < 0.7 * fine, steps
