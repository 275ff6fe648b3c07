"""The command line: exit codes, one line per error, JSON for machines."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import hwlib
from hwlib.design import load_design
from hwlib.errors import InputError
from spinhop.cli import app, guarded
from spinhop.cli import command as whole_command
from spinhop.klive import show_layout
from tests.support.exit_codes import of_rows, of_text

COMMANDS = [
    "new", "schema", "run", "layout", "extract", "simulate", "recall", "report", "check", "image", "maxcut",
    "reproduce", "optimize", "sweep", "yield", "atlas", "show", "doctor",
]  # fmt: skip


def _one_line(err: str) -> str:
    assert err.startswith("spinhop: ") and err.count("\n") == 1, err
    return err


def test_every_command_is_there():
    names = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert set(COMMANDS) <= names


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command(spinhop, command):
    code, out, _ = spinhop(command, "--help")
    assert code == 0
    assert "Usage: spinhop" in out and "--help" in out


def test_help_says_what_every_argument_is(spinhop):
    """Click 8.5 dropped what Typer 0.24 was told, in silence."""
    said = {"run": "Design file (YAML).", "sweep": "Study file (YAML).", "process show": "A preset's name."}
    for command, text in said.items():
        assert text in " ".join(spinhop(*command.split(), "--help")[1].split())


def test_help_of_every_option_is_a_sentence_and_says_what_may_be_given_again():
    groups, found = [(whole_command(), "spinhop")], {}
    for group, words in groups:
        for name, each in getattr(group, "commands", {}).items():
            groups.append((each, f"{words} {name}"))
            found |= {f"{words} {name} {option.opts[0]}": option for option in each.params if option.opts[0][0] == "-"}
    assert len(found) > 150
    assert [name for name, option in found.items() if not (option.help or "").endswith(".")] == []
    assert [name for name, each in found.items() if each.multiple and "again for more" not in each.help] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"), (["run"], "Missing argument 'DESIGN'"),
        (["run", "a.yaml", "--nonsense"], "No such option"), (["new", "a.yaml", "-n", "many"], "not a valid int"),
        (["new", "a.yaml", "--style", "wires"], "'rails', 'lines'"), (["maxcut"], "Missing argument"),
        (["schema", "layout"], "'design', 'process'"),
    ],
)  # fmt: skip
def test_usage_errors_are_one_line(spinhop, arguments, message):
    code, out, err = spinhop(*arguments)
    assert code == 2 and out == ""
    assert message in _one_line(err)


@pytest.mark.parametrize("arguments", [
    ("run", ""), ("views", "d.yaml", "--out", ""), ("drc-script", "ebeam", "-o", ""), ("maxcut", "g.txt", ""),
    ("check", "d.yaml", "--layout", ""), ("report", ""), ("examples", "copy", "hopfield_3", "-o", ""),
])  # fmt: skip
def test_an_empty_path_is_no_folder(spinhop, tmp_path, monkeypatch, arguments):
    """A shell's unset variable: Python takes it for the current folder, and files were written there."""
    monkeypatch.chdir(tmp_path)
    code, out, err = spinhop(*arguments)
    assert (code, out) == (2, "") and "': empty; a file or folder needs a name" in err and err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["check", "extract"])
@pytest.mark.parametrize(("source", "said"), [("soma.gds", "unknown preset ''"), ("d.yaml", "a design has its own")])
def test_an_empty_process_is_not_the_default(spinhop, command, source, said):
    code, _, err = spinhop(command, source, "--process", "")
    assert code == 2 and said in _one_line(err)


@pytest.mark.parametrize(("arguments", "said"), [
    (("check", "--self-test", "d.yaml", "-o", "run"), "for DESIGN, --out: not of the self-test"),
    (("check", "d.yaml", "--faults", 60, "--seed", 2), "for --faults, --seed: for --self-test"),
    (("check", "soma.gds", "--layout", "d.gds"), "for --layout: for designs"),
    (("extract", "soma.oas", "--spef", "d.spef"), "for --spef: for designs"),
    (("extract", "d.yaml", "--against", "e.yaml"), "for --against: for a device by itself"),
])  # fmt: skip
def test_what_means_nothing_is_refused(spinhop, arguments, said):
    code, out, err = spinhop(*arguments)
    assert (code, out) == (2, "") and said in _one_line(err)


def test_no_command_shows_help(spinhop):
    code, out, err = spinhop()
    assert code == 2 and "Usage: spinhop" in out and err == ""


