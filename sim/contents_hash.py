"""A hash of what networks and protocols say, by which results are known again."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from hwlib.dynamics_data import DynamicsData

if TYPE_CHECKING:
    from hwlib.network import Network
    from sim.protocol import Protocol


def add_contents(digest: Any, of: Network | Protocol) -> None:
    """Add every field to a hash; of a network all but its notes, which are no physics.

    Args:
        digest: a hash of ``hashlib``.
        of: whose fields.
    """
    for field in fields(of):
        value = getattr(of, field.name)
        if isinstance(value, DynamicsData):
            for name, values in ({"dynamics": value.model} | dict(value.values)).items():
                _add(digest, name, values)
        elif field.name != "attrs":
            _add(digest, field.name, value)


def contents_hash(network: Network) -> bytes:
    """Hash of a network: another one where a value in one of its arrays is another."""
    digest = hashlib.sha256()
    add_contents(digest, network)
    return digest.digest()


def _add(digest: Any, name: str, value: Any) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"{name} {value.dtype.str} {value.shape} ".encode())
        digest.update(np.ascontiguousarray(value).view(np.uint8).data if value.size else b"")
    else:
        digest.update(f"{name} {value!r} ".encode())
