"""What was found for the network that was asked about last: kept as long as that network is, or until another comes."""

from __future__ import annotations

import weakref
from typing import Generic, TypeVar

from hwlib.network import Network

Found = TypeVar("Found")


class LastNetwork(Generic[Found]):
    """Holds something for one network, by identity, without holding the network."""

    def __init__(self) -> None:
        self._kept: tuple[weakref.ref[Network], Found] | None = None

    def get(self, network: Network) -> Found | None:
        """What is kept for a network."""
        kept = self._kept  # once: another thread may keep meanwhile
        return kept[1] if kept is not None and kept[0]() is network else None

    def keep(self, network: Network, found: Found) -> Found:
        """Keep this instead of what was kept, and give it back; it must not hold the network itself."""
        self._kept = weakref.ref(network, self._forget), found
        return found

    def forget(self) -> None:
        """Keep nothing."""
        self._kept = None

    def _forget(self, of: weakref.ref[Network]) -> None:
        if self._kept is not None and self._kept[0] is of:
            self._kept = None