def _raise(error: BaseException):
    def call() -> None:
        raise error

    return call


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InputError("a\nb"), 2, "a b"), (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(28, "No space left on device", "runs/x"), 2, "runs/x: No space left on device"),
        (PermissionError(13, "Permission denied", "f"), 2, "f: Permission denied"), (MemoryError(), 2, "memory"),
    ],
)  # fmt: skip
def test_errors_become_one_line_and_a_code(capsys, error, code, message):
    assert guarded(_raise(error)) == code
    assert message in _one_line(capsys.readouterr().err)


def test_a_bug_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        guarded(_raise(ZeroDivisionError()))


@pytest.mark.parametrize("line", [["schema", "process"], ["--help"], ["examples", "list"], ["doctor"]])
def test_a_reader_that_leaves_early_gets_no_message(line):
    """Typer and rich, which print help and tables, would make 1 of it, the code of a check with findings."""
    code = f"from spinhop.cli import main; main({line})"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 128 + signal.SIGPIPE


@pytest.mark.parametrize("style", ["rails", "lines"])
def test_new_writes_a_design_that_says_its_defaults(spinhop, tmp_path, style):
    path = tmp_path / "mine.yaml"
    assert spinhop("new", path, "-n", 5, "--style", style)[0] == 0
    design = load_design(path)
    assert (design.name, design.network.neurons, design.network.weight_style) == ("mine", 5, style)
    assert "v_charge: 80 mV" in path.read_text() and "# V_C; Table I: 100 mV\n" in path.read_text()
    # uncommenting every default with a value changes nothing
    head, *lines = path.read_text().split("\n\n", 1)[1].splitlines()
    full = [head] + [line.replace("# ", "", 1) if line.lstrip().startswith("# ") else line for line in lines]
    kept = [line for line in full if line.split("  #")[0].split(": ", 1)[-1].strip() not in ("",)]
    kept = [line for line in kept if not line.split("#")[0].rstrip().endswith(":") or line.split("#")[0].strip() in (
        "network:", "device:", "dynamics:", "topology:", "tile_vias:", "trunks:", "feeds:", "operating_point:", "task:",
        "weights:")]  # fmt: skip
    path.write_text("\n".join(kept) + "\n")
    uncommented = load_design(path).model_dump(mode="json")
    expected = design.model_dump(mode="json")
    expected["network"]["weights"]["random_patterns"] = 1
    assert uncommented == expected


def test_new_names_no_line_of_a_file_that_it_does_not_write(spinhop, tmp_path):
    code, _, err = spinhop("new", tmp_path / "a.yaml", "-n", 1)
    assert code == 2 and err.startswith(f"spinhop: {tmp_path / 'a.yaml'}: network.neurons: ")
    assert not list(tmp_path.iterdir())


def test_new_refuses(spinhop, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("keep me")
    code, _, err = spinhop("new", path)
    assert code == 2 and "exists already" in _one_line(err) and path.read_text() == "keep me"
    assert spinhop("new", path, "--force")[0] == 0
    for arguments in ((tmp_path / "x.yaml", "-n", 1), (tmp_path / "x.txt",), (tmp_path / "a b.yaml",)):
        code, _, err = spinhop("new", *arguments)
        assert code == 2 and str(arguments[0]) in _one_line(err)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize("command", [("drc-script", "ebeam"), ("lvs-script", "ebeam"), ("schema", "study")])
def test_a_file_that_is_there_stays(spinhop, tmp_path, command):
    path = tmp_path / "mine.txt"
    path.write_text("keep me")
    code, _, err = spinhop(*command, "-o", path)
    assert code == 2 and "exists already" in _one_line(err) and path.read_text() == "keep me"
    assert spinhop(*command, "-o", path, "--force")[0] == 0
    assert path.read_text() == spinhop(*command)[1]


@pytest.mark.parametrize("kind", ["design", "process"])
def test_schema_is_json_with_units(spinhop, kind):
    code, out, _ = spinhop("schema", kind)
    schema = json.loads(out)
    assert code == 0 and schema["type"] == "object" and schema["additionalProperties"] is False
    texts = json.dumps(schema)
    assert '"x-unit": "m"' in texts
    assert "1e-07" not in texts  # defaults are written as a file has them


def test_schema_accepts_what_the_reader_accepts(spinhop):
    device = json.loads(spinhop("schema", "design")[1])["$defs"]["Device"]["properties"]
    assert device["track_length"]["default"] == "100 nm"
    assert device["resistance_area"]["default"] == "0.5 ohm*um^2"


def test_doctor(spinhop):
    code, out, _ = spinhop("doctor", "--json")
    found = json.loads(out)
    assert code == 0 and found["numpy"][0].isdigit() and "KLayout" in found


def test_show_sends_the_file_to_klayout(tmp_path):
    layout = tmp_path / "a.gds"
    layout.write_bytes(b"x")
    received = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                received.append(connection.makefile().readline())

        thread = threading.Thread(target=serve)
        thread.start()
        show_layout(layout, port=server.getsockname()[1])
        thread.join(10)
    assert json.loads(received[0])["gds"] == str(layout.resolve())


def test_show_without_klayout(tmp_path):
    layout = tmp_path / "a.gds"
    layout.write_bytes(b"x")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]  # free once closed
    with pytest.raises(InputError, match="KLayout is not listening"):
        show_layout(layout, port=port)
    with pytest.raises(InputError, match="no such layout file"):
        show_layout(tmp_path / "none.gds", port=port)


