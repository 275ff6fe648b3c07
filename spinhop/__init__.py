"""The user's face of the toolkit: command line, run folders, reports.

Importing ``spinhop`` is light; its public names (``__init__.pyi``) load what they need when they are first used.
"""

from spinhop.runtime import early_interrupt  # isort: skip

if early_interrupt.is_command():
    early_interrupt.answer()  # before anything else is imported

from typing import Any

import lazy_loader

import sim  # noqa: F401  it brings the kinds of tasks that designs may name

_public, _names, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __dir__() -> list[str]:
    return [*_names(), "__version__"]


def __getattr__(name: str) -> Any:
    if name != "__version__":
        return _public(name)
    from importlib.metadata import PackageNotFoundError, version  # half of the time that a command takes to begin

    try:
        return version("spinhop")
    except PackageNotFoundError:
        return "not installed"
