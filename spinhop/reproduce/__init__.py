"""Every task of the paper, number by number: paper, authors' estimate, ideal network, network as drawn.

``reproduce(folder)`` runs all of them; see ``spinhop.reproduce.runner``. Nothing is loaded until it is called.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Reproduction", "all_tasks", "reproduce"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from spinhop.reproduce import runner

        return getattr(runner, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
