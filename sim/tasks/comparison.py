"""Table II: other max-cut hardware. What its sources print is ``quoted``; what follows from that here is ``modelled``.

Memristor network: Cai et al., Nature Electronics 3, 409 (2020), with the cycle count, time, energy and success range
that the paper quotes from it. SONOS network: the paper's reference [23] (Hopfield optimisation with three-terminal
SONOS synapses); the paper gives its energy, and a ramp of 1 ms for another demonstration of the same devices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

MEMRISTOR_CYCLE_TIME, MEMRISTOR_CYCLE_ENERGY = 12e-9, 1.44e-9  # s, J: 600 ns and 72 nJ over 50 cycles
MEMRISTOR_CYCLES = 50
MEMRISTOR_SUCCESS = (0.3, 0.4)  # probability of the optimum in one run
SONOS_ENERGY, SONOS_RAMP = 33e-9, 1e-3  # J, s
_MEMRISTOR, _SONOS = (
    "Cai et al., Nature Electronics 3, 409 (2020), as the paper quotes it",
    "the paper's reference [23]",
)


@dataclass(frozen=True)
class Machine:
    """One row of the comparison; None where the source says nothing.

    Attributes:
        name: what it is.
        kind: ``quoted`` or ``modelled``.
        time: of one run, or of all repeats, in s.
        energy: in J.
        note: what stands behind it.
    """

    name: str
    kind: Literal["quoted", "modelled"]
    time: float | None
    energy: float | None
    note: str

    @property
    def power(self) -> float | None:
        """Average power in W."""
        return self.energy / self.time if self.energy and self.time else None


def repeats(success: float, target: float = 0.99) -> int:
    """Independent runs until at least one succeeds with probability ``target``: ⌈ln(1 − target)/ln(1 − success)⌉."""
    if not 0 < success < 1 or not 0 < target < 1:
        raise ValueError("success and target are probabilities between 0 and 1")
    return math.ceil(math.log(1 - target) / math.log(1 - success) - 1e-12)


def memristor(cycles: int = MEMRISTOR_CYCLES) -> Machine:
    """The memristor network run for a number of cycles."""
    return Machine(
        f"memristor network, {cycles} cycles", "modelled", cycles * MEMRISTOR_CYCLE_TIME,
        cycles * MEMRISTOR_CYCLE_ENERGY, "cycles × 12 ns and × 1.44 nJ, one run",
    )  # fmt: skip


def memristor_to_success(success: float, target: float = 0.99, cycles: int = MEMRISTOR_CYCLES) -> Machine:
    """The memristor network repeated until the optimum is found with probability ``target``."""
    runs, once = repeats(success, target), memristor(cycles)
    assert once.time is not None and once.energy is not None
    return Machine(
        f"memristor network, optimum with {target:.0%}", "modelled", runs * once.time, runs * once.energy,
        f"{runs} runs of {cycles} cycles at {success:.0%} success each",
    )  # fmt: skip


def other_machines() -> list[Machine]:
    """The rows of Table II that are not this network's, quoted and modelled."""
    return [
        Machine(
            "memristor network", "quoted", 600e-9, 72e-9,
            f"{_MEMRISTOR}: 50 cycles; success 30 to 40 %; needs a co-processor",
        ),
        memristor(),
        *[memristor_to_success(success) for success in MEMRISTOR_SUCCESS],
        Machine(
            "SONOS network", "quoted", None, SONOS_ENERGY,
            f"{_SONOS}: no cycle time given; external read-out circuit",
        ),
        Machine(
            "SONOS network, one ramp", "modelled", SONOS_RAMP, SONOS_ENERGY,
            "if a run takes no less than one ramp of 1 ms, which the paper mentions for another demonstration",
        ),
    ]  # fmt: skip
