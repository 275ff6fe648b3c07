"""Random numbers that are a function of their place: seed, trial, wall, variable and increment of time.

Philox 4×32 with ten rounds: Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC '11. Any number can be made
alone, so results do not depend on the order of work.
"""

from __future__ import annotations

import numpy as np

from sim.thermal.thermal_jit import compiled, inlined

_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_UNIT = 2.0**-32


@inlined()
def philox(a, b, c, d, key, other):
    """Four words of 32 bits, each in 64, of a counter of four and a key of two."""
    for _ in range(_ROUNDS):
        first, second = _MULTIPLIERS[0] * a, _MULTIPLIERS[1] * c
        a, b = (second >> _HALF) ^ b ^ key, second & _LOW
        c, d = (first >> _HALF) ^ d ^ other, first & _LOW
        key, other = (key + _WEYL[0]) & _LOW, (other + _WEYL[1]) & _LOW
    return a, b, c, d


@compiled()
def draw_pair(seed, trial, variable, pair, normal, uniform):
    """Numbers of all walls for two increments of time, ``2·pair`` and the one after.

    Args:
        seed: 64 bits.
        trial: 32 bits.
        variable: of the walls' state, with the phase: numbers of each are independent, 32 bits.
        pair: 32 bits.
        normal: standard normal numbers (Box–Muller), shape (2, walls).
        uniform: in (0, 1), shape (2, walls).
    """
    key, other = np.uint64(seed) & _LOW, np.uint64(seed) >> _HALF
    for wall in range(normal.shape[1]):
        a, b, c, d = philox(np.uint64(pair), np.uint64(wall), np.uint64(trial), np.uint64(variable), key, other)
        size, turn = np.sqrt(-2 * np.log((a + 0.5) * _UNIT)), 2 * np.pi * (b + 0.5) * _UNIT
        normal[0, wall], normal[1, wall] = size * np.cos(turn), size * np.sin(turn)
        uniform[0, wall], uniform[1, wall] = (c + 0.5) * _UNIT, (d + 0.5) * _UNIT
