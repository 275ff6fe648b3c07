"""Network layouts: the N × N crossbar of a design, its files and pictures, and test structures.

Importing ``layouts`` is light; gdsfactory and klayout load when one of its functions is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "hopfield": "layouts.crossbar",
    "write_layout": "layouts.writer",
    "render": "layouts.pictures",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'layouts' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
