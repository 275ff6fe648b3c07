"""Max-cut and recall on ideal wires by small fixed steps, from Table I and the circuit alone; does rounding decide?

Shares no code with the engines: one wall for each soma and one for the axons of each neuron, all OFF at first.
"""

import numpy as np
from numba import njit

K = 2.1 * 9.2740100783e-24 * 0.7 / (2 * 1.602176634e-19 * 8e5 * 50e-18)  # m/s per A
STEP = 0.05e-9  # s


@njit
def march(levels, start, load, limit, step):
    """Places of the somas as fractions of L and the time at which nothing moved any more (NaN: never).

    Pillars over 40 to 60 % of the track, V_DW at the centre of its window, weights as multiples of 0.1 V. ``start`` is
    loaded by 0.1 V for the time ``load``, or until rest where that is infinite; without bits nothing is.
    """
    n = len(levels)
    v_dw = 5 / K * ((n - 1) * 1250 + 2000)
    soma, axon, siemens, begin = np.zeros(n), np.zeros(n), np.zeros(n), 0.0
    for phase in range(0 if len(start) else 1, 2):
        loading = phase == 0
        steps = int(min(load, limit) / step + 0.5) if loading else int(limit / step)
        until_rest = not loading or np.isinf(load)
        for k in range(steps + 1):
            moved = False
            for j in range(n):
                on = min(max((axon[j] - 0.4) / 0.2, 0.0), 1.0)
                siemens[j] = on / 500 + (1 - on) / 2000
            for j in range(n):
                on = min(max((soma[j] - 0.4) / 0.2, 0.0), 1.0)
                ohm = 1 / (on / 500 + (1 - on) / 2000) + 2000 / (n - 1)
                place = min(max(axon[j] + (K * v_dw / ohm / (n - 1) - 5) * step / 1e-7, 0.0), 1.0)
                moved |= place != axon[j]
                axon[j] = place
            for i in range(n):
                ampere, total = 0.0, 1 / 2000
                for j in range(n):
                    if j != i:
                        ampere += 0.1 * levels[i, j] * siemens[j]
                        total += siemens[j]
                volt = (0.2 * start[i] - 0.1) if loading else ampere / total
                place = min(max(soma[i] + (K * volt / 2000 + 0.2) * step / 1e-7, 0.0), 1.0)
                moved |= place != soma[i]
                soma[i] = place
            if k == steps or (until_rest and not moved):
                begin += k * step
                break
        if not loading and k == steps:
            begin = np.nan
    return soma, begin


def hangs_on_rounding(levels, limit, seed, start=(), load=np.inf) -> bool:
    """Whether weights changed by a billionth, at random and the other way round, end in another state or time."""
    rng, begin = np.random.default_rng(seed), (np.array(start, float), load, limit)
    bits, time = _outcome(levels, *begin)
    for change in 1e-9 * rng.uniform(-1, 1, (2, *levels.shape)):
        for sign in (1, -1):
            other_bits, other_time = _outcome(levels * (1 + sign * change), *begin)
            never = np.isnan([time, other_time])
            same = never.all() or abs(time - other_time) <= 1e-3 * time + 2 * STEP
            if not (same and np.array_equal(bits, other_bits)):
                return True
    return False


def _outcome(levels, start, load, limit) -> tuple[np.ndarray, float]:
    soma, time = march(levels, start, load, limit, STEP)
    return np.where(soma < 0.05, 0, np.where(soma > 0.95, 1, -1)), time
