"""What was found for the network that was asked about last: kept as long as that network is, or until another comes."""

from __future__ import annotations

import weakref
from typing import Generic, TypeVar

from hwlib.network import Network
from sim.contents_hash import contents_hash

Found = TypeVar("Found")


class LastNetwork(Generic[Found]):
    """Holds something for one network, as it is now, without holding the network."""

    def __init__(self) -> None:
        self._kept: tuple[weakref.ref[Network], bytes, Found] | None = None

    def get(self, network: Network) -> Found | None:
        """What is kept for a network; None where one of its arrays was changed since."""
        kept = self._kept  # once: another thread may keep meanwhile
        if kept is None or kept[0]() is not network:
            return None
        return kept[2] if kept[1] == contents_hash(network) else None

    def keep(self, network: Network, found: Found) -> Found:
        """Keep this instead of what was kept, and give it back; it must not hold the network itself."""
        self._kept = weakref.ref(network, self._forget), contents_hash(network), found
        return found

    def forget(self) -> None:
        """Keep nothing."""
        self._kept = None

    def _forget(self, of: weakref.ref[Network]) -> None:
        if self._kept is not None and self._kept[0] is of:
            self._kept = None
