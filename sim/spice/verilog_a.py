"""The DW-MTJ of the decks as a Verilog-A model, for simulators that compile one (OpenVAF, VACASK, Spectre)."""

from __future__ import annotations

from pathlib import Path

MODULE = "dwmtj"


def verilog_a_model() -> Path:
    """The file of the model: module ``dwmtj``, its parameters those of the decks' subcircuits.

    Its ports are the subcircuits' without ``moving``: dw_in, dw_out, mtj_in, mtj_out, wall.
    """
    return Path(__file__).with_name("dwmtj_kinematic.va")
