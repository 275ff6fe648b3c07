"""The devices of each drawn row in their order, and which of them drive the most along the row's dendrite.

Estimated without wires: ``V_dendrite = ΣG·W/(ΣG + 1/R_M)``, and past a place ``I = Σ_before G·(W − V_dendrite)``.
"""

from __future__ import annotations

import numpy as np

from hwlib.network import Network
from sim.rules.outcome import TIE


class DrawnRows:
    """The devices of each row in their order.

    Args:
        network: the network, with places.
    """

    def __init__(self, network: Network):
        place = np.stack([network.device_x, network.device_y])
        from_soma = place - place[:, network.somas[network.post]]
        along = int(np.argmax(np.abs(from_soma).sum(axis=1)))  # rows are upright in a layout that is turned
        self._network, self._order = network, np.lexsort((place[along], network.post))
        self._row = network.post[self._order]
        self._first, self._behind = (np.searchsorted(self._row, np.arange(network.neurons), side)
                                     for side in ("left", "right"))  # fmt: skip

    def _until(self, values: np.ndarray) -> np.ndarray:
        """Sum of each row's values up to each device and with it; values and sums in the rows' order."""
        total = np.concatenate([[0.0], np.cumsum(values)])
        return total[1:] - total[self._first[self._row]]

    def _sum(self, values: np.ndarray) -> np.ndarray:
        """Sum of each row's values, for each device."""
        return self._until(values)[self._behind[self._row] - 1]

    def full_dendrites(self, weight: np.ndarray) -> np.ndarray:
        """Axons to turn ON for the most current along every dendrite, shape (devices,).

        Those of one sign before that place of the dendrite past which they drive most, those of the other behind it.

        Args:
            weight: weight voltage of each device in V, 0 for somas, shape (devices,).
        """
        network, order, row = self._network, self._order, self._row
        index, volts, best = np.arange(len(order)), weight[order], np.zeros(network.neurons)
        on, off = (np.where(network.is_soma, 1 / network.r_m, 1 / ohm)[order] for ohm in (network.r_p, network.r_ap))
        chosen = np.zeros(len(order), bool)
        for sign in (1, -1):
            before, behind = (np.where(side * volts > 0, on, off) for side in (sign, -sign))
            siemens, amperes = (
                self._until(each * (before - behind)) + self._sum(each * behind)
                for each in (np.ones(len(order)), volts)
            )
            dendrite = amperes / siemens
            past = np.abs(self._until(before * volts) - self._until(before) * dendrite)
            past[self._behind - 1] = 0.0  # there is no dendrite behind the last device
            most = np.maximum.reduceat(past, self._first)
            places = np.minimum.reduceat(np.where(past >= most[row] * (1 - TIE), index, len(order)), self._first)
            side = np.where(index <= places[row], sign, -sign)
            better = most > best * (1 + TIE)
            chosen = np.where(better[row], side * (volts - dendrite[places[row]]) > 0, chosen)
            best = np.maximum(best, most)
        axons = np.zeros(len(order), bool)
        axons[order] = chosen
        return axons & ~network.is_soma
