"""Whether the outcome of a trial hangs on rounding: then it is undetermined.

A trial is determined when all currents, changed by 1e-9 of themselves (``sim.perturbation``), end in the same
read-out, at rest or not as before, and at the same time within 0.1 %; and when no wall is held where it rests by drives
that cancel to 1e-9. Where two walls move exactly together on an unstable path, rounding parts them: that trial is
undetermined.

Trials are not run twice for that. Engines follow how a change of the currents grows, to first order and at little
cost; only trials in which it grows ten-thousandfold are run again, with currents changed against the way in which they
went. (Without near-ties it grows less than a thousandfold; where walls part by rounding, a billionfold and more.)
Where an engine does not follow it, as with laws of motion of which the formulas do not hold, all trials are run again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hwlib.network import Network
from sim.perturbation import SHARE, perturbed
from sim.protocol import OFF_BELOW, ON_ABOVE, Protocol
from sim.result import Trials, Verdicts, read_out

SAME_TIME = 1e-3  # relative difference of times that counts as none
NEAR_TIE = 1e4  # growth beyond which a trial is run again: a change of 1e-9 then moves a wall by 1e-5 of its L
_EDGE = 1e-6  # of L, or of a time: nearer than this to a limit counts as on it

SIGNS = {"minus": -1.0, "plus": 1.0}  # which way currents are changed, by name of what is run
Run = Callable[[str, Network, Sequence[Protocol]], Trials]


def rest_margin(speed: np.ndarray, leak: np.ndarray, fastest: np.ndarray) -> np.ndarray:
    """The least speed that a wall would have if nothing held it, relative to the drives that make it up.

    Args:
        speed: m/s, shape (trials, walls).
        leak: m/s, shape (walls,).
        fastest: speed from the strongest drive of each wall, m/s, shape (trials, walls).

    Returns:
        Shape (trials,); 1 where no wall is driven at all.
    """
    scale = abs(leak) + fastest
    ratio = np.divide(abs(speed), scale, out=np.ones_like(speed), where=scale > 0)
    return ratio.min(axis=1, initial=1.0)


def judge(network: Network, protocols: Sequence[Protocol], trials: Trials, run: Run) -> Verdicts:
    """Find the trials whose outcome hangs on rounding.

    Args:
        network: what was simulated.
        protocols: one per trial.
        trials: what came of them.
        run: runs protocols on a network as the trials were; its first argument is a name for what is run.
    """
    time = trials.time_load + trials.time_convergence
    noise = protocols[0].noise is not None
    state = read_out(network, trials.wall_final, by_pillar=noise)
    found = Verdicts(np.zeros(len(time), bool), state, time.copy())
    if noise:
        return found  # it decides what hangs on so little
    again = _nearly_tied(network, protocols, trials)
    for name, sign in SIGNS.items():
        which = np.flatnonzero(again & (np.where(trials.growth < 0, 1.0, -1.0) == sign))
        if len(which):
            other = run(name, perturbed(network, sign), [protocols[int(k)] for k in which])
            _compare(network, found, trials, which, other)
    found.undetermined[trials.at_rest & (trials.margin < SHARE)] = True
    return found


def _nearly_tied(network: Network, protocols: Sequence[Protocol], trials: Trials) -> np.ndarray:
    """Trials that may be undetermined: see the module; also those that end on a limit of time or of the read-out."""
    share = trials.wall_final[:, network.somas] / network.length[network.somas]
    edges = [abs(share - edge).min(axis=1) < _EDGE for edge in (OFF_BELOW, ON_ABOVE)]
    limit = np.array([protocol.time_limit for protocol in protocols])
    late = abs(trials.time_convergence / limit - 1) < _EDGE
    return np.isnan(trials.growth) | (abs(trials.growth) > NEAR_TIE) | edges[0] | edges[1] | (late & trials.at_rest)


def _compare(network: Network, found: Verdicts, trials: Trials, which: np.ndarray, other: Trials) -> None:
    """Note the trials that end otherwise when run again."""
    state, before = read_out(network, other.wall_final), found.time[which]
    time = other.time_load + other.time_convergence
    differs = (
        (state != found.state[which]).any(axis=1)
        | (other.at_rest != trials.at_rest[which])
        | (abs(time - before) > SAME_TIME * before)
    )
    found.undetermined[which] = differs
    found.state[which[differs]], found.time[which[differs]] = state[differs], time[differs]
