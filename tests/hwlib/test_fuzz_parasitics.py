"""SPEF files that no tool would write: refused in a short line, or taken as a network that writes and reads itself."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwlib.design import Design
from hwlib.errors import LONGEST_LINE, InputError
from hwlib.extraction import read_spef, with_parasitics, write_spef
from hwlib.schematic import ladder_network
from tests.support.fuzzing import damaged, fuzz

DESIGN = Design(name="tiny", network={"neurons": 2})
WORDS = st.sampled_from(
    ["*D_NET", "*CONN", "*CAP", "*RES", "*END", "*P", "*I", "*N", "*C", "*L", "*S", "*NAME_MAP", "*PORTS", "*1", "*999",
     "*1:1", "gnd", "a\\:b", "\\", '"', "//", "/*", "*/", "0", "-1", "1e400", "nan", "1:2:3", "KOHM", ":",
     "/", ".", "B"]
)  # fmt: skip


@pytest.fixture(scope="module")
def ladder():
    return ladder_network(DESIGN, DESIGN.load_process(), 3.0)


@pytest.fixture(scope="module")
def good(ladder, tmp_path_factory) -> bytes:
    return write_spef(ladder, tmp_path_factory.mktemp("good") / "wires.spef").read_bytes()


@st.composite
def changed(draw: st.DrawFn, content: bytes) -> bytes:
    """A file with a few words put in place of others, or lines doubled, dropped or swapped."""
    lines = content.decode().split("\n")
    for _ in range(draw(st.integers(1, 3))):
        k = draw(st.integers(0, len(lines) - 1))
        words = lines[k].split(" ")
        words[draw(st.integers(0, len(words) - 1))] = draw(WORDS)
        lines[k : k + 1] = draw(st.sampled_from([[" ".join(words)], [], [lines[k]] * 2, lines[k - 1 : k + 1][::-1]]))
    return "\n".join(lines).encode()


@fuzz("parasitics")
@given(st.data())
def test_parasitics(ladder, good, tmp_path, data):
    path = tmp_path / "f.spef"
    path.write_bytes(data.draw(changed(good) | damaged(good)))
    try:
        network = with_parasitics(ladder, read_spef(path))
    except InputError as error:
        assert re.match(r".*f\.spef(:\d+)?: ", str(error)) and len(error.lines) == 1
        assert len(str(error)) <= LONGEST_LINE and str(error).isprintable()
        return
    again = with_parasitics(ladder, read_spef(write_spef(network, tmp_path / "again.spef")))
    np.testing.assert_allclose(np.sort(again.resistor_ohm), np.sort(network.resistor_ohm), rtol=1e-11)
    assert again.nodes == network.nodes
