"""Names of files that commands print: harmless on a terminal, and as they are for scripts."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = "a\x1b[31mred\rover\nline"


BYTES = os.fsdecode(b"b\xff\xe4")


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    (tmp_path / FOLDER).mkdir()
    return [sys.executable, "-m", "spinhop", "new", str(tmp_path / FOLDER / "net.yaml")]


def test_terminal_is_not_told_to_obey_a_name(command: list[str]) -> None:
    seen, terminal = pty.openpty()
    done = subprocess.run(command, stdout=terminal, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(terminal)
    said = os.read(seen, 10_000).decode()
    os.close(seen)
    assert done.returncode == 0, done.stderr
    assert said.strip().endswith(r"a\x1b[31mred\rover\nline/net.yaml")
    assert "\x1b" not in said


def test_script_gets_the_name_itself(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    assert done.stdout == os.fsencode(command[-1]) + b"\n"
    assert Path(os.fsdecode(done.stdout[:-1])).is_file()


def test_names_that_are_no_text_are_bytes_for_a_script_and_escapes_on_a_terminal(tmp_path: Path) -> None:
    (tmp_path / BYTES).mkdir()
    command = [sys.executable, "-m", "spinhop", "new", str(tmp_path / BYTES / "net.yaml")]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    assert done.stdout == os.fsencode(command[-1]) + b"\n"
    seen, terminal = pty.openpty()
    done = subprocess.run([*command, "--force"], stdout=terminal, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(terminal)
    said = os.read(seen, 10_000)
    os.close(seen)
    assert done.returncode == 0, done.stderr
    assert said.strip().endswith(rb"b\udcff\udce4/net.yaml")


def test_a_pipe_of_few_characters_gets_escapes_of_the_others(tmp_path: Path) -> None:
    (tmp_path / ("ä" + BYTES)).mkdir()
    command = [sys.executable, "-m", "spinhop", "new", str(tmp_path / ("ä" + BYTES) / "net.yaml")]
    narrow = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, timeout=60, check=False, env=narrow)
    assert done.returncode == 0 and done.stdout.endswith(b"/\\xe4b\xff\xe4/net.yaml\n"), done.stderr


def test_warnings_that_are_errors_end_no_command() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "spinhop", "--help"], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0 and done.stderr == b"", done.stderr


RESULTS = {  # what each command prints of a folder that was given by a relative path
    "sweep s.yaml --out found": " folder    found ",
    "optimize d.yaml --out found --trials 1": "found/index.html\n",
    "characterise d.yaml --out found --v-dw 50mV": "found/characterisation.csv\n",
    "technology ebeam --out found": "found/grain.xml\n",
    "layout d.yaml --out found": "found\n",
}


@pytest.mark.parametrize("command", RESULTS)
def test_files_are_called_as_the_user_calls_their_folder(spinhop, tmp_path, monkeypatch, command):
    """Some commands printed whole paths, others those that were given."""
    monkeypatch.chdir(tmp_path)
    search = "search: {axes: {network.dendrite_width: [60 nm, 300 nm]}, objectives: [time]}\n"
    (tmp_path / "d.yaml").write_text("name: d\nnetwork: {neurons: 2}\ntask: {trials: 1}\n" + search)
    (tmp_path / "s.yaml").write_text("name: s\ndesign: d.yaml\naxes: {seed: [1]}\n")
    code, out, err = spinhop(*command.split())
    assert code in (0, 1), err
    assert RESULTS[command] in out and str(tmp_path) not in out + err
