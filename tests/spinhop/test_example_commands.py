"""``examples list | show | copy`` and completion: the designs that ship, and names at the Tab key."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from hwlib.design import load_design
from spinhop.designs.example_designs import example_names, example_text


def test_list_names_every_example_in_a_line(spinhop):
    code, out, err = spinhop("examples", "list")
    assert (code, err) == (0, "") and [line.split()[0] for line in out.splitlines()] == example_names()
    assert "images_25" in out and max(map(len, out.splitlines())) < 200
    rows = json.loads(spinhop("examples", "list", "--json")[1])["examples"]
    assert {"name": "images_25", "neurons": 25, "task": "images"}.items() <= next(
        row for row in rows if row["name"] == "images_25"
    ).items()


@pytest.mark.parametrize("name", ["hopfield_8", "images_25", "maxcut_8"])
def test_a_copy_is_the_same_design_with_its_files(name, spinhop, tmp_path):
    code, out, _ = spinhop("examples", "copy", name, "--out", str(tmp_path / "mine"))
    copied = [tmp_path / "mine" / f"{name}.yaml", *sorted((tmp_path / "mine").rglob("*.txt"))]
    assert code == 0 and sorted(out.splitlines()) == sorted(map(str, copied))
    assert copied[0].read_text() == example_text(name) == spinhop("examples", "show", name)[1]
    assert load_design(copied[0]).weight_levels().shape == (load_design(copied[0]).network.neurons,) * 2


def test_nothing_is_overwritten_unasked(spinhop, tmp_path):
    (tmp_path / "graph_8.txt").write_text("mine")
    code, _, err = spinhop("examples", "copy", "maxcut_8", "--out", str(tmp_path))
    assert code == 2 and err.count("\n") == 1 and "graph_8.txt: exists already" in err
    assert [p.name for p in tmp_path.iterdir()] == ["graph_8.txt"] and (tmp_path / "graph_8.txt").read_text() == "mine"
    assert spinhop("examples", "copy", "maxcut_8", "--out", str(tmp_path), "--force")[0] == 0
    assert (tmp_path / "graph_8.txt").read_text() != "mine"


@pytest.mark.parametrize("command", ["show", "copy"])
def test_an_unknown_name_is_one_line(command, spinhop):
    code, _, err = spinhop("examples", command, "../hopfield_8")
    assert code == 2 and err.startswith("spinhop: example: unknown name '../hopfield_8'; allowed: ")
    assert err.count("\n") == 1


def test_a_slip_is_answered_once(spinhop):
    assert spinhop("chek", "x")[2].lower().count("did you mean") == 1


@pytest.mark.parametrize(
    ("shell", "typed", "offered"),
    [
        ("bash", "spinhop che", ["check"]),
        ("bash", "spinhop examples copy maxcut", ["maxcut_8"]),
        ("fish", "spinhop process show sky", ["sky130"]),
        ("zsh", "spinhop process show sg", ["_arguments '*: :((\"sg13g2\"))'"]),
    ],
)
def test_completion(shell, typed, offered):
    """As the scripts of ``spinhop --show-completion`` ask for it."""
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    words |= {"_TYPER_COMPLETE_ARGS": typed, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    said = subprocess.run(
        [sys.executable, "-m", "spinhop"], capture_output=True, text=True, timeout=60,
        env=os.environ | words | {"_SPINHOP_COMPLETE": f"complete_{shell}"},
    )  # fmt: skip
    assert (said.stdout.split("\n")[:-1] or [said.stdout]) == offered, said
