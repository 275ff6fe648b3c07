"""Parts of a network's plans by what they were made of: the plans of its two phases have columns and order in common.

Sources hold other nets in each phase, so that rows differ; columns, their tracks and the interface's order hardly do.
Each is made once, and is once in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

Part = TypeVar("Part")


class MadeBefore:
    """Keeps parts by a digest of all that they depend on; of one network, as long as that is kept."""

    def __init__(self) -> None:
        self._parts: dict[bytes, Any] = {}

    def get(self, make: Callable[[], Part], *inputs: Any) -> Part:
        """What ``make`` gives, or gave for the same inputs.

        Args:
            make: makes the part; what it makes must not be changed.
            inputs: arrays, numbers, texts and tuples of these that decide it, its kind among them.
        """
        digest = hashlib.sha256()
        _take_in(digest, inputs)
        key = digest.digest()
        if key not in self._parts:
            self._parts[key] = make()
        part: Part = self._parts[key]
        return part


def _take_in(digest: Any, value: Any) -> None:
    if isinstance(value, tuple):
        digest.update(f"({len(value)}".encode())
        for each in value:
            _take_in(digest, each)
    elif isinstance(value, np.ndarray):
        digest.update(f"{value.dtype}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value))
    else:
        digest.update(repr(value).encode())
