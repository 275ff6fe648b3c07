"""What the network does: wall dynamics, circuit, engines, tasks, operating-point rules, SPICE decks.

Knows a layout only through ``hwlib.network.Network``; never imports gdsfactory or klayout. The public calls load
what they need when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.judgement import judge as judge
    from sim.pattern_recall import recall as recall
    from sim.pattern_recall import starts as starts
    from sim.protocol import Protocol as Protocol
    from sim.protocol import protocol_for as protocol_for
    from sim.set_point import protocol_on as protocol_on
    from sim.set_point import v_dw_on as v_dw_on
    from sim.simulate import run as run
    from sim.simulate import run_batch as run_batch

# No module is called like one of these: importing it would hide the function behind it.
_HOME = {
    "Protocol": "sim.protocol", "judge": "sim.judgement", "protocol_for": "sim.protocol",
    "protocol_on": "sim.set_point", "recall": "sim.pattern_recall", "starts": "sim.pattern_recall",
    "run": "sim.simulate", "run_batch": "sim.simulate", "v_dw_on": "sim.set_point",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
