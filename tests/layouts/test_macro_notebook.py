"""The notebook that places a macro in a chip runs, and what it shows holds."""

from __future__ import annotations

import numpy as np

from tests.support.notebooks import run_notebook
from tests.support.resistances import to_pins


def test_a_macro_in_a_chip_is_placed_checked_and_extracted(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    made = run_notebook("macro_in_chip")
    said, errors = capsys.readouterr()
    assert "0 findings" in said and errors == ""
    assert (tmp_path / "chip.gds").stat().st_size > 0
    wires = to_pins(made["padded"]) - to_pins(made["alone"])
    names = made["padded"].node_net[made["padded"].terminals]
    for k in range(8):  # 58 to 100 µm of 40 nm wide wire at 0.8 Ω per square, and vias
        own = wires[names == made["padded"].net_names.index(f"dend_{k}")]
        assert np.ptp(own) < 1e-6 and 58 / 0.04 * 0.8 < own[0] < 100 / 0.04 * 0.8
