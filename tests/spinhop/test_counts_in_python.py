"""Numbers that Python callers give: of whole ones fractions, yes or no, texts and others are refused in a line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hwlib
import sim
import spinhop
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.schematic import ideal_network
from spinhop.atlas import make_atlas
from spinhop.optimize import optimize
from spinhop.reproduce import reproduce

DESIGN = Design(name="small", network={"neurons": 2}, task={"trials": 2})
PROCESS = DESIGN.load_process()
NETWORK = ideal_network(DESIGN, PROCESS)
CHIPS = "name: small\nnetwork: {neurons: 2}\ntask: {trials: 1}\nvariation: {}\n"
CALLS: dict[str, Callable[[Any], Any]] = {
    "trials": lambda n: sim.recall(NETWORK, DESIGN, PROCESS, trials=n),
    "trials of starts": lambda n: sim.starts(DESIGN, n),
    "trials of a search": lambda n: optimize("d.yaml", trials=n),
    "samples": lambda n: sim.run(NETWORK, sim.first_trial(NETWORK, DESIGN, PROCESS), record=True, samples=n),
    "limit": lambda n: hwlib.drc("none.gds", PROCESS, limit=n),
    "chips": lambda n: spinhop.yield_of("d.yaml", chips=n),
    "workers": lambda n: spinhop.yield_of("d.yaml", wires="ideal", workers=n),
    "seed": lambda n: reproduce("out", seed=n),
    "seed of a search": lambda n: optimize("d.yaml", seed=n),
}


@pytest.mark.parametrize("wrong", [1.5, np.float64(2), True, "2", float("nan"), -1, 2**200])
@pytest.mark.parametrize("call", CALLS)
def test_what_is_no_count_is_refused_by_name(call, wrong, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.yaml").write_text(CHIPS)
    with pytest.raises(InputError) as found:
        CALLS[call](wrong)
    assert str(found.value).startswith(f"{call.split()[0]}: ") and ", allowed " in str(found.value), found.value
    assert len(found.value.lines) == 1 and len(str(found.value)) < 200


@pytest.mark.parametrize("wrong", ["0.1", True, float("nan"), -1, None, 2**200])
def test_what_is_no_plain_number_is_refused_by_name(wrong, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.yaml").write_text(CHIPS)
    (tmp_path / "one.yaml").write_text(CHIPS.replace("variation: {}\n", ""))
    for name, call in (
        ("tolerance", lambda: sim.recall(NETWORK, DESIGN, PROCESS, tolerance=wrong)),
        ("precision", lambda: spinhop.yield_of("d.yaml", precision=wrong)),
        ("supplies", lambda: spinhop.characterise("one.yaml", wires="ideal", supplies=[wrong])),
        ("s", lambda: make_atlas(None, "out", s=[wrong])),
    ):
        with pytest.raises(InputError, match=f"^{name}: .*, allowed [0-9.e-]* to [0-9.]*") as found:
            call()
        assert len(found.value.lines) == 1 and len(str(found.value)) < 200


def test_whole_numbers_of_numpy_are_whole_numbers():
    assert sim.starts(DESIGN, np.int32(3)).shape == (3, 2)
