"""Reference engine: every device's wall, one sparse solve of the whole circuit per evaluation. Correct first."""

from __future__ import annotations

from collections.abc import Sequence

from hwlib.network import Network
from sim.engines import Options, Support
from sim.protocol import Protocol
from sim.result import Trials, joined

SUPPORTS = Support(dynamics=None)


def refusal(network: Network, protocols: Sequence[Protocol]) -> str | None:
    """None: this engine runs every network."""
    return None


def simulate(network: Network, protocols: Sequence[Protocol], options: Options) -> Trials:
    """Run every protocol, one after the other.

    Raises:
        InputError: lines without levels, or levels of a wrong shape.
    """
    from sim.engines.reference.reference_stepper import ReferenceTrial

    done = []
    for k, protocol in enumerate(protocols):
        done.append(ReferenceTrial(network, protocol, options).run())
        if options.progress:
            options.progress(k + 1, len(protocols))
    return joined(done)
