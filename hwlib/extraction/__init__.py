"""From a drawn layout to its electrical network: wires, vias and devices read from polygons alone."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hwlib.extraction.conductors import with_capacitance
    from hwlib.extraction.extractor import extract
    from hwlib.extraction.spef import read_spef, write_spef
    from hwlib.extraction.spice import write_spice

_HOME = {
    "extract": "extractor", "with_capacitance": "conductors", "write_spef": "spef", "read_spef": "spef",
    "write_spice": "spice",
}  # fmt: skip

__all__ = ["extract", "read_spef", "with_capacitance", "write_spef", "write_spice"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
