"""gdsfactory PDKs: one module a preset with its ``PDK``, and ``make_pdk`` for any process.

Exports: ``PDK`` (of ``ebeam``, made when first asked for), ``activate``, ``make_pdk``, ``macro_design``.
"""

from __future__ import annotations

from typing import Any

from hwlib.process import load_process
from layouts.pdk.gdsfactory_pdk import activate, make_pdk
from layouts.pdk.macro import macro_design

__all__ = ["PDK", "activate", "macro_design", "make_pdk"]


def __getattr__(name: str) -> Any:
    if name == "PDK":
        return make_pdk(load_process("ebeam"))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