def test_maxcut_of_a_square(spinhop, tmp_path):
    """A square's best cut takes all four edges; the network's cut cannot be better."""
    graph = tmp_path / "square.txt"
    graph.write_text("4 4\n1 2 1\n2 3 1\n3 4 1\n4 1 1\n")
    code, out, _ = spinhop("maxcut", graph, "--ideal", "--json")
    (row,) = json.loads(out)
    assert code == of_rows([row]) and (row["nodes"], row["edges"], row["best"], row["best_is"]) == (4, 4, 4.0, "exact")
    assert 0 <= row["cut"] <= 4


def test_image_returns_an_undistorted_picture(spinhop):
    code, out, _ = spinhop("image", "--ideal", "-d", "0", "--trials", "1", "--json")
    rows = json.loads(out)
    assert code == of_rows(rows) and [row["picture"] for row in rows] == ["U", "T", "D"]
    assert all(row["accuracy_mean"] == 1 and row["recalled"] == 1 for row in rows)


def test_self_test_counts_what_the_checks_miss(spinhop, monkeypatch):
    from spinhop import checking

    def tried(caught: int):
        return lambda faults, seed, largest, progress: [checking.Tried("open", 3, caught)]

    for caught, code in ((3, 0), (2, 1)):
        monkeypatch.setattr(checking, "try_checks", tried(caught))
        assert spinhop("check", "--self-test")[0] == code


def test_checks_find_faults_planted_on_a_random_layout():
    from spinhop.checking import try_checks

    rows = try_checks(10, seed=5)
    assert sum(row.planted for row in rows) == 10
    assert all(row.caught == row.planted for row in rows), rows


def test_check_needs_a_design_or_a_self_test(spinhop):
    code, _, err = spinhop("check")
    assert code == 2 and "--self-test" in _one_line(err)


def test_recalled_is_one_number_everywhere(spinhop, tmp_path):
    """Every soma reads right in both trials, but axons still move at the limit: terminal, JSON and file say 0 of 2."""
    import xarray as xr

    design = tmp_path / "late.yaml"
    design.write_text(
        "name: late\nnetwork: {neurons: 5, weights: {patterns: ['10110']}}\noperating_point: {load: 16 ns}\n"
        "task: {starts: ['10110', '01001'], time_limit: 1 ns}\n"
    )
    out = tmp_path / "run"
    code, printed, _ = spinhop("recall", design, "--ideal", "--out", out, "--json")
    outcome = json.loads(printed)["outcome"]["ideal"]
    text = spinhop("recall", design, "--ideal", "--out", out)[1]
    with xr.open_dataset(out / "recall_ideal.nc", engine="netcdf4") as stored:
        assert stored["accuracy"].values.tolist() == [1.0, 1.0] and not stored["at_rest"].any()
        assert code == 1 and outcome["recalled"] == int(stored["recalled"].sum()) == 0
        for name in ("accuracy_mean", "recall_rate", "energy_mean"):
            assert outcome[name] == float(stored[name])
    assert "0 of 2" in next(line for line in text.splitlines() if "recalled" in line)
    assert text.splitlines()[-2].startswith(
        "function: does not work, ideal wires: accuracy 100.0 % (needs 95 %), 0 of 2"
    )


