"""The user's face of the toolkit: command line, run folders, reports.

Importing ``spinhop`` is light; the parts load what they need when they are called.
"""

from __future__ import annotations

from typing import Any

import sim  # noqa: F401  it brings the kinds of tasks that designs may name

__all__ = ["__version__"]


def __getattr__(name: str) -> Any:
    if name != "__version__":
        raise AttributeError(f"module 'spinhop' has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("spinhop")
    except PackageNotFoundError:
        return "not installed"