def test_version(spinhop):
    import spinhop as package

    assert spinhop("--version") == (0, f"{package.__version__}\n", "")
    with pytest.raises(AttributeError, match="colour"):
        _ = package.colour


@pytest.mark.parametrize(
    ("room", "some"),
    [
        ("hwlib", {"Design", "Network", "load_design", "extract", "drc", "lvs"}),
        ("sim", {"run", "run_batch", "recall", "rules"}),
        ("layouts", {"hopfield", "write_layout"}),
        ("spinhop", {"run_design", "check_design", "write_report", "reproduce", "__version__"}),
    ],
)
def test_public_names_are_offered_by_the_interpreter(room, some):
    """Completion asks ``dir``: all names of the stub, nothing else, and each is what it says, not a module over it."""
    import ast
    from importlib import import_module
    from types import ModuleType

    package = import_module(room)
    stub = ast.parse(Path(package.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    home = {alias.name: node.module for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert some <= set(dir(package)) and set(dir(package)) - {"__version__"} == set(home)
    for name, module in home.items():
        assert isinstance(getattr(package, name), ModuleType) == (module is None), name


def test_undetermined_is_one_number_everywhere(spinhop, tmp_path):
    """Three patterns that overlap: after the first start two neurons move together until rounding parts them."""
    import xarray as xr

    design = tmp_path / "tied.yaml"
    design.write_text(
        "name: tied\nnetwork: {neurons: 5, weights: {patterns: ['00111', '10100', '01001']}}\n"
        "task: {starts: ['10001', '01000']}\n"
    )
    out = tmp_path / "run"
    code, printed, _ = spinhop("recall", design, "--ideal", "--out", out, "--json")
    text = spinhop("recall", design, "--ideal", "--out", out)[1]
    with xr.open_dataset(out / "recall_ideal.nc", engine="netcdf4") as stored:
        assert stored["undetermined"].values.tolist() == [True, False]
        assert (stored["other_state"] != stored["state"]).any("neuron").values.tolist() == [True, False]
    assert code == 1  # patterns that overlap so much are not restored
    assert json.loads(printed)["outcome"]["ideal"]["undetermined"] == 1
    assert "1 of 2" in next(line for line in text.splitlines() if "undetermined" in line)
    trial = json.loads(spinhop("simulate", design, "--ideal", "--out", out, "--json")[1])["outcome"]["ideal"]
    assert trial["undetermined"] and trial["other_state"] != trial["state"]
    text = spinhop("simulate", design, "--ideal", "--out", out)[1]
    assert f"UNDETERMINED, or {trial['other_state']}" in text


def test_a_cut_that_hangs_on_rounding_is_said_to(spinhop, tmp_path):
    """A path of six nodes, and one of three; no cut stands there for the first as if it were an answer."""
    for name, nodes in (("six.txt", 6), ("three.txt", 3)):
        edges = "".join(f"{k} {k + 1} 1\n" for k in range(1, nodes))
        (tmp_path / name).write_text(f"{nodes} {nodes - 1}\n{edges}")
    files = tmp_path / "six.txt", tmp_path / "three.txt"
    code, out, _ = spinhop("maxcut", "--ideal", *files)
    rows, said = out.splitlines(), [line for line in out.splitlines() if line.startswith("six.txt: undetermined: ")]
    assert code == of_text(out) and len(said) == 1 and not any(line.startswith("three.txt: ") for line in rows)
    row = json.loads(spinhop("maxcut", "--ideal", *files, "--json")[1])
    assert [each["undetermined"] for each in row] == [True, False]
    for cut in (row[0]["cut"], row[0]["other_cut"]):
        assert f"cut {cut:.10g} after" in said[0]
    assert "undetermined" in next(line for line in rows if line.strip().startswith("six.txt "))


def test_a_folder_that_is_gone_is_not_called_standard_output(tmp_path):
    """In a process of its own: once modules are loaded, none asks for the current folder before a file is written."""
    gone = tmp_path / "gone"
    gone.mkdir()
    design = tmp_path / "a.yaml"
    design.write_text("name: a\nnetwork: {neurons: 3}\n")
    done = subprocess.run(
        ["sh", "-c", 'rmdir "$0"; exec "$@"', gone, sys.executable, "-m", "spinhop", "views", design],
        cwd=gone, env={**os.environ, "PYTHONPATH": str(Path(hwlib.__file__).parents[1])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "spinhop: current folder: No such file or directory\n"
